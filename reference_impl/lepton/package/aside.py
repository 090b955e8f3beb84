"""Work on the pieces of a file that a second thread does, while the first reads, writes or hashes otherwise.

Owns that thread and its end; small files do without. Hashing lets go of the interpreter's lock. Serves
PKG-DIG-03 and PKG-ZIP-07.
"""

from collections.abc import Callable
from queue import SimpleQueue

__all__ = ["Aside", "Piece"]

#: Bytes of a file below which a second thread costs more than it brings.
MIN_BESIDE_BYTES = 8 * 1024 * 1024

Piece = bytes | memoryview


class Aside:
    """Gives the pieces of a file of about `size` bytes to `take`, in their order. Call `close` in the end."""

    def __init__(self, take: Callable[[Piece], None], size: int) -> None:
        """Begin with no pieces."""
        self._take = take
        self._given: SimpleQueue[Piece | None] | None = None
        self._done: SimpleQueue[None] = SimpleQueue()
        self._pending = 0
        if size >= MIN_BESIDE_BYTES:
            import threading

            self._given = SimpleQueue()
            threading.Thread(target=self._work, args=(self._given,), name="lepton-aside", daemon=True).start()

    def give(self, piece: Piece) -> None:
        """Take a piece, which stays as it is until `settle` returns."""
        if self._given is None:
            self._take(piece)
        else:
            self._given.put(piece)
            self._pending += 1

    def settle(self) -> None:
        """Wait until every piece is taken in."""
        while self._pending:
            self._done.get()
            self._pending -= 1

    def close(self) -> None:
        """End the thread; further calls change nothing."""
        if self._given is not None:
            self._given.put(None)
            self._given = None

    def _work(self, given: "SimpleQueue[Piece | None]") -> None:
        while (piece := given.get()) is not None:
            self._take(piece)
            self._done.put(None)
