"""Digest files in constant memory, and many files on two threads.

Owns reading a file through once (`digest`) and spreading files over threads (`spread`); hashing releases the
interpreter's lock. Leaves comparing to the checks. Serves PKG-DIG-03.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from lepton.package.container import OpenFile

__all__ = ["THREADS", "Digest", "digest", "spread"]

THREADS = 2
#: Bytes in all below which a second thread costs more than it brings.
MIN_SPREAD_BYTES = 8 * 1024 * 1024
#: Bytes kept from the beginning of a file, enough for the signs of its kind.
HEAD_BYTES = 4096

T = TypeVar("T")
R = TypeVar("R")


class Digest(NamedTuple):
    """What one pass over a file yields. `data` is the whole file when it was asked for, else None."""

    sha256: str
    size: int
    head: bytes
    last: bytes
    data: bytes | None


def digest(file: OpenFile, *, keep: int = 0) -> Digest:
    """Read `file` through once; keep its bytes when there are at most `keep` of them.

    Raises: SourceError when the disk fails.
    """
    state = hashlib.sha256()
    size = 0
    head = last = b""
    kept: list[bytes] | None = []
    for chunk in file.chunks():
        state.update(chunk)
        if not head:
            head = bytes(chunk[:HEAD_BYTES])
        last = bytes(chunk[-1:])
        size += len(chunk)
        if kept is not None and size <= keep:
            kept.append(bytes(chunk))
        else:
            kept = None
    return Digest(state.hexdigest(), size, head, last, None if kept is None else b"".join(kept))


def spread(work: Callable[[T], R], tasks: Sequence[tuple[int, T]]) -> list[R]:
    """Apply `work` to every task, `(bytes, task)`, largest first on two threads; results in the given order.

    Raises: the first error that any `work` raises.
    """
    if len(tasks) < 2 or sum(size for size, _ in tasks) < MIN_SPREAD_BYTES:
        return [work(task) for _, task in tasks]
    import threading

    results: dict[int, R] = {}
    errors: list[BaseException] = []
    waiting = sorted(range(len(tasks)), key=lambda index: tasks[index][0])
    lock = threading.Lock()

    def run() -> None:
        while True:
            with lock:
                if not waiting or errors:
                    return
                index = waiting.pop()
            try:
                results[index] = work(tasks[index][1])
            except BaseException as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=run, daemon=True) for _ in range(THREADS - 1)]
    for thread in threads:
        thread.start()
    run()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[index] for index in range(len(tasks))]
