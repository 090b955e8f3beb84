"""HTTP/1.1 under the naive server: connections, framing of bodies, limits.

Owns sockets, keep-alive, chunked bodies and the refusal of what cannot be framed; leaves the meaning of a
request to the application. Serves `inference` (RFC 9110, RFC 9112).
"""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from lepton_conformance.mutants.refusal import Refusal

__all__ = ["Application", "Handler", "HttpRequest", "HttpResponse", "listening"]

#: How much of a refused upload is read and thrown away so that the client sees the answer, in bytes.
MAX_DRAINED_BYTES = 256 * 1024 * 1024
#: How long a silent connection is kept, in seconds.
IDLE_SECONDS = 30.0
MAX_CHUNK_LINE_BYTES = 1024
READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request: `headers` have lower-case names, `target` is undecoded."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One response; Content-Length is added on the wire. A `status` of 0 drops the connection unanswered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Application(Protocol):
    """What the listener serves."""

    max_request_bytes: int
    keeps_alive: bool

    @property
    def handler(self) -> "type[Handler]":
        """Return what serves a connection."""
        ...

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request; never raises."""
        ...

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """Answer a request that could not be framed."""
        ...

    def header_map(self, headers: list[tuple[str, str]]) -> dict[str, str]:
        """Return header fields by lower-case name."""
        ...

    def body_framing(self, headers: Mapping[str, str]) -> int | None:
        """Return the body's length in bytes, None for a chunked one.

        Raises: Refusal for contradictory, unknown or oversized framing.
        """
        ...

    def join_chunks(self, chunks: list[bytes]) -> bytes:
        """Return the body that arrived in chunks."""
        ...


class Handler(BaseHTTPRequestHandler):
    """One connection; every step is a method, which a mutant of HTTP itself overrides."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    # Buffered, so that head and body leave in one packet and no delayed acknowledgement is waited for.
    wbufsize = READ_BYTES
    server: "_Server"

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: a mutant's log is of no interest."""

    def __getattr__(self, name: str) -> object:
        # BaseHTTPRequestHandler looks for do_GET, do_POST...: every method takes the same way.
        if name.startswith("do_"):
            return self._exchange
        raise AttributeError(name)

    def handle_expect_100(self) -> bool:
        """Leave the interim answer to `_exchange`, which first looks whether the body is welcome."""
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request line or header that cannot be read, as the protocol has errors."""
        self.close_connection = True
        self.command = getattr(self, "command", None) or "GET"
        self.send(self.server.application.refuse(Refusal(code, message or "the request cannot be read")))

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _exchange(self) -> None:
        application = self.server.application
        headers = application.header_map(list(self.headers.items()))
        refused = False
        try:
            length = application.body_framing(headers)
            self.invite(headers)
            body = self.read_body(length)
            response = self.respond(HttpRequest(self.command, self.path, headers, body))
        except Refusal as refusal:
            refused = True
            response = application.refuse(refusal)
        if self.closes(refused):
            self.close_connection = True
        self.send(response)
        if not application.keeps_alive:
            self.close_connection = True
        if refused and "expect" not in headers:
            self.drain()

    def respond(self, request: HttpRequest) -> HttpResponse:
        return self.server.application.respond(request)

    def invite(self, headers: Mapping[str, str]) -> None:
        """Ask for the body where the client waits to be asked."""
        if headers.get("expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
            self.wfile.flush()

    def read_body(self, length: int | None) -> bytes:
        return self._chunked(self.server.application) if length is None else self._exact(length)

    def closes(self, refused: bool) -> bool:
        """Say whether the connection ends with this answer: after a body whose end is not known."""
        return refused

    def _exact(self, length: int) -> bytes:
        body = self.rfile.read(length)
        if len(body) < length:
            raise Refusal(400, f"the body ends after {len(body)} of {length} bytes")
        return body

    def _chunked(self, application: Application) -> bytes:
        chunks: list[bytes] = []
        total = 0
        while True:
            line = self.rfile.readline(MAX_CHUNK_LINE_BYTES)
            digits = line.split(b";")[0].strip()
            if not line.endswith(b"\n") or not digits or digits.strip(b"0123456789abcdefABCDEF"):
                raise Refusal(400, "a chunk does not begin with its size in hexadecimal digits")
            size = int(digits, 16)
            total += size
            if total > application.max_request_bytes:
                raise Refusal(413, f"the body is larger than {application.max_request_bytes} bytes")
            if size == 0:
                break
            chunks.append(self._exact(size))
            if self.rfile.readline(3) not in (b"\r\n", b"\n"):
                raise Refusal(400, "a chunk is longer than its size says")
        while self.rfile.readline(MAX_CHUNK_LINE_BYTES) not in (b"\r\n", b"\n", b""):
            pass
        return application.join_chunks(chunks)

    def send(self, response: HttpResponse) -> None:
        if response.status == 0:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def drain(self) -> None:
        # RFC 9112 9.6: closing at once would reset the connection before the client has read the answer.
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(2.0)
            left = MAX_DRAINED_BYTES
            while left > 0:
                received = self.connection.recv(READ_BYTES)
                if not received:
                    return
                left -= len(received)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    application: Application

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: a connection that breaks is the client's affair."""


@contextlib.contextmanager
def listening(application: Application, port: int = 0) -> Iterator[str]:
    """Serve `application` on the loopback interface in threads; yield the URL, stop at the end."""
    server = _Server(("127.0.0.1", port), application.handler)
    server.application = application
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
