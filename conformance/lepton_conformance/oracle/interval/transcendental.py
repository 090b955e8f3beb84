"""Functions that no format computes exactly: exponentials, logarithms, trigonometric and activation
functions.

Owns their error bounds (decision record 0013). Not judged: Sin and Cos beyond 2^13, where reducing the
argument is nobody's promise; Pow of a base that may be of either sign; Pow of integers beyond 2^53 or with
an exponent that is negative or a fraction; what Elu makes of NaN. Serves `runtime` (RUN-NUM-02).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lepton_conformance.oracle.interval.elementwise import bounded
from lepton_conformance.oracle.interval.rounding import GUARD, ULP, fitted, midpoint, operand, settle
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, marks, one
from lepton_conformance.oracle.interval.value import FORMATS, INTEGERS, Array, Interval, Undecidable, either

__all__ = [
    "cos",
    "elu",
    "erf",
    "error_function",
    "exp",
    "gelu",
    "hyperbolic_tangent",
    "log",
    "logistic",
    "power",
    "rising",
    "sigmoid",
    "sin",
    "softplus",
    "tanh",
]

#: Units in the last place of one function: what vector mathematics libraries promise (oneMKL VM 1 in its
#: accuracy HA and 4 in LA; SLEEF 1 and 3.5; libmvec 4), and more than scalar ones do (glibc 2, CUDA 2 but
#: for powf).
FUNCTION_ULPS = 4.0

#: Units roundoff of one that kernels lose which approximate Erf absolutely (OpenVINO 2026.4: 8.5).
ERF_UNITS = 10.0

#: Largest argument of Sin and Cos that is judged.
PERIODIC_LIMIT = 2.0**13

#: Units roundoff of one that reducing the argument to one period may cost: the reduction is done in the
#: datatype (onnxruntime's FP64 kernel, Eigen's, costs 5 beyond pi).
REDUCTION_UNITS = 6.0

_erf = np.frompyfunc(math.erf, 1, 1)


def error_function(values: Array) -> Array:
    """Return erf, to FP64."""
    return np.asarray(_erf(values.astype(np.float64)), dtype=values.dtype)


def _logistic(values: Any) -> Any:
    return 1 / (1 + np.exp(-values))


def _softplus(values: Any) -> Any:
    return np.logaddexp(values, 0)


def rising(x: Interval, function: Callable[[Any], Any], absolute: float = 0.0) -> Interval:
    """Return a rising function: FUNCTION_ULPS of the value, and `absolute` units roundoff of one."""
    lo, hi = operand(x)
    low = function(lo)
    high = low if lo is hi else function(hi)
    return fitted(x.datatype, low, high, (FUNCTION_ULPS * ULP, absolute), x.loose)


def exp(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Exp."""
    return (rising(one(inputs), np.exp),)


def log(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Log."""
    return (rising(one(inputs), np.log),)


def hyperbolic_tangent(x: Interval) -> Interval:
    """Return Tanh of x, which never leaves [-1, 1] by more than rounding."""
    return rising(x, np.tanh)


def tanh(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Tanh."""
    return (hyperbolic_tangent(one(inputs)),)


def logistic(x: Interval) -> Interval:
    """Return Sigmoid of x; `(1 + tanh(x/2)) / 2` is the same function, with an absolute error of that sum's
    size."""
    return rising(x, _logistic, 2.0)


def sigmoid(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Sigmoid."""
    return (logistic(one(inputs)),)


def erf(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Erf; approximations in use, Abramowitz and Stegun 7.1.26 with its 1.5e-7 among them, are absolute."""
    return (rising(one(inputs), error_function, ERF_UNITS),)


def softplus(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Softplus, `ln(exp(x) + 1)`: the rounding of the inner sum is an absolute error."""
    return (rising(one(inputs), _softplus, 2.0),)


def elu(attributes: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Elu, `alpha * (exp(x) - 1)` below zero: the rounding of exp(x) is an absolute error."""
    x = one(inputs)
    unit = FORMATS[x.datatype].unit
    alpha = float(np.float32(attributes.get("alpha", 1.0)))
    lo, hi = operand(x)
    low = np.where(lo >= 0, lo, alpha * np.expm1(lo))
    high = low if lo is hi else np.where(hi >= 0, hi, alpha * np.expm1(hi))
    low, high = np.minimum(low, high), np.maximum(low, high)
    if alpha < 0 and lo is not hi:
        across = (lo < 0) & (hi > 0)
        low, high = np.where(across, np.minimum(low, 0), low), np.where(across, np.maximum(high, 0), high)
    size = np.maximum(np.abs(low), np.abs(high))
    negative = np.where(lo < 0, GUARD * unit * ((FUNCTION_ULPS * ULP + 3) * abs(alpha) + 2 * size), 0.0)
    nan = np.isnan(lo)
    return (settle(x.datatype, low, high, negative, either(x.loose, nan) if nan.any() else x.loose),)


def gelu(attributes: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Gelu: the sum of one and erf, or tanh, is rounded before it is multiplied by x."""
    x = one(inputs)
    unit = GUARD * FORMATS[x.datatype].unit
    middle, radius = midpoint(x)
    if attributes.get("approximate", "none") == "tanh":
        inner = np.tanh(math.sqrt(2 / math.pi) * (middle + 0.044715 * middle**3))
    else:
        inner = error_function(middle / math.sqrt(2))
    value = 0.5 * middle * (1 + inner)
    value = np.where(middle == -np.inf, np.nan, value)  # 0 * inf: not judged below
    allowance = unit * (FUNCTION_ULPS * ULP * np.abs(value) + FUNCTION_ULPS * ULP * np.abs(middle))
    if radius is not None:
        allowance = allowance + 1.13 * radius
    loose = x.loose
    if (endless := np.isinf(middle)).any():
        loose = either(loose, endless)
    return (settle(x.datatype, value, value, allowance, loose),)


def _periodic(x: Interval, function: Callable[[Any], Any], absolute: Callable[[Array], Any]) -> Interval:
    middle, radius = midpoint(x)
    value = function(middle)
    unit = GUARD * FORMATS[x.datatype].unit
    allowance = unit * (FUNCTION_ULPS * ULP * np.abs(value) + absolute(np.abs(middle)))
    if radius is not None:
        allowance = allowance + radius
    loose = x.loose
    far = np.abs(middle) > PERIODIC_LIMIT
    if far.any():
        loose = either(loose, far & np.isfinite(middle))
    return settle(x.datatype, value, value, allowance, loose)


def sin(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Sin; near its zeros other than 0 units of one are lost in reducing the argument."""
    return (_periodic(one(inputs), np.sin, lambda size: np.minimum(2 * size, REDUCTION_UNITS)),)


def cos(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Cos; near its zeros units of one are lost in reducing the argument."""
    return (_periodic(one(inputs), np.cos, lambda _: REDUCTION_UNITS),)


def power(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Pow, in the datatype of the base; as `exp(y * log(x))` the error grows with that exponent."""
    x, y = one(inputs, 0), one(inputs, 1)
    if x.datatype not in FORMATS:
        return (_whole_power(x, y),)
    form = FORMATS[x.datatype]
    base = operand(x)
    low = y.lo.astype(form.work)
    exponent = (low, low) if y.lo is y.hi else (low, y.hi.astype(form.work))
    lo, hi, unlike = bounded(base, exponent, np.power)
    loose = either(marks(lo.shape, x, y), unlike)
    if base[0] is not base[1] or exponent[0] is not exponent[1]:
        unsure = ~((base[0] > 0) | ((base[1] < 0) & (exponent[0] == exponent[1])))
        even = (exponent[0] == exponent[1]) & (exponent[0] > 0) & (np.mod(exponent[0], 2) == 0)
        odd = (exponent[0] == exponent[1]) & (exponent[0] > 0) & (np.mod(exponent[0], 2) == 1)
        lo = np.where(unsure & even, np.minimum(lo, 0), lo)
        unsure = unsure & ~even & ~odd
        if unsure.any():
            loose = either(loose, np.broadcast_to(unsure, lo.shape))
    size = np.maximum(np.abs(lo), np.abs(hi))
    turns = np.abs(np.log(np.where(size > 0, size, 1.0)))
    turns = np.where(np.isfinite(turns), turns, 0.0)
    allowance = GUARD * form.unit * size * (FUNCTION_ULPS * ULP + 4 * turns)
    return (settle(x.datatype, lo, hi, allowance, loose),)


def _whole_power(x: Interval, y: Interval) -> Interval:
    if not (x.is_point and y.is_point):
        raise Undecidable("Pow of integers that depend on rounding")
    rough = np.power(x.lo.astype(np.float64), y.lo.astype(np.float64))
    limits = INTEGERS[x.datatype]
    top = min(float(limits[1]), 2.0**53)
    sure = (np.abs(rough) < top) & (y.lo >= 0) & (np.floor(y.lo) == y.lo) & (rough >= float(limits[0]))
    values = np.where(sure, rough, 0).astype(x.lo.dtype)
    return Interval(x.datatype, values, values, None if sure.all() else ~sure)
