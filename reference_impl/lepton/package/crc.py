"""The CRC-32 of a file while its SHA-256 is computed: both let go of the interpreter's lock.

Owns the second thread and its end; small files do without. Serves PKG-ZIP-07 and PKG-ZIP-10.
"""

import zlib
from queue import SimpleQueue

__all__ = ["Crc"]

#: Bytes of a file below which a second thread costs more than it brings.
MIN_BESIDE_BYTES = 8 * 1024 * 1024

_Piece = bytes | memoryview


class Crc:
    """A running CRC-32 of a file of about `size` bytes. Call `close` once it is of no more use."""

    def __init__(self, size: int) -> None:
        """Begin with no bytes."""
        self._value = 0
        self._given: SimpleQueue[_Piece | None] | None = None
        self._done: SimpleQueue[None] = SimpleQueue()
        self._pending = 0
        if size >= MIN_BESIDE_BYTES:
            import threading

            self._given = SimpleQueue()
            threading.Thread(target=self._work, args=(self._given,), name="lepton-crc", daemon=True).start()

    def update(self, piece: _Piece) -> None:
        """Take a piece, which stays as it is until `settle` returns."""
        if self._given is None:
            self._value = zlib.crc32(piece, self._value)
        else:
            self._given.put(piece)
            self._pending += 1

    def settle(self) -> int:
        """Wait until every piece is taken in; return the value so far."""
        while self._pending:
            self._done.get()
            self._pending -= 1
        return self._value

    def close(self) -> None:
        """End the thread; further calls change nothing."""
        if self._given is not None:
            self._given.put(None)
            self._given = None

    def _work(self, given: "SimpleQueue[_Piece | None]") -> None:
        while (piece := given.get()) is not None:
            self._value = zlib.crc32(piece, self._value)
            self._done.put(None)
