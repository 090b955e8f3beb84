"""Loading and unloading: what is there afterwards, what stays, and what happens to requests meanwhile."""

import time
from typing import Any

from lepton_conformance.models.catalog import EXPORTED
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.http import Answer, HttpSubject
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    UNKNOWN_MODELS,
    accepted,
    error_text,
    expect_right,
    outputs_of,
    refused,
)
from lepton_conformance.suite.repository import (
    Traffic,
    answers_right,
    entries,
    expect_done,
    is_ready,
    left_as_found,
    load,
    loaded,
    movable,
    ready_names,
    unload,
    unloaded,
)

NOT_FOUND = 404
#: Reloads under traffic: at least, and at most where they are quick.
RELOADS, MOST_RELOADS = 5, 40
QUICK_SECONDS = 1.0
#: Parameters that no server knows, of each type that they may have.
_UNKNOWN: tuple[dict[str, Any], ...] = (
    {"lepton_unknown": "x"},
    {"lepton_number": 1.5},
    {"lepton_flag": True, "lepton_other": -7},
    {"configuration": "{}", "file": "x"},  # no overrides (INF-REP-17), only much like them
)
#: How long requests fly before each round of unloading under them, in seconds.
FLIGHT_SECONDS = (0.0, 0.02, 0.05, 0.1)


def _serves(http: HttpSubject, name: str, after: str) -> None:
    """Check that a model is ready, described and right. Raises: SubjectFault."""
    for path, what in ((f"{http.model_path(name)}/ready", "readiness"), (http.model_path(name), "metadata")):
        answer = http.get(path)
        if answer.status != 200:
            raise SubjectFault(
                f"after {after}: asked for the {what} of {name}; found status {answer.status}, expected 200"
            )
    answers_right(http, name)


@requirement("INF-REP-07", needs=("INF-REP-01", "INF-RSP-01", "INF-REP-09"))
def test_loaded_model_is_ready_at_once(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        with unloaded(http, name):
            what = f"the load request for {name}"
            expect_done(load(http, name, {}), what)
            _serves(http, name, what)

    each(budget, movable(http, 2), body)


@requirement("INF-REP-21", needs=("INF-REP-07", "INF-REP-09"))
def test_unknown_parameters_change_no_answer(http: HttpSubject, budget: Budget) -> None:
    (name,) = movable(http)

    def body(item: tuple[str, dict[str, Any]]) -> None:
        verb, parameters = item
        asked = {"parameters": parameters}
        what = f"the {verb} request for {name} with the unknown parameters {parameters!r}"
        if verb == "load":
            with unloaded(http, name):
                expect_done(load(http, name, asked), what)
                _serves(http, name, what)
        else:
            with left_as_found(http, name):
                expect_done(unload(http, name, asked), what)
                if is_ready(http, name):
                    raise SubjectFault(f"sent {what}; found the model still ready, expected it unloaded")

    each(budget, [(verb, parameters) for verb in ("load", "unload") for parameters in _UNKNOWN], body)


@requirement("INF-REP-08", needs=("INF-REP-01", "INF-ERR-01"))
def test_unknown_names_are_not_found(http: HttpSubject, budget: Budget) -> None:
    name = movable(http)[0]

    def body(item: tuple[str, str]) -> None:
        verb, unknown = item
        answer = (load if verb == "load" else unload)(http, unknown, {})
        refused(answer, f"the {verb} request for the unknown model {unknown!r}", NOT_FOUND)

    unknown = (*UNKNOWN_MODELS, f"{name}x", name[:-1], name.upper(), f" {name}")
    each(budget, [(verb, one) for verb in ("load", "unload") for one in unknown], body)
    each(budget, [name], lambda one: answers_right(http, one))


@requirement("INF-REP-09", needs=("INF-REP-01", "INF-RSP-01", "INF-HLT-04", "INF-MET-04"))
def test_unloaded_model_is_not_found(http: HttpSubject, budget: Budget) -> None:
    names = movable(http, 2)

    def body(name: str) -> None:
        versions = http.model(name).versions
        request = infer_request(given(name))
        with unloaded(http, name):
            for version in (None, *versions):
                path = http.model_path(name, version)
                refused(http.infer(name, request, version=version), f"{path}/infer, unloaded", NOT_FOUND)
                refused(http.get(path), f"GET {path}, unloaded", NOT_FOUND)
                status = http.get(f"{path}/ready").status
                if not 400 <= status < 600:
                    raise SubjectFault(
                        f"sent GET {path}/ready, unloaded; found status {status}, expected 400 to 599"
                    )

    each(budget, names, body)


@requirement("INF-REP-10", needs=("INF-REP-09", "INF-HLT-01", "INF-HLT-02"))
def test_unloading_leaves_the_rest_alone(http: HttpSubject, budget: Budget) -> None:
    first, *others = movable(http, 3)

    def body(name: str) -> None:
        # A server that unloads more than it is asked has done so in earlier tests, too.
        exported = {model.name for model in EXPORTED}
        for entry in entries(http, {}):
            if entry["name"] in exported:
                loaded(http, entry["name"])
        before = ready_names(entries(http, {}))
        with unloaded(http, name):
            gone = before - ready_names(entries(http, {}))
            if gone != {name}:
                raise SubjectFault(f"after unloading {name}: found {sorted(gone)!r:.200} unloaded")
            for path in ("v2/health/live", "v2/health/ready"):
                status = http.get(path).status
                if status != 200:
                    raise SubjectFault(
                        f"after unloading {name}: sent GET {path}; found status {status}, expected 200"
                    )
            for other in others:
                _serves(http, other, f"unloading {name}")

    each(budget, [first], body)


@requirement("INF-REP-11", needs=("INF-REP-09", "INF-REP-07"))
def test_unloading_twice_is_no_fault_of_the_server(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        with unloaded(http, name):
            for _ in range(2):
                status = unload(http, name, {}).status
                if status not in (200, NOT_FOUND):
                    raise SubjectFault(
                        f"sent the unload request for {name} once more; found status {status}, "
                        "expected 200 or 404"
                    )
        _serves(http, name, "unloading it twice and loading it")

    each(budget, movable(http), body)


def _right(case: Given, what: str) -> Any:
    def judge(answer: Answer) -> None:
        expect_right(case, outputs_of(accepted(answer, f"{case.model.name} a valid request {what}")))

    return judge


@requirement("INF-REP-12", needs=("INF-REP-07", "INF-ISO-01", "INF-RSP-06"))
def test_each_answer_is_right_while_a_model_is_loaded_anew(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        case = given(name, 4, 50)
        with left_as_found(http, name), Traffic(http, case, _right(case, "while it is loaded anew")):
            end = time.monotonic() + QUICK_SECONDS
            for count in range(MOST_RELOADS):
                if count >= RELOADS and time.monotonic() > end:
                    break
                expect_done(load(http, name, {}), f"the load request for {name}, which is ready")
        _serves(http, name, "loading it anew under requests")

    each(budget, movable(http, 2), body)


@requirement("INF-REP-13", needs=("INF-REP-09", "INF-REP-07", "INF-RSP-06"))
def test_requests_in_flight_are_answered_or_refused(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        case = given(name, 20, 100)
        right = _right(case, "while it is unloaded")

        def judge(answer: Answer) -> None:
            if answer.status in (NOT_FOUND, 503):
                error_text(answer)
            else:
                right(answer)

        for seconds in FLIGHT_SECONDS:
            with left_as_found(http, name), Traffic(http, case, judge):
                time.sleep(seconds)
                expect_done(unload(http, name, {}), f"the unload request for {name}")
        _serves(http, name, "unloading it under requests and loading it")

    each(budget, movable(http), body)


@requirement("INF-REP-07", needs=("INF-REP-01", "INF-RSP-01", "INF-REP-02"))
def test_loading_a_ready_model_keeps_it_ready(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        with left_as_found(http, name):
            expect_done(load(http, name, {}), f"the load request for {name}, which is ready")
            if not is_ready(http, name) or name not in ready_names(entries(http, {})):
                raise SubjectFault(f"after loading {name}, which was ready: found it not ready")
            _serves(http, name, f"loading {name}, which was ready")

    each(budget, movable(http), body)
