"""Exchanges with a server byte for byte: heads that no client would write, several requests at once.

Owns sending exact bytes on a connection of their own and reading what comes; leaves ordinary exchanges to
`subject.http` and judging to the suite. Serves `inference` (INF-REQ, INF-LIM).
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from lepton_conformance.subject.exchange import HttpExchange
from lepton_conformance.subject.http import Answer, HttpSubject
from lepton_conformance.subject.wire import Closed, Connection, WireError

__all__ = ["CLOSE_SECONDS", "Talk", "received", "talk"]

#: How long a server may take to close a connection that it has to close.
CLOSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Talk:
    """What came back on one connection.

    `ended` says whether the server closed it after the last answer, or said that it will (None: not asked).
    """

    answers: tuple[Answer, ...]
    ended: bool | None = None


def talk(
    http: HttpSubject,
    wire: bytes,
    method: str = "POST",
    *,
    answers: int = 1,
    watch: bool = False,
    timeout: float | None = None,
) -> Talk:
    """Send exact bytes on a new connection and read up to `answers` answers, fewer when the connection ends.

    `watch` waits for the end of the connection after the last one, for `CLOSE_SECONDS` at most. Raises:
    SubjectGone when nobody answers, SubjectFault when the first answer does not come or is broken off.
    """
    found: list[Answer] = []
    ended: bool | None = None
    connection: Connection | None = None
    try:
        connection = http.connect(timeout)
        with contextlib.suppress(Closed):  # an early refusal may have been sent already (RFC 9112, 9.6)
            connection.send(wire)
        for place in range(answers):
            try:
                reply = connection.receive(method)
            except Closed as error:
                if place == 0 or error.received:
                    raise
                ended = True
                break
            found.append(Answer(reply.status, reply.headers, reply.body))
            if not reply.reusable:
                ended = True
                break
        if watch and ended is None:
            connection.allow(CLOSE_SECONDS)
            ended = connection.ends()
    except WireError as error:
        _record(http, method, wire, found)
        raise _fault(http, method, wire, error, len(found)) from error
    finally:
        if connection is not None:
            connection.close()
    _record(http, method, wire, found, ended if watch else None)
    return Talk(tuple(found), ended)


def received(http: HttpSubject, connection: Connection, wire: bytes, method: str = "POST") -> Answer:
    """Read one answer to bytes that were sent on a connection of the caller's. Raises: as `talk`."""
    try:
        reply = connection.receive(method)
    except WireError as error:
        raise _fault(http, method, wire, error) from error
    answer = Answer(reply.status, reply.headers, reply.body)
    _record(http, method, wire, [answer])
    return answer


def _target(wire: bytes) -> str:
    """Return the target of a request line, for messages."""
    parts = wire[:400].split(b"\r\n")[0].split(b" ")
    return parts[1].decode("latin-1") if len(parts) > 1 else ""


def _record(
    http: HttpSubject, method: str, wire: bytes, found: Sequence[Answer], ended: bool | None = None
) -> None:
    """Record the answers of one connection; `ended` belongs to the last one."""
    for place, answer in enumerate(found):
        http.recorder.add(
            HttpExchange(
                method,
                _target(wire),
                (),
                b"",
                wire,
                answer.status,
                answer.headers,
                answer.body,
                place=place,
                ended=ended if place == len(found) - 1 else None,
            )
        )


def _fault(http: HttpSubject, method: str, wire: bytes, error: WireError, place: int = 0) -> Exception:
    """Record that the answer at a place does not come. Return the fault."""
    target = _target(wire)
    http.recorder.add(HttpExchange(method, target, (), b"", wire, None, (), b"", str(error), place))
    return http.blame(method, target, error)
