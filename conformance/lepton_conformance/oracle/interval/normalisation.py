"""Normalisations and softmax (group `normalisation`).

Owns bounds of composite operators, derived from their definitions: any algebraically equal order of
evaluation is lawful, for variances the one-pass form `mean(x^2) - mean(x)^2`, too. Not judged: rows with
NaN or infinities (minus infinity in Softmax excepted), variances that rounding may make negative beyond
epsilon, LogSoftmax where the exponential underflows. Left out: training mode. Serves `runtime`
(RUN-NUM-02).
"""

import math

import numpy as np
import onnx

from lepton_conformance.oracle.interval.elementwise import product, total
from lepton_conformance.oracle.interval.rounding import GUARD, ULP, gamma, midpoint, operand, settle
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, across, marks, one, optional
from lepton_conformance.oracle.interval.transcendental import FUNCTION_ULPS
from lepton_conformance.oracle.interval.value import (
    FORMATS,
    Array,
    Format,
    Interval,
    Undecidable,
    datatype_of,
    either,
)

__all__ = [
    "batch_normalization",
    "instance_normalization",
    "layer_normalization",
    "log_softmax",
    "lp_normalization",
    "softmax",
]


def _spread(value: Interval, shape: tuple[int, ...], form: Format, channels: int) -> Interval:
    """Return the parameters of so many channels in another shape and in the format of the computation.

    Raises: Undecidable for another number of them, which no checker of ONNX refuses.
    """
    if value.shape != (channels,):
        raise Undecidable(f"parameters of shape {value.shape} for {channels} channels")
    lo = value.lo.reshape(shape).astype(form.work)
    hi = lo if value.lo is value.hi else value.hi.reshape(shape).astype(form.work)
    loose = None if value.loose is None else value.loose.reshape(shape)
    return Interval(form.datatype, lo, hi, loose)


# -- batch normalization ---------------------------------------------------------------------------


def batch_normalization(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """BatchNormalization in inference mode: `(x - mean) / sqrt(var + epsilon) * scale + b`.

    Eight roundings of the terms and two of b cover `x * factor + (b - mean * factor)` with a stored factor.
    """
    if attributes.get("training_mode", 0):
        raise Undecidable("BatchNormalization in training mode")
    x = one(inputs)
    form = FORMATS[x.datatype]
    epsilon = float(np.float32(attributes.get("epsilon", 1e-5)))
    shape = (-1,) if x.lo.ndim < 2 else (-1, *(1,) * (x.lo.ndim - 2))
    scale, bias, mean, variance = (
        _spread(one(inputs, index), shape, form, 1 if x.lo.ndim < 2 else x.shape[1]) for index in range(1, 5)
    )
    roots = np.sqrt(variance.lo + epsilon), np.sqrt(variance.hi + epsilon)
    factors = [part / root for part in (scale.lo, scale.hi) for root in roots]
    low, high = np.minimum.reduce(factors), np.maximum.reduce(factors)
    x_lo, x_hi = operand(x)
    below, above = x_lo - mean.hi, x_hi - mean.lo
    corners = [part * factor for part in (below, above) for factor in (low, high)]
    lo = np.minimum.reduce(corners) + bias.lo
    hi = np.maximum.reduce(corners) + bias.hi
    factor = np.maximum(np.abs(low), np.abs(high))
    shift = np.maximum(np.abs(mean.lo), np.abs(mean.hi)) * factor
    size = np.maximum(np.abs(x_lo), np.abs(x_hi)) * factor + shift
    last = np.maximum(np.abs(bias.lo), np.abs(bias.hi))
    unit = GUARD * form.unit
    allowance = unit * (8 * size + 2 * last + np.maximum(np.abs(lo), np.abs(hi)))
    allowance = allowance + 4 * max(form.flush, form.step)
    if x.terms:  # folded into the sum of products, whose bias may come first
        allowance = allowance + gamma(x.terms, form.unit) * (shift + last)
    loose = marks(lo.shape, x, scale, bias, mean, variance)
    return (settle(x.datatype, lo, hi, allowance, loose, x.terms),)


# -- normalization by computed statistics ----------------------------------------------------------


def _standardized(
    x: Interval, axes: tuple[int, ...], epsilon: float, unit: float, work: Format
) -> tuple[Interval, Interval, Interval]:
    """Return the normalized elements, the means and the inverse deviations, in the format `work`."""
    middle, radius = midpoint(x)
    count = math.prod(x.shape[axis] for axis in axes)
    if count == 0:
        raise Undecidable("statistics of nothing")
    mean = middle.mean(axis=axes, keepdims=True)
    centred = middle - mean
    variance = (centred * centred).mean(axis=axes, keepdims=True)
    squares = (middle * middle).mean(axis=axes, keepdims=True)
    size = np.abs(middle)
    mean_error = gamma(count + 1, unit) * size.mean(axis=axes, keepdims=True)
    variance_error = gamma(3 * count + 4, unit) * squares
    low = np.sqrt(np.maximum(variance - variance_error, 0) + epsilon)
    high = np.sqrt(variance + variance_error + epsilon)
    blur = mean_error
    if radius is not None:
        # The deviation is a norm of the elements: it moves by at most the norm of their movement.
        turn = np.sqrt((radius * radius).mean(axis=axes, keepdims=True))
        low, high = low - turn, high + turn
        blur = blur + radius + radius.mean(axis=axes, keepdims=True)
    low, high = low * (1 - 3 * unit), high * (1 + 3 * unit)
    unknown = ~(np.isfinite(squares) & (low > 0))
    loose = np.broadcast_to(unknown, x.shape) if unknown.any() else None
    if x.loose is not None:
        loose = either(loose, np.broadcast_to(x.loose.any(axis=axes, keepdims=True), x.shape))
    below, above = centred - blur, centred + blur
    lo = np.where(below < 0, below / low, below / high)
    hi = np.where(above < 0, above / high, above / low)
    reach = (size + np.abs(mean)) / low
    allowance = GUARD * unit * (3 * np.maximum(np.abs(lo), np.abs(hi)) + 2 * reach)
    normalized = settle(work.datatype, lo, hi, allowance, loose)
    rows = across(loose, axes, True)
    moved = mean_error if radius is None else mean_error + radius.mean(axis=axes, keepdims=True)
    means = settle(work.datatype, mean, mean, moved + unit * np.abs(mean), rows)
    inverse = settle(work.datatype, 1 / high, 1 / low, 3 * unit / low, rows)
    return normalized, means, inverse


def layer_normalization(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """LayerNormalization: statistics in the format of `stash_type`, scale and bias in that of x."""
    x, scale, bias = one(inputs, 0), one(inputs, 1), optional(inputs, 2)
    epsilon = float(np.float32(attributes.get("epsilon", 1e-5)))
    stash = datatype_of(onnx.helper.tensor_dtype_to_np_dtype(int(attributes.get("stash_type", 1))))
    rank = x.lo.ndim
    axis = int(attributes.get("axis", -1)) % rank
    work = FORMATS[stash]
    normalized, means, inverse = _standardized(x, tuple(range(axis, rank)), epsilon, work.unit, work)
    form = FORMATS[x.datatype]
    lo, hi = normalized.lo.astype(form.work), normalized.hi.astype(form.work)
    size = form.unit * np.maximum(np.abs(lo), np.abs(hi))
    value = product(settle(x.datatype, lo, hi, size, normalized.loose), scale, 2.0)
    if bias is not None:
        value = total(value, bias)
    bounds = work.work
    return value, *(
        Interval(stash, part.lo.astype(bounds), part.hi.astype(bounds), part.loose)
        for part in (means, inverse)
    )


def instance_normalization(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """InstanceNormalization: statistics of each channel of each instance."""
    x = one(inputs)
    form = FORMATS[x.datatype]
    shape = (-1, *(1,) * (x.lo.ndim - 2))
    scale, bias = (_spread(one(inputs, index), shape, form, x.shape[1]) for index in (1, 2))
    epsilon = float(np.float32(attributes.get("epsilon", 1e-5)))
    axes = tuple(range(2, x.lo.ndim))
    normalized, _means, _inverse = _standardized(x, axes, epsilon, form.unit, form)
    scaled = product(normalized, scale, 2.0)
    # As `x * factor + (b - mean * factor)` the bias is rounded before it is added.
    found = total(scaled, bias)
    last = 2 * form.unit * np.maximum(np.abs(bias.lo), np.abs(bias.hi))
    return (settle(x.datatype, found.lo, found.hi, last, found.loose),)


def lp_normalization(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """LpNormalization: `x / norm(x)`, and 0 where the norm is 0."""
    x = one(inputs)
    form = FORMATS[x.datatype]
    axis = int(attributes.get("axis", -1))
    order = int(attributes.get("p", 2))
    middle, radius = midpoint(x)
    count = x.shape[axis]
    norm = _norm(middle, axis, order)
    error = norm * gamma(count + 3, form.unit)
    if order == 2:
        lost = count * max(form.flush, form.step)
        error = error + np.minimum(math.sqrt(lost), lost / np.maximum(norm, form.step))
    if radius is not None:
        error = error + _norm(radius, axis, order)
    low, high = norm - error, norm + error
    nothing = (norm == 0) & (error <= 0) if radius is None and order == 1 else norm == 0
    low = np.where(nothing & (radius is None), 1, low)
    high = np.where(nothing & (radius is None), 1, high)
    edge = 0 if radius is None else radius
    below, above = middle - edge, middle + edge
    lo = np.where(below < 0, below / low, below / high)
    hi = np.where(above < 0, above / high, above / low)
    unknown = ~(np.isfinite(norm * norm) & (low > 0)) | (norm * norm > form.largest)
    loose = np.broadcast_to(unknown, x.shape) if unknown.any() else None
    if x.loose is not None:
        loose = either(loose, np.broadcast_to(x.loose.any(axis=axis, keepdims=True), x.shape))
    allowance = 3 * GUARD * form.unit * np.maximum(np.abs(lo), np.abs(hi))
    return (settle(x.datatype, lo, hi, allowance, loose),)


def _norm(values: Array, axis: int, order: int) -> Array:
    found: Array
    if order == 1:
        found = np.abs(values).sum(axis=axis, keepdims=True)
    else:
        found = np.sqrt((values * values).sum(axis=axis, keepdims=True))
    return found


# -- softmax ---------------------------------------------------------------------------------------


def _shares(x: Interval, axis: int) -> tuple[Array, Array, Array, Array | None]:
    """Return the bounds of the exact softmax, the distances from the largest, and the rows not judged."""
    lo, hi = operand(x)
    top = hi.max(axis=axis, keepdims=True)
    distance = hi - top
    if lo is hi:
        powers = np.exp(distance)
        low = high = powers / powers.sum(axis=axis, keepdims=True)
        away = -distance
    else:
        low_powers, high_powers = np.exp(lo - top), np.exp(distance)
        low_sum = low_powers.sum(axis=axis, keepdims=True)
        high_sum = high_powers.sum(axis=axis, keepdims=True)
        low = low_powers / (low_powers + np.maximum(high_sum - high_powers, 0))
        high = high_powers / (high_powers + np.maximum(low_sum - low_powers, 0))
        away = top - lo
    unknown = ~np.isfinite(top) | np.isnan(lo.sum(axis=axis, keepdims=True))
    loose = np.broadcast_to(unknown, x.shape) if unknown.any() else None
    if x.loose is not None:
        loose = either(loose, np.broadcast_to(x.loose.any(axis=axis, keepdims=True), x.shape))
    return low, high, away, loose


def softmax(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Softmax: subtracting the largest rounds the exponent, whose error the exponential makes relative."""
    x = one(inputs)
    axis = int(attributes.get("axis", -1))
    if x.lo.size == 0:
        return (Interval(x.datatype, x.lo, x.hi),)
    unit = GUARD * FORMATS[x.datatype].unit
    low, high, away, loose = _shares(x, axis)
    # The error of the sum is a mean of the errors of its terms, weighted with the shares.
    weighted = (np.where(np.isfinite(away), away, 0) * high).sum(axis=axis, keepdims=True)
    steps = np.where(np.isfinite(away), away, 0) + weighted + 2 * FUNCTION_ULPS * ULP + 4
    bound = gamma(x.shape[axis], FORMATS[x.datatype].unit)
    return (settle(x.datatype, low, high, high * (unit * steps + bound), loose),)


def log_softmax(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """LogSoftmax: `x - top - log(sum(exp(x - top)))`, or the logarithm of Softmax."""
    x = one(inputs)
    axis = int(attributes.get("axis", -1))
    if x.lo.size == 0:
        return (Interval(x.datatype, x.lo, x.hi),)
    form = FORMATS[x.datatype]
    unit = GUARD * form.unit
    low, high, away, loose = _shares(x, axis)
    under = high < form.tiny * 4
    if under.any():
        loose = either(loose, under)
    lo, hi = np.log(low), np.log(high)
    weighted = (np.where(np.isfinite(away), away, 0) * high).sum(axis=axis, keepdims=True)
    size = np.maximum(np.abs(x.lo), np.abs(x.hi))
    steps = 2 * np.where(np.isfinite(away), away, 0) + weighted + 2 * FUNCTION_ULPS * ULP + 4
    steps = steps + FUNCTION_ULPS * ULP * np.abs(lo) + np.where(np.isfinite(size), 2 * size, 0)
    top = np.abs(x.hi.max(axis=axis, keepdims=True))
    steps = steps + np.where(np.isfinite(top), 2 * top, 0)
    allowance = unit * steps + gamma(x.shape[axis], form.unit)
    return (settle(x.datatype, lo, hi, allowance, loose),)
