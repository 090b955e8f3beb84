"""What went over the wire, kept for the report of a failure.

Owns the record of exchanges; leaves making them to the subjects and printing them to `report`. Serves
`conformance` (CNF-REP-03).
"""

import base64
import collections
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Exchange", "GrpcExchange", "HttpExchange", "LineExchange", "PackageExchange", "Recorder"]


class Exchange(Protocol):
    """One request and what came back."""

    @property
    def transport(self) -> str:
        """Return `http`, `grpc` or `stdio`."""


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """One HTTP request and its answer; `status` is None when no answer came, `problem` then says why.

    `wire` is the request as it was sent, head and framed body. `place` counts the answers on the connection
    that came before this one: pipelined requests are one `wire` with several answers. `connection` numbers
    the client's connections; 0 stands for one of the exchange's own. `ended` says whether the server closed
    it after the last answer, when that matters. `holds` is a word of an earlier request that stands in the
    answer, when that is the fault. Exchanges of several lanes happened at the same time.
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
    connection: int = 0
    ended: bool | None = None
    holds: str = ""
    lane: int | None = None

    @property
    def transport(self) -> str:
        """Return `http`."""
        return "http"


@dataclass(frozen=True, slots=True)
class GrpcExchange:
    """One gRPC call and how it ended: the name of the status code, whoever set it, details and message.

    `method` is the path `/package.Service/Method`. `timeout` is the deadline in seconds where another than
    the suite's own was set; `streaming` says that the call is a stream of one message each way.
    Exchanges of several lanes happened at the same time.
    """

    method: str
    request: bytes
    code: str
    details: str
    response: bytes
    timeout: float | None = None
    streaming: bool = False
    lane: int | None = None

    @property
    def transport(self) -> str:
        """Return `grpc`."""
        return "grpc"


@dataclass(frozen=True, slots=True)
class LineExchange:
    """One line to a stdio program and the line it answered; `received` is None when none came.

    `file` is the content of the file that the line names, for it is gone when the line is replayed; `beside`
    are the names and contents of files that this one refers to. `visited` is the port of this machine that
    the program connected to, when that is the fault.
    """

    sent: str
    received: str | None
    problem: str = ""
    file: bytes | None = None
    beside: tuple[tuple[str, bytes], ...] = ()
    visited: int | None = None

    def file_base64(self) -> str:
        """Return the file's content in base64, empty when there is none."""
        return base64.b64encode(self.file or b"").decode("ascii")

    @property
    def transport(self) -> str:
        """Return `stdio`."""
        return "stdio"


@dataclass(frozen=True, slots=True)
class PackageExchange:
    """One line to a validator and the line it answered; `received` is None when none came.

    The package that the line names is a directory (`files`, `links` to targets, `pipes`) or one ZIP file
    (`archive`); it is gone when the line is replayed. `size` is how many bytes it has.
    """

    sent: str
    received: str | None
    problem: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    archive: bytes | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    pipes: tuple[str, ...] = ()

    @property
    def transport(self) -> str:
        """Return `stdio`."""
        return "stdio"

    @property
    def size(self) -> int:
        """Return how many bytes the package has."""
        return len(self.archive or b"") + sum(map(len, self.files.values()))


#: How many exchanges before a failing case are remembered: a fault may show only after them.
MAX_BEFORE = 24


class Recorder:
    """The exchanges of the current case, and those of the failing case that is to be reported."""

    __slots__ = ("_before", "_current", "_kept", "_kept_before")

    def __init__(self) -> None:
        self._before: collections.deque[Exchange] = collections.deque(maxlen=MAX_BEFORE)
        self._current: list[Exchange] = []
        self._kept: tuple[Exchange, ...] | None = None
        self._kept_before: tuple[Exchange, ...] = ()

    def reset(self) -> None:
        """Forget the failing case: a new test begins."""
        self.begin()
        self._kept = None
        self._kept_before = ()

    def begin(self) -> None:
        """Leave the current case behind: a new one begins."""
        self._before.extend(self._current[-MAX_BEFORE:])
        self._current = []

    def add(self, exchange: Exchange) -> None:
        """Record one exchange of the current case."""
        self._current.append(exchange)

    def last(self) -> Exchange | None:
        """Return the last exchange of the current case."""
        return self._current[-1] if self._current else None

    def only(self, exchanges: Sequence[Exchange]) -> None:
        """Record these exchanges of the current case alone: the others do not matter to what was found."""
        self._current = list(exchanges)

    def recall(self, exchange: Exchange) -> None:
        """Record an earlier exchange that the current case builds upon, once."""
        if not any(exchange is known for known in self._current):
            self._current.append(exchange)

    def together(self, recorders: Sequence["Recorder"]) -> None:
        """Record what several clients exchanged with a server at the same time, each in a lane of its own."""
        for lane, recorder in enumerate(recorders):
            for exchange in recorder.failing:
                self._current.append(
                    dataclasses.replace(exchange, lane=lane)
                    if isinstance(exchange, HttpExchange | GrpcExchange)
                    else exchange
                )

    def keep(self) -> None:
        """Keep the current case as the failing one to report."""
        self._kept = tuple(self._current)
        self._kept_before = tuple(self._before)

    @property
    def before(self) -> Sequence[Exchange]:
        """Return what came before the failing case, the last exchange last."""
        return self._kept_before

    def put_before(self, exchanges: Sequence[Exchange]) -> None:
        """Report these earlier exchanges, too: the failing case does not fail without."""
        if self._kept is not None:
            self._kept = (*exchanges, *self._kept)

    @property
    def failing(self) -> Sequence[Exchange]:
        """Return the exchanges of the failing case, or of the current one when none was kept."""
        return self._current if self._kept is None else self._kept
