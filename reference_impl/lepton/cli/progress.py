"""One line on standard error that says how far a long command is, and for how long it works: for people only.

Owns the line: nothing where standard error is no terminal or the answer is for a program, nothing before a
moment has passed, nothing left behind. Leaves what is said to the work, which calls `Tell`.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from lepton.report.escape import for_terminal

if TYPE_CHECKING:
    from threading import Event, Thread

__all__ = ["Tell", "progress"]

#: Says what is done now, how many of it are done, and of how many; 0 of 0 where nothing is counted.
Tell = Callable[[str, int, int], None]

#: Seconds of silence before the line, and between two looks at the clock.
SILENCE_SECONDS, TICK_SECONDS = 0.5, 0.2
#: Back to the start of the line, and clear it.
_CLEAR = "\r\x1b[K"


@contextmanager
def progress(name: str, *, wanted: bool = True, stream: TextIO | None = None) -> Iterator[Tell]:
    """Yield what takes the words of the work; `wanted` is False where the answer is for a program."""
    out = sys.stderr if stream is None else stream
    if not wanted or not out.isatty() or os.environ.get("TERM") == "dumb":
        yield _nothing
        return
    line = _Line(name, out)
    try:
        yield line.tell
    finally:
        line.end()


def _nothing(what: str, done: int, of: int) -> None:
    """Take words and say nothing."""


class _Line:
    """The line, drawn by a thread of its own so that the work never waits for the terminal.

    The thread begins with the first words: what has to be done before there is a second one can be.
    """

    def __init__(self, name: str, out: TextIO) -> None:
        self._name, self._out = name, out
        self._words = ""
        self._over: Event | None = None
        self._thread: Thread | None = None

    def tell(self, what: str, done: int, of: int) -> None:
        self._words = f"{what}, {done} of {of}" if of else what
        if self._thread is None:
            # Only here: a quick command on no terminal does not pay for it.
            import threading

            self._over = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._over,), daemon=True)
            self._thread.start()

    def _run(self, over: "Event") -> None:
        import shutil
        import time

        begun = time.monotonic()
        drawn = False
        wait = SILENCE_SECONDS
        while not over.wait(wait):
            drawn = True
            wait = TICK_SECONDS
            text = for_terminal(f"{self._name}: {self._words}, {time.monotonic() - begun:.0f} s")
            columns = shutil.get_terminal_size().columns
            if not self._write(_CLEAR + text[: max(columns - 1, 1)]):
                return
        if drawn:
            self._write(_CLEAR)

    def end(self) -> None:
        if self._over is not None and self._thread is not None:
            self._over.set()
            self._thread.join()

    def _write(self, text: str) -> bool:
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):  # the terminal went away; the work goes on
            return False
        return True
