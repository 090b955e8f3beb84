"""Elements of generated tensors: full of bits, in a range, equal on every machine.

Owns the numbers (splitmix64 over the position, never a library's random generator, whose stream may change);
leaves ranges to the recipes. Serves `runtime`.
"""

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import dtype

__all__ = ["content", "hashed"]

_TEXTS = (b"a", b"", b"b", b"ab", "é".encode(), "中文".encode(), b" a", b"B", b"a\nb", b"x" * 40)


def hashed(seed: int, count: int) -> Array:
    """Return `count` numbers of 64 bits that depend on nothing but the seed and their position."""
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64((seed * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D) & (2**64 - 1))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))


def content(
    datatype: str,
    shape: tuple[int, ...],
    low: float,
    high: float,
    seed: int,
    *,
    whole: bool = False,
    distinct: bool = False,
) -> Array:
    """Return a tensor of elements in [low, high].

    `whole` makes floats whole numbers; `distinct` makes all elements unlike, equally far from each other.
    """
    count = int(np.prod(shape))
    bits = hashed(seed, count)
    kind = dtype(datatype).newbyteorder("=")
    if datatype == "BYTES":
        array = np.empty(count, dtype=object)
        array[:] = [_TEXTS[int(number) % len(_TEXTS)] for number in bits]
        return array.reshape(shape)
    if datatype == "BOOL":
        return np.asarray((bits & np.uint64(1)).astype(np.bool_).reshape(shape))
    if distinct:
        order = np.argsort(bits, kind="stable").astype(np.float64)
        step = (high - low) / max(1, count)
        if kind.kind in "iu" or whole:
            step = max(1.0, np.floor(step))
        return np.asarray((low + order * step).astype(kind).reshape(shape))
    if kind.kind in "iu" or whole:
        span = int(high) - int(low) + 1
        offsets = (bits >> np.uint64(11)) % np.uint64(span)
        return np.asarray((offsets.astype(np.int64) + int(low)).astype(kind).reshape(shape))
    unit = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return np.asarray(
        np.clip((low + (high - low) * unit).astype(kind), low, high).astype(kind).reshape(shape)
    )
