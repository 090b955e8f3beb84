"""Targets, methods and messages that no client should send: refused, and no fault of the server."""

import itertools

from lepton_conformance.outcome import SubjectFault, SubjectGone
from lepton_conformance.strategies import malformed
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import given
from lepton_conformance.subject.http import JSON_HEADERS, HttpSubject, encode
from lepton_conformance.subject.raw import talk
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import UNKNOWN_MODELS, available, core, error_text, goes_on, plain

LONG = 8192
#: The name of inputs and outputs that no model has.
STRANGER = "lepton_stranger"
#: How long an answer to an odd method may take; CONNECT may open a tunnel, in which nothing is said.
ODD_SECONDS = 3.0
#: Statuses of the 5xx that a client's request may get: unknown method, unknown version of HTTP.
_ALLOWED = (501, 505)
#: Segments in the place of a model's name, percent-encoded as they are sent.
_SEGMENTS = (
    "..%2f",
    "..%2F..%2Fetc%2Fpasswd",
    "%2e%2e%2f",
    "..%5c..%5c",
    "%00",
    "lepton%00",
    "%zz",
    "%",
    "%f",
    "%ff%fe",
    "%c0%af",
    "%ed%a0%80",
    "%0d%0aX-Injected:%201",
    "%20",
    "a%2fb",
    "n" * LONG,
    "%41" * (LONG // 3),
    "{}",
    "'%22<script>",
    "*",
    "~",
    ";",
    "@",
    "",
)
_METHODS = ("TRACE", "CONNECT", "OPTIONS", "HEAD", "PROPFIND", "LEPTON", "get", "M" * 300)
_TARGETS = (
    "/",
    "//",
    "/%",
    "*",
    "/v2/../v2",
    "/v2//models",
    "/v2/models/?",
    "/v2/%2e%2e",
    "/" + "v2/" * 500,
    "/v3",
)


def _routes(segment: str) -> list[tuple[str, str]]:
    route = f"v2/models/{segment}"
    versions = f"v2/models/lepton_id_fp32/versions/{segment}"
    return [
        ("GET", route),
        ("GET", f"{route}/ready"),
        ("POST", f"{route}/infer"),
        ("GET", versions),
        ("GET", f"{versions}/ready"),
        ("POST", f"{versions}/infer"),
    ]


def _status(http: HttpSubject, wire: bytes, method: str) -> int:
    """Return the status of the answer, 0 for none: the requirement is about statuses. Raises: SubjectGone."""
    try:
        found = talk(http, wire, "HEAD" if method == "HEAD" else "GET", timeout=ODD_SECONDS)
    except SubjectFault as fault:
        if isinstance(fault, SubjectGone) and not http.responds():
            raise
        return 0
    return found.answers[0].status


@requirement("INF-ERR-20", needs=("INF-RSP-01", "INF-ERR-08", "INF-HLT-01", "INF-MET-01"))
def test_odd_targets_and_methods_are_no_fault_of_the_server(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    text = encode(infer_request(case))
    route = http.model_path(case.model.name)
    sized = (*JSON_HEADERS, ("Content-Length", str(len(text))))
    asked: list[tuple[str, str, bytes]] = []
    for method, path in itertools.chain.from_iterable(map(_routes, _SEGMENTS)):
        wire = http.head(method, path, sized) + text if method == "POST" else http.head(method, path, ())
        asked.append((method, path[:60], wire))
    closing = (("Connection", "close"), ("Content-Length", "0"))
    for method in _METHODS:
        paths = ("v2", "v2/health/live", route, f"{route}/infer", "lepton_nothing")
        for path in paths[:1] if method == "CONNECT" else paths:
            asked.append((method, path, http.head(method, path, closing)))
    for target in _TARGETS:
        method, _, rest = http.head("GET", "v2", closing).decode("latin-1").split(" ", 2)
        asked.append((method, target[:60], f"{method} {target} {rest}".encode("latin-1")))

    def body(item: tuple[str, str, bytes]) -> None:
        method, path, wire = item
        what = f"{method[:20]} {path}"
        status = _status(http, wire, method)
        if status >= 500 and not (status in _ALLOWED and method in _METHODS):
            raise SubjectFault(f"sent {what}; found status {status}, expected below 500")

    each(budget, asked, body)
    each(budget, ["targets and methods"], lambda what: goes_on(http, case, f"odd {what}"))


@requirement("INF-ERR-20", needs=("INF-RSP-01", "INF-ERR-08"))
def test_bodies_and_fields_where_none_are_due_are_no_fault_of_the_server(
    http: HttpSubject, budget: Budget
) -> None:
    case = plain(http)
    route = http.model_path(case.model.name)
    fields = (
        ("Content-Type", "application/json; charset=lepton"),
        ("Content-Type", ";"),
        ("Content-Type", "application/octet-stream"),
        ("Accept", "image/png"),
        ("Accept", ";q=x"),
        ("Accept-Encoding", ",,;q=2"),
        ("Accept-Charset", "utf-7"),
        ("If-None-Match", "*"),
        ("If-Modified-Since", "yesterday"),
        ("Range", "bytes=5-1"),
        ("Cookie", "=;=;"),
        ("Authorization", "Basic %%%"),
        ("Upgrade", "h2c"),
        ("X-Lepton", "\xff\xfe"),
        ("Inference-Header-Content-Length", "0"),
    )
    text = encode(infer_request(case))
    asked = [("GET", path, field, b"{}") for path in ("v2", "v2/health/ready", route) for field in fields[:4]]
    asked += [("POST", f"{route}/infer", field, text) for field in fields]
    asked += [("GET", route, field, b"") for field in fields]

    def body(item: tuple[str, str, tuple[str, str], bytes]) -> None:
        method, path, field, data = item
        answer = http.call(method, path, data or None, (field,), fresh=True)
        if answer.status >= 500:
            raise SubjectFault(
                f"sent {method} {path} with {field[0]}: {field[1]!r} and {len(data)} bytes; found status "
                f"{answer.status}, expected below 500"
            )

    each(budget, asked, body)
    each(budget, ["fields and bodies"], lambda what: goes_on(http, case, f"odd {what}"))


@requirement("INF-ERR-19", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-10", "INF-ERR-12"))
def test_error_names_the_offender(http: HttpSubject, budget: Budget) -> None:
    asked: list[tuple[str, tuple[str, ...], bytes]] = [
        (name, (name,), encode(infer_request(given("lepton_id_fp32")))) for name in UNKNOWN_MODELS[:3]
    ]
    for name in core(http)[:3]:
        case = given(name)
        own = case.model.inputs[0].name
        # Under an unknown name an input is unknown, and that of the model is missing: either may be named.
        renamed = [one for one in malformed.names(case) if one.what == "an input under an unknown name"]
        asked += [(name, (STRANGER, own), wrong.body) for wrong in renamed]
        asked += [(name, (STRANGER,), wrong.body) for wrong in malformed.outputs(case)[:1]]
        faults = (malformed.counts(case)[:1], malformed.datatypes(case)[:1], malformed.shapes(case)[:1])
        asked += [(name, (own,), wrong.body) for wrong in itertools.chain(*faults)]
    if "lepton_sub" in available(http):
        missing = [one for one in malformed.names(given("lepton_sub")) if one.what == "no input b"]
        asked += [("lepton_sub", ("b",), wrong.body) for wrong in missing]

    def body(item: tuple[str, tuple[str, ...], bytes]) -> None:
        name, offenders, data = item
        answer = http.infer(name, data)
        if answer.status < 400:
            return  # other requirements judge whether it is refused
        text = error_text(answer)
        if not any(offender in text for offender in offenders):
            raise SubjectFault(
                f"sent {name} {data[:120]!r}; found the error {text!r:.200}, expected "
                f"{' or '.join(map(repr, offenders))} in it"
            )

    each(budget, asked, body)
