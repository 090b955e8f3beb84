"""From the values of a record to the elements of tensors, by one mapping.

Owns the four steps from a value to an element, what of a mapping does not fit its fields, and the bytes of a
tensor; leaves records to `records`. Serves DAT-MAP.
"""

import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import lepton_spec
from lepton.data.records import Column, Row
from lepton.data.values import Value

__all__ = ["Mapper", "Refused", "convertible", "element_bytes"]

#: Format of `struct` of each datatype that has a size.
_FORMATS = {
    "BOOL": "?",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}


class Refused(Exception):
    """A mapping refuses a record; the message says tensor, found and expected."""


class _Left(Exception):
    """A record is left out (the rule `skip`)."""


class _Binding(NamedTuple):
    name: str
    datatype: str
    shape: tuple[int, ...]
    places: tuple[int, ...]
    counts: tuple[int, ...]
    missing: Mapping[str, Any]
    categories: Mapping[bytes, int] | None
    other: int | None
    convert: Callable[[Value], Any]


def convertible(column: Column, binding: Mapping[str, Any]) -> bool:
    """Say whether values of a field can become elements of a binding's datatype, by the table."""
    kind = column.type.kind
    datatype = binding["datatype"]
    target = lepton_spec.datatypes()[datatype]["kind"]
    if "categories" in binding:
        return kind == "text" and target in ("integer", "unsigned", "float")
    if kind == "integer" and isinstance(binding["unit"], dict) and "scale" in binding["unit"]:
        kind = "float"
    allowed = {
        "boolean": ("boolean", "integer", "unsigned", "float"),
        "integer": ("integer", "unsigned", "float"),
        "float": ("float",),
        "text": ("bytes",),
        "content": ("bytes",),
    }
    return target in allowed[kind]


class Mapper:
    """One mapping, bound to the columns of its record set; the mapping fits them (DAT-MAP-02, DAT-MAP-03)."""

    def __init__(self, mapping: Mapping[str, Any], columns: Sequence[Column]) -> None:
        places = {one.field.entry["@id"]: at for at, one in enumerate(columns)}
        self.bindings = tuple(
            _bound(one, places, columns) for one in (*mapping["inputs"], *mapping.get("targets", []))
        )

    def elements(self, row: Row) -> list[list[Any]] | None:
        """Return the elements of each tensor for one record, or None when it is left out. Raises: Refused."""
        left = False
        found = []
        for binding in self.bindings:
            try:
                found.append(_elements(binding, row))
            except _Left:
                left = True
        return None if left else found


def _bound(binding: Mapping[str, Any], places: Mapping[str, int], columns: Sequence[Column]) -> _Binding:
    taken = tuple(places[one] for one in binding["fields"])
    shapes = [columns[at].shape for at in taken]
    categories = binding.get("categories")
    unit = binding["unit"]
    scaled = isinstance(unit, dict) and "scale" in unit
    scale, offset = (float(unit["scale"]), float(unit["offset"])) if scaled else (1.0, 0.0)
    return _Binding(
        binding["name"],
        binding["datatype"],
        tuple(binding["shape"][1:]),
        taken,
        tuple(1 if shape is None else math.prod(shape) for shape in shapes),
        binding["missing"],
        None if categories is None else {one.encode(): at for at, one in enumerate(categories)},
        binding.get("otherCategory"),
        _conversion(binding["datatype"], (lambda v: v * scale + offset) if scaled else None),
    )


def _elements(binding: _Binding, row: Row) -> list[Any]:
    found: list[Any] = []
    for place, count in zip(binding.places, binding.counts, strict=True):
        value = row[place]
        if value is None:
            found += [_filled(binding)] * count
        else:
            for one in value if isinstance(value, list) else [value]:
                found.append(_element(binding, one))
    return found


def _filled(binding: _Binding) -> Any:
    rule = binding.missing["rule"]
    if rule == "skip":
        raise _Left
    if rule == "refuse":
        raise Refused(f"{binding.name!r}: found a missing value, and the rule is to refuse it")
    value = binding.missing["value"]
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bool):
        return value
    kind = lepton_spec.datatypes()[binding.datatype]["kind"]
    return _nearest(float(value), binding.datatype) if kind == "float" else int(value)


def _element(binding: _Binding, value: Value) -> Any:
    if binding.categories is not None:
        assert isinstance(value, bytes)
        number = binding.categories.get(value, binding.other)
        if number is None:
            shown = value[:60].decode("utf-8", "replace")
            raise Refused(f"{binding.name!r}: found {shown!r}, which is none of the categories")
        value = number
    try:
        return binding.convert(value)
    except (OverflowError, ValueError):
        message = f"{binding.name!r}: found {str(value)[:60]}, beyond the range of {binding.datatype}"
        raise Refused(message) from None


def _conversion(datatype: str, unit: Callable[[float], float] | None) -> Callable[[Value], Any]:
    entry = lepton_spec.datatypes()[datatype]
    if entry["kind"] in ("boolean", "bytes"):
        return lambda value: value
    if entry["kind"] == "float":

        def number(value: Value) -> float:
            real = float(value)
            return _nearest(unit(real) if unit is not None else real, datatype)

        return number
    bits = 8 * entry["itemSize"]
    low, high = (0, 2**bits - 1) if entry["kind"] == "unsigned" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)

    def integer(value: Value) -> int:
        whole = int(value)
        if not low <= whole <= high:
            raise OverflowError
        return whole

    return integer


def _nearest(value: float, datatype: str) -> float:
    """Return the nearest number of a floating-point datatype. Raises: OverflowError."""
    if not math.isfinite(value):
        raise OverflowError
    form = "<" + _FORMATS[datatype]
    rounded: float = struct.unpack(form, struct.pack(form, value))[0]
    return rounded


def element_bytes(datatype: str, elements: Iterable[Any]) -> bytes:
    """Return the byte form of elements in row-major order. Spec: COR-TYP-02."""
    if datatype == "BYTES":
        return b"".join(len(one).to_bytes(4, "little") + one for one in elements)
    listed = list(elements)
    return struct.pack(f"<{len(listed)}{_FORMATS[datatype]}", *listed)
