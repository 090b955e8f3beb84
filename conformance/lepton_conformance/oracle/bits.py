"""Whether the bits of elements have been kept on their way.

Owns what may differ: a signalling NaN may have become quiet, as most hardware makes it when it touches one.
Leaves values to `oracle.answers`. Serves `inference` (INF-BIN-06, INF-BIN-18, INF-GRP-17).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from lepton_conformance.oracle.answers import Array

__all__ = ["changed_bits", "same_bits"]

#: Of each floating-point type: the bits of infinity, and the bit that makes a NaN quiet.
_FLOATS = {
    "FP16": (0x7C00, 1 << 9),
    "BF16": (0x7F80, 1 << 6),
    "FP32": (0x7F800000, 1 << 22),
    "FP64": (0x7FF0000000000000, 1 << 51),
}


def same_bits(
    datatype: str, given: npt.NDArray[np.unsignedinteger[Any]], found: npt.NDArray[np.unsignedinteger[Any]]
) -> npt.NDArray[np.bool_]:
    """Say of each element, both given as unsigned integers, whether its bits are kept."""
    same: npt.NDArray[np.bool_] = given == found
    if datatype in _FLOATS:
        infinity, quiet = (given.dtype.type(bits) for bits in _FLOATS[datatype])
        is_nan = given << 1 > infinity << 1  # without the sign
        same = same | (is_nan & ((given | quiet) == found))
    return same


def changed_bits(datatype: str, given: Array, found: Array) -> str | None:
    """Return what was found and expected where shape or bits differ, None where all are kept."""
    if found.shape != given.shape:
        return f"found shape {list(found.shape)}, expected {list(given.shape)}"
    unsigned = np.dtype(f"<u{given.dtype.itemsize}")
    one, two = np.ascontiguousarray(given).view(unsigned), found.view(unsigned)
    wrong = np.argwhere(~same_bits(datatype, one, two))
    if not len(wrong):
        return None
    at = tuple(int(index) for index in wrong[0])
    return f"found the bits {int(two[at]):#x} at {list(at)}, expected {int(one[at]):#x}"
