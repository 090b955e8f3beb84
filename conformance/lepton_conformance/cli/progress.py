"""How far a run is, for people: one line that is written over on a terminal, a line now and then elsewhere.

Owns the line on standard error; leaves what is judged to `lepton_conformance.collect`.
"""

import sys
import threading
import time
from typing import TextIO

__all__ = ["Progress"]

#: How often the line is renewed on a terminal, and how often one is written elsewhere, in seconds.
TERMINAL_SECONDS = 0.5
PLAIN_SECONDS = 10.0
#: Tests done before the time left is guessed.
MIN_DONE = 5


class Progress:
    """Says number, requirement, time taken and time left, until closed."""

    def __init__(self, budget: float | None = None, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._budget = budget
        self._started = time.monotonic()
        self._state = (0, 0, "")
        self._written = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)
        self._thread.start()

    def __call__(self, done: int, total: int, identifier: str) -> None:
        """Take note of a test that begins."""
        self._state = (done, total, identifier)
        if self._terminal:
            self._write()

    def close(self) -> None:
        """Stop, and remove the line from a terminal."""
        self._closed.set()
        self._thread.join()
        if self._terminal and self._written:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _repeat(self) -> None:
        while not self._closed.wait(TERMINAL_SECONDS if self._terminal else PLAIN_SECONDS):
            if self._state[1]:
                self._write()

    def _write(self) -> None:
        line = self.line(time.monotonic() - self._started)
        self._written = True
        self._stream.write(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")
        self._stream.flush()

    def line(self, elapsed: float) -> str:
        """Return the line after so many seconds."""
        done, total, identifier = self._state
        text = f"{done}/{total} {identifier}, {elapsed:.0f} s"
        left = None if done < MIN_DONE else elapsed / done * (total - done)
        if self._budget is not None:
            left = max(0.0, self._budget - elapsed)
        return text if left is None else f"{text}, about {left:.0f} s left"
