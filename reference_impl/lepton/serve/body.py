"""Reading the body of a request: bounded in size, in time, and in what all requests hold together.

Owns the limits on bodies and what is done with a body that nobody wants; leaves header fields' other
meanings to `lepton.serve.rest`. Serves `inference` (INF-REQ-03, INF-LIM-01).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

# granian documents both names but does not list them for type checkers.
from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]

from lepton.serve.coding import Coding, expanded
from lepton.serve.reply import Cause, RequestError, invalid

__all__ = ["Bodies", "Framing", "Incoming"]

#: Bodies up to this size are taken whole from the HTTP server; larger ones are counted as they arrive.
WHOLE_BODY_BYTES = 1 << 20
#: Large bodies together may hold this many times the largest one. The last of these is for the oldest that is
#: arriving: else many that arrive at once would hold all there is, and each would be refused half-way.
BODIES_AT_ONCE = 4
#: So much again is for those that are taken whole: large ones do not keep them waiting.
WHOLE_AT_ONCE = 1
#: How long a body waits for room before it is refused, as a part of the time that it may take to arrive.
ROOM_PART = 1 / 12
ROOM_POLL_SECONDS = 0.02
#: How long an unwanted body is read, so that the client gets to see the answer.
DISCARD_SECONDS = 5.0


class Incoming(Protocol):
    """The part of an RSGI protocol that yields the body, whole or in pieces."""

    async def __call__(self) -> bytes:
        """Return the whole body."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the body in pieces."""
        ...


@dataclass(frozen=True, slots=True)
class Framing:
    """What the header fields say of a body: its `length` (None when chunked), whether the client waits for
    `100 Continue` before it sends it, whether fields follow it, and how it is coded."""

    length: int | None
    waits: bool
    trailers: bool = False
    coding: Coding | None = None


class Bodies:
    """Reads bodies for one event loop. What `read` returned is counted until `release`."""

    __slots__ = ("_arriving", "_held", "_limit", "_timeout")

    def __init__(self, limit: int, timeout: float) -> None:
        """Accept bodies of at most `limit` bytes that arrive within `timeout` seconds."""
        self._limit = limit
        self._timeout = timeout
        self._held = 0
        #: The bodies that arrive in pieces, oldest first.
        self._arriving: dict[object, None] = {}

    async def read(self, incoming: Incoming, framing: Framing) -> bytes:
        """Return the body, expanded. Raises: RequestError (413, 408, 503, or 400 when it breaks off)."""
        body = await self._received(incoming, framing)
        return body if framing.coding is None else await self._expanded(body, framing.coding)

    @property
    def held_bytes(self) -> int:
        """Return what all bodies hold now."""
        return self._held

    def release(self, size: int) -> None:
        """Give back what a body of `size` bytes held."""
        self._held -= size

    async def _received(self, incoming: Incoming, framing: Framing) -> bytes:
        if framing.length is not None and framing.length > self._limit:
            raise await self.unwanted(self._too_large(), incoming, framing)
        try:
            async with asyncio.timeout(self._timeout):
                if framing.length is None or framing.length > WHOLE_BODY_BYTES:
                    return await self._gathered(incoming, framing)
                return await self._whole(incoming, framing.length)
        except TimeoutError as error:
            message = f"found no complete body within {self._timeout:g} seconds"
            raise _closing(RequestError(Cause.SLOW_CLIENT, message)) from error
        except (ProtocolError, ProtocolClosed) as error:
            raise _broken() from error

    async def unwanted(self, refusal: RequestError, incoming: Incoming, framing: Framing) -> RequestError:
        """Read the body of a request that is refused, or let the refusal say that the connection ends.

        A server that closes while the client still sends makes the client miss the answer. A client that
        waits for `100 Continue` sends nothing, so there nothing is read.
        """
        if framing.waits or (framing.length is not None and framing.length > 2 * self._limit):
            return _closing(refusal)
        left = 2 * self._limit
        try:
            async with asyncio.timeout(DISCARD_SECONDS):
                async for piece in incoming:
                    left -= len(piece)
                    if left < 0:
                        return _closing(refusal)
        except (TimeoutError, ProtocolError, ProtocolClosed):
            return _closing(refusal)
        return refusal

    async def _whole(self, incoming: Incoming, length: int) -> bytes:
        try:
            await self._hold(length, None, WHOLE_AT_ONCE)
        except RequestError as busy:
            raise _closing(busy) from None
        try:
            return await incoming()
        except BaseException:
            self.release(length)
            raise

    async def _gathered(self, incoming: Incoming, framing: Framing) -> bytes:
        pieces: list[bytes] = []
        held = size = empty = 0
        refusal: RequestError | None = None
        ticket = object()
        self._arriving[ticket] = None
        try:
            async for piece in incoming:
                size += len(piece)
                empty += not piece
                if size > self._limit:
                    refusal = refusal or self._too_large()
                if refusal is None:
                    try:
                        await self._hold(len(piece), ticket)
                    except RequestError as busy:
                        refusal = busy
                if refusal is None:
                    held += len(piece)
                    pieces.append(piece)
                    continue
                # Read on and drop it for a while: see `unwanted`.
                pieces.clear()
                if size > 2 * self._limit:
                    raise _closing(refusal)
            if refusal is not None:
                raise refusal
            # granian yields an empty piece at the end, and one before it for an error or for trailers. The
            # two cannot be told apart, so trailer fields count only where `Trailer` announces them; others,
            # lawful by RFC 9112, 7.1.2, get the 400 of a body that breaks off.
            if size != framing.length and (framing.length is not None or empty > 1 + framing.trailers):
                raise _broken()
        except BaseException:
            self.release(held)
            raise
        finally:
            del self._arriving[ticket]
        return b"".join(pieces)

    async def _expanded(self, body: bytes, coding: Coding) -> bytes:
        """Expand a body within the limit; others are served between its pieces. Spec: INF-LIM-04."""
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in expanded(body, coding):
                if size + len(piece) > self._limit:
                    raise self._too_large()
                await self._hold(len(piece))
                size += len(piece)
                pieces.append(piece)
                await asyncio.sleep(0)
        except BaseException:
            self.release(size)
            raise
        finally:
            self.release(len(body))
        return b"".join(pieces)

    async def _hold(self, size: int, ticket: object = None, more: int = -1) -> None:
        """Count `size` bytes more, once there is room; the oldest `ticket` has more of it than others.

        Raises: RequestError (503) when none comes.
        """
        if not self._may_hold(size, ticket, more):
            end = time.monotonic() + self._timeout * ROOM_PART
            while not self._may_hold(size, ticket, more):
                if time.monotonic() > end:
                    raise _busy()
                await asyncio.sleep(ROOM_POLL_SECONDS)
        self._held += size

    def _may_hold(self, size: int, ticket: object, more: int) -> bool:
        if ticket is not None and ticket in islice(self._arriving, 1):
            more = 0
        return self._held + size <= (BODIES_AT_ONCE + more) * self._limit

    def _too_large(self) -> RequestError:
        return RequestError(
            Cause.TOO_LARGE, f"found a larger body than the {self._limit} bytes that this server accepts"
        )


def _broken() -> RequestError:
    return _closing(invalid("found a body that breaks off, expected as much as its framing says"))


def _busy() -> RequestError:
    message = "found too many large requests at once; try again"
    return RequestError(Cause.UNAVAILABLE, message, (("retry-after", "1"),))


def _closing(refusal: RequestError) -> RequestError:
    """Let a refusal say that the connection ends with it."""
    return RequestError(refusal.cause, refusal.message, (*refusal.headers, ("connection", "close")))
