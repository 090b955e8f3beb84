"""Sums of products: MatMul, Gemm, Einsum (group `dense`), and the bound that all of them share.

Owns `contraction`, which convolutions and recurrent cells use as well: any order of summation, with or
without fused multiply-add, in the datatype or a wider one, the bias first or last. Not judged: sums whose
terms may overflow, Gemm where a factor 0 meets something not finite; Einsum of three operands is left
out. Serves `runtime` (RUN-NUM-02, RUN-NUM-04).
"""

import math
from collections.abc import Callable

import numpy as np

from lepton_conformance.oracle.interval.rounding import GUARD, gamma, midpoint, settle
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, given, one, optional
from lepton_conformance.oracle.interval.value import (
    FORMATS,
    INTEGERS,
    Array,
    Interval,
    Undecidable,
    either,
    exact,
)

__all__ = ["contraction", "einsum", "gemm", "matmul", "sum_of_products"]

Contract = Callable[[Array, Array], Array]

#: Roundings of a factor that a later scale or normalisation may be folded into: `w * scale / sqrt(var +
#: eps)`.
FOLDED = 4


def sum_of_products(
    datatype: str,
    terms: int,
    parts: tuple[Array, Array, Array | None],
    bias: Interval | None = None,
    loose: Array | None = None,
    rounds: int = 0,
) -> Interval:
    """Return sums given their middles, the sums of the terms' magnitudes, and the radius that the terms
    bring.

    `rounds` counts further roundings of each term (factors folded into it).
    """
    value, size, radius = parts
    form = FORMATS[datatype]
    if bias is not None:
        middle, spread = midpoint(bias)
        value = value + middle
        size = size + np.abs(middle)
        if spread is not None:
            size = size + spread
            radius = spread if radius is None else radius + spread
        terms += 1
        if bias.loose is not None:
            loose = either(loose, np.broadcast_to(bias.loose, value.shape))
    flushed = max(form.flush, form.step) * (terms + 1)
    bound = gamma(terms + rounds, form.unit)
    allowance = bound * GUARD * size + (GUARD * form.unit * np.abs(value) + flushed)
    if radius is not None:
        allowance = allowance + radius
    if size.size and not float(size.max()) <= form.largest / 4:
        over = np.isfinite(value) & ~(size <= form.largest / 4)
        if radius is not None:
            over |= ~(np.isfinite(value) & np.isfinite(radius))
        loose = either(loose, over) if over.any() else loose
    if bound == math.inf:
        loose = np.ones(value.shape, dtype=np.bool_)
    return settle(datatype, value, value, allowance, loose, terms)


def contraction(
    a: Interval,
    b: Interval,
    terms: int,
    contract: Contract,
    bias: Interval | None = None,
    scale: float = 1.0,
) -> Interval:
    """Return `scale * contract(a, b) + bias` for a function that is linear in each of its operands."""
    loose: Array | None = None
    if a.loose is not None or b.loose is not None:
        reach = [contract(_mark(x), np.ones(y.shape)) for x, y in ((a, b),) if x.loose is not None]
        if b.loose is not None:
            reach.append(contract(np.ones(a.shape), _mark(b)))
        loose = either(*(part > 0 for part in reach))
    if a.datatype not in FORMATS:
        return _whole_contraction(a, b, contract, loose)
    (a_mid, a_rad), (b_mid, b_rad) = midpoint(a), midpoint(b)
    if a.loose is not None:
        a_mid = np.where(a.loose, 0, a_mid)
        a_rad = None if a_rad is None else np.where(a.loose, 0, a_rad)
    if b.loose is not None:
        b_mid = np.where(b.loose, 0, b_mid)
        b_rad = None if b_rad is None else np.where(b.loose, 0, b_rad)
    value = contract(a_mid, b_mid)
    a_abs, b_abs = np.abs(a_mid), np.abs(b_mid)
    if a_rad is None and b_rad is None:
        size = contract(a_abs, b_abs)
        radius = None
    else:
        a_all = a_abs if a_rad is None else a_abs + a_rad
        b_all = b_abs if b_rad is None else b_abs + b_rad
        size = contract(a_all, b_all)
        radius = np.maximum(size - contract(a_abs, b_abs), 0)
    rounds = FOLDED
    if scale != 1.0:
        value, size = scale * value, abs(scale) * size
        radius = None if radius is None else abs(scale) * radius
        rounds = FOLDED + 2
    return sum_of_products(a.datatype, terms, (value, size, radius), bias, loose, rounds)


def _mark(value: Interval) -> Array:
    if value.loose is None:
        return np.zeros(value.shape)
    return value.loose.astype(np.float64)


def _whole_contraction(a: Interval, b: Interval, contract: Contract, loose: Array | None) -> Interval:
    if a.lo is not a.hi or b.lo is not b.hi:
        raise Undecidable("a product of integers that depend on rounding")
    value = contract(a.lo, b.lo)
    rough = contract(np.abs(a.lo.astype(np.float64)), np.abs(b.lo.astype(np.float64)))
    over = rough > float(INTEGERS[a.datatype][1])
    if over.any():
        loose = either(loose, over)
    return Interval(a.datatype, value, value, loose)


def matmul(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """MatMul, as `numpy.matmul` has its shapes."""
    a, b = one(inputs, 0), one(inputs, 1)
    return (contraction(a, b, a.shape[-1], np.matmul),)


def gemm(attributes: Attributes, inputs: Inputs, opset: int) -> tuple[Interval, ...]:
    """Gemm: `alpha * A' * B' + beta * C`."""
    a, b, c = one(inputs, 0), one(inputs, 1), optional(inputs, 2)
    if attributes.get("transA", 0):
        a = _transposed(a)
    if attributes.get("transB", 0):
        b = _transposed(b)
    alpha = float(np.float32(attributes.get("alpha", 1.0)))
    beta = float(np.float32(attributes.get("beta", 1.0)))
    whole = a.datatype not in FORMATS
    if whole and (alpha != 1.0 or beta != 1.0):
        raise Undecidable("Gemm of integers with alpha or beta")
    if whole:
        found = contraction(a, b, a.shape[1], np.matmul)
        if c is None:
            return (found,)
        from_bias = found.lo + c.lo
        limits = INTEGERS[a.datatype]
        over = (from_bias < limits[0]) | (from_bias > limits[1])
        return (Interval(a.datatype, from_bias, from_bias, either(found.loose, over)),)
    bias = None if c is None else _scaled(c, beta, (a.shape[0], b.shape[1]))
    return (contraction(a, b, a.shape[1], np.matmul, bias, alpha),)


def _scaled(c: Interval, beta: float, shape: tuple[int, int]) -> Interval:
    loose = c.loose
    if beta == 0.0:
        absent = ~np.isfinite(c.lo)
        loose = either(loose, absent) if absent.any() else loose
    if beta == 1.0:
        lo, hi = np.broadcast_to(c.lo, shape), np.broadcast_to(c.hi, shape)
        if c.lo is c.hi:
            hi = lo
    else:
        unit = 2 * FORMATS[c.datatype].unit
        ends = beta * c.lo, beta * c.hi
        lo, hi = np.minimum(*ends), np.maximum(*ends)
        lo, hi = (
            np.broadcast_to(lo - unit * np.abs(lo), shape),
            np.broadcast_to(hi + unit * np.abs(hi), shape),
        )
    return Interval(c.datatype, lo, hi, None if loose is None else np.broadcast_to(loose, shape))


def _transposed(x: Interval) -> Interval:
    lo = x.lo.T
    return Interval(x.datatype, lo, lo if x.lo is x.hi else x.hi.T, None if x.loose is None else x.loose.T)


def einsum(attributes: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Einsum of one or two operands; an ellipsis stands for axes that are broadcast and kept."""
    equation = str(attributes["equation"]).replace(" ", "")
    operands = given(inputs)
    if len(operands) > 2:
        raise Undecidable(f"Einsum {equation} of {len(operands)} operands")
    left, arrow, right = equation.partition("->")
    if not arrow:
        letters = left.replace("...", "").replace(",", "")
        right = "..." * ("..." in left) + "".join(sorted(x for x in set(letters) if letters.count(x) == 1))
    if "..." in left and "..." not in right:
        raise Undecidable(f"Einsum {equation} that sums over an ellipsis")
    sizes: dict[str, int] = {}
    for part, value in zip(left.split(","), operands, strict=True):
        head, _, tail = part.partition("...")
        sizes.update(zip(head, value.shape, strict=False))
        sizes.update(zip(reversed(tail), reversed(value.shape), strict=False))
    terms = math.prod(size for letter, size in sizes.items() if letter not in right)
    full = f"{left}->{right}"
    if len(operands) == 2:
        return (contraction(operands[0], operands[1], terms, lambda a, b: np.einsum(full, a, b)),)
    (x,) = operands
    unit = exact(x.datatype, np.ones((), dtype=x.lo.dtype))
    return (contraction(x, unit, terms, lambda a, b: np.asarray(np.einsum(full, a) * b)),)
