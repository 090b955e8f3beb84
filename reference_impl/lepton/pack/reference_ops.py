"""Corrections to operators of onnx's reference evaluator, so that the oracle stays onnx's own.

Owns the operators that the installed `onnx` computes wrongly or not at all; each says what is wrong and from
which version it was seen. Leaves every other operator to `onnx`. None may borrow from an engine under test.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx.reference.op_run import OpRun

__all__ = ["BatchNormalization", "DequantizeLinear", "GlobalMaxPool", "QuantizeLinear", "operators"]

Floats = npt.NDArray[Any]


class GlobalMaxPool(OpRun):
    """Pool over every spatial axis and keep each as size 1.

    onnx 1.23.2 reduces the axes (rank - 2, rank - 1) and appends rank - 2 ones. That is the right shape only
    for rank 4: a (N, C, L) tensor loses its channels as well and comes back as (N, 1), on which magika's
    Squeeze then fails ("axis 2 is out of bounds for array of dimension 2"); rank 5 keeps a spatial axis and
    gains one.
    """

    op_domain = ""

    def _run(self, x: Floats) -> tuple[Floats]:
        return (x.max(axis=tuple(range(2, x.ndim)), keepdims=True),)


class BatchNormalization(OpRun):
    """Normalise with the mean and variance that were given.

    onnx 1.23.2 takes `momentum`, which every such node of the opsets 9 to 13 has by default, for a sign of
    training and mixes the batch's own mean and variance in: paddle's exports, rapidocr's among them, come out
    wrong by a half.
    """

    op_domain = ""

    def _run(
        self,
        x: Floats,
        scale: Floats,
        bias: Floats,
        mean: Floats,
        var: Floats,
        epsilon: float | None = None,
        momentum: float | None = None,  # of training only
        training_mode: int | None = None,
    ) -> tuple[Floats]:
        if training_mode or getattr(self, "spatial", 1) == 0:
            raise NotImplementedError("BatchNormalization in training, or not over the spatial axes")
        each = (-1, *[1] * (x.ndim - 2))
        centred = (x - mean.reshape(each)) / np.sqrt(var + (1e-5 if epsilon is None else epsilon)).reshape(
            each
        )
        return ((centred * scale.reshape(each) + bias.reshape(each)).astype(x.dtype),)


class DequantizeLinear(OpRun):
    """Turn integers of 8, 16 or 32 bits back into numbers, as the opsets 10 to 18 say.

    onnx 1.23.2 has it from opset 19 on, and quantisers write opset 13 and below.
    """

    op_domain = ""

    def _run(
        self,
        x: Floats,
        scale: Floats,
        zero: Floats | None = None,
        axis: int | None = None,
        **_later: object,  # attributes of later opsets
    ) -> tuple[Floats]:
        each = _along(x, scale, axis)
        centred = x.astype(np.int64) - (0 if zero is None else zero.astype(np.int64).reshape(each))
        return (centred.astype(scale.dtype) * scale.reshape(each),)


class QuantizeLinear(OpRun):
    """Turn numbers into integers of 8 bits, as the opsets 10 to 18 say; see `DequantizeLinear`."""

    op_domain = ""

    def _run(
        self,
        x: Floats,
        scale: Floats,
        zero: Floats | None = None,
        axis: int | None = None,
        **_later: object,  # attributes of later opsets
    ) -> tuple[Floats]:
        each = _along(x, scale, axis)
        kind = np.dtype(np.uint8) if zero is None else zero.dtype
        limits = np.iinfo(kind)
        steps = np.rint(x / scale.reshape(each)) + (
            0 if zero is None else zero.astype(np.int64).reshape(each)
        )
        return (np.clip(steps, limits.min, limits.max).astype(kind),)


def _along(x: Floats, scale: Floats, axis: int | None) -> tuple[int, ...]:
    """Return the shape in which one scale for all, or one for each place on `axis`, broadcasts."""
    if scale.size == 1 and scale.ndim <= 1:
        return (1,) * x.ndim
    at = (1 if axis is None else axis) % x.ndim
    return tuple(scale.size if place == at else 1 for place in range(x.ndim))


#: What the installed `onnx` computes wrongly at every opset.
CORRECTED_OPERATORS: tuple[type[OpRun], ...] = (BatchNormalization, GlobalMaxPool)
#: What it lacks below an opset.
MISSING_BELOW: dict[int, tuple[type[OpRun], ...]] = {19: (DequantizeLinear, QuantizeLinear)}


def operators(opset: int) -> list[type[OpRun]]:
    """Return what to hand to `ReferenceEvaluator(new_ops=...)` for a model of an opset."""
    missing = [one for below, several in MISSING_BELOW.items() if opset < below for one in several]
    return [*CORRECTED_OPERATORS, *missing]
