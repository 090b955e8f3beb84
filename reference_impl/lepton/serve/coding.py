"""Content codings of requests: gzip and deflate, expanded in pieces.

Owns which codings are read and the streams' framing; leaves limits and accounting to `lepton.serve.body`.
Serves `inference` (INF-REQ-08, INF-LIM-04). Answers are never compressed: tensors hardly shrink, and a client
on the same machine or network gains nothing for the time it takes (INF-RSP-13).
"""

import zlib
from collections.abc import Iterator, Sequence
from enum import Enum

from lepton.serve.reply import Cause, RequestError, invalid, shown

__all__ = ["Coding", "expanded", "parse_codings"]

#: Pieces of about this size are expanded at once.
PIECE_BYTES = 1 << 18
#: The compressed bytes that are handed over at once: what follows a member is copied once for each member.
FEED_BYTES = 1 << 14
#: Members of one gzip body. Compressors that work in parallel write one for each block of 128 KiB.
MAX_MEMBERS = 10_000


class Coding(Enum):
    """How a body is coded; the value is zlib's `wbits`."""

    GZIP = 31
    DEFLATE = 15


_NAMES = {"gzip": Coding.GZIP, "x-gzip": Coding.GZIP, "deflate": Coding.DEFLATE}


def parse_codings(values: Sequence[str]) -> Coding | None:
    """Read the values of `Content-Encoding`, None for identity. Raises: RequestError. Spec: INF-REQ-08."""
    named = [name.strip().lower() for value in values for name in value.split(",")]
    codings = [name for name in named if name not in ("", "identity")]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in _NAMES:
        raise RequestError(
            Cause.ENCODING,
            f"found content-encoding {shown(', '.join(named))}, expected gzip, deflate or none",
            (("accept-encoding", "gzip, deflate"),),
        )
    return _NAMES[codings[0]]


def expanded(body: bytes, coding: Coding) -> Iterator[bytes]:
    """Expand `body` piece by piece, no further than is asked for. Raises: RequestError (400)."""
    stream = zlib.decompressobj(coding.value)
    members = 1
    try:
        for start in range(0, len(body), FEED_BYTES):
            fed = body[start : start + FEED_BYTES]
            while fed:
                if stream.eof:
                    if coding is Coding.DEFLATE:
                        raise invalid("found bytes after the end of the compressed body, expected none")
                    members += 1
                    if members > MAX_MEMBERS:
                        raise invalid(f"found more than {MAX_MEMBERS} gzip members, expected fewer")
                    stream = zlib.decompressobj(coding.value)
                if piece := stream.decompress(fed, PIECE_BYTES):
                    yield piece
                fed = stream.unused_data if stream.eof else stream.unconsumed_tail
        while not stream.eof and (piece := stream.decompress(b"", PIECE_BYTES)):
            yield piece
    except zlib.error as error:
        name = coding.name.lower()
        raise invalid(
            f"found a body that is not {name} ({error}), though content-encoding says so"
        ) from error
    if not stream.eof:
        raise invalid("found a compressed body that is cut short, expected its end")
