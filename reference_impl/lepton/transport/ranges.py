"""A file behind http(s), read in ranges: a source for the readers of packages, and a download.

Owns blocks, their cache and noticing that the file changed between two requests; leaves connections to
`http`. Serves the topic PKG-OCI.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

from lepton.errors import SourceError
from lepton.transport.http import Answer, Client, Interrupted
from lepton.transport.registry import WAITS_SECONDS

__all__ = ["RangeSource", "download"]

BLOCK_BYTES = 64 * 1024
MAX_BLOCKS = 64
#: Requests that one quick look may take; more files than that are looked at after a download.
MAX_REQUESTS = 4096


class RangeSource:
    """The range `[base, base + size)` of a remote file. A read fails with SourceError or is whole."""

    def __init__(self, client: Client, url: str) -> None:
        """Ask for the first block. Raises: SourceError when there is none or the server knows no ranges."""
        self._remote = _Remote(client, url)
        self._base = 0
        self._size = self._remote.size

    @property
    def size(self) -> int:
        """Return the number of bytes."""
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return at most `length` bytes from `offset`; fewer only at the end."""
        length = min(length, self._size - offset)
        return self._remote.read(self._base + offset, length) if length > 0 else b""

    def part(self, offset: int, size: int) -> "RangeSource":
        """Return the range `[offset, offset + size)` of this one."""
        part = object.__new__(RangeSource)
        part._remote, part._base, part._size = self._remote, self._base + offset, size
        return part

    def stamp(self) -> tuple[int, int, int]:
        """Return what never changes: a change between two requests is an error of `read_at`."""
        return self._remote.size, 0, 0


class _Remote:
    """The blocks of one remote file that were read last."""

    def __init__(self, client: Client, url: str) -> None:
        self._client = client
        self._url = url
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._requests = 0
        self._version = ""
        self.size = -1
        self._block(0)

    def read(self, offset: int, length: int) -> bytes:
        pieces = []
        while length > 0:
            index, start = divmod(offset, BLOCK_BYTES)
            piece = self._block(index)[start : start + length]
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _block(self, index: int) -> bytes:
        block = self._blocks.get(index)
        if block is None:
            block = self._fetch(index * BLOCK_BYTES)
            self._blocks[index] = block
            if len(self._blocks) > MAX_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(index)
        return block

    def _fetch(self, start: int) -> bytes:
        self._requests += 1
        if self._requests > MAX_REQUESTS:
            raise SourceError(f"more than {MAX_REQUESTS} ranges to read; give --level full")
        end = start + BLOCK_BYTES - 1
        with self._client.ask("GET", self._url, {"Range": f"bytes={start}-{end}"}) as answer:
            if answer.status == 200:
                raise SourceError("the server knows no ranges; give --level full to download the file first")
            if answer.status == 416 and self.size < 0:
                raise SourceError("found an empty file, expected a package")
            if answer.status != 206:
                raise SourceError(f"the server answered {answer.status}, expected 206 with a range")
            size = _total(answer, start)
            version = answer.headers.get("etag", "") or answer.headers.get("last-modified", "")
            if self.size >= 0 and (size, version) != (self.size, self._version):
                raise SourceError("the file was changed while it was read; try again")
            self.size, self._version = size, version
            expected = min(BLOCK_BYTES, size - start)
            data = answer.read(expected, "a range")
        if len(data) != expected:
            raise SourceError(f"found {len(data)} bytes of a range, expected {expected}")
        return data


def _total(answer: Answer, start: int) -> int:
    stated = answer.headers.get("content-range", "")
    found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", stated)
    if found is None or int(found[1]) != start or not start < int(found[3]):
        raise SourceError(f"found the range {stated[:60]!r}, expected one from byte {start} with the size")
    return int(found[3])


def download(client: Client, url: str, target: Path, room: int, progress: Callable[[str, int], None]) -> None:
    """Fetch a whole file of at most `room` bytes to a new file, going on after a break if the server can.

    Nothing of it is verified: that is for whoever reads it. Raises: SourceError, Interrupted.
    """
    waits = iter(WAITS_SECONDS)
    version = ""
    with target.open("xb") as file:
        while True:
            try:
                done = file.tell()
                headers = {"Range": f"bytes={done}-", "If-Range": version} if done and version else {}
                with client.ask("GET", url, headers) as answer:
                    if answer.status not in (200, 206) or (answer.status == 206 and not headers):
                        raise SourceError(f"the server answered {answer.status}, expected 200 with the file")
                    if answer.status == 206:
                        _total(answer, done)
                    else:
                        done = 0
                    file.seek(done)
                    file.truncate()
                    version = _strong(answer.headers)
                    if answer.length is not None and answer.length > room - done:
                        raise SourceError(
                            f"found {answer.length} bytes announced, expected at most {room - done}"
                        )
                    for piece in answer.pieces(room - done):
                        file.write(piece)
                        done += len(piece)
                        if done > room:
                            raise SourceError(f"found more than {room} bytes, expected at most that")
                        progress(url.rpartition("/")[2], done)
                return
            except Interrupted:
                wait = next(waits, None)
                if wait is None:
                    raise
                time.sleep(wait)


def _strong(headers: Mapping[str, str]) -> str:
    tag = headers.get("etag", "")
    return tag if tag.startswith('"') else ""
