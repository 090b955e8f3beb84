"""Repository requests that are refused: overrides, names that are paths, malformed bodies."""

import base64
from typing import Any

from lepton_conformance.models.catalog import model
from lepton_conformance.models.graphs import model_bytes
from lepton_conformance.outcome import NotApplicable, SubjectFault
from lepton_conformance.subject.http import JSON_HEADERS, HttpSubject
from lepton_conformance.subject.raw import talk
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import accepted, refused
from lepton_conformance.suite.repository import (
    answers_right,
    entries,
    index,
    left_as_found,
    load,
    movable,
    ready_names,
    unload,
    unloaded,
)

BAD_REQUEST = 400
OVERRIDES = "model_repository(overrides)"
#: Names as they stand in the target: dot segments, separators, NUL, absolute paths. {} is a model's name.
_NAMES = (
    ".",
    "..",
    "%2e",
    "%2e%2e",
    "%2E%2E",
    "..%2f",
    "%2e%2e%2f",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2fetc%2fpasswd",
    "%2f",
    ".%2f{}",
    "x%2f..%2f{}",
    "{}%2f",
    "{}%2f1",
    "{}%2f..",
    "..%5c..%5c{}",
    "{}%5c",
    ".%5c{}",
    "%5c%5clocalhost%5cshare",
    "C:%5c{}",
    "C:{}",
    "{}%00",
    "%00{}",
    "{}%00.onnx",
    "..%252f{}",
    "file:%2f%2f%2fetc%2fpasswd",
    "~",
    "..;",
)
#: Bodies that are no repository request.
_NO_OBJECTS = (
    b"{",
    b"[]",
    b"null",
    b'"ready"',
    b"7",
    b"true",
    b"ready",
    b"\xff\xfe",
    b'{"ready":true',
    b"{}{}",
    b" ",
    b"\r\n\t ",
)
_WRONG_INDEX = (b'{"ready":"true"}', b'{"ready":1}', b'{"ready":null}', b'{"ready":[true]}', b'{"ready":{}}')
_WRONG_PARAMETERS = (
    b'{"parameters":[]}',
    b'{"parameters":"x"}',
    b'{"parameters":7}',
    b'{"parameters":null}',
    b'{"parameters":{"lepton":null}}',
    b'{"parameters":{"lepton":[1]}}',
    b'{"parameters":{"lepton":{}}}',
)


@requirement("INF-REP-17", needs=("INF-REP-07", "INF-ERR-01"))
def test_overrides_are_refused_unless_announced(http: HttpSubject, budget: Budget) -> None:
    extensions = accepted(http.metadata(), "GET v2").get("extensions")
    if isinstance(extensions, list) and OVERRIDES in extensions:
        raise NotApplicable(f"the subject lists the extension {OVERRIDES}")
    name = movable(http)[0]
    other = base64.b64encode(model_bytes(model("lepton_split"))).decode()
    overrides: list[dict[str, Any]] = [
        {"config": "{}"},
        {"config": '{"backend":"onnxruntime","max_batch_size":8}'},
        {"file:1/model.onnx": other},
        {"config": "{}", "file:1/model.onnx": other},
        {"file:": ""},
        {"file:../lepton_planted": other},
        {"lepton_unknown": 1, "config": "{}"},
    ]

    def body(parameters: dict[str, Any]) -> None:
        what = f"the load request for {name} with the parameters {', '.join(parameters)}"
        refused(load(http, name, {"parameters": parameters}), what, BAD_REQUEST)

    with left_as_found(http, name):
        each(budget, overrides, body)
        each(budget, [name], lambda one: answers_right(http, one))
    with unloaded(http, name):
        each(budget, overrides[:3], body)


@requirement("INF-REP-18", needs=("INF-REP-08", "INF-REP-02"))
def test_names_are_no_paths(http: HttpSubject, budget: Budget) -> None:
    name = movable(http)[0]
    before = ready_names(entries(http))

    def body(item: tuple[str, str]) -> None:
        verb, odd = item
        path = f"v2/repository/models/{odd.replace('{}', name)}/{verb}"
        wire = http.head("POST", path, (*JSON_HEADERS, ("Content-Length", "2"))) + b"{}"
        status = talk(http, wire).answers[0].status
        if status not in (400, 404):
            raise SubjectFault(f"sent POST {path}; found status {status}, expected 400 or 404")

    with left_as_found(http, name):
        each(budget, [(verb, odd) for odd in _NAMES for verb in ("load", "unload")], body)

    def unchanged(_: str) -> None:
        after = ready_names(entries(http))
        if after != before:
            raise SubjectFault(
                f"sent load and unload requests with odd names; found {sorted(after ^ before)!r:.80} changed "
                "in the index, expected nothing"
            )
        answers_right(http, name)

    each(budget, ["the index"], unchanged)


@requirement("INF-REP-19", needs=("INF-REP-05", "INF-ERR-01"))
def test_malformed_bodies_are_refused(http: HttpSubject, budget: Budget) -> None:
    name = movable(http)[0]
    asked = [("index", text) for text in (*_NO_OBJECTS, *_WRONG_INDEX)]
    asked += [(verb, text) for verb in ("load", "unload") for text in (*_NO_OBJECTS, *_WRONG_PARAMETERS)]

    def body(item: tuple[str, bytes]) -> None:
        verb, text = item
        answer = (
            index(http, text) if verb == "index" else (load if verb == "load" else unload)(http, name, text)
        )
        refused(answer, f"the {verb} request with the body {text!r}", BAD_REQUEST)
        answers_right(http, name)

    with left_as_found(http, name):
        each(budget, asked, body)
