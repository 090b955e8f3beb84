"""What the programs that replay a failure have in common, whatever the transport.

Owns what a program says of itself, how bytes are written in one, and which requests came from which client;
leaves the programs to the module of each transport. Serves `conformance` (CNF-REP-03).
"""

import base64
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from lepton_conformance.subject.exchange import GrpcExchange, HttpExchange

__all__ = ["MAX_SHOWN_BYTES", "Heading", "by_client", "literal"]

#: Bytes longer than this are written compressed.
MAX_LITERAL_BYTES = 4096
#: So much of a request or an answer a program prints.
MAX_SHOWN_BYTES = 2000

Sent = TypeVar("Sent", HttpExchange, GrpcExchange)


@dataclass(frozen=True, slots=True)
class Heading:
    """What a program says of itself: the requirement, what was found, and its own name.

    `title`, `text` and `message` are safe inside a docstring; `said` is the message as it is printed.
    """

    title: str
    text: str
    message: str
    said: str
    fingerprint: str
    name: str

    def values(self) -> dict[str, str]:
        """Return the members by name, for a template."""
        return asdict(self)


def literal(data: bytes) -> str:
    """Return an expression for bytes: a literal, or compressed when it is long."""
    if len(data) <= MAX_LITERAL_BYTES:
        return repr(data)
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    return f"zlib.decompress(base64.b64decode({packed!r}))"


def by_client(exchanges: Sequence[Sent]) -> Iterator[list[Sent]]:
    """Yield the exchanges of each of several clients that sent at the same time."""
    for lane in sorted({exchange.lane or 0 for exchange in exchanges}):
        yield [exchange for exchange in exchanges if (exchange.lane or 0) == lane]
