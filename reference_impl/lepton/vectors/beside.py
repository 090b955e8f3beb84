"""Jobs that a second thread begins with while the first does something else, and both finish.

Owns that thread and its end; leaves what the jobs are to its caller. Engines compute without the lock of the
interpreter, so that two cores replay vectors and run mutants at the same time. Serves PKG-VEC-12.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Generic, TypeVar

__all__ = ["Beside"]

T = TypeVar("T")


class Beside(Generic[T]):
    """Runs `jobs` beside its block; `results` helps with those that are left and returns what all gave."""

    def __init__(self, jobs: Sequence[Callable[[], T]]) -> None:
        """Begin at once, if there are any."""
        self._left = deque(enumerate(jobs))
        self._done: dict[int, T] = {}
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="lepton-beside", daemon=True)
        if self._left:
            self._thread.start()

    def __enter__(self) -> "Beside[T]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Begin no further job and wait for the one that runs: what it uses may be closed then."""
        self._left.clear()
        if self._thread.ident is not None:
            self._thread.join()

    def results(self) -> list[T]:
        """Return what the jobs gave, in their order. Raises: what one of them raised."""
        self._work()
        if self._thread.ident is not None:
            self._thread.join()
        if self._fault is not None:
            raise self._fault
        return [self._done[at] for at in sorted(self._done)]

    def _work(self) -> None:
        while self._fault is None:
            try:
                at, job = self._left.popleft()
            except IndexError:
                return
            try:
                self._done[at] = job()
            except BaseException as fault:  # it is raised where the results are asked for
                self._fault = fault
