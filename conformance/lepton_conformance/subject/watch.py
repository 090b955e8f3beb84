"""What is opened in a folder, as the system tells it: for files beside a package.

Owns the use of inotify, without which nothing is watched; leaves blame to the suite. Serves `package`
(PKG-VAL-07).
"""

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path

__all__ = ["opened_in"]

_OPEN, _ACCESS = 0x20, 0x1
_EVENT = struct.Struct("iIII")
_BUFFER_BYTES = 1 << 16


@contextlib.contextmanager
def opened_in(folder: Path) -> Iterator[list[str] | None]:
    """Yield a list that holds, in the end, the names of what was opened; None where nobody can say."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        watch = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, AttributeError):
        watch = -1
    if watch < 0:
        yield None
        return
    try:
        if libc.inotify_add_watch(watch, os.fsencode(folder), _OPEN | _ACCESS) < 0:
            yield None
            return
        names: list[str] = []
        yield names
        names.extend(_names(watch))
    finally:
        os.close(watch)


def _names(watch: int) -> Iterator[str]:
    while True:
        try:
            data = os.read(watch, _BUFFER_BYTES)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            _, _, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size
            name = data[at : at + length].rstrip(b"\0")
            at += length
            if name:
                yield os.fsdecode(name)
