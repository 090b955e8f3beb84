"""The CRC-32 of a file while its SHA-256 is computed: both let go of the interpreter's lock.

Owns the running value; leaves the second thread to `lepton.package.aside`. Serves PKG-ZIP-07.
"""

import zlib

from lepton.package.aside import Aside, Piece

__all__ = ["Crc"]


class Crc:
    """A running CRC-32 of a file of about `size` bytes. Call `close` once it is of no more use."""

    def __init__(self, size: int) -> None:
        """Begin with no bytes."""
        self._value = 0
        self._aside = Aside(self._take, size)

    def update(self, piece: Piece) -> None:
        """Take a piece, which stays as it is until `settle` returns."""
        self._aside.give(piece)

    def settle(self) -> int:
        """Wait until every piece is taken in; return the value so far."""
        self._aside.settle()
        return self._value

    def close(self) -> None:
        """End the thread; further calls change nothing."""
        self._aside.close()

    def _take(self, piece: Piece) -> None:
        self._value = zlib.crc32(piece, self._value)
