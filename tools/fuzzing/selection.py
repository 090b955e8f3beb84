"""A small set of inputs that reaches as much as a large one.

Owns measuring which steps from line to line an input takes in the reader under test, and choosing by it:
the smallest inputs first, each that takes a step that none before it took.
"""

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

__all__ = ["chosen"]

Step = tuple[str, int, int]


def chosen(run: Callable[[bytes], None], inputs: Iterable[bytes], part: str) -> list[bytes]:
    """Return the chosen inputs, smallest first; steps are counted in files whose path has `part`."""
    seen: set[Step] = set()
    kept = []
    for data in sorted(set(inputs), key=lambda one: (len(one), one)):
        taken = _steps(run, data, part)
        if not taken <= seen:
            seen |= taken
            kept.append(data)
    return kept


def _steps(run: Callable[[bytes], None], data: bytes, part: str) -> set[Step]:
    taken: set[Step] = set()

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        file = frame.f_code.co_filename
        if part not in file:
            return None
        last = 0

        def step(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal last
            taken.add((file, last, frame.f_lineno))
            last = frame.f_lineno
            return step

        return step

    sys.settrace(enter)
    try:
        run(data)
    finally:
        sys.settrace(None)
    return taken
