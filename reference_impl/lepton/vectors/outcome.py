"""What replaying golden vectors yields: facts, no findings.

Owns the vocabulary between the replay, which computes, and the checks, which judge. Serves PKG-VEC.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ControlOutcome", "ReplayFacts", "ReplayOutcome", "ReplayStatus"]


class ReplayStatus(StrEnum):
    """What happened when one vector met one artifact."""

    PASS = "pass"
    FAIL = "fail"
    UNSUPPORTED = "unsupported"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """One vector replayed on one artifact. `message` says found, expected, and the worst element."""

    document: str
    artifact: str
    vector: str
    stage: str
    status: ReplayStatus
    message: str


@dataclass(frozen=True, slots=True)
class ControlOutcome:
    """One negative control run on one vector; `killed` is None when it could not run (`message` says why)."""

    document: str
    artifact: str
    control: str
    step: int | None
    vector: str
    killed: bool | None
    message: str


@dataclass(frozen=True, slots=True)
class ReplayFacts:
    """Everything that a full replay of one package yields.

    `required_controls` are the (control, step) pairs that apply to this package; step is None except for
    `step-omitted`.
    """

    outcomes: tuple[ReplayOutcome, ...]
    controls: tuple[ControlOutcome, ...]
    required_controls: tuple[tuple[str, int | None], ...]
