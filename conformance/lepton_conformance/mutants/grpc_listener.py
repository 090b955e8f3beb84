"""gRPC under the naive server: calls, statuses and limits, by the library of gRPC, bytes in and bytes out.

Owns the port and the threads; leaves every message to the application. Serves `inference` (INF-GRP).
"""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from lepton_conformance.mutants.grpc_decoding import GrpcRefusal
from lepton_conformance.mutants.grpc_naive import Call, Stream, Unary

__all__ = ["GrpcApplication", "listening_grpc"]

#: Calls answered at a time.
WORKERS = 32
#: How long the end waits for the calls that are being answered, in seconds.
STOP_SECONDS = 5.0


class GrpcApplication(Protocol):
    """What the listener serves."""

    max_message_bytes: int

    def unary(self, path: str) -> Unary | None:
        """Return what answers `/SERVICE/METHOD` with one message, None when there is no such method."""
        ...

    def stream(self, path: str) -> Stream | None:
        """Return what answers `/SERVICE/METHOD` with a stream."""
        ...

    def respond(self, method: Unary, body: bytes, call: Call) -> bytes:
        """Answer one call. Raises: GrpcRefusal, and nothing else."""
        ...


@contextlib.contextmanager
def listening_grpc(application: GrpcApplication, port: int = 0) -> Iterator[str]:
    """Serve `application` on the loopback interface in threads; yield `grpc://HOST:PORT`, stop at the end.

    Raises: OSError when the port is taken or the library is missing.
    """
    try:
        import grpc
    except ImportError:
        raise OSError(0, "grpcio is not installed; pip install 'lepton-standard[grpc]'") from None

    def called(context: Any) -> Call:
        ended = threading.Event()
        if not context.add_callback(ended.set):
            ended.set()
        return Call(context.time_remaining(), ended)

    def refuse(context: Any, refusal: GrpcRefusal) -> None:
        context.abort(getattr(grpc.StatusCode, refusal.code), refusal.message)

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            unary, stream = application.unary(details.method), application.stream(details.method)

            def answer(body: bytes, context: Any) -> bytes:
                assert unary is not None
                try:
                    return application.respond(unary, body, called(context))
                except GrpcRefusal as refusal:
                    refuse(context, refusal)
                    raise

            def answers(bodies: Iterator[bytes], context: Any) -> Iterator[bytes]:
                assert stream is not None
                try:
                    yield from stream(bodies, called(context))
                except GrpcRefusal as refusal:
                    refuse(context, refusal)

            if unary is not None:
                return grpc.unary_unary_rpc_method_handler(answer)
            return None if stream is None else grpc.stream_stream_rpc_method_handler(answers)

    options = [
        ("grpc.max_receive_message_length", application.max_message_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", 0),
    ]
    workers = ThreadPoolExecutor(WORKERS)
    server = grpc.server(workers, handlers=[Handler()], options=options)
    try:
        chosen = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError:
        raise OSError(0, "the port is taken") from None
    server.start()
    try:
        yield f"grpc://127.0.0.1:{chosen}"
    finally:
        server.stop(None).wait(STOP_SECONDS)
        workers.shutdown(wait=False)
