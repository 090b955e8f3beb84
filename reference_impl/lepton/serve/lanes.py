"""Where a request is computed: at once where it was read, or in a thread.

Owns the measurement that tells small work from large, the threads, and the time limit; leaves the work itself
to the caller. A hop to a thread costs tens of microseconds, several times a tiny model's computation; work
that holds up the loop holds up every other client. Serves no clause of the standard.
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from lepton.serve.reply import Cause, RequestError

__all__ = ["Lanes"]

#: Work expected to take less than this runs on the loop.
INLINE_SECONDS = 0.001
#: A larger body never does: reading it as JSON alone takes longer.
INLINE_BODY_BYTES = 1 << 20
#: The weight of the newest measurement in the running mean. What takes longer weighs less: on a busy machine
#: most of that is waiting for a processor, and a thread would wait as well.
FASTER_WEIGHT = 0.5
SLOWER_WEIGHT = 0.1

T = TypeVar("T")


class Lanes:
    """Runs the work of requests; `key` groups work of like cost, such as one model at one size of body."""

    __slots__ = ("_seconds", "_threads", "_timeout", "_under_way")

    def __init__(self, timeout: float) -> None:
        """Start no thread yet; `timeout` is in seconds and counts waiting for a thread."""
        self._threads = ThreadPoolExecutor(max(2, os.cpu_count() or 1), thread_name_prefix="infer")
        self._timeout = timeout
        self._under_way: set[Future[Any]] = set()
        self._seconds: dict[tuple[object, int], float] = {}

    async def run(self, key: object, body_bytes: int, work: Callable[[], T]) -> T:
        """Return the result of `work`. Raises: RequestError (503) when it takes too long."""
        group = self._inline(key, body_bytes)
        if group is not None:
            return self._measured(group, work)
        future = self.begin(key, body_bytes, work)
        if future.done():
            return future.result()
        try:
            # A thread cannot be stopped: work that has begun goes on, work that has not is dropped.
            return await asyncio.wait_for(asyncio.wrap_future(future), self._timeout)
        except TimeoutError as error:
            raise self._too_slow() from error
        finally:
            del future  # what it raised refers to this frame, and the request would stay in a cycle

    def wait(self, future: Future[T]) -> T:
        """Do for a thread what `run` does for the event loop."""
        try:
            return future.result(self._timeout)
        except TimeoutError as error:
            future.cancel()
            raise self._too_slow() from error
        finally:
            del future  # as above

    def begin(self, key: object, body_bytes: int, work: Callable[[], T]) -> Future[T]:
        """Do small work at once, let a thread do the rest. Raises: what work that was done at once raises."""
        group = self._inline(key, body_bytes)
        if group is not None:
            done: Future[T] = Future()
            done.set_result(self._measured(group, work))
            return done
        future = self._threads.submit(self._measured, (key, body_bytes.bit_length()), work)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    def close(self) -> bool:
        """Drop work that has not begun, and say whether none is under way any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        return not any(future.running() for future in self._under_way.copy())

    def _inline(self, key: object, body_bytes: int) -> tuple[object, int] | None:
        """Return the group of small work, None for what a thread shall do."""
        group = (key, body_bytes.bit_length())
        small = self._seconds.get(group, INLINE_SECONDS) < INLINE_SECONDS
        return group if small and body_bytes <= INLINE_BODY_BYTES else None

    def _measured(self, group: tuple[object, int], work: Callable[[], T]) -> T:
        started = time.perf_counter()
        try:
            return work()
        finally:
            spent = time.perf_counter() - started
            mean = self._seconds.get(group, spent)
            weight = FASTER_WEIGHT if spent < mean else SLOWER_WEIGHT
            self._seconds[group] = mean + weight * (spent - mean)

    def _too_slow(self) -> RequestError:
        return RequestError(
            Cause.UNAVAILABLE,
            f"found no answer within {self._timeout:g} seconds; send less at once, or try again later",
            (("retry-after", "1"),),
        )
