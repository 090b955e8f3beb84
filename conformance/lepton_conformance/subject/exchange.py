"""What went over the wire, kept for the report of a failure.

Owns the record of exchanges; leaves making them to the subjects and printing them to `report`. Serves
`conformance` (CNF-REP-03).
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Exchange", "GrpcExchange", "HttpExchange", "LineExchange", "Recorder"]


class Exchange(Protocol):
    """One request and what came back."""

    @property
    def transport(self) -> str:
        """Return `http`, `grpc` or `stdio`."""


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """One HTTP request and its answer; `status` is None when no answer came, `problem` then says why.

    `wire` is the request as it was sent, head and framed body. `place` counts the answers on the connection
    that came before this one: pipelined requests are one `wire` with several answers.
    """

    method: str
    target: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    wire: bytes
    status: int | None
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes
    problem: str = ""
    place: int = 0

    @property
    def transport(self) -> str:
        """Return `http`."""
        return "http"


@dataclass(frozen=True, slots=True)
class GrpcExchange:
    """One gRPC call and how it ended: the name of the status code, whoever set it, details and message.

    `method` is the path `/package.Service/Method`. `timeout` is the deadline in seconds where another than
    the suite's own was set; `streaming` says that the call is a stream of one message each way.
    """

    method: str
    request: bytes
    code: str
    details: str
    response: bytes
    timeout: float | None = None
    streaming: bool = False

    @property
    def transport(self) -> str:
        """Return `grpc`."""
        return "grpc"


@dataclass(frozen=True, slots=True)
class LineExchange:
    """One line to a stdio program and the line it answered; `received` is None when none came.

    `file` is the content of the file that the line names, for it is gone when the line is replayed.
    """

    sent: str
    received: str | None
    problem: str = ""
    file: bytes | None = None

    def file_base64(self) -> str:
        """Return the file's content in base64, empty when there is none."""
        return base64.b64encode(self.file or b"").decode("ascii")

    @property
    def transport(self) -> str:
        """Return `stdio`."""
        return "stdio"


class Recorder:
    """The exchanges of the current case, and those of the failing case that is to be reported."""

    __slots__ = ("_current", "_kept")

    def __init__(self) -> None:
        self._current: list[Exchange] = []
        self._kept: tuple[Exchange, ...] | None = None

    def reset(self) -> None:
        """Forget everything: a new test begins."""
        self._current = []
        self._kept = None

    def begin(self) -> None:
        """Forget the current case: a new one begins."""
        self._current = []

    def add(self, exchange: Exchange) -> None:
        """Record one exchange of the current case."""
        self._current.append(exchange)

    def recall(self, exchange: Exchange) -> None:
        """Record an earlier exchange that the current case builds upon, once."""
        if not any(exchange is known for known in self._current):
            self._current.append(exchange)

    def keep(self) -> None:
        """Keep the current case as the failing one to report."""
        self._kept = tuple(self._current)

    @property
    def failing(self) -> Sequence[Exchange]:
        """Return the exchanges of the failing case, or of the current one when none was kept."""
        return self._current if self._kept is None else self._kept
