"""Compressed bodies: expanded within bounds, refused with a reason."""

import asyncio
import gzip
import random
import zlib
from collections.abc import AsyncIterator

import pytest

from lepton.serve.body import BODIES_AT_ONCE, Bodies, Framing
from lepton.serve.coding import MAX_MEMBERS, PIECE_BYTES, Coding, expanded, parse_codings
from lepton.serve.reply import RequestError

DATA = random.Random(1).randbytes(3000) * 400
#: An empty member of gzip.
EMPTY = gzip.compress(b"", mtime=0)


class Sent:
    """A body as an HTTP server hands it over."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __call__(self) -> bytes:
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.body), 50_000):
            yield self.body[start : start + 50_000]


def read(bodies: Bodies, body: bytes, coding: Coding) -> bytes:
    return asyncio.run(bodies.read(Sent(body), Framing(len(body), waits=False, coding=coding)))


def status(bodies: Bodies, body: bytes, coding: Coding = Coding.GZIP) -> int:
    with pytest.raises(RequestError) as caught:
        read(bodies, body, coding)
    return caught.value.reply().status


def test_expands_what_was_compressed_in_one_or_many_members() -> None:
    bodies = Bodies(4 << 20, 5)
    halves = gzip.compress(DATA[:1000]) + EMPTY + gzip.compress(DATA[1000:])
    assert read(bodies, gzip.compress(DATA, mtime=0), Coding.GZIP) == DATA
    assert read(bodies, halves, Coding.GZIP) == DATA
    assert read(bodies, zlib.compress(DATA), Coding.DEFLATE) == DATA
    assert read(bodies, EMPTY, Coding.GZIP) == b""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        gzip.compress(DATA, mtime=0)[:-1],
        gzip.compress(DATA, mtime=0)[:5000],
        gzip.compress(DATA, mtime=0) + b"\0",
        gzip.compress(DATA, mtime=0) + b"junk",
        gzip.compress(DATA, mtime=0)[:-8] + bytes(8),
        zlib.compress(DATA),
    ],
)
def test_refuses_what_is_not_whole_gzip(body: bytes) -> None:
    assert status(Bodies(4 << 20, 5), body) == 400


@pytest.mark.parametrize("body", [b"{}", zlib.compress(DATA)[:-1], zlib.compress(DATA) + b"\0", EMPTY])
def test_refuses_what_is_not_whole_deflate(body: bytes) -> None:
    assert status(Bodies(4 << 20, 5), body, Coding.DEFLATE) == 400


def test_a_bomb_is_expanded_no_further_than_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert status(Bodies(1 << 20, 5), bomb) == 413
    pieces = expanded(bomb, Coding.GZIP)
    assert len(next(pieces)) <= PIECE_BYTES


def test_members_are_counted() -> None:
    assert status(Bodies(1 << 20, 5), EMPTY * (MAX_MEMBERS + 1)) == 400


def test_what_was_held_is_given_back_whatever_came_of_it() -> None:
    bodies = Bodies(1 << 20, 5)
    most = gzip.compress(bytes(1 << 20))
    for _ in range(3 * BODIES_AT_ONCE):
        assert status(bodies, gzip.compress(bytes((1 << 20) + 1))) == 413
        assert status(bodies, most[:-1]) == 400
        bodies.release(len(read(bodies, most, Coding.GZIP)))


def test_expanded_bodies_count_against_what_all_may_hold() -> None:
    bodies = Bodies(1 << 20, 1)
    most = gzip.compress(bytes(1 << 20))
    for _ in range(BODIES_AT_ONCE - 2):
        read(bodies, most, Coding.GZIP)
    assert status(bodies, most) == 503


def test_reads_the_names_of_codings() -> None:
    assert parse_codings([]) is parse_codings(["identity"]) is parse_codings([" "]) is None
    assert parse_codings(["GZIP"]) is parse_codings(["x-gzip, identity"]) is Coding.GZIP
    assert parse_codings(["deflate"]) is Coding.DEFLATE
    for values in (["br"], ["gzip, gzip"], ["gzip", "deflate"], ["gzip;q=1"]):
        with pytest.raises(RequestError) as caught:
            parse_codings(values)
        assert caught.value.reply().status == 415
        assert dict(caught.value.reply().headers)["accept-encoding"] == "gzip, deflate"
