"""Reading the body of a request: bounded in size, in time, and in what all requests hold together.

Owns the limits on bodies and what is done with a body that nobody wants; leaves header fields' other
meanings to `lepton.serve.rest`. Serves `inference` (INF-REQ-03, INF-LIM-01).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

# granian documents both names but does not list them for type checkers.
from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]

from lepton.serve.reply import Cause, RequestError, invalid

__all__ = ["Bodies", "Incoming"]

#: Bodies up to this size are taken whole from the HTTP server; larger ones are counted as they arrive.
WHOLE_BODY_BYTES = 1 << 20
#: All bodies together may hold this many times the largest one.
BODIES_AT_ONCE = 4
#: How long an unwanted body is read, so that the client gets to see the answer.
DISCARD_SECONDS = 5.0

_RETRY_SOON = (("retry-after", "1"),)


class Incoming(Protocol):
    """The part of an RSGI protocol that yields the body, whole or in pieces."""

    async def __call__(self) -> bytes:
        """Return the whole body."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the body in pieces."""
        ...


class Bodies:
    """Reads bodies for one event loop. What `read` returned is counted until `release`."""

    __slots__ = ("_held", "_limit", "_timeout")

    def __init__(self, limit: int, timeout: float) -> None:
        """Accept bodies of at most `limit` bytes that arrive within `timeout` seconds."""
        self._limit = limit
        self._timeout = timeout
        self._held = 0

    async def read(self, incoming: Incoming, declared: int | None) -> bytes:
        """Return the body; `declared` is its Content-Length, or None for a chunked one.

        Raises: RequestError (413, 408, 503, or 400 when the body breaks off).
        """
        if declared is not None and declared > self._limit:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._timeout):
                if declared is not None and declared <= WHOLE_BODY_BYTES:
                    self._hold(declared)
                    try:
                        return await incoming()
                    except BaseException:
                        self.release(declared)
                        raise
                return await self._gathered(incoming)
        except TimeoutError as error:
            raise RequestError(
                Cause.SLOW_CLIENT, f"found no complete body within {self._timeout:g} seconds"
            ) from error
        except (ProtocolError, ProtocolClosed) as error:
            raise invalid("found a body that breaks off, expected as much as its framing says") from error

    def release(self, size: int) -> None:
        """Give back what a body of `size` bytes held."""
        self._held -= size

    async def discard(self, incoming: Incoming, declared: int | None) -> bool:
        """Read an unwanted body and drop it; say whether its end was reached."""
        if declared is not None and declared > 2 * self._limit:
            return False
        left = 2 * self._limit
        try:
            async with asyncio.timeout(DISCARD_SECONDS):
                async for piece in incoming:
                    left -= len(piece)
                    if left < 0:
                        return False
        except (TimeoutError, ProtocolError, ProtocolClosed):
            return False
        return True

    async def _gathered(self, incoming: Incoming) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            async for piece in incoming:
                self._hold(len(piece))
                size += len(piece)
                if size > self._limit:
                    raise self._too_large()
                pieces.append(piece)
        except BaseException:
            self.release(size)
            raise
        return b"".join(pieces)

    def _hold(self, size: int) -> None:
        if self._held + size > BODIES_AT_ONCE * self._limit:
            raise RequestError(
                Cause.UNAVAILABLE, "found too many large requests at once; try again", _RETRY_SOON
            )
        self._held += size

    def _too_large(self) -> RequestError:
        return RequestError(
            Cause.TOO_LARGE, f"found a larger body than the {self._limit} bytes that this server accepts"
        )
