"""The C library's heap: what freed memory is kept for the next request, and what goes back to the system.

Owns glibc's settings; elsewhere its functions do nothing. Serves no clause of the standard.
"""

import ctypes
import functools
import sys
from typing import Any

__all__ = ["give_back", "keep_freed"]

#: Allocations from this size on are mapped and given back at once; below, up to KEPT_FREE_BYTES are kept.
MAPPED_FROM_BYTES = 32 << 20
KEPT_FREE_BYTES = 64 << 20
#: Heaps that the threads share. Each keeps what its largest request left free.
HEAPS = 2
#: Parameters of mallopt(3).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def keep_freed() -> None:
    """Let glibc keep freed memory for the next request.

    Its defaults give every tensor of more than 128 KiB back to the kernel; getting the same pages again,
    each zeroed and faulted in, costs more than half of the time of a 600 KB request.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, MAPPED_FROM_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, KEPT_FREE_BYTES)
        libc.mallopt(_M_ARENA_MAX, HEAPS)


def give_back() -> None:
    """Give what is free to the system, after requests that were unusually large."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


@functools.cache
def _glibc() -> Any:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
