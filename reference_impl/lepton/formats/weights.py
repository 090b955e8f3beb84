"""The weights of an ONNX model that mutants change, and whether the change shows in their bytes.

Owns the order of weights and the two questions (is some element of odd index changed by a perturbation, is
some element not zero), answered without loading more than a window; leaves changing them to
`lepton.vectors`. Serves PKG-VEC-11.
"""

import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lepton.formats.onnx_facts import OnnxModel, OnnxTensor
from lepton.formats.source import MemorySource, Source

__all__ = ["MAX_WEIGHTS", "ExternalSource", "WeightFact", "mutable_weights", "weight_facts"]

#: The weights that mutants are made of, at most.
MAX_WEIGHTS = 16
WINDOW_BYTES = 1024 * 1024
#: A first look: nearly every weight shows at once that it is not all zero.
GLANCE_BYTES = 256

#: By TensorProto type: bytes of an element, bits of its significand; None for integers. FLOAT, UINT8, INT8,
#: FLOAT16, DOUBLE, BFLOAT16.
_TYPES: dict[int, tuple[int, int | None]] = {
    1: (4, 23),
    2: (1, None),
    3: (1, None),
    10: (2, 10),
    11: (8, 52),
    16: (2, 7),
}
_EXPONENT_BITS = {1: 8, 10: 5, 11: 11, 16: 8}
_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}

#: Opens the external data of a tensor at an offset, or answers None when it cannot be read.
ExternalSource = Callable[[OnnxTensor], tuple[Source, int] | None]


class WeightFact(NamedTuple):
    """One weight: whether a perturbation and zeros change its bytes; None when that cannot be told."""

    name: str
    perturbs: bool | None
    zeroes: bool | None


def mutable_weights(model: OnnxModel) -> tuple[tuple[str, OnnxTensor], ...]:
    """Return the (at most 16) weights with the most elements, by name: initializers and constants."""
    known = [(one.name, one) for one in model.initializers] + list(model.constants)
    found = [
        (name, one)
        for name, one in known
        if one.data_type in _TYPES and one.elements > 1 and min(one.dims) >= 0
    ]
    return tuple(sorted(found, key=lambda pair: (-pair[1].elements, pair[0].encode()))[:MAX_WEIGHTS])


def weight_facts(model: OnnxModel, source: Source, external: ExternalSource) -> tuple[WeightFact, ...]:
    """Ask both questions of each of the weights that mutants are made of."""
    facts = []
    for name, tensor in mutable_weights(model):
        ranges = _ranges(tensor, source, external)
        if ranges is None:
            facts.append(WeightFact(name, None, None))
            continue
        facts.append(WeightFact(name, _perturbs(tensor.data_type, ranges), _zeroes(tensor.data_type, ranges)))
    return tuple(facts)


#: Where elements lie, and how many bytes.
_Range = tuple[Source, int, int]


def _ranges(tensor: OnnxTensor, source: Source, external: ExternalSource) -> list[_Range] | None:
    """Return where the elements lie, in their order; None when they cannot be read as they are."""
    size = _TYPES[tensor.data_type][0]
    if tensor.external is not None:
        found = external(tensor)
        return None if found is None else [(found[0], found[1], tensor.elements * size)]
    if tensor.raw is not None:
        return [(source, *tensor.raw)]
    if not tensor.typed:
        return None
    if size < 4:  # each element is a varint, whose lower bits are the element
        data = b"".join(_narrow(source.read_at(start, end - start), size) for start, end in tensor.typed)
        return [(MemorySource(data), 0, len(data))] if len(data) == tensor.elements * size else None
    return [(source, start, end - start) for start, end in tensor.typed]


def _narrow(varints: bytes, size: int) -> bytes:
    """Return the lower `size` bytes of each of the varints."""
    mask = (1 << 8 * size) - 1
    elements = array.array(_CODES[size])
    value = shift = 0
    for mark in varints:
        value |= (mark & 0x7F) << shift
        shift += 7
        if mark < 0x80:
            elements.append(value & mask)
            value = shift = 0
    return elements.tobytes()


def _windows(ranges: list[_Range]) -> Iterator[bytes]:
    for source, start, length in ranges:
        step = GLANCE_BYTES
        done = 0
        while done < length:
            window = source.read_at(start + done, min(step, length - done))
            if not window:
                return
            yield window
            done += len(window)
            step = WINDOW_BYTES


def _zeroes(data_type: int, ranges: list[_Range]) -> bool:
    """Say whether some element is not 0; -0.0 is."""
    size, significand = _TYPES[data_type]
    for window in _windows(ranges):
        if not window.strip(b"\0"):
            continue
        if significand is None:
            return True
        positive = (1 << 8 * size - 1) - 1
        if any(
            element & positive for element in array.array(_CODES[size], window[: len(window) // size * size])
        ):
            return True
    return False


def _perturbs(data_type: int, ranges: list[_Range]) -> bool:
    """Say whether times 1.0625 (integers: bit 4 flipped) changes an element of odd index."""
    size, significand = _TYPES[data_type]
    place = 0
    for window in _windows(ranges):
        whole = window[: len(window) - len(window) % size]
        elements = array.array(_CODES[size], whole)
        odd = elements[1 - place % 2 :: 2]
        place += len(elements)
        if significand is None:
            if odd:
                return True
            continue
        if not whole.strip(b"\0"):
            continue
        if any(_changes(element, significand, _EXPONENT_BITS[data_type]) for element in odd):
            return True
    return False


def _changes(bits: int, significand: int, exponent_bits: int) -> bool:
    exponent = bits >> significand & (1 << exponent_bits) - 1
    if exponent == (1 << exponent_bits) - 1:
        return False  # an infinity or NaN
    # A subnormal m becomes 17/16 m rounded to even: m itself as long as m/16 is at most a half.
    return exponent > 0 or bits & (1 << significand) - 1 > 8
