"""One HTTP/1.1 connection, byte for byte: what is sent is exactly what the suite means to send.

Owns sockets, message framing (Content-Length, chunked, close) and bounds on size and time; leaves retries and
blame to `subject.http`. Written on sockets, not on a client library: a library repairs what a suite must
see. Serves `inference` (RFC 9112).
"""

import contextlib
import socket
import struct
import time
from dataclasses import dataclass

__all__ = ["Closed", "Connection", "Garbled", "NoAnswer", "Refused", "Reply", "WireError"]

#: Bytes of an answer's head, and of its body, that the suite is willing to read.
MAX_HEAD_BYTES = 256 * 1024
MAX_BODY_BYTES = 256 * 1024 * 1024
_READ_BYTES = 256 * 1024


class WireError(Exception):
    """No usable answer came; the message says why."""


class Refused(WireError):
    """The connection could not be opened."""


class NoAnswer(WireError):
    """Nothing, or not all, came within the time allowed."""


class Closed(WireError):
    """The connection was closed or reset before the answer was complete; `received` bytes had come."""

    def __init__(self, message: str, received: int) -> None:
        super().__init__(message)
        self.received = received


class Garbled(WireError):
    """What came is not an HTTP/1.1 answer, or is larger than the suite reads."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `reusable` says whether the connection may carry another request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    reusable: bool

    def header(self, name: str) -> str | None:
        """Return the first header of that name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Connection:
    """One TCP connection to the subject; every operation ends by the deadline set last."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._buffer = bytearray()
        self._deadline = time.monotonic() + timeout
        try:
            self._socket = socket.create_connection((host, port), timeout=timeout)
        except TimeoutError as error:
            raise NoAnswer(f"no connection to {host}:{port} within {timeout:g} s") from error
        except OSError as error:
            raise Refused(f"cannot connect to {host}:{port}: {error.strerror or error}") from error
        except ValueError as error:  # a name that no host can have
            raise Refused(f"cannot connect to {host}:{port}: {error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def reset(self) -> None:
        """Close the connection with a reset: what was to come is thrown away (TCP, SO_LINGER 0)."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def ends(self) -> bool:
        """Say whether the peer closes the connection by the deadline without sending anything more."""
        try:
            return not self._buffer and not self._fill()
        except Closed:
            return True
        except NoAnswer:
            return False

    def allow(self, seconds: float) -> None:
        """Allow the following operations so many seconds in all."""
        self._deadline = time.monotonic() + seconds

    def _arm(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise NoAnswer("no complete answer within the time allowed")
        self._socket.settimeout(left)

    def send(self, data: bytes) -> None:
        """Send bytes. Raises: Closed when the peer stopped reading, NoAnswer when it reads too slowly."""
        self._arm()
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            raise NoAnswer("the request was not read within the time allowed") from error
        except OSError as error:
            raise Closed(
                f"the connection broke while sending: {error.strerror or error}", len(self._buffer)
            ) from error

    def _fill(self) -> bool:
        self._arm()
        try:
            data = self._socket.recv(_READ_BYTES)
        except TimeoutError as error:
            raise NoAnswer(
                f"no complete answer within the time allowed ({len(self._buffer)} bytes came)"
            ) from error
        except OSError as error:
            raise Closed(f"the connection broke: {error.strerror or error}", len(self._buffer)) from error
        self._buffer += data
        return bool(data)

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise Garbled(f"a line of the answer is longer than {MAX_HEAD_BYTES} bytes")
            if not self._fill():
                raise Closed("the connection was closed before the answer was complete", len(self._buffer))
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line

    def _exactly(self, size: int) -> bytes:
        if size > MAX_BODY_BYTES:
            raise Garbled(f"the answer announces {size} bytes, more than the {MAX_BODY_BYTES} that are read")
        while len(self._buffer) < size:
            if not self._fill():
                raise Closed(
                    f"the connection was closed after {len(self._buffer)} of {size} bytes of the body",
                    len(self._buffer) + 1,
                )
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _head(self) -> tuple[int, tuple[tuple[str, str], ...], bool]:
        line = self._line()
        version, _, rest = line.partition(b" ")
        code, _, _ = rest.partition(b" ")
        if version not in (b"HTTP/1.1", b"HTTP/1.0") or len(code) != 3 or not code.isdigit():
            raise Garbled(f"the answer does not begin with an HTTP/1.1 status line: {line[:80]!r}")
        headers: list[tuple[str, str]] = []
        size = 0
        while line := self._line():
            size += len(line)
            name, colon, value = line.partition(b":")
            if not colon or not name or name != name.strip():
                raise Garbled(f"the answer has a malformed header line: {line[:80]!r}")
            if size > MAX_HEAD_BYTES:
                raise Garbled(f"the headers of the answer are longer than {MAX_HEAD_BYTES} bytes")
            headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))
        return int(code), tuple(headers), version == b"HTTP/1.0"

    def receive(self, method: str, *, interim: bool = False) -> Reply:
        """Read one answer; interim (1xx) answers are passed over unless `interim` asks for them."""
        while True:
            status, headers, old = self._head()
            if status >= 200 or interim:
                break
        fields = {name.lower(): value for name, value in reversed(headers)}
        tokens = {token.strip().lower() for token in fields.get("connection", "").split(",")}
        reusable = "close" not in tokens and (not old or "keep-alive" in tokens)
        if status < 200 or status in (204, 304) or method == "HEAD":
            return Reply(status, headers, b"", reusable)
        coding = fields.get("transfer-encoding")
        if coding is not None:
            if coding.lower() != "chunked":
                raise Garbled(f"the answer has Transfer-Encoding {coding!r}, expected chunked")
            return Reply(status, headers, self._chunked(), reusable)
        length = fields.get("content-length")
        if length is not None:
            if not length.isascii() or not length.isdigit():
                raise Garbled(f"the answer has Content-Length {length!r}, expected a decimal number")
            return Reply(status, headers, self._exactly(int(length[:20])), reusable)
        while self._fill():
            if len(self._buffer) > MAX_BODY_BYTES:
                raise Garbled(f"the answer is longer than the {MAX_BODY_BYTES} bytes that are read")
        body = bytes(self._buffer)
        self._buffer.clear()
        return Reply(status, headers, body, False)

    def _chunked(self) -> bytes:
        parts: list[bytes] = []
        total = 0
        while True:
            line = self._line().split(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                raise Garbled(f"the answer has a chunk of size {line[:20]!r}, expected hexadecimal") from None
            if size == 0:
                while self._line():
                    pass
                return b"".join(parts)
            total += size
            if size < 0 or total > MAX_BODY_BYTES:
                raise Garbled(f"the answer is longer than the {MAX_BODY_BYTES} bytes that are read")
            parts.append(self._exactly(size))
            if self._line():
                raise Garbled("a chunk of the answer is longer than its size says")
