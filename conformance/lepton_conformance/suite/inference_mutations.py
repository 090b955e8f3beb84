"""Valid requests changed a little: refused, answered as before, and never the end of the service."""

from lepton_conformance.oracle.elements import to_binary
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.mutations import Becomes, Edited, Faulty, edited, faulty
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.http import HttpSubject, encode
from lepton_conformance.suite.binary import LENGTH_FIELD, MEDIA_TYPE, composed
from lepton_conformance.suite.driver import Budget, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    ALL_MODELS,
    accepted,
    available,
    core,
    expect_right,
    goes_on,
    outputs_of,
    refused,
)

BAD_REQUEST = 400
#: Classes of faults that the published protocol knows; others have a requirement that gives their status.
OF_THE_PROTOCOL = tuple(f"INF-ERR-0{number}" for number in range(2, 8))
_MODELS = ("lepton_id_fp32", "lepton_id_int32", "lepton_id_bytes", "lepton_sub", "lepton_split")


def _names(http: HttpSubject) -> tuple[str, ...]:
    found = available(http, (*_MODELS, *core(http)))
    return tuple(name for name in found if name in _MODELS) or found[:1]


@requirement("INF-ERR-02", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08", "INF-REQ-11"))
def test_changed_texts_are_refused_or_mean_the_same(http: HttpSubject, budget: Budget) -> None:
    def body(item: Edited) -> None:
        answer = http.infer(item.case.model.name, item.body)
        becomes = item.becomes
        if becomes is Becomes.NO_OBJECT:
            refused(answer, f"{item.what()}, which is {becomes}")
        elif becomes is Becomes.SAME:
            expect_right(item.case, outputs_of(accepted(answer, f"{item.what()}, which is {becomes}")))
        goes_on(http, item.case, item.what())

    examples(budget, edited(_names(http)), body)


@requirement("INF-ERR-21", needs=("INF-RSP-01", "INF-ERR-10", "INF-ERR-02"))
def test_changed_texts_that_are_no_json_are_refused(http: HttpSubject, budget: Budget) -> None:
    def body(item: Edited) -> None:
        if item.becomes in (Becomes.NO_OBJECT, Becomes.EXTENDED):
            refused(http.infer(item.case.model.name, item.body), item.what(), BAD_REQUEST)
            goes_on(http, item.case, item.what())

    examples(budget, edited(_names(http)), body)


@requirement("INF-ERR-20", needs=("INF-RSP-01", "INF-ERR-08", "INF-ERR-10"))
def test_changed_texts_are_no_fault_of_the_server(http: HttpSubject, budget: Budget) -> None:
    def body(item: Edited) -> None:
        answer = http.infer(item.case.model.name, item.body)
        if answer.status >= 500:
            raise SubjectFault(
                f"sent {item.what()}; found status {answer.status} with {answer.excerpt()}, "
                "expected below 500"
            )
        goes_on(http, item.case, item.what())

    examples(budget, edited(_names(http)), body)


def _refused_with_400(http: HttpSubject, budget: Budget, clause: str) -> None:
    """Send generated requests with one fault of a class; each is refused, and the model goes on."""

    def body(item: Faulty) -> None:
        wrong = item.wrong()
        if wrong is not None:
            refused(http.infer(wrong.model, wrong.body), f"{wrong.model} {wrong.what}", BAD_REQUEST)
            goes_on(http, item.case, wrong.what)

    examples(budget, faulty(_names(http), clause), body)


@requirement("INF-ERR-10", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_generated_requests_with_one_fault_are_400(http: HttpSubject, budget: Budget) -> None:
    def body(item: Faulty) -> None:
        wrong = item.wrong()
        if wrong is None:
            return
        answer = http.infer(wrong.model, wrong.body)
        if answer.status >= 400 and answer.status != BAD_REQUEST:  # whether it is refused, others judge
            raise SubjectFault(
                f"sent {wrong.model} {wrong.what} ({item.clause}); found status {answer.status} with "
                f"{answer.excerpt()}, expected {BAD_REQUEST}"
            )
        goes_on(http, item.case, wrong.what)

    examples(budget, faulty(_names(http), *OF_THE_PROTOCOL), body)


def _refused_somehow(http: HttpSubject, budget: Budget, clause: str) -> None:
    """Send generated requests with one fault of a class; each is refused with an error status."""

    def body(item: Faulty) -> None:
        wrong = item.wrong()
        if wrong is not None:
            refused(http.infer(wrong.model, wrong.body), f"{wrong.model} {wrong.what}")
            goes_on(http, item.case, wrong.what)

    examples(budget, faulty(_names(http), clause), body)


@requirement("INF-ERR-03", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_generated_requests_with_a_member_missing_or_mistyped(http: HttpSubject, budget: Budget) -> None:
    _refused_somehow(http, budget, "INF-ERR-03")


@requirement("INF-ERR-04", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_generated_requests_with_an_unknown_or_missing_input(http: HttpSubject, budget: Budget) -> None:
    _refused_somehow(http, budget, "INF-ERR-04")


@requirement("INF-ERR-05", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08", "INF-ERR-03"))
def test_generated_requests_with_another_datatype(http: HttpSubject, budget: Budget) -> None:
    _refused_somehow(http, budget, "INF-ERR-05")


@requirement("INF-ERR-06", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_generated_requests_with_another_element_count(http: HttpSubject, budget: Budget) -> None:
    _refused_somehow(http, budget, "INF-ERR-06")


@requirement("INF-ERR-07", needs=("INF-RSP-01", "INF-ERR-01", "INF-ERR-08"))
def test_generated_requests_with_another_rank(http: HttpSubject, budget: Budget) -> None:
    _refused_somehow(http, budget, "INF-ERR-07")


@requirement("INF-ERR-13", needs=("INF-RSP-01", "INF-ERR-10"))
def test_generated_requests_with_an_input_twice(http: HttpSubject, budget: Budget) -> None:
    _refused_with_400(http, budget, "INF-ERR-13")


@requirement("INF-ERR-14", needs=("INF-RSP-01", "INF-ERR-10"))
def test_generated_requests_for_an_output_unknown_or_twice(http: HttpSubject, budget: Budget) -> None:
    _refused_with_400(http, budget, "INF-ERR-14")


@requirement("INF-ERR-15", needs=("INF-RSP-01", "INF-ERR-10"))
def test_generated_requests_with_impossible_dimensions(http: HttpSubject, budget: Budget) -> None:
    _refused_with_400(http, budget, "INF-ERR-15")


@requirement("INF-ERR-16", needs=("INF-RSP-01", "INF-ERR-10", "INF-ERR-02"))
def test_generated_requests_with_bytes_after_them(http: HttpSubject, budget: Budget) -> None:
    _refused_with_400(http, budget, "INF-ERR-16")


@requirement("INF-ERR-17", needs=("INF-RSP-01", "INF-ERR-10"))
def test_generated_requests_with_odd_parameters(http: HttpSubject, budget: Budget) -> None:
    _refused_with_400(http, budget, "INF-ERR-17")


def _shifted(names: tuple[str, ...]) -> Cases[tuple[Given, int, int, int]]:
    """Return binary requests whose header length, size or number of bytes is off by a little."""

    def decode(number: int) -> tuple[Given, int, int, int]:
        digits = Digits(number)
        case = given(names[digits.take(len(names))], 1 + digits.take(3), 1 + digits.take(4))
        which = digits.take(3)
        shift = (1 + digits.take(9)) * (1, -1)[digits.take(2)]
        shifts = [0, 0, 0]
        shifts[which] = shift
        return case, shifts[0], shifts[1], shifts[2]

    boundary: list[tuple[Given, int, int, int]] = []
    for name in names:
        for shift in (1, -1, 4, -4):
            case = given(name)
            boundary += [(case, shift, 0, 0), (case, 0, shift, 0), (case, 0, 0, shift)]
    return Cases(boundary, decode)


@requirement("INF-BIN-10", needs=("INF-BIN-02", "INF-ERR-08", "INF-ERR-10", "INF-BIN-09", "INF-BIN-11"))
def test_lengths_that_are_a_little_off_are_refused(http: HttpSubject, budget: Budget) -> None:
    fixed = ("lepton_id_int32", "lepton_id_fp64", "lepton_id_uint8")
    others = (name for name in ALL_MODELS if name.startswith("lepton_id_") and name != "lepton_id_bytes")
    names = available(http, (*fixed, *others))[:3]

    def body(item: tuple[Given, int, int, int]) -> None:
        case, header, size, length = item
        request, _ = composed(case)
        tail = to_binary(next(iter(case.inputs.values())))
        request["inputs"][0]["parameters"]["binary_data_size"] = len(tail) + size
        text = encode(request)
        data = tail + b"\0" * length if length > 0 else tail[: len(tail) + length]
        headers = (("Content-Type", MEDIA_TYPE), (LENGTH_FIELD, str(len(text) + header)))
        what = (
            f"{case.model.name} {LENGTH_FIELD} off by {header}, binary_data_size off by {size}, "
            f"{len(data) - len(tail)} bytes more than the tensor has"
        )
        if (header, size, len(data)) == (0, 0, len(tail)):
            return
        refused(http.infer(case.model.name, text + data, headers=headers), what, BAD_REQUEST)
        goes_on(http, case, what)

    examples(budget, _shifted(names), body)
