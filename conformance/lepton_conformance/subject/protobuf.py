"""Protocol Buffers on the wire: keys, varints, runs; written in any legal way and read in all of them.

Owns the encoding, without a library, so that bytes which no library writes can be sent and seen; leaves which
message has which fields to `subject.grpc_messages`. Serves `inference` (INF-GRP).
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

__all__ = [
    "FIXED32",
    "FIXED64",
    "LENGTH",
    "PLAIN",
    "VARINT",
    "Field",
    "NotAMessage",
    "Piece",
    "Style",
    "assemble",
    "bounded",
    "flag",
    "last",
    "messages",
    "number",
    "read",
    "repeated",
    "scalars",
    "signed",
    "text",
    "varint",
]

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)
#: A varint has at most so many bytes, and carries so many bits.
MAX_VARINT_BYTES = 10
_MASK = (1 << 64) - 1
#: Field numbers end here.
MAX_NUMBER = (1 << 29) - 1
#: Deeper groups are no message: the libraries stop at 100 as well.
MAX_DEPTH = 100

#: One occurrence of a field: its number and its bytes, key included.
Piece = tuple[int, bytes]


class NotAMessage(ValueError):
    """The bytes are no message; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Style:
    """One of the legal ways to write a message.

    `packing`: 0 packed runs, 1 element by element, 2 runs in two halves, 3 a run and then single elements.
    `order`: 0 fields by number, 1 backwards, else mixed by this seed; occurrences of one field keep their
    order. `doubled` writes another value of a scalar field before the one that holds; `divided` writes a
    submessage in two parts, which are merged. Spec: the Protocol Buffers encoding of proto3.
    """

    packing: int = 0
    order: int = 0
    doubled: bool = False
    divided: bool = False


PLAIN = Style()


# -- writing ---------------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    """Return an integer as a varint; a negative one as the 64 bits of its two's complement."""
    rest = value & _MASK
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def _key(field: int, wire_type: int) -> bytes:
    return varint(field << 3 | wire_type)


def bounded(field: int, data: bytes) -> Piece:
    """Return a field of bytes, or a submessage."""
    return field, _key(field, LENGTH) + varint(len(data)) + data


def text(field: int, value: str, style: Style = PLAIN) -> list[Piece]:
    """Return a string field; nothing for the empty string, which is the default."""
    if not value:
        return []
    before = [bounded(field, b"lepton-overwritten")] if style.doubled else []
    return [*before, bounded(field, value.encode("utf-8", "surrogatepass"))]


def number(field: int, value: int) -> Piece:
    """Return an integer or boolean field."""
    return field, _key(field, VARINT) + varint(value)


def repeated(field: int, wire_type: int, elements: Sequence[bytes], style: Style = PLAIN) -> list[Piece]:
    """Return a repeated scalar field whose elements are encoded already; LENGTH is never packed."""
    single = [(field, _key(field, wire_type) + element) for element in elements]
    if wire_type == LENGTH:
        return [bounded(field, element) for element in elements]
    if style.packing == 1 or not elements:
        return single
    if style.packing == 0:
        return [bounded(field, b"".join(elements))]
    middle = (len(elements) + 1) // 2
    first = bounded(field, b"".join(elements[:middle]))
    if style.packing == 3:
        return [first, *single[middle:]]
    return [first, bounded(field, b"".join(elements[middle:]))]


def assemble(pieces: Iterable[Piece], style: Style = PLAIN) -> bytes:
    """Return a message of these fields, in the order of the style."""
    listed = list(pieces)
    if style.order == 1:
        listed.sort(key=lambda piece: -piece[0])
    elif style.order:
        numbers = [piece[0] for piece in listed]
        random.Random(style.order).shuffle(numbers)
        queues = {key: iter([piece for piece in listed if piece[0] == key]) for key in numbers}
        listed = [next(queues[key]) for key in numbers]
    return b"".join(data for _, data in listed)


# -- reading ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """One occurrence of a field: an integer for varints, the bytes for all else."""

    number: int
    wire_type: int
    value: int | bytes


def read(data: bytes) -> tuple[Field, ...]:
    """Return the fields of a message, unknown ones included; groups are passed over. Raises: NotAMessage."""
    found = []
    at = 0
    while at < len(data):
        field, at = _field(data, at, 0)
        if field is not None:
            found.append(field)
    return tuple(found)


def _field(data: bytes, at: int, depth: int) -> tuple[Field | None, int]:
    key, at = _varint(data, at)
    field, wire_type = key >> 3, key & 7
    if not 1 <= field <= MAX_NUMBER or wire_type > FIXED32 or wire_type == END_GROUP:
        raise NotAMessage(f"found the key {key} before byte {at}, which is none of a field")
    if wire_type == VARINT:
        value, at = _varint(data, at)
        return Field(field, wire_type, value), at
    if wire_type == START_GROUP:
        return None, _past_group(data, at, field, depth)
    size = 8 if wire_type == FIXED64 else 4
    if wire_type == LENGTH:
        size, at = _varint(data, at)
    if size > len(data) - at:
        raise NotAMessage(f"field {field} wants {size} bytes at byte {at}, {len(data) - at} are left")
    return Field(field, wire_type, data[at : at + size]), at + size


def _past_group(data: bytes, at: int, field: int, depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise NotAMessage(f"found groups nested more than {MAX_DEPTH} deep")
    while True:
        key, after = _varint(data, at)
        if key & 7 == END_GROUP:
            if key >> 3 != field:
                raise NotAMessage(f"the group of field {field} is ended by {key >> 3} before byte {after}")
            return after
        _, at = _field(data, at, depth + 1)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(MAX_VARINT_BYTES):
        if at + index >= len(data):
            raise NotAMessage(f"the varint at byte {at} is cut off")
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & _MASK, at + index + 1
    raise NotAMessage(f"the varint at byte {at} has more than {MAX_VARINT_BYTES} bytes")


def signed(value: int, bits: int = 64) -> int:
    """Return the integer that the low bits of a varint are in two's complement."""
    low = value & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


def last(fields: Iterable[Field], field: int) -> str:
    """Return a string field: its last occurrence holds. Raises: NotAMessage when it is not UTF-8."""
    value = b""
    for found in fields:
        if found.number == field and isinstance(found.value, bytes) and found.wire_type == LENGTH:
            value = found.value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotAMessage(f"field {field} is a string that is not UTF-8: {value[:40]!r}") from error


def flag(fields: Iterable[Field], field: int) -> bool:
    """Return a boolean field: its last occurrence holds."""
    values = [found.value for found in fields if found.number == field and found.wire_type == VARINT]
    return bool(values and values[-1])


def messages(fields: Iterable[Field], field: int) -> list[bytes]:
    """Return every occurrence of a repeated field of bytes, strings or messages."""
    return [
        found.value
        for found in fields
        if found.number == field and found.wire_type == LENGTH and isinstance(found.value, bytes)
    ]


def scalars(fields: Iterable[Field], field: int, wire_type: int) -> Iterator[int | bytes]:
    """Yield the elements of a repeated scalar field, packed or not: integers, or their 4 or 8 bytes.

    Raises: NotAMessage for a packed run that is cut off.
    """
    for found in fields:
        if found.number != field:
            continue
        if found.wire_type == wire_type:
            yield found.value
        elif found.wire_type == LENGTH and isinstance(found.value, bytes):
            yield from _run(found.value, wire_type)


def _run(data: bytes, wire_type: int) -> Iterator[int | bytes]:
    if wire_type == VARINT:
        at = 0
        while at < len(data):
            value, at = _varint(data, at)
            yield value
        return
    size = 8 if wire_type == FIXED64 else 4
    if len(data) % size:
        raise NotAMessage(f"found a packed run of {len(data)} bytes, expected a multiple of {size}")
    for at in range(0, len(data), size):
        yield data[at : at + size]
