"""Changes that keep the format: of bytes, of JSON documents, of protobuf messages.

Owns how a new input is made of an old one, so that most inputs pass a reader's first checks and reach its
last; leaves packages to `packages`.
"""

import json
import random
from typing import Any

from lepton_conformance.strategies.documents import ODD, places

__all__ = ["change_bytes", "change_json", "change_value", "change_wire", "written"]

_WORDS = (
    b"\0",
    b"\xff",
    b"PK\3\4",
    b"PK\1\2",
    b"PK\5\6",
    b"\x80\4",
    b".",
    b"../",
    b"\r\n",
    b"1e999",
    b"-0",
    b'"',
)
_NUMBERS = (0, 1, 2, 3, 4, 7, 8, 127, 128, 255, 256, 2**31 - 1, 2**31, 2**32 - 1, 2**53, 2**63 - 1, 2**64 - 1)
#: Values deeper or longer than the usual odd ones.
_LARGE: tuple[Any, ...] = ([[[[[[[[]]]]]]]], "x" * 2000, [0] * 300, 2**2000, {f"k{n}": n for n in range(100)})


def change_bytes(data: bytes, chance: random.Random) -> bytes:
    """Change one stretch of `data`: cut, repeat, overwrite, insert, or move it."""
    low = chance.randrange(len(data) + 1)
    high = min(len(data), low + chance.choice((0, 1, 1, 1, 2, 4, 8, 64, 512)))
    piece = data[low:high]
    kind = chance.randrange(7)
    if kind == 0:
        piece = b""
    elif kind == 1:
        piece = piece * chance.choice((2, 2, 3, 40))
    elif kind == 2 and piece:
        piece = bytes([piece[0] ^ (1 << chance.randrange(8))]) + piece[1:]
    elif kind == 3:
        piece = chance.choice(_WORDS) + piece
    elif kind == 4:
        number = chance.choice(_NUMBERS)
        width = chance.choice((1, 2, 4, 8))
        piece = (number % 256**width).to_bytes(width, chance.choice(("little", "big")))
    elif kind == 5:
        piece = bytes(chance.randrange(256) for _ in piece)
    else:
        return data[:low] + data[high:] + piece
    return data[:low] + piece + data[high:]


def change_json(data: bytes, chance: random.Random) -> bytes:
    """Change values of a JSON text; sometimes its bytes, and always those of a text that is no JSON."""
    if chance.random() < 0.25:
        return change_bytes(data, chance)
    try:
        value = json.loads(data)
        for _ in range(chance.choice((1, 1, 2, 3))):
            value = change_value(value, chance)
        return written(value, chance)
    except (ValueError, RecursionError):
        return change_bytes(data, chance)


def written(value: Any, chance: random.Random) -> bytes:
    """Return a value as canonical JSON, mostly."""
    if chance.random() < 0.9:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    else:
        text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    return text.encode("utf-8", "surrogatepass")


def change_value(value: Any, chance: random.Random) -> Any:
    """Return a document with one value replaced, removed, repeated or exchanged for another one of it."""
    places_of = places(value)
    path = chance.choice(places_of)
    old = _at(value, path)
    kind = chance.randrange(8)
    new: Any
    if kind == 0 and isinstance(old, dict) and old:
        gone = chance.choice(sorted(old))
        new = {name: one for name, one in old.items() if name != gone}
    elif kind == 1 and isinstance(old, list) and old:
        at = chance.randrange(len(old))
        new = [*old[:at], old[at], *old[at:]] if chance.random() < 0.5 else [*old[:at], *old[at + 1 :]]
    elif kind == 2 and isinstance(old, str):
        new = change_bytes(old.encode("utf-8", "surrogatepass"), chance).decode("utf-8", "replace")
    elif kind == 3 and isinstance(old, (int, float)):
        new = chance.choice((old + 1, -old, old * 2, chance.choice(_NUMBERS), 0.5))
    elif kind == 4 and isinstance(old, dict):
        new = {
            **old,
            chance.choice(("", "x", "name", "shape", "datatype", "op", "in", "__proto__")): chance.choice(
                ODD
            ),
        }
    elif kind in (5, 6):
        new = _at(value, chance.choice(places_of))
    else:
        new = chance.choice(_LARGE) if chance.random() < 0.1 else chance.choice(ODD)
    return _with(value, path, new)


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {**value, first: _with(value[first], rest, new)}
    return [*value[:first], _with(value[first], rest, new), *value[first + 1 :]]


def change_wire(data: bytes, chance: random.Random) -> bytes:
    """Change a field of a protobuf message, at any depth, keeping the lengths around it right."""
    if chance.random() < 0.2:
        return change_bytes(data, chance)
    found = _fields(data)
    if not found:
        return change_bytes(data, chance)
    at = chance.randrange(len(found))
    start, content, end, kind = found[at]
    field = data[start:end]
    inner = data[content:end]
    roll = chance.random()
    if kind == 2 and len(inner) > 1 and roll < 0.7:
        inner = change_wire(inner, chance)
        key, _ = _varint(data, start)
        field = _encoded(key) + _encoded(len(inner)) + inner
    elif kind == 0 and roll < 0.7:
        key, _ = _varint(data, start)
        field = _encoded(key) + _encoded(chance.choice((*_NUMBERS, 2**64 - 3)))
    elif roll < 0.8:
        field = b""
    elif roll < 0.9:
        field = field * chance.choice((2, 2, 3, 50))
    else:
        other = found[chance.randrange(len(found))]
        field = field + data[other[0] : other[2]]
    return data[:start] + field + data[end:]


def _fields(data: bytes) -> list[tuple[int, int, int, int]]:
    """Return (start, start of the content, end, wire type) of each field; nothing when they do not tile."""
    found = []
    at = 0
    while at < len(data):
        start = at
        key, at = _varint(data, at)
        kind = key & 7
        content = at
        if kind == 0:
            _, at = _varint(data, at)
        elif kind == 2:
            length, at = _varint(data, at)
            content = at
            at += length
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            return []
        if at > len(data) or key >> 3 == 0:
            return []
        found.append((start, content, at, kind))
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    return 0, len(data) + 1


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
