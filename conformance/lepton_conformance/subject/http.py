"""A server under test, reached over HTTP: the Open Inference Protocol's REST routes.

Owns connections, retries that HTTP allows, the record of exchanges and what the subject's metadata say;
leaves judging to the suite. Serves `inference`.
"""

import contextlib
import dataclasses
import json
import socket
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lepton_conformance.outcome import NotTested, SubjectFault, SubjectGone
from lepton_conformance.subject import strict_json
from lepton_conformance.subject.exchange import HttpExchange, Recorder
from lepton_conformance.subject.wire import Closed, Connection, NoAnswer, Refused, Reply, WireError

__all__ = ["Answer", "HttpSubject", "ModelFacts", "Unreachable", "chunks", "encode"]

Headers = Sequence[tuple[str, str]]
JSON_HEADERS: Headers = (("Content-Type", "application/json"),)
#: How long an answer may take before it counts as none, in seconds: generous, since slowness is no fault.
ANSWER_SECONDS = 10.0
#: How long a port may take to say that it speaks HTTP/2 only, in seconds.
PROBE_SECONDS = 2.0
#: How long a server may think about `Expect: 100-continue` before the body is sent all the same.
EXPECT_SECONDS = 1.0
_CHUNK_BYTES = 7


class Unreachable(Exception):
    """The subject cannot be reached at all: no verdict can be given (exit code 2)."""


def encode(value: Any) -> bytes:
    """Write a request as compact JSON in UTF-8; non-finite floats are a fault of the suite."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of that name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:
        """Return the body as JSON, read leniently: INF-RSP-07 judges how it is written.

        Raises: SubjectFault when it is no JSON.
        """
        try:
            return strict_json.parse_leniently(self.body)
        except strict_json.NotJson as error:
            raise SubjectFault(
                f"found a body that is no JSON ({error}): {self.excerpt()}, expected a JSON text"
            ) from error

    def excerpt(self, size: int = 200) -> str:
        """Return the beginning of the body, fit to stand in a message."""
        text = self.body[:size].decode("utf-8", "replace")
        return repr(text) + ("..." if len(self.body) > size else "")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the subject's metadata say of one model: (name, datatype, shape) of each tensor."""

    name: str
    inputs: tuple[tuple[str, str, tuple[int, ...]], ...]
    outputs: tuple[tuple[str, str, tuple[int, ...]], ...]
    versions: tuple[str, ...]


class HttpSubject:
    """A server under test. Not safe for threads: `twin` gives another thread a subject of its own."""

    def __init__(self, url: str, *, timeout: float = ANSWER_SECONDS) -> None:
        wanted = "expected http://HOST:PORT, in ASCII"
        try:
            parts = urllib.parse.urlsplit(url)
            port = 80 if parts.port is None else parts.port
        except ValueError as error:
            raise Unreachable(f"cannot use {url!r} as a subject: {error}; {wanted}") from error
        usable = url.isascii() and url.isprintable() and " " not in url and port > 0
        if parts.scheme != "http" or not parts.hostname or not usable or parts.query or parts.fragment:
            raise Unreachable(f"cannot use {url!r} as a subject: {wanted}")
        self._port = port
        self._host = parts.hostname
        #: What stands in the field Host; an IPv6 address stands in brackets (RFC 3986, 3.2.2).
        self._authority = f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"
        self._prefix = parts.path.rstrip("/")
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.recorder = Recorder()
        self._connection: Connection | None = None
        self._opened = 0
        self._facts: dict[str, ModelFacts | str] = {}

    def twin(self) -> "HttpSubject":
        """Return another client of the same subject, with its own connection and record."""
        return HttpSubject(self.url, timeout=self.timeout)

    def close(self) -> None:
        """Close the kept connection, if any."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def probe(self) -> None:
        """Check that somebody accepts connections there. Raises: Unreachable."""
        try:
            Connection(self._host, self._port, self.timeout).close()
        except WireError as error:
            raise Unreachable(f"{error}; is the server running?") from error
        if self._speaks_grpc():
            raise Unreachable(
                f"{self._host} port {self._port}: found a server that answers HTTP/1.1 with HTTP/2, expected "
                f"HTTP/1.1; certify it as grpc://{self._authority}, or give its HTTP port"
            )

    def _speaks_grpc(self) -> bool:
        """Say whether a request gets a SETTINGS frame (RFC 9113, 6.5); a server in doubt is none."""
        request = f"GET {self._prefix}/v2 HTTP/1.1\r\nHost: {self._authority}\r\nConnection: close\r\n\r\n"
        try:
            with socket.create_connection((self._host, self._port), PROBE_SECONDS) as connection:
                connection.settimeout(PROBE_SECONDS)
                connection.sendall(request.encode("latin-1", "replace"))
                first = connection.recv(9)
        except OSError:
            return False
        return len(first) == 9 and not first.startswith(b"HTTP/") and first[3] == 4 and first[4:] == bytes(5)

    def responds(self) -> bool:
        """Say whether the server still answers its liveness route, whatever it says."""
        twin = self.twin()
        try:
            twin.get("v2/health/live")
        except SubjectGone:
            return False
        except SubjectFault:
            return True
        finally:
            twin.close()
        return True

    # -- one exchange ------------------------------------------------------------------------------

    def get(self, path: str, headers: Headers = ()) -> Answer:
        """GET a path below the base URL, for example `v2/health/live`."""
        return self.call("GET", path, headers=headers)

    def infer(
        self,
        model: str,
        request: Mapping[str, Any] | bytes,
        *,
        version: str | None = None,
        headers: Headers = JSON_HEADERS,
        chunked: bool = False,
        fresh: bool = False,
        timeout: float | None = None,
    ) -> Answer:
        """POST an inference request, given as a JSON value or as the exact bytes of the body."""
        body = request if isinstance(request, bytes) else encode(request)
        path = self.model_path(model, version) + "/infer"
        return self.call("POST", path, body, headers, chunked=chunked, fresh=fresh, timeout=timeout)

    @staticmethod
    def model_path(model: str, version: str | None = None) -> str:
        """Return the route of a model or of one of its versions, percent-encoded."""
        path = "v2/models/" + urllib.parse.quote(model, safe="")
        return path if version is None else f"{path}/versions/{urllib.parse.quote(version, safe='')}"

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Headers = (),
        *,
        chunked: bool = False,
        fresh: bool = False,
        timeout: float | None = None,
        spelling: Callable[[str], str] = str,
    ) -> Answer:
        """Make one exchange and record it; `fresh` asks for a new connection, `spelling` spells field names.

        A kept connection that turns out to be closed is replaced by a new one: a server may close it at any
        time (RFC 9112, 9.5).

        Raises: SubjectGone when nobody answers, SubjectFault when the answer is not HTTP or is broken off.
        """
        target = f"{self._prefix}/{path}"
        sent = [("Host", self._authority), *headers]
        if body is not None or method in ("POST", "PUT"):
            body = body or b""
            sent.append(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body))))
        sent = [(spelling(name), value) for name, value in sent]
        if fresh:
            self.close()
        framed = b"" if body is None else chunks(body) if chunked else body
        wire = _head(method, target, sent) + framed
        try:
            reply = self._attempts(method, target, sent, framed, timeout or self.timeout)
        except WireError as error:
            self.close()
            self._keep(method, target, sent, body or b"", wire, error)
            raise self.blame(method, target, error) from error
        self._keep(method, target, sent, body or b"", wire, reply)
        return Answer(reply.status, reply.headers, reply.body)

    def _keep(
        self, method: str, target: str, sent: Headers, body: bytes, wire: bytes, came: Reply | WireError
    ) -> None:
        """Record an exchange: what was sent, and the answer or why there is none."""
        asked = (method, target, tuple(sent), body, wire)
        if isinstance(came, WireError):
            exchange = HttpExchange(*asked, None, (), b"", str(came), connection=self._opened)
        else:
            exchange = HttpExchange(*asked, came.status, came.headers, came.body, connection=self._opened)
        self.recorder.add(exchange)

    @staticmethod
    def blame(method: str, target: str, error: WireError) -> SubjectFault:
        """Return the fault that no usable answer is."""
        asked = f"sent {method} {target}"
        if isinstance(error, Refused):
            return SubjectGone(f"{asked}, found that no connection is accepted any more ({error})")
        if isinstance(error, NoAnswer):
            return SubjectGone(f"{asked}, found no answer ({error}), expected an HTTP answer")
        return SubjectFault(f"{asked}, found no usable answer ({error}), expected an HTTP answer")

    # -- byte for byte -----------------------------------------------------------------------------

    def head(
        self, method: str, path: str, headers: Headers = JSON_HEADERS, version: str = "HTTP/1.1"
    ) -> bytes:
        """Return the head of a request as the suite would send it: only `Host` is added."""
        return _head(method, f"{self._prefix}/{path}", [("Host", self._authority), *headers], version)

    def connect(self, timeout: float | None = None) -> Connection:
        """Return a new connection for bytes of the caller's own. Raises: WireError."""
        return Connection(self._host, self._port, timeout or self.timeout)

    def in_a_row(
        self, method: str, path: str, body: bytes | None, headers: Headers, times: int
    ) -> list[Answer]:
        """Make the same exchange several times on one connection, without any retry.

        Stops early after an answer that announces the end of the connection. Raises: as `call`.
        """
        target = f"{self._prefix}/{path}"
        sent = [("Host", self._authority), *headers]
        if body is not None:
            sent.append(("Content-Length", str(len(body))))
        data = body or b""
        wire = _head(method, target, sent) + data
        answers: list[Answer] = []
        self.close()
        for _ in range(times):
            try:
                reply = self._once(method, target, sent, data, self.timeout)
            except WireError as error:
                self._keep(method, target, sent, data, wire, error)
                raise self.blame(method, target, error) from error
            self._keep(method, target, sent, data, wire, reply)
            answers.append(Answer(reply.status, reply.headers, reply.body))
            if not reply.reusable:
                break
        return answers

    def _attempts(self, method: str, target: str, sent: Headers, framed: bytes, timeout: float) -> Reply:
        """Send, once more on a new connection where HTTP allows it, and at last with `Expect`."""
        if self._connection is not None:
            try:
                return self._once(method, target, sent, framed, timeout)
            except Closed as error:
                if error.received:
                    raise
        try:
            return self._once(method, target, sent, framed, timeout)
        except Closed as error:
            if not framed or error.received:
                raise
        return self._once(method, target, [*sent, ("Expect", "100-continue")], framed, timeout)

    def _once(self, method: str, target: str, sent: Headers, framed: bytes, timeout: float) -> Reply:
        connection = self._connection
        self._connection = None
        if connection is None:
            connection = Connection(self._host, self._port, timeout)
            self._opened += 1
        try:
            connection.allow(timeout)
            reply = self._exchange(connection, method, _head(method, target, sent), framed)
        except BaseException:
            connection.close()
            raise
        if reply.reusable:
            self._connection = connection
        else:
            connection.close()
        return reply

    def _exchange(self, connection: Connection, method: str, head: bytes, framed: bytes) -> Reply:
        if head.endswith(b"Expect: 100-continue\r\n\r\n"):
            connection.send(head)
            connection.allow(EXPECT_SECONDS)
            with contextlib.suppress(NoAnswer):
                reply = connection.receive(method, interim=True)
                if reply.status >= 200:
                    return dataclasses.replace(reply, reusable=False)
            connection.allow(self.timeout)
            head = b""
        try:
            connection.send(head + framed)
        except Closed as broken:
            # An early refusal may have been sent before the connection was closed (RFC 9112, 9.6).
            try:
                reply = connection.receive(method)
            except WireError:
                raise broken from None
            return dataclasses.replace(reply, reusable=False)
        return connection.receive(method)

    # -- what the subject says of itself -----------------------------------------------------------

    def metadata(self) -> Answer:
        """GET the server metadata: `v2`, then `v2/`, since the published texts differ (contradiction 1)."""
        answer = self.get("v2")
        return self.get("v2/") if answer.status in (301, 302, 307, 308, 404) else answer

    def model(self, name: str) -> ModelFacts:
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

    def _read_facts(self, name: str) -> ModelFacts | str:
        answer = self.twin().call("GET", self.model_path(name))
        if answer.status != 200:
            return (
                f"the subject has no model {name} (its metadata answer is {answer.status}); "
                "load the conformance models: lepton certify export-models DIR --layout plain"
            )
        try:
            value = answer.json()
            versions = value.get("versions")
            return ModelFacts(
                name,
                tuple(_tensor_fact(entry) for entry in value["inputs"]),
                tuple(_tensor_fact(entry) for entry in value["outputs"]),
                tuple(str(version) for version in versions) if isinstance(versions, list) else (),
            )
        except (SubjectFault, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            return f"the metadata of model {name} cannot be used ({error}); see INF-MET-02"


def _head(method: str, target: str, sent: Headers, version: str = "HTTP/1.1") -> bytes:
    lines = [f"{method} {target} {version}", *(f"{name}: {value}" for name, value in sent), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _tensor_fact(entry: Mapping[str, Any]) -> tuple[str, str, tuple[int, ...]]:
    return str(entry["name"]), str(entry["datatype"]), tuple(int(size) for size in entry["shape"])


def chunks(body: bytes) -> bytes:
    """Encode a body in chunks: small ones first, so that a reader must join them; then the rest."""
    parts = []
    at = 0
    while at < len(body):
        size = _CHUNK_BYTES if at < 10 * _CHUNK_BYTES else 65536
        part = body[at : at + size]
        parts.append(b"%x\r\n%b\r\n" % (len(part), part))
        at += len(part)
    return b"".join(parts) + b"0\r\n\r\n"
