"""How much of one package's JSON is held in memory: bounded by the size of the package on disk.

Owns the two sums, of values and of bytes that were compressed, and which files are not unpacked at all;
leaves counting to those who read. Many documents, or files that unpack a thousandfold, cost no more than
PKG-VAL-07 allows.
"""

import threading
from collections.abc import Iterable

from lepton.package.container import Entry
from lepton.package.limits import (
    FREE_EXPANDED_BYTES,
    FREE_INFLATED_BYTES,
    FREE_VALUES,
    INFLATED_BYTES_A_BYTE,
    INPUT_BYTES_A_VALUE,
    MAX_VALUES,
)

__all__ = ["CLOSED", "Budget", "closed"]

#: Why a file is not unpacked.
CLOSED = "the compressed files unpack to more than this validator reads of a package of this size"
#: DEFLATE makes at most so many bytes of one.
_MOST_INFLATED = 1032


def closed(entries: Iterable[Entry], input_bytes: int) -> frozenset[str]:
    """Return the paths of those files that unpack beyond what a package of so many bytes may, in order."""
    left = FREE_INFLATED_BYTES + INFLATED_BYTES_A_BYTE * input_bytes
    found = set()
    for one in entries:
        if one.stored or one.faulty:
            continue
        # A size that no content can have costs nothing, and is a fault of its own.
        size = min(one.size, _MOST_INFLATED * (one.input_bytes + 1))
        if size > left:
            found.add(one.path)
        else:
            left -= size
    return frozenset(found)


class Budget:
    """What is left for the documents of one package. `take` and `expand` are safe in threads."""

    def __init__(self, input_bytes: int) -> None:
        """Begin with what a package of so many bytes on disk may take."""
        self._values = FREE_VALUES + input_bytes // INPUT_BYTES_A_VALUE
        self._expanded = FREE_EXPANDED_BYTES + input_bytes
        self._lock = threading.Lock()

    def take(self, values: int) -> str:
        """Take room for the values of one document; say which limit that passes, or nothing."""
        if values > MAX_VALUES:
            return f"more than {MAX_VALUES} values, the limit of this validator"
        with self._lock:
            self._values -= values
            if self._values < 0:
                return "more values than this validator reads of a package of this size"
        return ""

    def expand(self, size: int) -> bool:
        """Take room for the `size` bytes of a document that is compressed in its container."""
        with self._lock:
            self._expanded -= size
            return self._expanded >= 0
