"""Tensors by datatype: every boundary value, and generated ones.

Owns the values; leaves requests to `strategies.requests`. A generated tensor is decoded from one integer into
shape, edits, fill mode and seed, in this order of persistence: it shrinks to zeros with one edit. Serves
`inference` (INF-DAT).
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_conformance.models.catalog import ConformanceModel, Tensor, model
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import dtype
from lepton_conformance.strategies.cases import Cases, Digits

__all__ = ["Given", "boundary_values", "cases", "given", "merged", "ordinary", "row", "shapes", "smaller"]

#: Sizes of a free dimension, simplest first.
SIZES = (1, 2, 3, 5, 8, 17)
MAX_EDITS = 4
#: The modes of filling that take random numbers: boundary values at random, and random bits.
_RANDOM_MODES = (2, 3)
#: How many elements of a tensor, and bytes of a text, are made plain one by one in a failing request.
MAX_PLAIN_ELEMENTS = 16
_PLAIN_BYTE = b"a"
_STRINGS = (
    "",
    "\0",
    "a\0b\0",
    " a ",
    '"\\/\b\f\n\r\t',
    "\x01\x7f\x80",
    "é",
    "e\u0301",
    "中文，模型",
    "\u2028\u2029",
    "\ufeff\uffff",
    "\U0001f600",
    "\U0010ffff",
    "null",
    "0",
    "x" * 300,
)


@dataclass(frozen=True, slots=True)
class Given:
    """The inputs of one request to a conformance model."""

    model: ConformanceModel
    inputs: Mapping[str, Array]

    def shapes(self) -> str:
        """Return the inputs' shapes for a message."""
        return ", ".join(f"{name} {list(array.shape)}" for name, array in self.inputs.items())


@functools.cache
def boundary_values(datatype: str) -> tuple[Any, ...]:
    """Return the values of a datatype at which servers go wrong; the finite ones for floats."""
    if datatype == "BYTES":
        return tuple(text.encode() for text in _STRINGS)
    if datatype == "BOOL":
        return (False, True)
    kind = dtype(datatype)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        wanted = [0, 1, -1, 2, limits.max, limits.max - 1, limits.min, limits.min + 1]
        wanted += [
            sign * (2**power) + more
            for power in (7, 8, 15, 16, 24, 31, 32, 53)
            for sign in (1, -1)
            for more in (-1, 0, 1)
        ]
        return tuple(dict.fromkeys(value for value in wanted if limits.min <= value <= limits.max))
    limits_f = np.finfo(kind)
    one = kind.type(1)
    values = [
        kind.type(0),
        -kind.type(0),
        one,
        -one,
        np.nextafter(one, kind.type(2)),
        np.nextafter(one, kind.type(0)),
        kind.type(0.1),
        one / kind.type(3),
        -one / kind.type(3),
        kind.type(3.141592653589793),
        limits_f.max,
        limits_f.min,
        np.nextafter(limits_f.max, kind.type(0)),
        limits_f.tiny,
        -limits_f.tiny,
        np.nextafter(limits_f.tiny, kind.type(0)),
        limits_f.smallest_subnormal,
        -limits_f.smallest_subnormal,
        kind.type(2048),
        kind.type(1.1) * limits_f.tiny / kind.type(4),
    ]
    if kind.itemsize > 2:
        values += [
            kind.type(16777215.0),
            kind.type(1e-10),
            kind.type(1.5e10),
            kind.type(1e-37),
            kind.type(9.8e37),
            kind.type(1000.00006),
            kind.type(1000000064.0),
        ]
    if kind.itemsize > 4:
        values += [
            kind.type(9007199254740993.0),
            kind.type(1e22),
            kind.type(1e23),
            kind.type(4.35),
            kind.type(2.2250738585072011e-308),
            kind.type(5e-324),
            kind.type(0.1) + kind.type(0.2),
            kind.type(1.7976931348623157e308),
        ]
    return tuple(values)


def row(datatype: str, values: Sequence[Any]) -> Array:
    """Return a tensor of shape (1, n) with the given values."""
    if datatype == "BYTES":
        array = np.empty((1, len(values)), dtype=object)
        array[0, :] = list(values)
        return array
    return np.array([values], dtype=dtype(datatype)).reshape(1, len(values))


def ordinary(tensor: Tensor, sizes: Mapping[str, int]) -> Array:
    """Return a tensor of small, unlike values that every datatype holds: the k-th element is k + 1."""
    shape = tuple(size if isinstance(size, int) else sizes[size] for size in tensor.shape)
    count = int(np.prod(shape))
    numbers = np.arange(1, count + 1) % 120
    if tensor.datatype == "BYTES":
        array = np.empty(count, dtype=object)
        array[:] = [f"s{number}".encode() for number in numbers]
        return array.reshape(shape)
    if tensor.datatype == "BOOL":
        return np.asarray((np.arange(count) % 3 == 0).reshape(shape))
    return numbers.astype(dtype(tensor.datatype)).reshape(shape)


def given(name: str, rows: int = 2, columns: int = 3) -> Given:
    """Return an ordinary request to a conformance model, its free dimensions N and M being so large."""
    entry = model(name)
    inputs = {tensor.name: ordinary(tensor, {"N": rows, "M": columns}) for tensor in entry.inputs}
    if name == "lepton_sub":
        inputs["b"] = inputs["b"] * np.float32(0.5)
    return Given(entry, inputs)


def cases(name: str) -> Cases[Given]:
    """Return the domain of a model's inputs: all boundary values in one row, then generated tensors."""
    entry = model(name)
    first = [given(name)]
    if entry.operator == "identity":
        datatype = entry.inputs[0].datatype
        first.append(Given(entry, {"x": row(datatype, boundary_values(datatype))}))
    elif entry.operator == "split":
        first.append(Given(entry, {"x": row("INT32", boundary_values("INT32")[:40])}))
    return Cases([_in_range(case) for case in first], functools.partial(_decode, entry), smaller)


def merged(names: Sequence[str]) -> Cases[Given]:
    """Return the domains of several models as one: all boundary cases, then generated ones of any model."""
    domains = [cases(name) for name in names]

    def decode(number: int) -> Given:
        digits = Digits(number)
        chosen = model(names[digits.take(len(names))])
        return _decode(chosen, digits.rest)

    return Cases([case for domain in domains for case in domain.boundary], decode, smaller)


def shapes(names: Sequence[str]) -> Cases[Given]:
    """Return ordinary tensors for several models, in the shapes that a model may get."""

    def decode(number: int) -> Given:
        digits = Digits(number)
        name = names[digits.take(len(names))]
        return given(name, SIZES[digits.take(len(SIZES))], SIZES[digits.take(len(SIZES))])

    return Cases([given(name) for name in names], decode, smaller)


def _in_range(case: Given) -> Given:
    """Keep the sums of `lepton_split` in the range of INT32: beyond it nothing is promised."""
    if case.model.operator != "split":
        return case
    limit = np.int32(2**31 - 2)
    return Given(case.model, {"x": np.clip(case.inputs["x"], -limit, limit)})


def _decode(entry: ConformanceModel, number: int) -> Given:
    digits = Digits(number)
    sizes = {"N": SIZES[digits.take(len(SIZES))], "M": SIZES[digits.take(len(SIZES))]}
    edits = [(digits.take(64), digits.take(64)) for _ in range(digits.take(MAX_EDITS + 1))]
    mode = digits.take(4)
    # A generator of random numbers costs more than a tensor that needs none.
    random = np.random.default_rng(digits.rest) if mode in _RANDOM_MODES else None
    inputs = {}
    for tensor in entry.inputs:
        array = _fill(tensor, sizes, mode, random)
        flat = array.reshape(-1)
        values = boundary_values(tensor.datatype)
        for position, value in edits:
            flat[position % flat.size] = values[value % len(values)]
        inputs[tensor.name] = array
    return _in_range(Given(entry, inputs))


def _fill(tensor: Tensor, sizes: Mapping[str, int], mode: int, random: np.random.Generator | None) -> Array:
    """Return a tensor: zeros, an ordinary ramp, boundary values at random, or random bits."""
    array = ordinary(tensor, sizes)
    if mode == 1:
        return array.copy()
    if random is None:
        array[...] = b"" if tensor.datatype == "BYTES" else 0
        return array
    if mode == 3 and tensor.datatype not in ("BYTES", "BOOL"):
        bits = np.frombuffer(random.bytes(array.nbytes), dtype=array.dtype).copy()
        if array.dtype.kind == "f":
            bits[~np.isfinite(bits)] = 0
        return bits.reshape(array.shape)
    values = boundary_values(tensor.datatype)
    flat = array.reshape(-1)
    for index, pick in enumerate(random.integers(0, len(values), flat.size).tolist()):
        flat[index] = values[pick]
    return array


def smaller(case: Given) -> Iterator[Given]:
    """Yield simpler requests: fewer rows and columns, then zeros in ever smaller parts, then plain values.

    Dimensions that the model fixes stay; a symbol shrinks wherever it stands.
    """
    for symbol, size in _sizes(case).items():
        for kept in _subsets(size):
            yield Given(case.model, dict(_selected(case, symbol, kept)))
    for name, array in case.inputs.items():
        blank: Any = b"" if array.dtype == object else 0
        for start, stop in [(0, array.size), *_parts(array.size)]:
            part = array.reshape(-1)[start:stop]
            if all(_is_blank(value, blank) for value in part):
                continue
            simpler = array.copy().reshape(-1)
            simpler[start:stop] = blank
            yield Given(case.model, {**case.inputs, name: simpler.reshape(array.shape)})
    for name, array in case.inputs.items():
        for index in range(min(array.size, MAX_PLAIN_ELEMENTS)):
            for value in _plainer(array.reshape(-1)[index]):
                simpler = array.copy().reshape(-1)
                simpler[index] = value
                yield Given(case.model, {**case.inputs, name: simpler.reshape(array.shape)})


def _sizes(case: Given) -> dict[str, int]:
    """Return the size of each free dimension of a request, of those that have one size."""
    found: dict[str, set[int]] = {}
    for tensor in case.model.inputs:
        array = case.inputs[tensor.name]
        if array.ndim != len(tensor.shape):
            return {}
        for axis, size in enumerate(tensor.shape):
            if isinstance(size, str):
                found.setdefault(size, set()).add(array.shape[axis])
    return {symbol: min(sizes) for symbol, sizes in found.items() if len(sizes) == 1}


def _selected(case: Given, symbol: str, kept: list[int]) -> Iterator[tuple[str, Array]]:
    for tensor in case.model.inputs:
        array = case.inputs[tensor.name]
        for axis, size in enumerate(tensor.shape):
            if size == symbol:
                array = array[(slice(None),) * axis + (kept,)]
        yield tensor.name, array


def _subsets(size: int) -> Iterator[list[int]]:
    """Yield parts of a range of indices, then all but one part (delta debugging); never none of them."""
    everything = range(size)
    for start, stop in _parts(size):
        yield list(everything[start:stop])
    for start, stop in _parts(size):
        if 2 < size != stop - start:
            yield [*everything[:start], *everything[stop:]]


def _plainer(value: Any) -> Iterator[Any]:
    """Yield simpler values than one element: 1, a whole number, a shorter text, a text of plain letters."""
    if isinstance(value, bytes):
        middle = len(value) // 2
        for part in (value[:middle], value[middle:]):
            if 0 < len(part) < len(value):
                yield part
        if len(value) <= MAX_PLAIN_ELEMENTS:
            for index in range(len(value) if len(value) > 2 else 0):
                yield value[:index] + value[index + 1 :]
            for index, byte in enumerate(value):
                if byte != _PLAIN_BYTE[0]:
                    yield value[:index] + _PLAIN_BYTE + value[index + 1 :]
        return
    if isinstance(value, np.bool_ | bool) or not np.isfinite(value) or value in (0, 1):
        return
    yield type(value)(1)
    if isinstance(value, np.floating) and np.trunc(value) not in (value, 0, 1):
        yield np.trunc(value)


def _is_blank(value: Any, blank: Any) -> bool:
    return bool(value == blank) and not (isinstance(value, np.floating) and bool(np.signbit(value)))


def _parts(size: int) -> Iterator[tuple[int, int]]:
    """Yield the halves, quarters and so on of a range, down to single elements (delta debugging)."""
    length = size // 2
    while length >= 1 and size > 1:
        for start in range(0, size, length):
            yield start, min(start + length, size)
        length //= 2
