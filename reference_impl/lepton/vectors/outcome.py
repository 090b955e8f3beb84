"""What replaying golden vectors yields: facts, no findings.

Owns the vocabulary between the replay, which computes, and the checks, which judge. Serves PKG-VEC.
"""

from enum import StrEnum
from typing import Any, NamedTuple

__all__ = ["ControlOutcome", "MutantOutcome", "ReplayFacts", "ReplayOutcome", "ReplayStatus"]


class ReplayStatus(StrEnum):
    """What happened when one vector met one artifact."""

    PASS = "pass"
    FAIL = "fail"
    UNSUPPORTED = "unsupported"
    ERROR = "error"


class ReplayOutcome(NamedTuple):
    """One vector replayed on one artifact. `message` says found, expected, and the worst element.

    `artifact` is empty at the stages that no artifact takes part in: `step`, `pre` and `post`.
    """

    document: str
    artifact: str
    vector: str
    stage: str
    status: ReplayStatus
    message: str


class ControlOutcome(NamedTuple):
    """One negative control run on one vector; `killed` is None when it could not run (`message` says why)."""

    document: str
    artifact: str
    control: str
    step: int | None
    vector: str
    killed: bool | None
    message: str


class MutantOutcome(NamedTuple):
    """One mutant run on the vectors: whether one killed it, its id, and how its answer was wrong.

    A mutant that cannot be run at all is killed by none in particular; `killed` is None when it could not be
    tried (`message` says why).
    """

    mutant: str
    killed: bool | None
    vector: str
    message: str


class ReplayFacts(NamedTuple):
    """Everything that a full replay of one package yields.

    `required_controls` are the (control, step) pairs that apply to this package; step is None except for
    `step-omitted`.
    """

    outcomes: tuple[ReplayOutcome, ...]
    controls: tuple[ControlOutcome, ...]
    required_controls: tuple[tuple[str, int | None], ...]
    mutants: tuple[MutantOutcome, ...] = ()

    @classmethod
    def from_json(cls, value: Any) -> "ReplayFacts":
        """Return the facts that `json.dumps` made a list of."""
        outcomes, controls, required, mutants = value
        return cls(
            tuple(ReplayOutcome(*one)._replace(status=ReplayStatus(one[4])) for one in outcomes),
            tuple(ControlOutcome(*one) for one in controls),
            tuple((name, step) for name, step in required),
            tuple(MutantOutcome(*one) for one in mutants),
        )
