"""Where work runs, and how much of bodies is held: without a socket."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from lepton.serve.body import BODIES_AT_ONCE, WHOLE_BODY_BYTES, Bodies, Framing
from lepton.serve.lanes import INLINE_BODY_BYTES, Lanes
from lepton.serve.reply import Reply, RequestError

LIMIT = 4 * WHOLE_BODY_BYTES
PIECE = bytes(1 << 16)


class Sent:
    """A body that arrives in pieces, each after a `pause`; `None` among them is a pause of a second."""

    def __init__(self, pieces: Sequence[bytes | None], pause: float | None = None) -> None:
        self._pieces = pieces
        self._pause = pause
        self.read = 0

    async def __call__(self) -> bytes:
        return b"".join([piece async for piece in self])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if piece is None:
                await asyncio.sleep(1)
                continue
            if self._pause is not None:
                await asyncio.sleep(self._pause)
            self.read += len(piece)
            yield piece


def status_of(bodies: Bodies, sent: Sent, framing: Framing) -> tuple[int, bool]:
    """Return the status of the refusal, and whether it closes the connection."""
    with pytest.raises(RequestError) as caught:
        asyncio.run(bodies.read(sent, framing))
    reply = caught.value.reply()
    return reply.status, ("connection", "close") in reply.headers


@pytest.mark.parametrize("count", [0, 1, 16, 64])
@pytest.mark.parametrize("chunked", [True, False])
def test_reads_bodies_up_to_the_limit(count: int, chunked: bool) -> None:
    length = count * len(PIECE)
    bodies = Bodies(LIMIT, 5)
    body = asyncio.run(bodies.read(Sent([PIECE] * count), Framing(None if chunked else length, False)))
    assert len(body) == length


def test_stops_reading_a_chunked_body_at_twice_the_limit() -> None:
    bodies = Bodies(LIMIT, 5)
    endless = Sent([PIECE] * 1000)
    assert status_of(bodies, endless, Framing(None, False)) == (413, True)
    assert endless.read <= 2 * LIMIT + len(PIECE)
    longer = Sent([PIECE] * (LIMIT // len(PIECE) + 1))
    assert status_of(bodies, longer, Framing(None, False)) == (413, False)


def test_asks_no_waiting_client_for_a_body_that_is_too_large() -> None:
    sent = Sent([PIECE] * 100)
    assert status_of(Bodies(LIMIT, 5), sent, Framing(LIMIT + 1, True)) == (413, True)
    assert sent.read == 0


@pytest.mark.parametrize("length", [None, 100, WHOLE_BODY_BYTES + 1])
def test_a_body_that_does_not_come_in_time_is_refused_and_forgotten(length: int | None) -> None:
    bodies = Bodies(LIMIT, 0.05)
    assert status_of(bodies, Sent([PIECE, None]), Framing(length, False)) == (408, True)
    assert bodies._held == 0


def test_refuses_more_bodies_than_it_may_hold_until_one_is_released() -> None:
    bodies = Bodies(LIMIT, 1)
    full = LIMIT // len(PIECE)

    def read() -> bytes:
        return asyncio.run(bodies.read(Sent([PIECE] * full), Framing(LIMIT, False)))

    for _ in range(BODIES_AT_ONCE):
        assert len(read()) == LIMIT
    assert status_of(bodies, Sent([PIECE] * full), Framing(LIMIT, False)) == (503, False)
    for _ in range(full):  # small bodies have room of their own
        assert len(asyncio.run(bodies.read(Sent([PIECE]), Framing(len(PIECE), False)))) == len(PIECE)
    assert status_of(bodies, Sent([PIECE]), Framing(len(PIECE), False)) == (503, True)
    bodies.release(LIMIT + LIMIT)
    assert len(read()) == LIMIT


def test_of_many_large_bodies_at_once_some_are_read_and_the_rest_refused() -> None:
    bodies = Bodies(LIMIT, 3)
    full = LIMIT // len(PIECE)

    async def read() -> int:
        try:
            body = await bodies.read(Sent([PIECE] * full, pause=0.001), Framing(LIMIT, False))
        except RequestError as refusal:
            return refusal.reply().status
        await asyncio.sleep(0.05)
        bodies.release(len(body))
        return 200

    async def many() -> list[int]:
        return await asyncio.gather(*(read() for _ in range(3 * BODIES_AT_ONCE)))

    statuses = asyncio.run(many())
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 2
    assert bodies._held == 0


def places(work: Callable[[], None], body_bytes: int) -> list[bool]:
    """Run `work` three times; say for each whether it ran on the loop's own thread."""

    async def run() -> list[bool]:
        lanes = Lanes(timeout=5)
        here = threading.get_ident()
        found: list[bool] = []

        def one() -> Reply:
            found.append(threading.get_ident() == here)
            work()
            return Reply(200, (), b"")

        for _ in range(3):
            await lanes.run("model", body_bytes, one)
        assert lanes.close()
        return found

    return asyncio.run(run())


def test_small_work_moves_to_the_loop_once_it_was_measured() -> None:
    assert places(lambda: None, 1000) == [False, True, True]


def test_slow_work_and_large_bodies_stay_in_threads() -> None:
    assert places(lambda: time.sleep(0.01), 1000) == [False, False, False]
    assert places(lambda: None, INLINE_BODY_BYTES + 1) == [False, False, False]


def test_work_over_the_time_limit_is_refused_and_known_to_go_on() -> None:
    release = threading.Event()

    def stuck() -> Reply:
        release.wait(10)
        return Reply(200, (), b"")

    async def run() -> tuple[int, bool]:
        lanes = Lanes(timeout=0.05)
        with pytest.raises(RequestError) as caught:
            await lanes.run("model", 1, stuck)
        return caught.value.reply().status, lanes.close()

    try:
        assert asyncio.run(run()) == (503, False)
    finally:
        release.set()
