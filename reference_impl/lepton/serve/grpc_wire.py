"""Protocol Buffers' wire format, as far as tensors are cut out of a message without being copied.

Owns the framing of fields and the varints of whole tensors; leaves every other field to protobuf's own
reader. Serves `inference` (INF-GRP-32).

Protobuf's reader copies each `bytes` field and makes an object of each empty message: two bytes of an
attacker become a hundred of ours. Here a tensor stays a view of the request, and fields are counted.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lepton.serve.reply import RequestError, invalid

__all__ = [
    "Field",
    "FieldCount",
    "fields",
    "length_delimited",
    "read_varints",
    "tag",
    "varint",
    "write_varints",
]

Words = npt.NDArray[np.uint64]
Octets = bytes | memoryview

VARINT = 0
FIXED64 = 1
LENGTH_DELIMITED = 2
GROUP = 3
END_GROUP = 4
FIXED32 = 5

#: The longest varint, in bytes.
MAX_VARINT_BYTES = 10
#: Fields of one request that are read one by one.
MAX_FIELDS = 100_000
#: Groups, a form that proto3 has not, are passed over to this depth.
MAX_GROUP_DEPTH = 32
#: Varints are read and written in pieces of about this many, so that nothing is held eight times.
PIECE_VARINTS = 1 << 18

_PAYLOAD = np.uint8(0x7F)
_MORE = 0x80


class Field(NamedTuple):
    """One field: its number, its wire type, where it begins, and where its value begins and ends."""

    number: int
    wire_type: int
    start: int
    value: int
    end: int


class FieldCount:
    """How many more fields one request may have, all its messages together."""

    __slots__ = ("_left", "_most")

    def __init__(self, most: int = MAX_FIELDS) -> None:
        """Allow `most`."""
        self._most = self._left = most

    def take(self) -> None:
        """Count one. Raises: RequestError when there were too many."""
        self._left -= 1
        if self._left < 0:
            raise invalid(f"found more than {self._most} fields, expected at most that many here")


def fields(octets: Octets, at: int, end: int, count: FieldCount) -> Iterator[Field]:
    """Yield the fields of the message in `octets[at:end]`. Raises: RequestError where it is none."""
    while at < end:
        count.take()
        start = at
        key, at = _varint(octets, at, end)
        number, wire_type = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise _malformed(f"field number {number} at byte {start}")
        value = at
        if wire_type == LENGTH_DELIMITED:
            length, value = _varint(octets, at, end)
            at = value + length
        else:
            at = _skipped(octets, at, end, number, wire_type, count)
        if at > end:
            raise _malformed(f"field {number} that ends {at - end} bytes behind its message")
        yield Field(number, wire_type, start, value, at)


def _skipped(octets: Octets, at: int, end: int, number: int, wire_type: int, count: FieldCount) -> int:
    """Return where a value that is not length-delimited ends."""
    if wire_type == VARINT:
        return _varint(octets, at, end)[1]
    if wire_type == FIXED64:
        return at + 8
    if wire_type == FIXED32:
        return at + 4
    if wire_type != GROUP:
        raise _malformed(f"wire type {wire_type} of field {number}")
    opened = [number]
    while opened:
        count.take()
        key, at = _varint(octets, at, end)
        number, wire_type = key >> 3, key & 7
        if wire_type == END_GROUP:
            if number != opened.pop():
                raise _malformed(f"the end of group {number} where another is open")
        elif wire_type == GROUP:
            opened.append(number)
            if len(opened) > MAX_GROUP_DEPTH:
                raise _malformed(f"groups nested deeper than {MAX_GROUP_DEPTH}")
        elif wire_type == LENGTH_DELIMITED:
            length, at = _varint(octets, at, end)
            at += length
        else:
            at = _skipped(octets, at, end, number, wire_type, count)
    return at


def _varint(octets: Octets, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 7 * MAX_VARINT_BYTES:
        octet = octets[at]
        at += 1
        value |= (octet & 0x7F) << shift
        if octet < _MORE:
            if value >= 1 << 64:
                break
            return value, at
        shift += 7
    raise _malformed(f"an unfinished or overlong varint that ends at byte {at}")


def _malformed(what: str) -> RequestError:
    return invalid(f"found {what}, expected a message of inference.proto")


def varint(value: int) -> bytes:
    """Return a non-negative integer as a varint."""
    octets = bytearray()
    while value >= _MORE:
        octets.append(value & 0x7F | _MORE)
        value >>= 7
    octets.append(value)
    return bytes(octets)


def tag(number: int) -> bytes:
    """Return what stands before the length of a length-delimited field."""
    return varint(number << 3 | LENGTH_DELIMITED)


def length_delimited(number: int, *parts: "bytes | memoryview") -> list["bytes | memoryview"]:
    """Return the pieces of a length-delimited field whose value is `parts` one after the other."""
    return [tag(number), varint(sum(map(len, parts))), *parts]


def read_varints(octets: memoryview, count: int, into: npt.NDArray[Any]) -> None:
    """Read exactly `count` packed varints into the array `into`, by the two's complement of its width.

    Raises: RequestError. Spec: INF-GRP-25.
    """
    array = np.frombuffer(octets, np.uint8)
    last = array < _MORE
    found = int(np.count_nonzero(last))
    if found != count:
        raise invalid(f"found {found} elements, expected {count}")
    if len(array) and not last[-1]:
        raise invalid("found an unfinished element at the end, expected whole ones")
    if found == len(array):
        into[:] = array if into.dtype != np.bool_ else array != 0
        return
    done = at = 0
    while at < len(array):
        piece = array[at : at + PIECE_VARINTS]
        ends = np.flatnonzero(piece < _MORE)
        if not len(ends):
            raise _overlong()
        values = _values(piece[: ends[-1] + 1], ends)
        # Numbers wider than the field lose their upper bits, as in every protobuf reader.
        into[done : done + len(ends)] = (
            values != 0
            if into.dtype == np.bool_
            else values.astype(f"u{into.dtype.itemsize}", casting="unsafe").view(into.dtype)
        )
        done += len(ends)
        at += int(ends[-1]) + 1


def _values(piece: npt.NDArray[np.uint8], ends: npt.NDArray[np.intp]) -> Words:
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    lengths = ends - starts + 1
    longest = int(lengths.max())
    if longest > MAX_VARINT_BYTES or (
        longest == MAX_VARINT_BYTES and int(piece[ends[lengths == MAX_VARINT_BYTES]].max()) > 1
    ):
        raise _overlong()
    values = (piece[starts] & _PAYLOAD).astype(np.uint64)
    for index in range(1, longest):
        longer = np.flatnonzero(lengths > index)
        octets = (piece[starts[longer] + index] & _PAYLOAD).astype(np.uint64)
        values[longer] |= octets << np.uint64(7 * index)
    return values


def _overlong() -> RequestError:
    return invalid(f"found an element of more than 64 bits or {MAX_VARINT_BYTES} bytes, expected a varint")


def write_varints(flat: npt.NDArray[Any]) -> bytes:
    """Return integers or booleans as packed varints; a negative one is sign-extended to 64 bits, as protobuf
    does in int32 too."""
    return b"".join(
        _packed(_words(flat[start : start + PIECE_VARINTS])) for start in range(0, len(flat), PIECE_VARINTS)
    )


def _words(piece: npt.NDArray[Any]) -> Words:
    if piece.dtype.kind == "i":
        return piece.astype(np.int64, copy=False).view(np.uint64)
    return piece.astype(np.uint64, copy=False)


def _packed(words: Words) -> bytes:
    most = int(words.max())
    if most < _MORE:
        return words.astype(np.uint8).tobytes()
    width = (most.bit_length() + 6) // 7
    shifted = words[:, None] >> (np.arange(width, dtype=np.uint64) * np.uint64(7))
    octets = (shifted & np.uint64(0x7F)).astype(np.uint8)
    continued = shifted[:, 1:] > 0
    octets[:, :-1] |= continued.astype(np.uint8) << np.uint8(7)
    kept = np.ones(octets.shape, dtype=np.bool_)
    kept[:, 1:] = continued
    return octets[kept].tobytes()
