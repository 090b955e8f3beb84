"""The gRPC transport: grpcio's server around the calls of `lepton.serve.grpc_service`, and an orderly end.

Owns threads, limits, statuses, health and reflection; leaves what a call answers to the service. Needs the
optional dependency `grpc`, and is imported only where a server answers gRPC. Serves `inference` (INF-GRP-31
to INF-GRP-43).

A message is received in the thread that answers the call, so that no more of them than threads are in memory
whatever clients send. grpcio's asyncio server was measured too: a fifth slower on tensors of 602 KB.
"""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import grpc
from google.protobuf import descriptor_pb2
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc

from lepton.errors import LeptonError
from lepton.serve.grpc_messages import SERVICE, descriptors
from lepton.serve.grpc_service import InferenceService
from lepton.serve.memory import give_back
from lepton.serve.reply import Cause, RequestError, invalid

__all__ = ["GrpcServer"]

#: Calls that are received, wait for a lane, or are computed at once.
INFER_THREADS = 32
#: Threads of the other calls: no inference holds up a health check.
CONTROL_THREADS = 32
#: Threads of streams: reflection takes one for each stream, watching health only while it begins.
STREAM_THREADS = 16
#: Calls that one worker has open at once; beyond, RESOURCE_EXHAUSTED.
MAX_CALLS = 2048
#: Calls that one connection has open at once; a client waits with others.
MAX_STREAMS = 256
#: What a request may have above the largest body: its tensors' names, shapes and parameters.
ENVELOPE_BYTES = 64 << 10
#: Requests of other calls than inference are names.
MAX_METADATA_BYTES = 16 << 10
#: How long a message may take to arrive while many others are arriving too, in seconds.
CROWDED_SECONDS = 5.0
#: From this share of the threads on it is crowded.
CROWD = 0.5
WATCH_SECONDS = 1.0
#: Answers from this size on are counted until their clients have read them.
COUNTED_BYTES = 1 << 20
#: After messages of this size, memory that is free goes back to the system.
LARGE_BYTES = 8 << 20
#: Large answers that wait for their clients may hold this many times the largest request.
ANSWERS_AT_ONCE = 16
#: A connection without calls is closed after this time; a client connects again by itself.
IDLE_MILLISECONDS = 300_000
#: How long a connection may take to say HTTP/2.
HANDSHAKE_MILLISECONDS = 10_000
#: A peer is asked for a sign of life after this time, and given up after KEEPALIVE_TIMEOUT_MILLISECONDS.
KEEPALIVE_MILLISECONDS = 60_000
KEEPALIVE_TIMEOUT_MILLISECONDS = 20_000
#: Clients that ping more often than this are sent away.
LEAST_PING_MILLISECONDS = 5_000


class GrpcServer:
    """The gRPC server of one worker process."""

    __slots__ = ("_health", "_server", "_threads")

    def __init__(
        self, address: str, service: InferenceService, max_request_bytes: int, timeout: float
    ) -> None:
        """Bind `address`, shared with other workers. Raises: LeptonError when that cannot be."""
        most_held = ANSWERS_AT_ONCE * max_request_bytes
        infer = _Threads(INFER_THREADS, "grpc-infer", timeout, most_held)
        control = _Threads(CONTROL_THREADS, "grpc-control", timeout, most_held)
        streams = _Threads(STREAM_THREADS, "grpc-stream", timeout, most_held)
        self._threads = (infer, control, streams)
        self._health = health.HealthServicer()
        handlers = {
            f"/{SERVICE}/ModelInfer": infer.handler(_inference(service)),
            **{f"/{SERVICE}/{name}": control.handler(_control(call)) for name, call in service.calls.items()},
            f"/{health.SERVICE_NAME}/Check": control.handler(_health_check(self._health)),
            f"/{health.SERVICE_NAME}/Watch": _health_watch(self._health, streams.pool),
        }
        self._server = grpc.server(
            streams.pool,
            handlers=[_Handlers(handlers)],
            options=_options(max_request_bytes + ENVELOPE_BYTES),
            maximum_concurrent_rpcs=MAX_CALLS,
        )
        _add_reflection(self._server, streams)
        try:
            self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise LeptonError(
                f"cannot listen on {address}; choose another port with --grpc-port, or 0 for a free one"
            ) from error

    def start(self) -> None:
        """Answer calls from now on."""
        for name in ("", SERVICE):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        for threads in self._threads:
            threads.start()
        self._server.start()

    def drain(self, seconds: float) -> None:
        """Say *not serving*, take no new call, let those in flight finish within `seconds`, and close."""
        self._health.enter_graceful_shutdown()
        self._server.stop(seconds).wait()
        for threads in self._threads:
            threads.close()


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Finds the handler of a call. Messages stay bytes: the service reads them itself."""

    def __init__(self, handlers: Mapping[str, Any]) -> None:
        self._handlers = handlers

    def service(self, handler_call_details: Any) -> Any:
        return self._handlers.get(handler_call_details.method)


#: Answers a message; the second argument is the call's context.
Respond = Callable[[bytes, Any], bytes]


def _control(call: Callable[[bytes], bytes]) -> Respond:
    def respond(message: bytes, _: Any) -> bytes:
        if len(message) > MAX_METADATA_BYTES:
            raise RequestError(
                Cause.TOO_LARGE, f"found {len(message)} bytes, expected at most {MAX_METADATA_BYTES}"
            )
        return call(message)

    return respond


def _inference(service: InferenceService) -> Respond:
    def respond(message: bytes, context: Any) -> bytes:
        def started(work: "Future[bytes]") -> None:
            if not work.done():
                # A deadline that passes or a client that leaves takes back what has not begun.
                context.add_callback(work.cancel)

        return service.model_infer(message, started)

    return respond


def _health_check(servicer: health.HealthServicer) -> Respond:
    def respond(message: bytes, context: Any) -> bytes:
        try:
            request = health_pb2.HealthCheckRequest.FromString(message)
        except DecodeError as error:
            raise invalid("found bytes that are no HealthCheckRequest") from error
        answer: bytes = servicer.Check(request, context).SerializeToString()
        return answer

    return respond


def _health_watch(servicer: health.HealthServicer, pool: ThreadPoolExecutor) -> Any:
    def watch(request: Any, context: Any, send: Callable[[Any], None]) -> None:
        servicer.Watch(request, context, send)

    watch.experimental_non_blocking = True  # type: ignore[attr-defined]
    watch.experimental_thread_pool = pool  # type: ignore[attr-defined]
    return grpc.unary_stream_rpc_method_handler(
        watch,
        request_deserializer=health_pb2.HealthCheckRequest.FromString,
        response_serializer=health_pb2.HealthCheckResponse.SerializeToString,
    )


class _Threads:
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


def _add_reflection(server: Any, threads: _Threads) -> None:
    """Describe our service and the two standard ones. Spec: INF-GRP-43."""
    pool = descriptors()
    for module in (health_pb2, reflection_pb2):
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        pool.Add(file)
    names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
    servicer = reflection.ReflectionServicer(names, pool)

    def describe(requests: Iterator[Any], context: Any) -> Iterator[Any]:
        with threads.watched(context):
            yield from servicer.ServerReflectionInfo(requests, context)

    server_side = SimpleNamespace(ServerReflectionInfo=describe)
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(server_side, server)


def _options(max_message_bytes: int) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", 1),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_concurrent_streams", MAX_STREAMS),
        ("grpc.max_connection_idle_ms", IDLE_MILLISECONDS),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_MILLISECONDS),
        ("grpc.keepalive_time_ms", KEEPALIVE_MILLISECONDS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MILLISECONDS),
        ("grpc.http2.min_ping_interval_without_data_ms", LEAST_PING_MILLISECONDS),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", LEAST_PING_MILLISECONDS),
    ]
