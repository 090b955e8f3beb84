"""Faults of engines in operators that compute each element apart (Spec: RUN-OPS-01, RUN-NUM-05).

Each class is an in-process adapter: `python:lepton_conformance.mutants.graph_elementwise_faults:CLASS`.
"""

from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_graph import GraphEngine
from lepton_conformance.mutants.engine_nodes import Answer, Node

__all__ = ["ALL"]


class SinOff(GraphEngine):
    """Sin is wrong by 1 %."""

    id = "run-ops-01-sin"
    breaks = "RUN-OPS-01"

    def op_sin(self, node: Node, x: Array) -> Answer:
        return np.sin(x) * x.dtype.type(1.01)


class CosUnreduced(GraphEngine):
    """The argument of Cos is reduced with a period that has the datatype's precision only."""

    id = "run-ops-01-cos"
    breaks = "RUN-OPS-01"

    def op_cos(self, node: Node, x: Array) -> Answer:
        period = x.dtype.type(2 * np.pi)
        return np.cos(x - np.rint(x / period) * period)


class IntegersFloored(GraphEngine):
    """The quotient of integers is rounded down, not towards zero."""

    id = "run-ops-01-div"
    breaks = "RUN-OPS-01"

    def op_div(self, node: Node, a: Array, b: Array) -> Answer:
        return a / b if a.dtype.kind == "f" else np.floor_divide(a, b)


class ModTruncated(GraphEngine):
    """Mod has the sign of the dividend without `fmod`, too."""

    id = "run-ops-01-mod"
    breaks = "RUN-OPS-01"

    def op_mod(self, node: Node, a: Array, b: Array) -> Answer:
        return np.fmod(a, b)


class FmodIgnored(GraphEngine):
    """`fmod` is ignored."""

    id = "run-ops-01-fmod"
    breaks = "RUN-OPS-01"

    def op_mod(self, node: Node, a: Array, b: Array) -> Answer:
        return np.mod(a, b)


class HalvesAway(GraphEngine):
    """Round takes halves away from zero."""

    id = "run-ops-01-round"
    breaks = "RUN-OPS-01"

    def op_round(self, node: Node, x: Array) -> Answer:
        away = np.trunc(x) + np.sign(x)
        return np.where(np.abs(x - np.trunc(x)) == 0.5, away, np.rint(x)).astype(x.dtype)


class CastRounds(GraphEngine):
    """Cast to integers rounds to the nearest."""

    id = "run-ops-01-cast"
    breaks = "RUN-OPS-01"

    def converted(self, x: Array, dtype: np.dtype[Any]) -> Array:
        return (np.rint(x) if x.dtype.kind == "f" and dtype.kind in "iu" else x).astype(dtype)


class CastThroughIntegers(GraphEngine):
    """Fractions below 1 are cast to false."""

    id = "run-ops-01-cast-bool"
    breaks = "RUN-OPS-01"

    def converted(self, x: Array, dtype: np.dtype[Any]) -> Array:
        return (np.trunc(x) if x.dtype.kind == "f" and dtype.kind == "b" else x).astype(dtype)


class CastSaturates(GraphEngine):
    """A cast to a narrower integer saturates."""

    id = "run-ops-01-cast-wrap"
    breaks = "RUN-OPS-01"

    def converted(self, x: Array, dtype: np.dtype[Any]) -> Array:
        if x.dtype.kind in "iu" and dtype.kind in "iu":
            limits: Any = np.iinfo(dtype)
            return np.clip(
                x, max(limits.min, np.iinfo(x.dtype).min), min(limits.max, np.iinfo(x.dtype).max)
            ).astype(dtype)
        return x.astype(dtype)


class LeakyAlphaIgnored(GraphEngine):
    """LeakyRelu has always the default alpha."""

    id = "run-ops-01-leakyrelu"
    breaks = "RUN-OPS-01"

    def op_leakyrelu(self, node: Node, x: Array) -> Answer:
        return np.where(x < 0, x.dtype.type(0.01) * x, x)


class EluAlphaIgnored(GraphEngine):
    """Elu has always the alpha 1."""

    id = "run-ops-01-elu"
    breaks = "RUN-OPS-01"

    def op_elu(self, node: Node, x: Array) -> Answer:
        return np.where(x < 0, np.expm1(x), x)


class HardSigmoidOfKeras(GraphEngine):
    """HardSigmoid without attributes has the slope 1/6."""

    id = "run-ops-01-hardsigmoid"
    breaks = "RUN-OPS-01"

    def op_hardsigmoid(self, node: Node, x: Array) -> Answer:
        alpha = 1 / 6 if abs(node.get("alpha") - 0.2) < 1e-6 else node.get("alpha")
        return np.clip(x.dtype.type(alpha) * x + x.dtype.type(node.get("beta")), 0, 1).astype(x.dtype)


class ClipHalf(GraphEngine):
    """Clip without a lower bound has no upper one either."""

    id = "run-ops-01-clip"
    breaks = "RUN-OPS-01"

    def op_clip(self, node: Node, x: Array, low: Array | None = None, high: Array | None = None) -> Answer:
        return x.copy() if low is None else super().op_clip(node, x, low, high)


class OneSlope(GraphEngine):
    """PRelu uses its first slope everywhere."""

    id = "run-ops-01-prelu"
    breaks = "RUN-OPS-01"

    def op_prelu(self, node: Node, x: Array, slope: Array) -> Answer:
        return (
            np.where(x < 0, slope.reshape(-1)[0] * x, x) if slope.size else super().op_prelu(node, x, slope)
        )


class ErfByPolynomial(GraphEngine):
    """Erf is a polynomial that is right to 1.5e-7, not to some ULP (Abramowitz & Stegun 7.1.26)."""

    id = "run-ops-01-erf"
    breaks = "RUN-OPS-01"

    def op_erf(self, node: Node, x: Array) -> Answer:
        t = 1 / (1 + 0.3275911 * np.abs(x.astype(np.float64)))
        tail = t * (
            0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
        )
        return (np.sign(x) * (1 - tail * np.exp(-np.square(x.astype(np.float64))))).astype(x.dtype)


class GeluAlwaysTanh(GraphEngine):
    """Gelu is always approximated."""

    id = "run-ops-01-gelu"
    breaks = "RUN-OPS-01"

    def op_gelu(self, node: Node, x: Array) -> Answer:
        return super().op_gelu(node.having(approximate="tanh"), x)


class BroadcastFromTheLeft(GraphEngine):
    """A vector that is added to a square matrix is added to its columns."""

    id = "run-ops-01-broadcast"
    breaks = "RUN-OPS-01"

    def op_add(self, node: Node, a: Array, b: Array) -> Answer:
        if b.ndim == 1 and a.ndim == 2 and a.shape[0] == a.shape[1] == b.shape[0]:
            return a + b.reshape(-1, 1)
        return a + b


class TailApproximated(GraphEngine):
    """Exp of the elements after the last whole vector of 8 has 12 bits."""

    id = "run-ops-01-tail"
    breaks = "RUN-OPS-01"

    def op_exp(self, node: Node, x: Array) -> Answer:
        found = np.exp(x)
        flat = found.reshape(-1)
        start = flat.size // 8 * 8
        flat[start:] *= x.dtype.type(1 + 2.0**-12)
        return flat.reshape(found.shape)


class SoftplusOverflows(GraphEngine):
    """Softplus of large arguments is infinite."""

    id = "run-ops-01-softplus"
    breaks = "RUN-OPS-01"

    def op_softplus(self, node: Node, x: Array) -> Answer:
        return np.log(x.dtype.type(1) + np.exp(x))


class PowByLogarithm(GraphEngine):
    """Pow of a negative base is NaN."""

    id = "run-ops-01-pow"
    breaks = "RUN-OPS-01"

    def op_pow(self, node: Node, a: Array, b: Array) -> Answer:
        if a.dtype.kind != "f":
            return super().op_pow(node, a, b)
        return np.where(a < 0, a.dtype.type(np.nan), super().op_pow(node, a, b)).astype(a.dtype)


class TwoOperands(GraphEngine):
    """Max compares two inputs only."""

    id = "run-ops-01-max"
    breaks = "RUN-OPS-01"

    def op_max(self, node: Node, *values: Array) -> Answer:
        rest = np.broadcast_shapes(*(value.shape for value in values))
        return np.broadcast_to(super().op_max(node, *values[:2]), rest).copy()


class IntegersComparedAsFloats(GraphEngine):
    """Integers are compared in FP32."""

    id = "run-ops-01-equal"
    breaks = "RUN-OPS-01"

    def op_equal(self, node: Node, a: Array, b: Array) -> Answer:
        if a.dtype.kind in "iu":
            return a.astype(np.float32) == b.astype(np.float32)
        return super().op_equal(node, a, b)


class TanhSaturates(GraphEngine):
    """Tanh is 1 from 5 on."""

    id = "run-ops-01-tanh"
    breaks = "RUN-OPS-01"

    def op_tanh(self, node: Node, x: Array) -> Answer:
        return np.where(np.abs(x) > 5, np.sign(x), np.tanh(x)).astype(x.dtype)


class SigmoidInHalf(GraphEngine):
    """Sigmoid is computed in FP16."""

    id = "run-ops-01-sigmoid"
    breaks = "RUN-OPS-01"

    def op_sigmoid(self, node: Node, x: Array) -> Answer:
        return np.asarray(super().op_sigmoid(node, x.astype(np.float16))).astype(x.dtype)


class FloorByIntegers(GraphEngine):
    """Floor cuts the fraction off."""

    id = "run-ops-01-floor"
    breaks = "RUN-OPS-01"

    def op_floor(self, node: Node, x: Array) -> Answer:
        return np.trunc(x)


class ReciprocalEstimated(GraphEngine):
    """Reciprocal is the estimate of the processor, with 12 bits."""

    id = "run-ops-01-reciprocal"
    breaks = "RUN-OPS-01"

    def op_reciprocal(self, node: Node, x: Array) -> Answer:
        return (x.dtype.type(1) / x) * x.dtype.type(1 - 2.0**-13)


class XorIsOr(GraphEngine):
    """Xor is Or."""

    id = "run-ops-01-xor"
    breaks = "RUN-OPS-01"

    def op_xor(self, node: Node, a: Array, b: Array) -> Answer:
        return a | b


class WhereByMultiplying(GraphEngine):
    """Where adds both sides times the condition: an infinity on the side not chosen makes NaN."""

    id = "run-num-05-where"
    breaks = "RUN-NUM-05"

    def op_where(self, node: Node, condition: Array, a: Array, b: Array) -> Answer:
        if a.dtype.kind != "f":
            return super().op_where(node, condition, a, b)
        chosen = condition.astype(a.dtype)
        return a * chosen + b * (a.dtype.type(1) - chosen)


class LogOfTwo(GraphEngine):
    """Log is computed from a logarithm to base 2 of 20 bits."""

    id = "run-ops-01-log"
    breaks = "RUN-OPS-01"

    def op_log(self, node: Node, x: Array) -> Answer:
        return np.log(x) * x.dtype.type(1 + 2.0**-20)


# special values


class LessOfNan(GraphEngine):
    """Less is computed as not greater or equal: true for NaN."""

    id = "run-num-05-less"
    breaks = "RUN-NUM-05"

    def op_less(self, node: Node, a: Array, b: Array) -> Answer:
        return ~(a >= b)


class NanEqualsItself(GraphEngine):
    """Equal compares bits: NaN equals itself."""

    id = "run-num-05-equal"
    breaks = "RUN-NUM-05"

    def op_equal(self, node: Node, a: Array, b: Array) -> Answer:
        both = np.isnan(a) & np.isnan(b) if a.dtype.kind == "f" else False
        return np.asarray(super().op_equal(node, a, b)) | both


class NanNotSeen(GraphEngine):
    """IsNaN is compiled for finite numbers: always false."""

    id = "run-num-05-isnan"
    breaks = "RUN-NUM-05"

    def op_isnan(self, node: Node, x: Array) -> Answer:
        return np.zeros(x.shape, dtype=np.bool_)


class RootOfNegative(GraphEngine):
    """The root of a negative number is zero."""

    id = "run-num-05-sqrt"
    breaks = "RUN-NUM-05"

    def op_sqrt(self, node: Node, x: Array) -> Answer:
        return np.sqrt(np.where(x < 0, x.dtype.type(0), x))


class QuotientByZero(GraphEngine):
    """A quotient by zero is zero."""

    id = "run-num-05-div"
    breaks = "RUN-NUM-05"

    def op_div(self, node: Node, a: Array, b: Array) -> Answer:
        found = np.asarray(super().op_div(node, a, b))
        return np.where(b == 0, a.dtype.type(0), found).astype(a.dtype) if a.dtype.kind == "f" else found


class SignOfZeroDivisor(GraphEngine):
    """The reciprocal of negative zero is positive."""

    id = "run-num-05-reciprocal"
    breaks = "RUN-NUM-05"

    def op_reciprocal(self, node: Node, x: Array) -> Answer:
        return x.dtype.type(1) / (x + x.dtype.type(0))


class TanhOfInfinity(GraphEngine):
    """Tanh of an infinity is NaN, as the quotient of exponentials has it."""

    id = "run-num-05-tanh"
    breaks = "RUN-NUM-05"

    def op_tanh(self, node: Node, x: Array) -> Answer:
        return np.where(np.isinf(x), x.dtype.type(np.nan), np.tanh(x)).astype(x.dtype)


class ProductWithZero(GraphEngine):
    """A product with zero is zero, also with an infinity or NaN."""

    id = "run-num-05-mul"
    breaks = "RUN-NUM-05"

    def op_mul(self, node: Node, a: Array, b: Array) -> Answer:
        found = a * b
        return np.where((a == 0) | (b == 0), found.dtype.type(0), found)


class ExpOfMinusInfinity(GraphEngine):
    """Exp of minus infinity is the smallest normal number."""

    id = "run-num-05-exp"
    breaks = "RUN-NUM-05"

    def op_exp(self, node: Node, x: Array) -> Answer:
        return np.where(np.isneginf(x), np.finfo(x.dtype).tiny, np.exp(x)).astype(x.dtype)


class PowOfNan(GraphEngine):
    """NaN to the power of 0 is NaN."""

    id = "run-num-05-pow"
    breaks = "RUN-NUM-05"

    def op_pow(self, node: Node, a: Array, b: Array) -> Answer:
        found = np.asarray(super().op_pow(node, a, b))
        return np.where(np.isnan(a), a, found).astype(a.dtype) if a.dtype.kind == "f" else found


class SubnormalsMisread(GraphEngine):
    """Subnormal factors are read as if they had the leading bit of normal numbers."""

    id = "run-num-05-subnormal"
    breaks = "RUN-NUM-05"

    def op_mul(self, node: Node, a: Array, b: Array) -> Answer:
        return self.misread(a) * self.misread(b) if a.dtype.kind == "f" else a * b

    def misread(self, x: Array) -> Array:
        tiny = np.finfo(x.dtype).tiny
        return np.where((x != 0) & (np.abs(x) < tiny), x + np.copysign(tiny, x), x)


class InfinityLessItself(GraphEngine):
    """Infinity minus infinity is zero."""

    id = "run-num-05-sub"
    breaks = "RUN-NUM-05"

    def op_sub(self, node: Node, a: Array, b: Array) -> Answer:
        return np.where(a == b, a.dtype.type(0), a - b)


class AbsOfSubnormal(GraphEngine):
    """Abs takes subnormal numbers for NaN."""

    id = "run-num-05-abs"
    breaks = "RUN-NUM-05"

    def op_abs(self, node: Node, x: Array) -> Answer:
        if x.dtype.kind != "f":
            return np.abs(x)
        small = (x != 0) & (np.abs(x) < np.finfo(x.dtype).tiny)
        return np.where(small, x.dtype.type(np.nan), np.abs(x))


ALL: tuple[type[GraphEngine], ...] = (
    SinOff,
    CosUnreduced,
    IntegersFloored,
    ModTruncated,
    FmodIgnored,
    HalvesAway,
    CastRounds,
    CastThroughIntegers,
    CastSaturates,
    LeakyAlphaIgnored,
    EluAlphaIgnored,
    HardSigmoidOfKeras,
    ClipHalf,
    OneSlope,
    ErfByPolynomial,
    GeluAlwaysTanh,
    BroadcastFromTheLeft,
    TailApproximated,
    SoftplusOverflows,
    PowByLogarithm,
    TwoOperands,
    IntegersComparedAsFloats,
    TanhSaturates,
    SigmoidInHalf,
    FloorByIntegers,
    ReciprocalEstimated,
    XorIsOr,
    WhereByMultiplying,
    LogOfTwo,
    LessOfNan,
    NanEqualsItself,
    NanNotSeen,
    RootOfNegative,
    QuotientByZero,
    SignOfZeroDivisor,
    TanhOfInfinity,
    ProductWithZero,
    ExpOfMinusInfinity,
    PowOfNan,
    SubnormalsMisread,
    InfinityLessItself,
    AbsOfSubnormal,
)
