"""The threads in which gRPC calls are received and answered, and what clients can make them hold.

Owns the time that a message may take to arrive and an answer to leave, and the statuses of refusals; leaves
what a call answers to its `Respond`. Serves `inference` (INF-GRP-36, INF-GRP-37, INF-GRP-40).
"""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from lepton.serve.memory import give_back
from lepton.serve.reply import Cause, RequestError, invalid

__all__ = ["Respond", "Threads"]

#: How long a message may take to arrive while many others are arriving too, in seconds.
CROWDED_SECONDS = 5.0
#: From this share of the threads on it is crowded.
CROWD = 0.5
WATCH_SECONDS = 1.0
#: Answers from this size on are counted until their clients have read them.
COUNTED_BYTES = 1 << 20
#: After messages of this size, memory that is free goes back to the system.
LARGE_BYTES = 8 << 20

#: Answers a message; the second argument is the call's context.
Respond = Callable[[bytes, Any], bytes]


class Threads:
    """The threads of some calls. Messages arrive in them: a client that sends, or reads, too slowly loses its
    call."""

    __slots__ = (
        "_arriving",
        "_closed",
        "_crowd",
        "_held",
        "_leaving",
        "_lock",
        "_most_held",
        "_timeout",
        "_trim",
        "pool",
    )

    def __init__(self, count: int, name: str, timeout: float, most_held: int) -> None:
        self.pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._timeout = timeout
        self._crowd = int(count * CROWD)
        #: The contexts of calls whose message arrives, or whose large answer leaves, and since when.
        self._arriving: dict[Any, float] = {}
        self._leaving: dict[Any, float] = {}
        self._lock = threading.Lock()
        self._held = 0
        self._most_held = most_held
        self._trim = threading.Event()
        self._closed = threading.Event()

    def handler(self, respond: Respond) -> Any:
        """Return the handler of one call. To grpcio it is one that takes a stream of messages, as it is on
        the wire, so that the arrival of the message can be watched."""

        def answer(messages: Iterator[bytes], context: Any) -> bytes:
            outcome = self._outcome(respond, messages, context)
            if isinstance(outcome, bytes):
                return outcome
            context.abort(*outcome)
            raise AssertionError  # abort raises

        answer.experimental_thread_pool = self.pool  # type: ignore[attr-defined]
        return grpc.stream_unary_rpc_method_handler(answer)

    def _outcome(self, respond: Respond, messages: Iterator[bytes], context: Any) -> bytes | tuple[Any, str]:
        """Return the answer, or the status of a refusal with its message."""
        with self.watched(context):
            message = next(messages, None)
        try:
            if message is None:
                raise invalid("found no message, expected one in the call")
            octets = respond(message, context)
            self._hold(context, octets)
            return octets
        except RequestError as refusal:
            return grpc.StatusCode[refusal.cause.value[1]], refusal.message
        except CancelledError:
            return grpc.StatusCode.CANCELLED, "the client left before the work began"
        except Exception as error:
            traceback.print_exception(error, file=sys.stderr)
            return grpc.StatusCode.INTERNAL, "found a fault of the server; its log says more"
        finally:
            if message is not None and len(message) >= LARGE_BYTES:
                self._trim.set()

    def _hold(self, context: Any, octets: bytes) -> None:
        """Count a large answer until the client has read it, or has had its time for that.

        Raises: RequestError (UNAVAILABLE) when clients that do not read hold too much.
        """
        size = len(octets)
        if size < COUNTED_BYTES:
            return
        with self._lock:
            if self._held and self._held + size > self._most_held:
                raise RequestError(Cause.UNAVAILABLE, "found too many large answers unread; try again")
            self._held += size
            self._leaving[context] = time.monotonic()

        def released() -> None:
            with self._lock:
                self._held -= size
            self._leaving.pop(context, None)
            if size >= LARGE_BYTES:
                self._trim.set()

        if not context.add_callback(released):
            released()

    @contextmanager
    def watched(self, context: Any) -> Iterator[None]:
        """Cancel the call of `context` when this takes too long."""
        self._arriving[context] = time.monotonic()
        try:
            yield
        finally:
            del self._arriving[context]

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="grpc-watch", daemon=True).start()

    def close(self) -> None:
        """Take no more calls, and let the threads end with those that they have."""
        self._closed.set()
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_SECONDS):
            arriving = self._arriving.copy()
            crowded = len(arriving) >= self._crowd
            self._cancel(arriving, min(self._timeout, CROWDED_SECONDS) if crowded else self._timeout)
            self._cancel(self._leaving.copy(), self._timeout)
            if self._trim.is_set():
                self._trim.clear()
                give_back()

    @staticmethod
    def _cancel(contexts: Mapping[Any, float], seconds: float) -> None:
        oldest = time.monotonic() - seconds
        for context, since in contexts.items():
            if since < oldest:
                context.cancel()
