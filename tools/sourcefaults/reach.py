"""Which lines of our validator each package reaches, so that a fault is tried on those that meet it.

Owns tracing, also in the processes that replay; leaves what follows from it to `run`.
"""

import mmap
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from sourcefaults.corpus import Laid
from sourcefaults.fault import SOURCES, Fault, source
from sourcefaults.hook import adapter, altered, validator_of

__all__ = ["LINES_A_MODULE", "Reach", "reached"]

Local = Callable[[FrameType, str, Any], Any]
#: For each package, the lines that it reaches, as numbers that `Reach.number` gives.
Lines = list[frozenset[int]]
#: What no module comes to.
LINES_A_MODULE = 1000


class Reach:
    """Numbers the lines of modules, each module's from a multiple of `LINES_A_MODULE` on."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.places = {str(path): at for at, path in enumerate(sorted(files))}

    def of(self, fault: Fault) -> tuple[set[int], set[int]]:
        """Return the numbers of the lines that a fault changes, and of their modules."""
        numbers: set[int] = set()
        modules: set[int] = set()
        for edit in fault.edits:
            path = source(edit.module)
            at = self.places.get(str(path))
            if at is None:
                continue
            modules.add(at)
            if fault.line:
                numbers.add(at * LINES_A_MODULE + fault.line)
                continue
            text = path.read_text(encoding="utf-8")
            found = text.find(edit.old)
            while found >= 0:
                first = text.count("\n", 0, found) + 1
                last = first + edit.old.count("\n")
                numbers.update(at * LINES_A_MODULE + line for line in range(first, last + 1))
                found = text.find(edit.old, found + 1)
        return numbers, modules


def reached(files: Sequence[Path], laid: Sequence[Laid], workers: int) -> tuple[Reach, Lines]:
    """Return which lines each package reaches. The processes are forked: no module of ours is loaded yet."""
    reach = Reach(files)
    width = len(files) * LINES_A_MODULE
    rows = mmap.mmap(-1, width * len(laid))
    processes = []
    for worker in range(workers):
        process = os.fork()
        if process == 0:
            try:
                _trace(reach, rows, width, laid, range(worker, len(laid), workers))
            finally:
                os._exit(0)
        processes.append(process)
    for process in processes:
        os.waitpid(process, 0)
    found: Lines = []
    for at in range(len(laid)):
        row = rows[at * width : (at + 1) * width]
        found.append(frozenset(number for number, seen in enumerate(row) if seen))
    rows.close()
    return reach, found


def _trace(reach: Reach, rows: mmap.mmap, width: int, laid: Sequence[Laid], own: Sequence[int]) -> None:
    altered({})
    validator = validator_of(adapter(), "")
    prefix = str(SOURCES)
    base = [0]

    def follow(frame: FrameType, event: str, _: Any) -> Local | None:
        if not frame.f_code.co_filename.startswith(prefix):
            return None
        at = reach.places.get(frame.f_code.co_filename)
        if at is None:
            return None
        first = at * LINES_A_MODULE
        rows[base[0] + first + frame.f_lineno] = 1

        def line(inner: FrameType, event: str, _: Any) -> Local:
            rows[base[0] + first + inner.f_lineno] = 1
            return line

        return line

    for level in ("quick", "full"):  # so that nothing is loaded while it is traced
        validator.validate(laid[0].path, level)
    for at in own:
        base[0] = at * width
        sys.settrace(follow)
        try:
            validator.validate(laid[at].path, laid[at].case.level)
        finally:
            sys.settrace(None)
