"""The machine of the repository: sequences for a seed, and the shortest one that fails."""

import pytest

from lepton_conformance.outcome import SubjectFault
from lepton_conformance.subject.exchange import Recorder
from lepton_conformance.suite.driver import Budget, examples
from lepton_conformance.suite.repository_machine import MAX_STEPS, RULES, Steps, sequences, shorter


def test_drawn_sequences_use_every_rule_and_every_model() -> None:
    decode = sequences(2).decode
    assert decode is not None
    drawn = [decode(0x9E3779B97F4A7C15 * number % 2**64) for number in range(300)]
    assert {rule for steps in drawn for rule, _ in steps} == set(RULES)
    assert {model for steps in drawn for _, model in steps} == {0, 1}
    assert max(map(len, drawn)) <= MAX_STEPS
    assert len(set(drawn)) > 250


def test_shorter_sequences_leave_out_steps_and_keep_their_order() -> None:
    steps: Steps = tuple((rule, 0) for rule in RULES)
    for rest in shorter(steps):
        places = [steps.index(step) for step in rest]
        assert places == sorted(places)
        assert 0 < len(rest) < len(steps)
    assert {len(steps) - len(rest) for rest in shorter(steps)} >= {1, 3}
    assert list(shorter((("load", 0),))) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_failing_sequence_shrinks_to_its_two_steps(seed: int) -> None:
    def body(steps: Steps) -> None:
        unloaded = False
        for rule, model in steps:
            if model == 1 and rule == "unload":
                unloaded = True
            elif unloaded and rule == "metadata":
                raise SubjectFault(repr(steps))

    with pytest.raises(SubjectFault) as failed:
        examples(Budget(seed, 300, Recorder(), "machine"), sequences(2), body)
    steps = eval(str(failed.value))
    assert len(steps) == 2
    assert [rule for rule, _ in steps] == ["unload", "metadata"]
