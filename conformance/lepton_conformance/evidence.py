"""What the tests of one run saw.

Owns the record of a test and of a failure; leaves verdicts to `verdict` and rendering to `report`. Serves
`conformance`.
"""

from dataclasses import dataclass

from lepton_conformance.subject.exchange import Exchange
from lepton_conformance.verdict import Blame, Outcome

__all__ = ["Evidence", "Failure"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What a test found wrong, whose fault it is, and the exchanges that show it."""

    message: str
    blame: Blame
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One test of one requirement. `reason` says why it did not run; `seconds` is wall time."""

    requirement: str
    test: str
    outcome: Outcome
    examples: int
    seconds: float
    reason: str = ""
    blocked_by: tuple[str, ...] = ()
    failure: Failure | None = None
