"""A server under test, reached over HTTP: the Open Inference Protocol's REST routes.

Owns connections, retries that HTTP allows, the record of exchanges and what the subject's metadata say;
leaves judging to the suite. Serves `inference`.
"""

import json
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lepton_conformance.outcome import NotTested, SubjectFault, SubjectGone
from lepton_conformance.subject import strict_json
from lepton_conformance.subject.exchange import HttpExchange, Recorder
from lepton_conformance.subject.wire import Closed, Connection, NoAnswer, Refused, Reply, WireError

__all__ = ["Answer", "HttpSubject", "ModelFacts", "Unreachable", "encode"]

Headers = Sequence[tuple[str, str]]
JSON_HEADERS: Headers = (("Content-Type", "application/json"),)
#: How long an answer may take before it counts as none, in seconds: generous, since slowness is no fault.
ANSWER_SECONDS = 10.0
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
        """Return the body as JSON. Raises: SubjectFault when it is none."""
        try:
            return strict_json.parse(self.body).value
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
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise Unreachable(f"cannot use {url!r} as a subject: expected http://HOST:PORT")
        try:
            self._port = parts.port or 80
        except ValueError as error:
            raise Unreachable(f"cannot use {url!r} as a subject: {error}") from error
        self._host = parts.hostname
        self._prefix = parts.path.rstrip("/")
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.recorder = Recorder()
        self._connection: Connection | None = None
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
    ) -> Answer:
        """Make one exchange and record it; `fresh` asks for a new connection.

        Raises: SubjectGone when nobody answers, SubjectFault when the answer is not HTTP or is broken off.
        """
        target = f"{self._prefix}/{path}"
        sent = [("Host", f"{self._host}:{self._port}"), *headers]
        if body is not None or method in ("POST", "PUT"):
            body = body or b""
            sent.append(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body))))
        if fresh:
            self.close()
        try:
            reply = self._attempts(method, target, sent, body, chunked, timeout or self.timeout)
        except WireError as error:
            self.close()
            self.recorder.add(
                HttpExchange(method, target, tuple(sent), body or b"", chunked, None, (), b"", str(error))
            )
            raise self._blame(method, target, error) from error
        self.recorder.add(
            HttpExchange(
                method, target, tuple(sent), body or b"", chunked, reply.status, reply.headers, reply.body
            )
        )
        return Answer(reply.status, reply.headers, reply.body)

    @staticmethod
    def _blame(method: str, target: str, error: WireError) -> SubjectFault:
        asked = f"sent {method} {target}"
        if isinstance(error, Refused):
            return SubjectGone(f"{asked}, found that no connection is accepted any more ({error})")
        if isinstance(error, NoAnswer):
            return SubjectGone(f"{asked}, found no answer ({error}), expected an HTTP answer")
        return SubjectFault(f"{asked}, found no usable answer ({error}), expected an HTTP answer")

    def _attempts(
        self, method: str, target: str, sent: Headers, body: bytes | None, chunked: bool, timeout: float
    ) -> Reply:
        """Send, once more on a new connection where HTTP allows it, and at last with `Expect`."""
        if self._connection is not None:
            try:
                return self._once(method, target, sent, body, chunked, timeout)
            except Closed as error:
                if error.received:
                    raise
        try:
            return self._once(method, target, sent, body, chunked, timeout)
        except Closed as error:
            if not body or error.received:
                raise
        return self._once(method, target, [*sent, ("Expect", "100-continue")], body, chunked, timeout)

    def _once(
        self, method: str, target: str, sent: Headers, body: bytes | None, chunked: bool, timeout: float
    ) -> Reply:
        connection = self._connection
        self._connection = None
        if connection is None:
            connection = Connection(self._host, self._port, timeout)
        try:
            connection.allow(timeout)
            reply = self._exchange(connection, method, target, sent, body, chunked)
        except BaseException:
            connection.close()
            raise
        if reply.reusable:
            self._connection = connection
        else:
            connection.close()
        return reply

    @staticmethod
    def _exchange(
        connection: Connection, method: str, target: str, sent: Headers, body: bytes | None, chunked: bool
    ) -> Reply:
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent)
        data = b"" if body is None else _chunks(body) if chunked else body
        if any(name == "Expect" for name, _ in sent):
            connection.send(head.encode("latin-1") + b"\r\n")
            end = time.monotonic() + EXPECT_SECONDS
            try:
                connection.allow(EXPECT_SECONDS)
                reply = connection.receive(method, interim=True)
                if reply.status >= 200:
                    return Reply(reply.status, reply.headers, reply.body, False)
            except NoAnswer:
                if time.monotonic() < end:
                    raise
            connection.allow(ANSWER_SECONDS)
            connection.send(data)
            return connection.receive(method)
        try:
            connection.send(head.encode("latin-1") + b"\r\n" + data)
        except Closed as broken:
            # An early refusal may have been sent before the connection was closed (RFC 9112, 9.6).
            try:
                reply = connection.receive(method)
            except WireError:
                raise broken from None
            return Reply(reply.status, reply.headers, reply.body, False)
        return connection.receive(method)

    # -- what the subject says of itself -----------------------------------------------------------

    def model(self, name: str) -> ModelFacts:
        """Return the metadata of a model, asked once. Raises: NotTested when the subject lacks it."""
        if name not in self._facts:
            self._facts[name] = self._read_facts(name)
        facts = self._facts[name]
        if isinstance(facts, str):
            raise NotTested(facts)
        return facts

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


def _tensor_fact(entry: Mapping[str, Any]) -> tuple[str, str, tuple[int, ...]]:
    return str(entry["name"]), str(entry["datatype"]), tuple(int(size) for size in entry["shape"])


def _chunks(body: bytes) -> bytes:
    """Encode a body in chunks: small ones first, so that a reader must join them; then the rest."""
    parts = []
    at = 0
    while at < len(body):
        size = _CHUNK_BYTES if at < 10 * _CHUNK_BYTES else 65536
        part = body[at : at + size]
        parts.append(b"%x\r\n%b\r\n" % (len(part), part))
        at += len(part)
    return b"".join(parts) + b"0\r\n\r\n"
