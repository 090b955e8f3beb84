"""What a client sent is not shown to others: routes are read after requests that carry a word of their own.

The words stand where a server may be tempted to keep them: identifiers, elements, names that do not exist,
parameters, query strings, header fields. Serves `assurance`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.exchange import HttpExchange
from lepton_conformance.subject.http import Answer, HttpSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.inference_operations import METRICS
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import plain

Send = Callable[[HttpSubject, str], object]
JSON = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in a request where a word can stand, and how such a request is sent."""

    what: str
    send: Send


def _changed(case: Given, change: Callable[[Any], object]) -> Callable[[HttpSubject], object]:
    request = infer_request(case)
    change(request)
    return lambda http: http.infer(case.model.name, request)


def _places(http: HttpSubject, case: Given) -> Iterator[Place]:
    name = case.model.name
    path = http.model_path(name)
    body = infer_request(case)

    def edited(change: Callable[[Any, str], object]) -> Send:
        return lambda subject, word: _changed(case, lambda request: change(request, word))(subject)

    yield Place("the id", edited(lambda request, word: request.update(id=word)))
    yield Place(
        "an element of another kind", edited(lambda r, word: r["inputs"][0]["data"].__setitem__(0, word))
    )
    yield Place("the name of an input", edited(lambda r, word: r["inputs"][0].update(name=word)))
    yield Place("the name of an output", edited(lambda r, word: r.update(outputs=[{"name": word}])))
    yield Place("a datatype", edited(lambda r, word: r["inputs"][0].update(datatype=word)))
    yield Place("a parameter", edited(lambda r, word: r.update(parameters={word: word})))
    yield Place("the name of a model", lambda subject, word: subject.infer(word, body))
    yield Place(
        "the name of a model that is asked for", lambda subject, word: subject.get(f"v2/models/{word}")
    )
    yield Place("a version", lambda subject, word: subject.infer(name, body, version=word))
    yield Place("a route", lambda subject, word: subject.get(f"v2/{word}"))
    yield Place("a query string", lambda subject, word: subject.get(f"{path}?{word}={word}"))
    yield Place(
        "a header field",
        lambda subject, word: subject.infer(
            name, body, headers=(JSON, ("X-Client", word), ("User-Agent", word))
        ),
    )
    yield Place("a body that is no JSON", lambda subject, word: subject.infer(name, word.encode()))
    try:
        http.model("lepton_id_bytes")
    except NotTested:
        return
    strings = given("lepton_id_bytes")

    def with_string(subject: HttpSubject, word: str) -> object:
        request = infer_request(strings)
        request["inputs"][0]["data"] = [word] * len(request["inputs"][0]["data"])
        return subject.infer("lepton_id_bytes", request)

    yield Place("a string", with_string)


def _observed(http: HttpSubject, case: Given) -> Iterator[tuple[str, Answer]]:
    """Yield answers to requests that a stranger may send, none of which holds a word of another."""
    path = http.model_path(case.model.name)
    for route in (METRICS, "v2", "v2/health/live", "v2/health/ready", path, f"{path}/ready"):
        yield f"GET /{route}", http.get(route)
    yield "GET /v2/models/lepton_no_such_model", http.get("v2/models/lepton_no_such_model")
    yield "a body that is empty", http.infer(case.model.name, b"")
    yield "an ordinary request", http.infer(case.model.name, infer_request(case))


def _where(word: str, answer: Answer) -> str | None:
    """Return where in an answer a word stands, or None."""
    if word.encode() in answer.body.lower():
        return "the body"
    heads = " ".join(f"{name}: {value}" for name, value in answer.headers)
    return "a header field" if word in heads.lower() else None


@requirement("ASR-LOG-01", needs=("INF-RSP-01", "INF-HLT-01"))
def test_what_one_client_sent_is_not_shown_to_others(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    places = list(enumerate(_places(http, case)))

    def body(item: tuple[int, Place]) -> None:
        number, place = item
        word = f"leptonword{number}heardbynobody"
        place.send(http, word)
        said = http.recorder.last()
        for what, answer in _observed(http, case):
            where = _where(word, answer)
            if where is None:
                continue
            shown = http.recorder.last()
            if said is not None and isinstance(shown, HttpExchange):
                http.recorder.only([said, replace(shown, holds=word)])
            raise SubjectFault(
                f"sent {word!r} as {place.what}, then {what}; found it in {where} of that answer, "
                "expected nothing of an earlier request"
            )

    each(budget, places, body)
