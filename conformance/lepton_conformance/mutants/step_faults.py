"""Processing steps computed wrongly, one fault each.

Owns the faults of PKG-PRO-04; leaves the right answers to `oracle.steps`. Serves `package`.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.steps import Steps, rounded

__all__ = ["ALL"]


class CastRounds(Steps):
    """Floats become integers by rounding."""

    id = "pro-04-cast-rounds"
    breaks = "PKG-PRO-04"

    def truncated(self, value: float, target: "np.dtype[Any]") -> int:
        return super().truncated(round(value) if math.isfinite(value) else value, target)


class CastSaturates(Steps):
    """Integers that do not fit stop at the end of the range."""

    id = "pro-04-cast-saturates"
    breaks = "PKG-PRO-04"

    def wrapped(self, value: int, target: "np.dtype[Any]") -> int:
        limits = np.iinfo(target)
        return min(max(value, int(limits.min)), int(limits.max))


class CastAnswersNan(Steps):
    """A NaN becomes 0 instead of a refusal."""

    id = "pro-04-cast-answers-nan"
    breaks = "PKG-PRO-04"

    def truncated(self, value: float, target: "np.dtype[Any]") -> int:
        return super().truncated(0.0 if math.isnan(value) else value, target)


class RescaleFused(Steps):
    """Multiplication and addition are rounded once."""

    id = "pro-04-rescale-fused"
    breaks = "PKG-PRO-04"

    def rescale(self, array: Array, step: Mapping[str, Any]) -> Array:
        scale, offset = rounded(step["scale"]), rounded(step["offset"])
        return np.asarray((array.astype(np.float64) * scale + offset).astype("<f4"))


class RescaleOffsetFirst(Steps):
    """The offset is added before scaling."""

    id = "pro-04-rescale-offset-first"
    breaks = "PKG-PRO-04"

    def rescale(self, array: Array, step: Mapping[str, Any]) -> Array:
        return (array + np.float32(step["offset"])) * np.float32(step["scale"])


class NormalizeByReciprocal(Steps):
    """Division is replaced by a product with the reciprocal."""

    id = "pro-04-normalize-by-reciprocal"
    breaks = "PKG-PRO-04"

    def normalize(self, array: Array, step: Mapping[str, Any]) -> Array:
        shape = [-1 if axis == step["axis"] % array.ndim else 1 for axis in range(array.ndim)]
        mean = np.array(step["mean"], np.float32).reshape(shape)
        inverse = (np.float32(1) / np.array(step["std"], np.float32)).reshape(shape)
        return np.asarray((array - mean) * inverse)


class NormalizeFirstStatistic(Steps):
    """Every index uses the mean and deviation of the first."""

    id = "pro-04-normalize-first"
    breaks = "PKG-PRO-04"

    def normalize(self, array: Array, step: Mapping[str, Any]) -> Array:
        return (array - np.float32(step["mean"][0])) / np.float32(step["std"][0])


class TransposeInverse(Steps):
    """The permutation is read the other way round."""

    id = "pro-04-transpose-inverse"
    breaks = "PKG-PRO-04"

    def transpose(self, array: Array, step: Mapping[str, Any]) -> Array:
        return np.ascontiguousarray(array.transpose(np.argsort(step["perm"])))


class ReshapeColumns(Steps):
    """Elements are taken column by column."""

    id = "pro-04-reshape-columns"
    breaks = "PKG-PRO-04"

    def reshape(self, array: Array, step: Mapping[str, Any]) -> Array:
        return np.ascontiguousarray(array.reshape(step["shape"], order="F"))


class SoftmaxOverflows(Steps):
    """The largest element is not subtracted first."""

    id = "pro-04-softmax-overflows"
    breaks = "PKG-PRO-04"

    def softmax(self, array: Array, step: Mapping[str, Any]) -> Array:
        with np.errstate(all="ignore"):
            powers = np.exp(array)
            return np.asarray(powers / powers.sum(axis=step["axis"], keepdims=True))


class SoftmaxLastAxis(Steps):
    """The axis is taken for the last one."""

    id = "pro-04-softmax-last-axis"
    breaks = "PKG-PRO-04"

    def softmax(self, array: Array, step: Mapping[str, Any]) -> Array:
        return super().softmax(array, {**step, "axis": -1})


class SigmoidOfTheOpposite(Steps):
    """The sign of the exponent is lost."""

    id = "pro-04-sigmoid-sign"
    breaks = "PKG-PRO-04"

    def sigmoid(self, array: Array, step: Mapping[str, Any]) -> Array:
        return super().sigmoid(-array, step)


class ArgmaxTakesTheLast(Steps):
    """Among equals the last one wins."""

    id = "pro-04-argmax-last"
    breaks = "PKG-PRO-04"

    def largest(self, line: list[Any]) -> int:
        return len(line) - 1 - super().largest(line[::-1])


class ArgmaxPassesNanOver(Steps):
    """A NaN counts as smaller than every number."""

    id = "pro-04-argmax-nan"
    breaks = "PKG-PRO-04"

    def largest(self, line: list[Any]) -> int:
        return super().largest([-math.inf if value != value else value for value in line])


ALL: tuple[type[Steps], ...] = (
    CastRounds,
    CastSaturates,
    CastAnswersNan,
    RescaleFused,
    RescaleOffsetFirst,
    NormalizeByReciprocal,
    NormalizeFirstStatistic,
    TransposeInverse,
    ReshapeColumns,
    SoftmaxOverflows,
    SoftmaxLastAxis,
    SigmoidOfTheOpposite,
    ArgmaxTakesTheLast,
    ArgmaxPassesNanOver,
)
