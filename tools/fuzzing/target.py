"""What a fuzz target is.

Owns `Target`, and the error that says that an oracle was contradicted; leaves what is asked of a reader to
the modules of targets.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ["Change", "Disagreement", "Target", "expect"]

#: Makes a new input of an old one; may return anything, longer inputs are cut off.
Change = Callable[[bytes, random.Random], bytes]


class Disagreement(AssertionError):
    """A reader contradicted itself or another reader of the same bytes."""


@dataclass(frozen=True, slots=True)
class Target:
    """One reader under test. `run` returns when all holds and raises whatever does not.

    `seeds` are inputs to begin with, `change` knows the format; without it, bytes are changed. `max_bytes`
    bounds an input, `share` weighs the time that the target gets of a run.
    """

    name: str
    seeds: Callable[[], Iterable[bytes]]
    run: Callable[[bytes], None]
    change: Change | None = None
    max_bytes: int = 16384
    share: float = 1.0


def expect(holds: bool, message: str) -> None:
    """Raise: Disagreement with `message` unless `holds`. An assertion would vanish under `python -O`."""
    if not holds:
        raise Disagreement(message)
