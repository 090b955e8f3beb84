"""A bounded reader of the protobuf wire format that never believes a size.

Owns fields, varints and the limits that keep a hostile file cheap; leaves the meaning of messages to
`lepton.formats.onnx`. Content of length-delimited fields is handed out as a range, not as bytes, so that
weights are passed over without being read.
"""

import re
from collections.abc import Iterator

from lepton.formats.source import MemorySource, Source

__all__ = ["FIXED32", "FIXED64", "LENGTH", "MAX_FIELDS", "VARINT", "Wire", "WireError", "WireLimit", "signed"]

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

#: Fields read of one file; the largest published graphs have some hundred thousand.
MAX_FIELDS = 10_000_000
#: Bytes of a string that is decoded.
MAX_TEXT_BYTES = 65_536
#: Bytes read at a time; headers of fields are looked up in this window.
WINDOW_BYTES = 262_144
#: The most bytes of a varint; the longest header of a field is two of them.
_VARINT_BYTES = 10
_HEADER_BYTES = 20

#: One field: number, wire type, and value and its end, or start and end of its content.
Field = tuple[int, int, int, int]


class WireError(Exception):
    """The bytes are not what they should be; `place` is a byte offset."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


class WireLimit(Exception):
    """The file goes beyond what this implementation reads; nothing is said about its soundness."""


class Wire:
    """Reads fields out of a source."""

    __slots__ = ("_base", "_buffer", "_left", "_source", "size")

    def __init__(self, source: Source) -> None:
        self._source = source
        self.size = source.size
        self._left = MAX_FIELDS
        self._base = 0
        # Zero bytes behind the end let headers be read without looking at each index.
        self._buffer = source.data + bytes(_HEADER_BYTES) if isinstance(source, MemorySource) else b""

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield the fields of the message in `[start, end)`.

        Raises: WireError for a header or content that leaves the message, a group, or an unknown wire type.
        """
        at = start
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise WireLimit(f"more than {MAX_FIELDS} fields, the limit of this validator")
            index = at - self._base
            if index < 0 or index + _HEADER_BYTES > len(self._buffer):
                index = self._move(at)
            buffer = self._buffer
            key = buffer[index]
            index += 1
            if key >= 0x80:
                key, index = self._varint(index - 1, at)
            kind = key & 7
            number = key >> 3
            if number == 0:
                raise WireError(at, "found the field number 0, expected 1 or more")
            if kind == LENGTH:
                length = buffer[index]
                index += 1
                if length >= 0x80:
                    length, index = self._varint(index - 1, at)
                first = self._base + index
                after = first + length
                if after > end:
                    raise WireError(
                        at, f"found field {number} with {length} bytes, more than its message has"
                    )
                yield number, kind, first, after
            elif kind == VARINT:
                value = buffer[index]
                index += 1
                if value >= 0x80:
                    value, index = self._varint(index - 1, at)
                after = self._base + index
                if after > end:
                    raise WireError(at, f"found field {number} cut off at the end of its message")
                yield number, kind, value, after
            elif kind in (FIXED32, FIXED64):
                first = self._base + index
                after = first + (4 if kind == FIXED32 else 8)
                if after > end:
                    raise WireError(at, f"found field {number} cut off at the end of its message")
                yield number, kind, first, after
            else:
                raise WireError(at, f"found the wire type {kind} in field {number}, expected 0, 1, 2 or 5")
            at = after

    def bytes(self, start: int, end: int) -> bytes:
        """Return the content of a field."""
        index = start - self._base
        if index >= 0 and end - self._base <= len(self._buffer):
            return self._buffer[index : end - self._base]
        return self._source.read_at(start, end - start)

    def varint_start(self, end: int) -> int:
        """Return where the varint begins that ends at `end`: the byte before it ends another one."""
        before = self._source.read_at(max(0, end - _VARINT_BYTES - 1), min(end, _VARINT_BYTES + 1))
        at = len(before) - 1
        while at > 0 and before[at - 1] >= 0x80:
            at -= 1
        return end - (len(before) - at)

    def text(self, start: int, end: int) -> str:
        """Return a short string; bytes that are not UTF-8 are escaped."""
        if end - start > MAX_TEXT_BYTES:
            raise WireLimit(
                f"a name of {end - start} bytes, more than the {MAX_TEXT_BYTES} of this validator"
            )
        return self.bytes(start, end).decode("utf-8", "backslashreplace")

    def packed_varints(self, start: int, end: int, most: int) -> list[int]:
        """Return the values of a packed field. Raises: WireLimit when there are more than `most`."""
        if end - start > 10 * most:
            raise WireLimit(f"a list of {end - start} bytes, longer than this validator reads")
        data = self.bytes(start, end)
        values = []
        value = shift = 0
        for mark in data:
            value |= (mark & 0x7F) << shift
            shift += 7
            if mark < 0x80:
                values.append(value & (2**64 - 1))
                value = shift = 0
            elif shift >= 70:
                raise WireError(start, "found a number of more than ten bytes")
        if shift:
            raise WireError(start, "found a list of numbers that is cut off")
        return values

    def count_varints(self, start: int, end: int) -> int:
        """Return how many values a packed field has, in constant memory."""
        at = start
        count = last = 0
        behind = b""
        while at < end:
            piece = self._source.read_at(at, min(WINDOW_BYTES, end - at))
            if not piece:
                break
            count += len(piece.translate(None, _CONTINUED))
            if _TOO_LONG.search(behind + piece):
                raise WireError(start, "found a number of more than ten bytes")
            behind = piece[-9:] if len(piece) >= 9 else (behind + piece)[-9:]
            last = piece[-1]
            at += len(piece)
        if last >= 0x80:
            raise WireError(start, "found a list of numbers that is cut off")
        return count

    def _move(self, at: int) -> int:
        data = self._source.read_at(at, WINDOW_BYTES)
        self._base = at
        self._buffer = data + bytes(_HEADER_BYTES) if at + len(data) >= self.size else data
        if len(self._buffer) < _HEADER_BYTES:
            raise WireError(at, "found the end of the file too early")
        return 0

    def _varint(self, index: int, at: int) -> tuple[int, int]:
        value = shift = 0
        while shift < 70:
            mark = self._buffer[index]
            index += 1
            value |= (mark & 0x7F) << shift
            if mark < 0x80:
                return value & (2**64 - 1), index
            shift += 7
        raise WireError(at, "found a number of more than ten bytes")


_CONTINUED = bytes(range(0x80, 0x100))
#: Ten bytes in a row that each say that another one follows.
_TOO_LONG = re.compile(rb"[\x80-\xff]{10}")


def signed(value: int) -> int:
    """Return a varint as the int64 it stands for."""
    return value - 2**64 if value >= 2**63 else value
