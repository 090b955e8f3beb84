"""The gRPC transport: grpcio's server around the calls of `lepton.serve.grpc_service`, and an orderly end.

Owns limits, health and reflection; leaves what a call answers to the service. Needs the
optional dependency `grpc`, and is imported only where a server answers gRPC. Serves `inference` (INF-GRP-31
to INF-GRP-43).

A message is received in the thread that answers the call, so that no more of them than threads are in memory
whatever clients send. grpcio's asyncio server was measured too: a fifth slower on tensors of 602 KB.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
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
from lepton.serve.grpc_threads import Respond, Threads
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
        infer = Threads(INFER_THREADS, "grpc-infer", timeout, most_held)
        control = Threads(CONTROL_THREADS, "grpc-control", timeout, most_held)
        streams = Threads(STREAM_THREADS, "grpc-stream", timeout, most_held)
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


def _add_reflection(server: Any, threads: Threads) -> None:
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
