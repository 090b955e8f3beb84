"""Cases per second over HTTP: the suite beside a loop that sends the same bytes and checks nothing.

Owns the comparison; leaves requests to `lepton_conformance`.
"""

import socket
import time
from collections.abc import Sequence
from unittest import mock

from lepton_conformance.certify import run
from lepton_conformance.subject.exchange import Exchange, HttpExchange, Recorder

__all__ = ["loop_rate", "suite_rate"]


def suite_rate(url: str, requirement: str, cases: int) -> tuple[float, list[bytes]]:
    """Return cases per second of one property, and requests like those that it sends."""
    finished = run(url, ["inference-rest"], only=[requirement], max_examples=cases)
    (item,) = (item for item in finished.evidence if item.requirement == requirement)
    return item.examples / item.seconds, _wires(url, requirement, cases)


def _wires(url: str, requirement: str, cases: int) -> list[bytes]:
    """Return the requests of a property, noted while it runs once more."""
    sent: list[bytes] = []

    def note(recorder: Recorder, exchange: Exchange) -> None:
        if isinstance(exchange, HttpExchange) and exchange.method == "POST":
            sent.append(exchange.wire)
        add(recorder, exchange)

    add = Recorder.add
    with mock.patch.object(Recorder, "add", note):
        run(url, ["inference-rest"], only=[requirement], max_examples=cases)
    return sent[-cases:]


def loop_rate(url: str, wires: Sequence[bytes]) -> float:
    """Return requests per second of a plain loop on one kept connection."""
    host, _, port = url.partition("://")[2].partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started = time.perf_counter()
        for wire in wires:
            connection.sendall(wire)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(65536)
            head, _, body = answer.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
        return len(wires) / (time.perf_counter() - started)
