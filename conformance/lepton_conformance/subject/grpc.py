"""A server under test, reached over gRPC: bytes in, bytes out.

Owns channels, the record of exchanges and what the subject's metadata say; leaves messages to
`subject.grpc_messages` and judging to the suite. grpcio carries the calls and nothing else: the messages are
written and read here, so that wrong ones can be sent and seen. Serves `inference` (INF-GRP).
"""

import re
import socket
import time
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lepton_conformance.outcome import NotTested, SubjectFault, SubjectGone
from lepton_conformance.subject.exchange import GrpcExchange, Recorder
from lepton_conformance.subject.grpc_messages import ModelMetadata, model_query, read_model_metadata
from lepton_conformance.subject.http import HttpSubject, Unreachable
from lepton_conformance.subject.protobuf import NotAMessage

__all__ = ["MAX_KEPT_BYTES", "SERVICE", "GrpcSubject", "Reply"]

SERVICE = "inference.GRPCInferenceService"
#: How long an answer may take before it counts as none, in seconds: generous, since slowness is no fault.
ANSWER_SECONDS = 10.0
#: After so many calls without any answer a server gets less patience, in seconds: it fails already.
MAX_SILENT_CALLS = 3
SHORT_SECONDS = 2.0
#: How often a new connection is tried where none came about, and after which pause, in seconds.
MAX_CONNECTIONS = 3
CONNECT_PAUSE_SECONDS = 0.1
#: So much of an answer is remembered for the report.
MAX_KEPT_BYTES = 1 << 18
#: How long a port may take to say that it speaks HTTP/2, in seconds.
HANDSHAKE_SECONDS = 5.0
#: So long connections that are accepted and say nothing are tried anew before the matter is left open: a
#: machine under load is slow. Later ones are tried once: a server that hangs must not hang the run.
MAX_HANDSHAKES_SECONDS = 60.0
#: The client's preface of HTTP/2 and empty SETTINGS (RFC 9113, 3.4).
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
_SETTINGS_FRAME = 4
_OPTIONS: Sequence[tuple[str, int]] = (
    # The library's own bounds and helpfulness must not stand between the suite and the server.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    # The second is how long a connection may take: 100 ms were too few for a server under load.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", int(HANDSHAKE_SECONDS * 1000)),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
#: What grpcio itself says when no status came from the server.
_NO_CONNECTION = re.compile(r"failed to connect|connection attempt timed out|connections to all backends")
#: The same where the connection was accepted, but HTTP/2 did not begin in time.
_NO_HANDSHAKE = re.compile(r"timed out (?:before|waiting for).{0,20}settings", re.IGNORECASE)
_BROKEN_OFF = re.compile(
    r"socket closed|connection reset|broken pipe|recvmsg|endpoint closing|stream removed|goaway|"
    r"rst_stream|connection (?:closed|dropped|aborted)|transport closed|ping timeout|"
    r"(?:failed|error) parsing (?!message)|frame of size|unknown frame|http2? (?:status|header)|content-type",
    re.IGNORECASE,
)
#: Codes with which grpcio reports what went wrong below the calls.
_BELOW = ("UNAVAILABLE", "INTERNAL", "UNKNOWN", "CANCELLED")


@dataclass(frozen=True, slots=True)
class Reply:
    """The end of a call: the status code's name, the details and, when it is OK, the message."""

    code: str
    details: str
    body: bytes

    def excerpt(self, size: int = 160) -> str:
        """Return code and details for a message."""
        text = self.details if len(self.details) <= size else self.details[:size] + "..."
        return f"{self.code} ({text!r})" if self.code != "OK" else f"OK with {len(self.body)} bytes"


@dataclass(slots=True)
class _Patience:
    """How long all clients of a subject wait for HTTP/2 to begin; the first that has to starts the clock."""

    end: float | None = None

    def lasts(self) -> bool:
        """Say whether a connection that says nothing may be tried anew."""
        if self.end is None:
            self.end = time.monotonic() + MAX_HANDSHAKES_SECONDS
        return time.monotonic() < self.end


class GrpcSubject:
    """A server under test. Not safe for threads: `twin` gives another thread a subject of its own."""

    def __init__(self, url: str, *, timeout: float = ANSWER_SECONDS, companion: HttpSubject | None = None):
        wanted = "expected grpc://HOST:PORT, in ASCII"
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Unreachable(f"cannot use {url!r} as a subject: {error}; {wanted}") from error
        usable = url.isascii() and url.isprintable() and " " not in url and "@" not in url
        rest = parts.path.strip("/") or parts.query or parts.fragment
        if parts.scheme != "grpc" or not parts.hostname or not port or not usable or rest:
            raise Unreachable(f"cannot use {url!r} as a subject: {wanted}")
        self._host, self._port = parts.hostname, port
        self._target = f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"
        self._library = _grpcio()
        self.url = url.rstrip("/")
        self.timeout = timeout
        #: The same models over REST, for INF-GRP-41, or None.
        self.companion = companion
        self.recorder = Recorder()
        self._channel: Any = None
        self._borrowed = False
        self._silent_calls = 0
        self._patience = _Patience()
        self._facts: dict[str, ModelMetadata | str] = {}

    def twin(self) -> "GrpcSubject":
        """Return another client of the same subject, with its own connection and record."""
        other = GrpcSubject(self.url, timeout=self.timeout)
        other._patience = self._patience
        return other

    def neighbour(self) -> "GrpcSubject":
        """Return another client on the same connection, with its own record."""
        other = self.twin()
        other._channel, other._borrowed = self._open(), True
        return other

    def close(self) -> None:
        """Close the channel, if any, and the companion."""
        if self._channel is not None and not self._borrowed:
            self._channel.close()
        self._channel = None
        if self.companion is not None:
            self.companion.close()

    def probe(self) -> None:
        """Check that somebody speaks HTTP/2 there. Raises: Unreachable."""
        where = f"{self._host} port {self._port}"
        try:
            with socket.create_connection((self._host, self._port), HANDSHAKE_SECONDS) as connection:
                connection.settimeout(HANDSHAKE_SECONDS)
                connection.sendall(_PREFACE)
                first = _received(connection, 9, HANDSHAKE_SECONDS)
        except TimeoutError as error:
            raise Unreachable(
                f"{where}: found a connection but no word within {HANDSHAKE_SECONDS:g} s, expected gRPC; "
                "is it the server's gRPC port?"
            ) from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"cannot connect to {where}: {error}; is the server running?") from error
        if len(first) >= 4 and first[3] == _SETTINGS_FRAME:
            return
        if first.startswith(b"HTTP/") or self._speaks_http1():
            raise Unreachable(
                f"{where}: found a server that speaks HTTP/1, expected gRPC; "
                f"certify it as http://{self._target}, or give its gRPC port"
            )
        raise Unreachable(
            f"{where}: found {first!r} at the beginning of the connection, expected gRPC: HTTP/2 without TLS"
        )

    def _speaks_http1(self) -> bool:
        request = f"GET /v2 HTTP/1.1\r\nHost: {self._target}\r\nConnection: close\r\n\r\n"
        try:
            with socket.create_connection((self._host, self._port), HANDSHAKE_SECONDS) as connection:
                connection.sendall(request.encode("ascii"))
                return _received(connection, 5, HANDSHAKE_SECONDS) == b"HTTP/"
        except OSError:
            return False

    def responds(self) -> bool:
        """Say whether the server still answers `ServerLive`, whatever it says."""
        twin = self.twin()
        try:
            twin.call("ServerLive")
        except (SubjectGone, NotTested):  # nor does it begin HTTP/2
            return False
        except SubjectFault:
            return True
        finally:
            twin.close()
        return True

    # -- calls -------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        request: bytes = b"",
        *,
        service: str = SERVICE,
        timeout: float | None = None,
        fresh: bool = False,
    ) -> Reply:
        """Make one unary call and record it; `fresh` asks for a new connection.

        Raises: SubjectGone when nobody answers, SubjectFault when the call breaks off without a status,
        NotTested when connections are accepted and HTTP/2 does not begin.
        """
        path = f"/{service}/{method}"
        if fresh:
            self._forget()
        seconds = timeout or self.timeout
        if self._silent_calls >= MAX_SILENT_CALLS:
            seconds = min(seconds, SHORT_SECONDS)
        reply = self._attempt(path, request, seconds)
        tried = 0
        while _never_left(reply) and (self._patience.lasts() if _slow(reply) else tried < MAX_CONNECTIONS):
            tried += 1
            time.sleep(CONNECT_PAUSE_SECONDS)
            self._forget()  # nothing was sent: a listener that was busy, or a server that came back
            reply = self._attempt(path, request, seconds)
        self._record(path, request, reply, timeout)
        return self._judge(path, reply)

    def leave(self, method: str, request: bytes, seconds: float, *, cancel: bool) -> None:
        """Begin a call and be gone after some seconds: by its deadline, or by cancelling it.

        Whether it was answered in time is no matter: nothing is judged.
        """
        path = f"/{SERVICE}/{method}"
        future = self._stub(path).future(request, timeout=self.timeout if cancel else seconds)
        if cancel:
            time.sleep(seconds)
            future.cancel()
        try:
            code = str(future.code().name)
        except self._library.FutureCancelledError:
            code = "CANCELLED"
        self.recorder.add(GrpcExchange(path, request, code, "given up", b"", seconds))

    def converse(self, method: str, request: bytes, *, service: str) -> Reply:
        """Make a streaming call with one message each way. Raises: as `call`."""
        path = f"/{service}/{method}"
        stub = self._open().stream_stream(path)
        answers = stub(iter([request]), timeout=self.timeout)
        try:
            body = next(iter(answers), None)
            reply = Reply("OK", "", body or b"")
        except self._library.RpcError as error:
            reply = self._ended(error, 0.0)
        finally:
            answers.cancel()
        self._record(path, request, reply, None, streaming=True)
        return self._judge(path, reply)

    def _open(self) -> Any:
        if self._channel is None:
            self._channel = self._library.insecure_channel(self._target, options=_OPTIONS)
        return self._channel

    def _forget(self) -> None:
        if self._channel is not None and not self._borrowed:
            self._channel.close()
        self._channel, self._borrowed = None, False

    def _stub(self, path: str) -> Any:
        return self._open().unary_unary(path)

    def _attempt(self, path: str, request: bytes, timeout: float) -> Reply:
        started = time.monotonic()
        try:
            body, _ = self._stub(path).with_call(request, timeout=timeout)
        except self._library.RpcError as error:
            return self._ended(error, timeout - (time.monotonic() - started))
        return Reply("OK", "", body)

    @staticmethod
    def _ended(error: Any, left: float) -> Reply:
        code, details = error.code().name, error.details() or ""
        if code == "DEADLINE_EXCEEDED" and left <= 0:
            details = _OUR_DEADLINE
        return Reply(code, details, b"")

    def _record(
        self, path: str, request: bytes, reply: Reply, timeout: float | None, *, streaming: bool = False
    ) -> None:
        self.recorder.add(
            GrpcExchange(
                path, request, reply.code, reply.details, reply.body[:MAX_KEPT_BYTES], timeout, streaming
            )
        )

    def _judge(self, path: str, reply: Reply) -> Reply:
        """Return an answer of the server. Raises: SubjectGone or SubjectFault for what is none."""
        asked = f"sent {path}"
        if reply.code == "DEADLINE_EXCEEDED" and reply.details is _OUR_DEADLINE:
            self._silent_calls += 1
            raise SubjectGone(f"{asked}, found no answer in time, expected one")
        if reply.code not in _BELOW:
            return reply
        if _slow(reply):
            self._forget()
            raise NotTested(
                f"{asked}, found that connections are accepted and HTTP/2 does not begin "
                f"({reply.details[:200]!r}), expected SETTINGS; is the machine under load?"
            )
        if _never_left(reply) or (_BROKEN_OFF.search(reply.details) and not self._accepts()):
            raise SubjectGone(
                f"{asked}, found that no connection is accepted any more ({reply.details[:200]!r})"
            )
        if _BROKEN_OFF.search(reply.details):
            raise SubjectFault(
                f"{asked}, found that the call broke off without a status ({reply.details[:200]!r}), "
                "expected an answer"
            )
        return reply

    def _accepts(self) -> bool:
        try:
            socket.create_connection((self._host, self._port), HANDSHAKE_SECONDS).close()
        except OSError:
            return False
        return True

    # -- what the subject says of itself -----------------------------------------------------------

    def model(self, name: str) -> ModelMetadata:
        """Return the metadata of a model, asked once. Raises: NotTested when the subject lacks it."""
        if name not in self._facts:
            self._facts[name] = self._read_facts(name)
        facts = self._facts[name]
        if isinstance(facts, str):
            raise NotTested(facts)
        return facts

    def lose(self, name: str, reason: str) -> None:
        """Ask a model nothing any more: `model` raises NotTested with the reason."""
        self._facts[name] = reason

    def _read_facts(self, name: str) -> ModelMetadata | str:
        twin = self.neighbour()
        reply = twin.call("ModelMetadata", model_query(name))
        if reply.code != "OK":
            return (
                f"the subject has no model {name} (its metadata answer is {reply.code}); "
                "load the conformance models: lepton certify export-models DIR --layout plain"
            )
        try:
            return read_model_metadata(reply.body)
        except NotAMessage as error:
            return f"the metadata of model {name} cannot be read ({error}); see INF-GRP-06"


_OUR_DEADLINE = "the suite waits no longer"


def _never_left(reply: Reply) -> bool:
    return reply.code == "UNAVAILABLE" and _NO_CONNECTION.search(reply.details) is not None


def _slow(reply: Reply) -> bool:
    return _never_left(reply) and _NO_HANDSHAKE.search(reply.details) is not None


def _received(connection: socket.socket, size: int, seconds: float) -> bytes:
    """Return up to `size` bytes, as many as come before the end or in so many seconds."""
    end = time.monotonic() + seconds
    data = b""
    while len(data) < size and (left := end - time.monotonic()) > 0:
        connection.settimeout(left)
        part = connection.recv(size - len(data))
        if not part:
            break
        data += part
    return data


def _grpcio() -> Any:
    try:
        import grpc
    except ImportError as error:
        raise Unreachable(
            "cannot reach grpc:// subjects: the library grpcio is not installed; "
            "expected the extra grpc: pip install 'lepton-standard[grpc]'"
        ) from error
    return grpc
