"""Requests that a server must understand: unknown members, order, transfer coding, field names, paths."""

from collections.abc import Callable
from typing import Any

from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given, shapes, smaller
from lepton_conformance.subject.http import JSON_HEADERS, Headers, HttpSubject, encode
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    accepted,
    answers,
    core,
    expect_right,
    outputs_of,
    plain,
    require,
)

IN_A_ROW = 4


@requirement("INF-REQ-01", needs=("INF-RSP-01", "INF-RSP-06"))
def test_unknown_members_change_nothing(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    output = case.model.outputs[0].name
    strange: dict[str, Any] = {"lepton_unknown": {"nested": [1, None, "x"]}, "model_name": case.model.name}
    parameters = {"lepton_unknown": "text", "lepton_number": 1.5, "lepton_flag": True}

    def changed(what: str) -> dict[str, Any]:
        request = infer_request(case, outputs=[output])
        places = {
            "request": request,
            "input": request["inputs"][0],
            "requested output": request["outputs"][0],
        }
        kind, _, place = what.partition(" of the ")
        places[place].update(strange if kind == "members" else {"parameters": dict(parameters)})
        return request

    def body(what: str) -> None:
        outputs = answers(http, case, changed(what))
        expect_right(case, outputs, [output])

    each(
        budget,
        [
            f"{kind} of the {place}"
            for kind in ("members", "parameters")
            for place in ("request", "input", "requested output")
        ],
        body,
    )


@requirement("INF-REQ-02", needs=("INF-RSP-01", "INF-RSP-06"))
def test_inputs_are_matched_by_name(http: HttpSubject, budget: Budget) -> None:
    require(http, "lepton_sub")

    def body(case: Given) -> None:
        request = infer_request(case)
        request["inputs"].reverse()
        expect_right(case, answers(http, case, request))

    examples(budget, shapes(("lepton_sub",)), body)


@requirement("INF-REQ-03", needs=("INF-RSP-01", "INF-RSP-06"))
def test_chunked_bodies_are_read(http: HttpSubject, budget: Budget) -> None:
    names = [name for name in core(http) if name.startswith("lepton_id_")] or core(http)
    each(
        budget,
        [given(name, 3, 17) for name in names],
        lambda case: expect_right(case, answers(http, case, chunked=True)),
        smaller,
    )


def _alternating(name: str) -> str:
    return "".join(c.upper() if index % 2 else c.lower() for index, c in enumerate(name))


@requirement("INF-REQ-04", needs=("INF-RSP-01", "INF-RSP-06"))
def test_field_names_have_no_case_and_connections_go_on(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    path = http.model_path(case.model.name) + "/infer"
    wire = encode(infer_request(case))
    spellings: dict[str, Callable[[str], str]] = {
        "lower": str.lower,
        "upper": str.upper,
        "alternating": _alternating,
    }

    def body(what: str) -> None:
        if what in spellings:
            answer = http.call("POST", path, wire, JSON_HEADERS, spelling=spellings[what])
            outputs = outputs_of(accepted(answer, f"a request with field names in {what} case"))
            expect_right(case, outputs)
            return
        method, target, sent = ("GET", http.model_path(case.model.name), None)
        if what == "POST in a row":
            method, target, sent = ("POST", path, wire)
        headers: Headers = JSON_HEADERS if sent else ()
        for answer in http.in_a_row(method, target, sent, headers, IN_A_ROW):
            if answer.status != 200:
                raise SubjectFault(
                    f"sent the same request {IN_A_ROW} times on one connection; found status "
                    f"{answer.status}, expected 200 each time"
                )

    each(budget, [*spellings, "GET in a row", "POST in a row"], body)


@requirement("INF-REQ-05", needs=("INF-RSP-01",))
def test_percent_encoded_names_are_decoded(http: HttpSubject, budget: Budget) -> None:
    def body(item: tuple[str, str, str]) -> None:
        name, encoded, route = item
        path = f"v2/models/{encoded}{route}"
        if route == "/infer":
            answer = http.call("POST", path, encode(infer_request(given(name))), JSON_HEADERS)
        else:
            answer = http.get(path)
        if answer.status != 200:
            raise SubjectFault(
                f"{path}, another spelling of {name}: found status {answer.status}, expected 200"
            )

    spelled: list[tuple[str, str, str]] = []
    for name in core(http)[:3]:
        whole = "".join(f"%{ord(character):02x}" for character in name)
        for encoded in (
            name.replace("_", "%5F"),
            name.replace("_", "%5f"),
            f"%{ord(name[0]):X}{name[1:]}",
            whole,
        ):
            spelled.extend((name, encoded, route) for route in ("", "/ready", "/infer"))
    each(budget, spelled, body)


@requirement("INF-REQ-07", needs=("INF-RSP-01", "INF-RSP-06"))
def test_media_type_of_requests_is_read_loosely(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)

    def body(found: str | None) -> None:
        headers: Headers = () if found is None else (("Content-Type", found),)
        answer = http.infer(case.model.name, infer_request(case), headers=headers)
        expect_right(case, outputs_of(accepted(answer, f"a request with Content-Type {found!r}")))

    each(
        budget,
        [
            "application/json",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "Application/JSON; Charset=utf-8",
            None,
        ],
        body,
    )
