"""Errors of the Open Inference Protocol: what is wrong is refused, and service goes on."""

from collections.abc import Callable, Sequence

from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies import malformed
from lepton_conformance.strategies.cases import Cases
from lepton_conformance.strategies.malformed import Wrong
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    JSON_MODELS,
    UNKNOWN_MODELS,
    available,
    expect_json,
    goes_on,
    plain,
    refused,
    require,
)

#: Models that the wrong requests of a kind are made for.
_FEW = ("lepton_id_fp32", "lepton_id_int32", "lepton_id_bytes", "lepton_sub", "lepton_affine")


def _made(
    http: HttpSubject, make: Callable[[Given], Sequence[Wrong]], names: Sequence[str] = _FEW
) -> list[Wrong]:
    """Return wrong requests of one kind for those of the models that the subject has, else for any."""
    try:
        found = available(http, names)
    except Exception:
        found = available(http, JSON_MODELS)[:1]
    return [wrong for name in found for wrong in make(given(name))]


def _refuses(http: HttpSubject, wrong: Wrong) -> None:
    """Send a wrong request, check that it is refused and that the same model goes on."""
    refused(http.infer(wrong.model, wrong.body), f"{wrong.model} {wrong.what}")
    goes_on(http, wrong.case, wrong.what)


@requirement("INF-ERR-01", needs=("INF-ERR-08",))
def test_unknown_model_is_refused(http: HttpSubject, budget: Budget) -> None:
    request = infer_request(given("lepton_id_fp32"))
    each(budget, UNKNOWN_MODELS, lambda name: refused(http.infer(name, request), f"{name!r} a valid request"))


@requirement("INF-ERR-08", needs=("INF-RSP-01",))
def test_service_goes_on_after_a_refusal(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    wrong = [
        *malformed.not_objects(case),
        *malformed.members(case)[:3],
        *malformed.names(case)[:2],
        *malformed.datatypes(case)[:1],
        *malformed.counts(case)[:2],
        *malformed.shapes(case)[:1],
    ]

    def body(item: Wrong) -> None:
        answer = http.infer(item.model, item.body)
        if 400 <= answer.status < 600:
            goes_on(http, item.case, item.what)

    each(budget, wrong, body)

    def unknown(name: str) -> None:
        http.infer(name, infer_request(case))
        goes_on(http, case, f"a request to the unknown model {name!r}")

    each(budget, UNKNOWN_MODELS[:1] * 3, unknown)


@requirement("INF-HLT-04", needs=("INF-ERR-08",))
def test_unknown_model_is_not_ready(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        path = http.model_path(name) + "/ready"
        answer = http.get(path)
        if 200 <= answer.status < 400:
            raise SubjectFault(
                f"GET {path}, a model that nobody has: found {answer.status}, expected neither 2xx nor 3xx"
            )

    each(budget, UNKNOWN_MODELS, body)


@requirement("INF-HLT-05", needs=("INF-HLT-04",))
def test_readiness_of_unknown_model_is_404(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        path = http.model_path(name) + "/ready"
        answer = http.get(path)
        if answer.status != 404:
            raise SubjectFault(f"GET {path}, a model that nobody has: found {answer.status}, expected 404")

    each(budget, UNKNOWN_MODELS, body)


@requirement("INF-MET-04", needs=("INF-ERR-08",))
def test_metadata_of_unknown_model_is_refused(http: HttpSubject, budget: Budget) -> None:
    each(
        budget,
        UNKNOWN_MODELS,
        lambda name: refused(http.get(http.model_path(name)), f"GET {http.model_path(name)}"),
    )


@requirement("INF-RSP-07", needs=("INF-RSP-01", "INF-ERR-08"))
def test_error_bodies_are_json_and_say_so(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        for answer in (http.infer(name, infer_request(plain(http))), http.get(http.model_path(name))):
            expect_json(answer, f"a request for the unknown model {name!r}")

    each(budget, UNKNOWN_MODELS, body)


@requirement("INF-ERR-02", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_body_that_is_no_json_object_is_refused(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    examples(
        budget,
        Cases(malformed.not_objects(case), lambda number: malformed.truncated(case, number)),
        lambda wrong: _refuses(http, wrong),
    )


@requirement("INF-ERR-03", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_missing_and_mistyped_members_are_refused(http: HttpSubject, budget: Budget) -> None:
    names = ("lepton_id_fp32", "lepton_id_int32")
    each(budget, _made(http, malformed.members, names), lambda wrong: _refuses(http, wrong))


@requirement("INF-ERR-04", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_unknown_and_missing_inputs_are_refused(http: HttpSubject, budget: Budget) -> None:
    each(budget, _made(http, malformed.names), lambda wrong: _refuses(http, wrong))
    require(http, "lepton_sub")


@requirement("INF-ERR-05", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08", "INF-ERR-03"))
def test_another_datatype_is_refused(http: HttpSubject, budget: Budget) -> None:
    each(budget, _made(http, malformed.datatypes, JSON_MODELS), lambda wrong: _refuses(http, wrong))


@requirement("INF-ERR-06", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_element_count_that_contradicts_the_shape_is_refused(http: HttpSubject, budget: Budget) -> None:
    each(budget, _made(http, malformed.counts), lambda wrong: _refuses(http, wrong))


@requirement("INF-ERR-07", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_shape_that_the_model_cannot_take_is_refused(http: HttpSubject, budget: Budget) -> None:
    each(
        budget,
        _made(http, malformed.shapes, (*_FEW, "lepton_transpose")),
        lambda wrong: _refuses(http, wrong),
    )


@requirement("INF-ERR-10", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_errors_of_the_client_are_400(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    kinds = (
        malformed.not_objects,
        malformed.members,
        malformed.names,
        malformed.datatypes,
        malformed.counts,
        malformed.shapes,
    )

    def body(wrong: Wrong) -> None:
        answer = http.infer(wrong.model, wrong.body)
        if answer.status >= 400 and answer.status != 400:
            raise SubjectFault(
                f"sent {wrong.model} {wrong.what}; found status {answer.status} with {answer.excerpt()}, "
                "expected 400"
            )

    each(budget, [wrong for make in kinds for wrong in make(case)], body)
