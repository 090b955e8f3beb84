"""How the time of a run is shared out, when time is its bound.

Owns the share of each test in the time that is left for generated cases; leaves spending it to the driver of
the suite. Boundary cases always run, so their time is set aside first, at the pace of the subject seen so
far. Serves `conformance`.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["Pace"]

#: Seconds that boundary cases take on a fast subject: of most tests, and of those that wait or send much.
USUAL_SECONDS = 0.05
LONG_SECONDS = {
    "INF-ERR-05": 0.3,
    "INF-ERR-20": 0.4,
    "INF-GRP-34": 1.0,
    "INF-GRP-35": 2.0,
    "INF-GRP-36": 1.0,
    "INF-GRP-37": 1.0,
    "INF-ISO-01": 0.5,
    "INF-LIM-01": 1.6,
    "INF-LIM-05": 1.0,
    "INF-LIM-06": 2.0,
    "INF-LIM-08": 0.5,
    "INF-LIM-09": 2.0,
    "INF-LIM-10": 1.0,
    "INF-REP-12": 1.0,
    "INF-REP-13": 1.0,
    "INF-REP-20": 1.0,
    "RUN-ADP-07": 0.4,
    "RUN-NUM-04": 0.3,
    "RUN-OPS-01": 1.0,
    "RUN-OPS-02": 0.1,
    "RUN-OPS-03": 0.1,
    "RUN-OPS-04": 0.1,
    "RUN-OPS-05": 0.2,
    "RUN-OPS-06": 0.3,
    "RUN-OPS-07": 0.6,
    "RUN-OPS-08": 0.1,
    "RUN-OPS-09": 0.2,
    "RUN-OPS-10": 0.1,
    "RUN-REL-01": 1.0,
    "RUN-SHP-01": 0.2,
    "RUN-SHP-02": 0.6,
    "RUN-SHP-03": 0.2,
    "RUN-SPL-01": 0.7,
    "RUN-SPL-02": 0.2,
    "RUN-SPL-03": 0.2,
    "RUN-SPL-04": 0.5,
}
#: A subject is taken to be at least this fast, and at most so many times slower than a fast one.
MIN_PACE, MAX_PACE = 0.5, 50.0


def _expected(requirement: str) -> float:
    return LONG_SECONDS.get(requirement, USUAL_SECONDS)


@dataclass
class Pace:
    """What is left of the time of a run. `end` is a value of `time.monotonic`."""

    end: float
    left: list[str] = field(default_factory=list)
    expected: float = 0.0
    taken: float = 0.0

    @classmethod
    def of(cls, seconds: float, requirements: Iterable[str]) -> "Pace":
        """Return the pace of a run that begins now, its tests given by their requirements, in order."""
        return cls(time.monotonic() + seconds, list(requirements))

    def deadline(self) -> float:
        """Return until when the next test may generate cases."""
        now = time.monotonic()
        factor = min(MAX_PACE, max(MIN_PACE, self.taken / self.expected)) if self.expected else 1.0
        set_aside = factor * sum(map(_expected, self.left))
        return now + max(0.0, self.end - now - set_aside) / max(1, len(self.left))

    def done(self, requirement: str, seconds: float, generating: float) -> None:
        """Take note of a test that ended, and of how long it generated cases."""
        if self.left:
            self.left.pop(0)
        self.expected += _expected(requirement)
        self.taken += max(0.0, seconds - generating)
