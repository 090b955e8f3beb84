"""How far a computed value may be from the exact one: the allowances that the operators share.

Owns one rounding, sums and products of many terms, flushing of subnormals and overflow; leaves to the
operators which of them apply. Serves `runtime` (RUN-NUM-02); the derivation is decision record 0013.
"""

import numpy as np

from lepton_conformance.oracle.interval.value import FORMATS, Array, Interval, either

__all__ = ["ULP", "blurred", "fitted", "gamma", "midpoint", "operand", "settle"]

#: A unit in the last place is at most two units roundoff of the value.
ULP = 2.0

#: Covers the oracle's own roundings, in a format that is at least 2^11 times as fine.
GUARD = 1.0 + 2.0**-8


def gamma(terms: float, unit: float) -> float:
    """Return the bound of the relative error of so many roundings in a row (Higham, lemma 3.1); inf if
    none."""
    product = (terms + 1.0 / 64) * unit
    return product / (1.0 - product) if product < 0.5 else float("inf")


def operand(value: Interval) -> tuple[Array, Array]:
    """Return the bounds of an operand of arithmetic: a subnormal one may be taken as zero."""
    lo, hi = value.lo, value.hi
    if lo is not hi:
        return lo, hi
    flush = FORMATS[value.datatype].flush
    if flush:
        small = np.abs(lo) < flush
        if small.any():
            small &= lo != 0
            if small.any():
                return np.where(small, np.minimum(lo, 0), lo), np.where(small, np.maximum(lo, 0), lo)
    return lo, lo


def midpoint(value: Interval) -> tuple[Array, Array | None]:
    """Return the middle and the radius of an operand; None stands for no radius."""
    lo, hi = operand(value)
    if lo is hi:
        return lo, None
    middle = 0.5 * (lo + hi)
    return middle, np.maximum(hi - middle, middle - lo)


def settle(
    datatype: str,
    lo: Array,
    hi: Array,
    allowance: Array | float | None = None,
    loose: Array | None = None,
    terms: int = 0,
) -> Interval:
    """Widen bounds by an absolute allowance, then by what leaving the normal range may do to a value.

    Where one bound is NaN and the other is not, and where the allowance is not finite though the bounds
    are, nothing is judged. A value beyond the largest one may be infinite.
    """
    form = FORMATS[datatype]
    low, high = (lo, hi) if allowance is None else (lo - allowance, hi + allowance)
    if low.size == 0:
        return Interval(datatype, low, high, None, terms=terms)
    if not (float(high.max()) <= form.largest and float(low.min()) >= -form.largest):
        unlike = np.isnan(lo) != np.isnan(hi)
        if allowance is not None:
            given = np.isfinite(lo) & np.isfinite(hi)
            unlike |= given & ~np.isfinite(np.broadcast_to(allowance, lo.shape))
            low = np.where(np.isfinite(lo), low, lo)
            high = np.where(np.isfinite(hi), high, hi)
        if unlike.any():
            loose = either(loose, unlike)
        high = np.where(high > form.largest, np.inf, high)
        low = np.where(low < -form.largest, -np.inf, low)
        # A value computed as infinite may have been kept wider by a fused kernel, and the other way round.
        low = np.where(low == np.inf, np.where(np.isinf(lo), low, form.largest), low)
        high = np.where(high == -np.inf, np.where(np.isinf(hi), high, -form.largest), high)
    small = (low < form.tiny) & (high > -form.tiny)
    if small.any():
        small &= (low != 0) | (high != 0)
        if small.any():
            low = np.where(small, low - form.step, low)
            high = np.where(small, high + form.step, high)
            if form.flush:
                low = np.where(small, np.minimum(low, 0), low)
                high = np.where(small, np.maximum(high, 0), high)
    return Interval(datatype, low, high, loose, terms=terms)


def blurred(
    datatype: str, lo: Array, hi: Array, units: float, loose: Array | None = None, terms: int = 0
) -> Interval:
    """Return bounds widened by so many units roundoff of the larger of them, and settled."""
    size = np.abs(lo) if lo is hi else np.maximum(np.abs(lo), np.abs(hi))
    return settle(datatype, lo, hi, size * (units * GUARD * FORMATS[datatype].unit), loose, terms)


def fitted(
    datatype: str, lo: Array, hi: Array, allowed: tuple[float, float], loose: Array | None
) -> Interval:
    """Return bounds widened by (relative units of the value, absolute units of one), and settled."""
    relative, absolute = allowed
    size = np.abs(lo) if lo is hi else np.maximum(np.abs(lo), np.abs(hi))
    unit = GUARD * FORMATS[datatype].unit
    return settle(datatype, lo, hi, size * (relative * unit) + absolute * unit, loose)
