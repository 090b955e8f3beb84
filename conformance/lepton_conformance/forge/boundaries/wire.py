"""ONNX files at the edge of their wire format, and the tensors in them at the edge of their bytes.

Owns writing fields by hand into any message of a model; leaves graphs to `graphs`. Serves `package`
(PKG-ART-01, PKG-ART-05, PKG-ART-06).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lepton_conformance.forge import models
from lepton_conformance.forge.draft import Draft
from lepton_conformance.forge.package import MODEL, onnx_artifact
from lepton_conformance.forge.valid import ValidPackage, external_draft, external_tensor, linear_draft
from lepton_conformance.forge.violation import Forge, Violation

__all__ = ["field", "reassembled", "sound_wires", "varint", "wire_faults", "with_model"]


def varint(value: int, length: int = 0) -> bytes:
    """Return a number as a varint, in at least so many bytes."""
    found = bytearray()
    while value > 0x7F or len(found) + 1 < length:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def field(number: int, kind: int, content: int | bytes) -> bytes:
    """Return a field of a wire type: a varint (0), 8 bytes (1), a message (2), 4 bytes (5)."""
    key = varint(number << 3 | kind)
    if kind == 2:
        assert isinstance(content, bytes)
        return key + varint(len(content)) + content
    if isinstance(content, bytes):
        return key + content
    return key + (varint(content) if kind == 0 else content.to_bytes(8 if kind == 1 else 4, "little"))


#: The number of the field of a message that holds messages of the kind named.
_GRAPH, _NODE, _INITIALIZER, _INPUT, _ATTRIBUTE = 7, 1, 5, 11, 5


def reassembled(path: Sequence[int], more: bytes) -> bytes:
    """Return the linear model with bytes behind a message, to which the numbers of fields lead."""
    return _put(models.linear(), path, more)


def _put(data: bytes, path: Sequence[int], more: bytes) -> bytes:
    if not path:
        return data + more
    at = 0
    while at < len(data):
        start = at
        key, at = _read(data, at)
        if key & 7 == 2:
            size, at = _read(data, at)
            if key >> 3 == path[0]:
                inner = _put(data[at : at + size], path[1:], more)
                return data[:start] + field(key >> 3, 2, inner) + data[at + size :]
            at += size
        elif key & 7 == 0:
            _, at = _read(data, at)
        else:
            at += 8 if key & 7 == 1 else 4
    raise AssertionError(f"the model has no field {path[0]}")


def _read(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            return value, at


def with_model(data: bytes, draft: Draft | None = None, **members: Any) -> Draft:
    """Return the linear package around another model, its versions as they stand in it."""
    draft = linear_draft() if draft is None else draft
    draft.put(MODEL, data)
    external = draft.manifest["artifacts"][0].get("external", ())
    draft.manifest["artifacts"][0] = {**onnx_artifact(data, external=external), **members}
    return draft


def _model(data: bytes) -> Forge:
    return lambda bases: bases.finish(bases.alone().linear().put(MODEL, data))


_INNER: Mapping[str, Sequence[int]] = {
    "model": (),
    "graph": (_GRAPH,),
    "node": (_GRAPH, _NODE),
    "initializer": (_GRAPH, _INITIALIZER),
    "input": (_GRAPH, _INPUT),
    "type-of-an-input": (_GRAPH, _INPUT, 2),
    "opset": (8,),
}
_BROKEN = {
    "field-zero": varint(2) + b"\x01x",
    "group": varint(500 << 3 | 3) + varint(500 << 3 | 4),
    "end-of-a-group": varint(500 << 3 | 4),
    "wire-type-6": varint(500 << 3 | 6) + b"\0",
    "wire-type-7": varint(500 << 3 | 7) + b"\0",
    "message-cut": varint(500 << 3 | 2) + b"\x05abc",
    "eight-bytes-cut": varint(500 << 3 | 1) + bytes(7),
    "four-bytes-cut": varint(500 << 3 | 5) + bytes(3),
    "number-cut": varint(500 << 3) + b"\x80",
    "number-of-eleven-bytes": varint(500 << 3) + b"\x80" * 10 + b"\x00",
    "key-of-eleven-bytes": b"\x80" * 10 + b"\x00",
}
#: Fields of the proto with a wire type that is not theirs: the place, the number, and what is written.
_MISTYPED: Mapping[str, tuple[Sequence[int], bytes]] = {
    "ir-version": ((), field(1, 5, 8)),
    "producer": ((), field(2, 0, 1)),
    "graph": ((), field(7, 0, 1)),
    "opset": ((), field(8, 0, 17)),
    "version-of-an-opset": ((8,), field(2, 2, b"17")),
    "name-of-a-node": ((_GRAPH, _NODE), field(3, 0, 1)),
    "input-of-a-node": ((_GRAPH, _NODE), field(1, 5, 1)),
    "attribute": ((_GRAPH, _NODE), field(5, 0, 1)),
    "name-of-a-graph": ((_GRAPH,), field(2, 0, 1)),
    "initializer": ((_GRAPH,), field(5, 1, 1)),
    "dims": ((_GRAPH, _INITIALIZER), field(1, 5, 1)),
    "data-type": ((_GRAPH, _INITIALIZER), field(2, 2, b"\x01")),
    "float-data": ((_GRAPH, _INITIALIZER), field(4, 0, 1)),
    "int32-data": ((_GRAPH, _INITIALIZER), field(5, 5, 1)),
    "raw-data": ((_GRAPH, _INITIALIZER), field(9, 0, 1)),
    "double-data": ((_GRAPH, _INITIALIZER), field(10, 5, 1)),
    "data-location": ((_GRAPH, _INITIALIZER), field(14, 2, b"\x00")),
    "type": ((_GRAPH, _INPUT), field(2, 0, 1)),
    "element-type": ((_GRAPH, _INPUT, 2, 1), field(1, 5, 1)),
    "dimension": ((_GRAPH, _INPUT, 2, 1, 2), field(1, 0, 1)),
}


def wire_faults() -> Iterator[Violation]:
    """Yield models that do not parse, or lack what a model has."""
    for place, path in _INNER.items():
        for name, more in _BROKEN.items():
            yield Violation("PKG-ART-01", f"{name}-in-{place}", _model(reassembled(path, more)))
    for name, (path, more) in _MISTYPED.items():
        yield Violation("PKG-ART-01", f"wire-type-of-{name}", _model(reassembled(path, more)))
    for version in (2, 1, 0, 2**64 - 1):
        data = models.linear() + field(1, 0, version)
        yield Violation("PKG-ART-01", f"ir-version-{version}", _model(data))
    whole = models.linear()
    yield Violation("PKG-ART-01", "no-ir-version", _model(_without(whole, 1)))
    yield Violation("PKG-ART-01", "no-opset", _model(_without(whole, 8)))
    yield Violation("PKG-ART-01", "no-graph", _model(_without(whole, _GRAPH)))
    yield Violation("PKG-ART-01", "empty-graph-again", _model(whole + field(7, 2, b"")))
    tensor = field(1, 2, field(1, 0, 1))
    yield Violation("PKG-ART-01", "two-tensor-types", _model(reassembled((_GRAPH, _INPUT, 2), tensor)))
    for name, packed in (
        ("floats", field(4, 2, bytes(7))),
        ("doubles", field(10, 2, bytes(12))),
        ("integers-cut", field(5, 2, b"\x01\x80")),
        ("integers-too-long", field(7, 2, b"\x80" * 10 + b"\x00")),
        ("dims-cut", field(1, 2, b"\x80")),
        ("unsigned-cut", field(11, 2, b"\xff")),
    ):
        yield Violation("PKG-ART-01", f"packed-{name}", _model(reassembled((_GRAPH, _INITIALIZER), packed)))
    yield from _tensor_faults()
    yield from _external_faults()


def _without(data: bytes, number: int) -> bytes:
    """Return a message without its fields of a number."""
    found, at = b"", 0
    while at < len(data):
        start = at
        key, at = _read(data, at)
        if key & 7 == 2:
            size, at = _read(data, at)
            at += size
        else:
            _, at = _read(data, at)
        found += b"" if key >> 3 == number else data[start:at]
    return found


#: The field and the number of values of each element type: for n elements, of n = 3 or 5.
_FIELDS: Mapping[int, tuple[int, Callable[[int], int]]] = {
    1: (4, lambda n: n),
    14: (4, lambda n: 2 * n),
    11: (10, lambda n: n),
    15: (10, lambda n: 2 * n),
    7: (7, lambda n: n),
    12: (11, lambda n: n),
    13: (11, lambda n: n),
    8: (6, lambda n: n),
    **dict.fromkeys((2, 3, 4, 5, 6, 9, 10, 16, 17, 18, 19, 20, 24), (5, lambda n: n)),
    **dict.fromkeys((21, 22, 23), (5, lambda n: -(-n // 2))),
    **dict.fromkeys((25, 26), (5, lambda n: -(-n // 4))),
}
_BITS: Mapping[int, int] = {
    **dict.fromkeys((2, 3, 9, 17, 18, 19, 20, 24), 8),
    **dict.fromkeys((4, 5, 10, 16), 16),
    **dict.fromkeys((1, 6, 12), 32),
    **dict.fromkeys((7, 11, 13, 14), 64),
    **{15: 128, 21: 4, 22: 4, 23: 4, 25: 2, 26: 2},
}
#: Element types whose tensors count as weights where they have two elements or more.
_WEIGHING = (1, 2, 3, 10, 11, 16)


def _values(number: int, count: int) -> bytes:
    if number == 6:
        return b"".join(field(6, 2, b"s") for _ in range(count))
    if number in (4, 10):
        return field(number, 2, bytes(count * (4 if number == 4 else 8)))
    return field(number, 2, bytes(count))


def _initializer(kind: int, dims: Sequence[int], content: bytes) -> bytes:
    said = b"".join(field(1, 0, dim % 2**64) for dim in dims) + field(2, 0, kind)
    return field(_INITIALIZER, 2, said + content + field(8, 2, b"unused"))


def _with_tensor(tensor: bytes) -> bytes:
    return reassembled((_GRAPH,), tensor)


def _sizes(kind: int) -> tuple[int, ...]:
    return (1,) if kind in _WEIGHING else (0, 1, 3, 5)


def _right_tensors() -> Iterator[bytes]:
    """Yield tensors that nothing uses and whose bytes are those of their shapes."""
    for kind, (number, count) in _FIELDS.items():
        for n in _sizes(kind):
            yield _initializer(kind, [n], _values(number, count(n)))
            if kind in _BITS:
                raw = field(9, 2, bytes(-(-n * _BITS[kind] // 8)))
                yield _initializer(kind, [n], raw)
                yield _initializer(kind, [n], raw + _values(4, 2))
    yield _initializer(7, [2, 0, 2**63 - 1, 2**63 - 1], b"")
    yield _initializer(7, [1, 1, 2], _values(7, 2) + _values(4, 9))


def _tensor_faults() -> Iterator[Violation]:
    for kind, (number, count) in _FIELDS.items():
        n = 5 if kind in (25, 26) else 3
        for name, values in (("more", count(n) + 1), ("less", count(n) - 1), ("none", 0)):
            data = _with_tensor(_initializer(kind, [n], _values(number, values)))
            yield Violation("PKG-ART-06", f"type-{kind}-{name}", _model(data))
        other = 7 if number != 7 else 5
        data = _with_tensor(_initializer(kind, [n], _values(other, count(n))))
        yield Violation("PKG-ART-06", f"type-{kind}-in-another-field", _model(data))
        if kind in _BITS:
            size = -(-n * _BITS[kind] // 8)
            for name, length in (("more", size + 1), ("less", size - 1)):
                raw = field(9, 2, bytes(length)) + _values(number, count(n))
                yield Violation(
                    "PKG-ART-06",
                    f"type-{kind}-raw-{name}",
                    _model(_with_tensor(_initializer(kind, [n], raw))),
                )
    odd: Mapping[str, tuple[int, Sequence[int], bytes]] = {
        "undefined": (0, [1], field(9, 2, b"x")),
        "undefined-and-empty": (0, [0], b""),
        "type-27": (27, [0], b""),
        "strings-raw": (8, [1], field(9, 2, b"x") + _values(6, 1)),
        "strings-raw-and-empty": (8, [0], field(9, 2, b"")),
        "raw-empty-beside-data": (7, [1], field(9, 2, b"") + _values(7, 1)),
        "one-negative": (7, [-1], _values(7, 1)),
        "negative-and-zero": (7, [-1, 0], b""),
        "two-negative": (7, [-1, -1], _values(7, 1)),
        "two-to-63": (9, [2**62, 2], b""),
        "two-to-64": (9, [2**32, 2**32], b""),
        "two-to-64-and-three": (9, [2**62, 4, 3], _values(5, 0)),
        "scalar-of-two": (7, [], _values(7, 2)),
    }
    for name, (kind, dims, content) in odd.items():
        yield Violation("PKG-ART-06", name, _model(_with_tensor(_initializer(kind, dims, content))))


def _entry(key: str, text: str) -> bytes:
    return field(13, 2, field(1, 2, key.encode()) + field(2, 2, text.encode()))


def _far(kind: int, dims: Sequence[int], entries: Mapping[str, str], more: bytes = b"") -> bytes:
    """Return a tensor with external data in the file of weights, of 32 bytes."""
    given = b"".join(_entry(key, text) for key, text in {"location": "weights.bin", **entries}.items())
    return _initializer(kind, dims, given + more + field(14, 0, 1))


def _far_model(*tensors: bytes) -> bytes:
    return _put(models.linear(weight=external_tensor()), (_GRAPH,), b"".join(tensors))


_ENDS: Mapping[str, tuple[int, Sequence[int], Mapping[str, str]]] = {
    "to-the-end": (7, [2], {"offset": "16", "length": "16"}),
    "rest": (7, [2], {"offset": "16"}),
    "all": (7, [4], {}),
    "none-at-the-end": (7, [0], {"offset": "32", "length": "0"}),
    "zeros-in-front": (7, [2], {"offset": "0" * 38 + "16", "length": "0016"}),
    "other-keys": (7, [4], {"Offset": "99", "checksum": "x", "LENGTH": "-1", "location ": "y"}),
    "nibbles": (22, [7], {"length": "4"}),
    "pairs-of-bits": (25, [9], {"length": "3"}),
    "complex": (14, [3], {"offset": "8"}),
    "wide-complex": (15, [2], {}),
}
_BEYOND: Mapping[str, tuple[int, Sequence[int], Mapping[str, str]]] = {
    "one-beyond": (7, [2], {"offset": "17", "length": "16"}),
    "rest-too-short": (7, [2], {"offset": "17"}),
    "rest-too-long": (7, [2], {"offset": "15"}),
    "begins-beyond": (7, [0], {"offset": "33", "length": "0"}),
    "length-one-more": (7, [2], {"length": "17"}),
    "length-one-less": (7, [2], {"length": "15"}),
    "length-of-none": (7, [2], {"length": "0"}),
    "forty-one-digits": (7, [2], {"offset": "0" * 39 + "16", "length": "16"}),
    "empty-offset": (7, [4], {"offset": ""}),
    "empty-length": (7, [4], {"length": ""}),
    "space-before": (7, [2], {"offset": " 16"}),
    "space-behind": (7, [2], {"offset": "16 "}),
    "line-behind": (7, [2], {"offset": "16\n"}),
    "plus": (7, [2], {"length": "+16"}),
    "minus-zero": (7, [4], {"offset": "-0"}),
    "underscore": (7, [2], {"offset": "1_6"}),
    "fraction": (7, [2], {"offset": "16.0"}),
    "exponent": (7, [0], {"offset": "1e1", "length": "0"}),
    "superscript": (7, [2], {"offset": "1\u2076"}),
    "arabic": (7, [2], {"offset": "\u0661\u0666"}),
    "nibbles-rounded-down": (22, [7], {"length": "3"}),
    "nibbles-one-a-byte": (22, [7], {"length": "7"}),
    "pairs-rounded-down": (26, [9], {"length": "2"}),
    "half-of-complex": (14, [3], {"length": "12"}),
    "strings": (8, [1], {"length": "8"}),
    "strings-of-none": (8, [0], {"length": "0"}),
    "unknown-type": (27, [1], {"length": "1"}),
    "undefined-of-none": (0, [0], {"length": "0"}),
    "sum-wraps": (7, [2], {"offset": str(2**64 - 16), "length": "16"}),
    "length-wraps": (7, [2], {"length": str(2**64 + 16)}),
}


def _external_faults() -> Iterator[Violation]:
    for name, (kind, dims, entries) in _BEYOND.items():
        data = _far_model(_far(kind, dims, entries))
        yield Violation("PKG-ART-05", name, _external(data))
    for key in ("offset", "length"):
        for text in ("8", "24"):
            data = _far_model(_far(7, [3], {"offset": "8", "length": "24"}, _entry(key, text)))
            yield Violation("PKG-ART-05", f"{key}-twice-{text}", _external(data))
    data = _far_model(_far(7, [4], {}), _far(7, [5], {}))
    yield Violation("PKG-ART-05", "second-tensor", _external(data))
    for name, dims in (
        ("negative", [-4]),
        ("beyond-64-bits", [2**32, 2**32]),
        ("negative-and-zero", [-1, 0]),
    ):
        yield Violation("PKG-ART-06", f"external-{name}", _external(_far_model(_far(7, dims, {}))))


def _external(data: bytes) -> Forge:
    return lambda bases: bases.finish(bases.alone().external().put(MODEL, data))


_UNKNOWN = (
    field(2**29 - 1, 0, 2**64 - 1),
    field(500, 1, 7),
    field(501, 2, b"anything"),
    field(502, 5, 7),
    field(503, 2, b""),
)


def sound_wires() -> Iterator[ValidPackage]:
    """Yield packages whose models are only just read."""
    for place, path in _INNER.items():
        data = reassembled(path, b"".join(_UNKNOWN))
        yield ValidPackage(f"unknown-fields-in-{place}", lambda data=data: with_model(data).directory())  # type: ignore[misc]
    spelt: Mapping[str, bytes] = {
        "ir-version-last-counts": models.linear() + field(1, 0, 2) + field(1, 0, 8),
        "ir-version-3": models.linear() + field(1, 0, 3),
        "ir-version-later": models.linear() + field(1, 0, 99),
        "long-numbers": models.linear() + varint(1 << 3, 5) + varint(8, 10),
        "opset-twice": models.linear() + field(8, 2, field(2, 0, 17)),
        "opset-named": models.linear() + field(8, 2, field(1, 2, b"ai.onnx") + field(2, 0, 17)),
        "text-that-is-none": reassembled((_GRAPH,), field(10, 2, b"\xff\xfe")),
        "dims-packed-and-not": _with_tensor(
            field(
                5,
                2,
                field(1, 2, b"\x01\x02")
                + field(1, 0, 1)
                + field(2, 0, 7)
                + field(7, 2, b"\0")
                + field(7, 0, 1),
            )
        ),
        "tensors": _with_tensor(b"".join(_right_tensors())),
    }
    for name, data in spelt.items():
        yield ValidPackage(name, lambda data=data: with_model(data).archive())  # type: ignore[misc]
    far = _far_model(*(_far(kind, dims, entries) for kind, dims, entries in _ENDS.values()))
    beside = _far(7, [4], {}, _values(7, 1) + field(9, 2, b"x"))
    for name, data in (("external-ends", far), ("external-and-data", _far_model(beside))):
        yield ValidPackage(name, lambda data=data: with_model(data, external_draft()).directory())  # type: ignore[misc]
