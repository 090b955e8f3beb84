"""The driver of properties: boundary cases first, seeded generation, small failures."""

import time

import pytest

from lepton_conformance.outcome import NotTested, SubjectFault, SubjectGone
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.subject.exchange import LineExchange, Recorder
from lepton_conformance.suite.driver import Budget, each, examples

Edited = tuple[tuple[tuple[int, int], ...], int]


def budget(seed: int = 0, max_examples: int = 40) -> Budget:
    return Budget(seed, max_examples, Recorder(), "a test")


def decode(number: int) -> Edited:
    digits = Digits(number)
    edits = tuple((digits.take(20), digits.take(10)) for _ in range(digits.take(4)))
    return edits, digits.rest


def test_boundary_cases_run_first_and_all() -> None:
    seen: list[Edited] = []
    boundary: list[Edited] = [(((1, 1),), 0), (((2, 2),), 0)]
    spent = budget()
    examples(spent, Cases(boundary, decode), seen.append)
    assert seen[:2] == boundary
    assert spent.examples == len(seen)
    assert 30 <= len(seen) <= 2 + 40 + 4


def test_same_seed_gives_the_same_cases_and_another_seed_others() -> None:
    def cases_of(seed: int) -> list[Edited]:
        seen: list[Edited] = []
        examples(budget(seed), Cases([], decode), seen.append)
        return seen

    assert cases_of(1) == cases_of(1)
    assert cases_of(1) != cases_of(2)


def test_no_generated_cases_are_run_when_none_are_allowed() -> None:
    seen: list[Edited] = []
    examples(budget(max_examples=0), Cases([decode(0)], decode), seen.append)
    assert seen == [decode(0)]


@pytest.mark.parametrize("seed", range(5))
def test_failing_integer_shrinks_to_one_edit_without_random_fill(seed: int) -> None:
    def body(case: Edited) -> None:
        if any(value == 7 for _, value in case[0]):
            raise SubjectFault(repr(case))

    with pytest.raises(SubjectFault) as failed:
        examples(budget(seed, 200), Cases([], decode), body)
    (edits, rest) = eval(str(failed.value))
    assert rest == 0
    assert [value for _, value in edits if value] == [7]


def test_failing_boundary_case_is_reduced_by_its_own_steps() -> None:
    def halves(text: str) -> list[str]:
        return [text[: len(text) // 2], text[len(text) // 2 :]] if len(text) > 1 else []

    def body(text: str) -> None:
        if "x" in text:
            raise SubjectFault(text)

    with pytest.raises(SubjectFault, match=r"^x$"):
        examples(budget(), Cases(["aaaaaxaaaaaaaaaa"], None, halves), body)


def test_recorder_holds_the_exchanges_of_the_reported_case() -> None:
    spent = budget()

    def body(case: Edited) -> None:
        spent.recorder.add(LineExchange(repr(case), None))
        if case[0]:
            raise SubjectFault(repr(case))

    with pytest.raises(SubjectFault) as failed:
        examples(spent, Cases([], decode), body)
    (exchange,) = spent.recorder.failing
    assert isinstance(exchange, LineExchange)
    assert exchange.sent == str(failed.value)


def test_lost_subject_is_not_asked_again() -> None:
    seen: list[int] = []

    def body(case: int) -> None:
        seen.append(case)
        raise SubjectGone("gone")

    with pytest.raises(SubjectGone):
        each(budget(), [1, 2, 3], body)
    assert seen == [1]


def test_other_outcomes_pass_through_at_once() -> None:
    def body(case: Edited) -> None:
        raise NotTested("no such model")

    with pytest.raises(NotTested):
        examples(budget(), Cases([], decode), body)


def test_fault_that_does_not_come_back_is_reported_all_the_same() -> None:
    calls = 0

    def body(case: Edited) -> None:
        nonlocal calls
        calls += 1
        if calls == 9:
            raise SubjectFault("only once")

    with pytest.raises(SubjectFault, match="only once"):
        examples(budget(), Cases([], decode), body)


def test_case_is_made_smaller_only_while_it_fails_in_the_same_way() -> None:
    def halves(text: str) -> list[str]:
        return [text[: len(text) // 2], text[len(text) // 2 :]] if len(text) > 1 else []

    def body(text: str) -> None:
        if "x" in text and len(text) > 3:
            raise SubjectFault(f"found {len(text)}, expected 0")
        if "x" in text:
            raise SubjectFault("found no output")

    with pytest.raises(SubjectFault, match=r"^found 4, expected 0$"):
        examples(budget(), Cases(["aaaaaxaaaaaaaaaa"], None, halves), body)


def test_failing_case_is_made_smaller_in_the_time_that_is_left() -> None:
    spent = Budget(0, 0, Recorder(), "a test", deadline=time.monotonic())

    def body(case: int) -> None:
        time.sleep(0.01)
        raise SubjectFault(f"found {case}")

    started = time.monotonic()
    with pytest.raises(SubjectFault):
        each(spent, [10**6], body, lambda case: [case - 1])
    assert time.monotonic() - started < 1


def test_case_that_a_subject_dies_of_is_made_smaller_where_it_is_started_again() -> None:
    def body(case: Edited) -> None:
        if any(value == 7 for _, value in case[0]):
            raise SubjectGone(f"sent 'infer', found: the end of the program {case!r}")

    deadly: Edited = ((1, 7), (3, 3)), 5
    for restarts, expected in ((True, 1), (False, 2)):
        spent = Budget(3, 200, Recorder(), "a test", restarts=restarts)
        with pytest.raises(SubjectGone) as failed:
            examples(spent, Cases([deadly], decode, lambda case: [(case[0][:1], 0)]), body)
        edits, _ = eval(str(failed.value).rpartition("program ")[2])
        assert len(edits) == expected
