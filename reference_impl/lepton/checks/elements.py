"""Whether a JSON value is an element of a datatype.

Serves PKG-SIG-09, and the value of `pad` in PKG-PRO-02.
"""

import math
from typing import Any

import lepton_spec

__all__ = ["element_fault"]

#: The largest finite number of each floating-point datatype, and half a unit in its last place beyond it.
_FLOAT_LIMITS = {"FP16": 65520.0, "BF16": 2.0**128 - 2.0**119, "FP32": 2.0**128 - 2.0**103}


def element_fault(value: Any, name: str) -> str | None:
    """Say why `value` is no element of the datatype `name`; None when it is one."""
    entry = lepton_spec.datatypes()[name]
    kind = entry["kind"]
    shown = repr(value)[:60]
    if kind == "boolean":
        return None if isinstance(value, bool) else f"found {shown}, expected true or false"
    if kind == "bytes":
        return None if isinstance(value, str) else f"found {shown}, expected a text for BYTES"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"found {shown}, expected a number for {name}"
    if kind == "float":
        limit = _FLOAT_LIMITS.get(name, math.inf)
        fits = abs(value) < limit and _is_double(value)
        return None if fits else f"found {shown}, expected a number within the range of {name}"
    bits = 8 * entry["itemSize"]
    low, high = (0, 2**bits - 1) if kind == "unsigned" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if value != int(value) or not low <= value <= high:
        return f"found {shown}, expected an integer in {low}..{high} for {name}"
    return None


def _is_double(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
