"""Files of lines: tokens and vocabularies, one entry a line.

Owns what every such file has to be; leaves what its lines mean to the steps that read it. Serves PKG-PRO-05.
"""

import io
from collections.abc import Iterable, Iterator

from lepton.formats.source import Source

__all__ = ["MAX_LINES_BYTES", "each_line", "first_repeat", "line_fault", "read_lines", "split_lines"]

#: Bytes of a file of lines.
MAX_LINES_BYTES = 16 * 1024 * 1024
#: Bytes read at a time.
CHUNK_BYTES = 1024 * 1024
#: Bytes of a file whose lines are held in memory to find two that are equal.
MAX_HELD_BYTES = 1024 * 1024
#: Shares in which the hashes of the lines of a larger file are held, one share at a time.
SHARES = 8


def line_fault(data: bytes) -> tuple[int, str] | None:
    """Return where and how `data` is no text of lines; None when it is one."""
    if not data:
        return 0, "found no line, expected at least one"
    if data.startswith(b"\xef\xbb\xbf"):
        return 0, "found a byte order mark, expected none"
    place = data.find(b"\r")
    if place >= 0:
        return place, "found U+000D, expected lines that end with U+000A alone"
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start, "found bytes that are not UTF-8, expected UTF-8"
    return None


def split_lines(data: bytes) -> list[bytes]:
    """Return the lines of a text; the end of the last one may be missing."""
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines


def each_line(data: bytes) -> Iterator[bytes]:
    """Yield the lines one by one: sixteen million of them take no memory together."""
    for line in io.BytesIO(data):
        yield line.removesuffix(b"\n")


def first_repeat(data: bytes) -> tuple[int, int] | None:
    """Return the numbers of a line that is equal to one before it, and of that one; None when all differ."""
    if len(data) <= MAX_HELD_BYTES:
        return _repeat(enumerate(each_line(data)))
    for share in range(SHARES):
        suspect = _twice(number for number in map(hash, each_line(data)) if number % SHARES == share)
        if suspect is None:
            continue
        found = _repeat((at, line) for at, line in enumerate(each_line(data)) if hash(line) == suspect)
        if found is not None:
            return found
        # Two unlike lines of one hash: the lines themselves have to tell.
        return _repeat(enumerate(each_line(data)))
    return None


def _twice(numbers: Iterable[int]) -> int | None:
    """Return the first number that stands twice."""
    seen: set[int] = set()
    for number in numbers:
        if number in seen:
            return number
        seen.add(number)
    return None


def _repeat(lines: Iterable[tuple[int, bytes]]) -> tuple[int, int] | None:
    seen: dict[bytes, int] = {}
    for at, line in lines:
        if line in seen:
            return at, seen[line]
        seen[line] = at
    return None


def read_lines(source: Source) -> bytes | None:
    """Return the bytes of a file of lines, or None when it is larger than one may be."""
    if source.size > MAX_LINES_BYTES:
        return None
    parts = []
    for offset in range(0, source.size, CHUNK_BYTES):
        parts.append(source.read_at(offset, CHUNK_BYTES))
    return b"".join(parts)
