"""Corrections to operators of onnx's reference evaluator, so that the oracle stays onnx's own.

Owns the operators that the installed `onnx` computes wrongly, not at all, or far too slowly; each says what
is wrong and from which version it was seen. Leaves every other operator to `onnx`. None may borrow from an
engine under test.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx.reference.op_run import OpRun
from onnx.reference.ops.aionnxml.op_svm_classifier import SVMClassifier as OnnxSVMClassifier
from onnx.reference.ops.aionnxml.op_svm_classifier import sigmoid_probability
from onnx.reference.ops.op_conv import Conv as OnnxConv
from onnx.reference.ops.op_conv_transpose import ConvTranspose as OnnxConvTranspose
from onnx.reference.ops.op_max_pool import MaxPool as OnnxMaxPool

__all__ = [
    "BatchNormalization",
    "Conv",
    "ConvTranspose",
    "DequantizeLinear",
    "GlobalMaxPool",
    "MaxPool",
    "QuantizeLinear",
    "SVMClassifier",
    "operators",
]

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


class Conv(OnnxConv):
    """Add the products of each place of the kernel at once.

    onnx 1.23.2 takes channels of many groups one by one, two thirds of the time of a model for telephones.
    Padding by a rule stays its own.
    """

    op_domain = ""

    def _run(  # type: ignore[override]  # onnx spells each attribute out
        self, x: Floats, weights: Floats, bias: Floats | None = None, **given: Any
    ) -> tuple[Floats]:
        rank = x.ndim - 2
        group = given.get("group") or 1
        fits = x.ndim == weights.ndim > 2 and x.shape[1] == weights.shape[1] * group
        if given.get("auto_pad") not in (None, "NOTSET") or not fits:
            answer: tuple[Floats] = super()._run(x, weights, bias, **given)  # type: ignore[no-untyped-call]
            return answer
        strides, gaps = (given.get(name) or [1] * rank for name in ("strides", "dilations"))
        pads = given.get("pads") or [0] * 2 * rank
        padded = np.pad(x, [(0, 0), (0, 0), *zip(pads[:rank], pads[rank:], strict=True)])
        axes = list(zip(padded.shape[2:], weights.shape[2:], strides, gaps, strict=True))
        counts = [(n - (k - 1) * gap - 1) // step + 1 for n, k, step, gap in axes]
        y = np.zeros((x.shape[0], weights.shape[0], *counts), x.dtype)
        alone = weights.shape[1] == 1  # each channel by itself
        parts = (
            np.split(one, 1 if alone else group, axis) for one, axis in ((padded, 1), (weights, 0), (y, 1))
        )
        for read, kernel, written in zip(*parts, strict=True):
            for place in np.ndindex(*kernel.shape[2:]):
                spots = tuple(
                    slice(at * gap, at * gap + (count - 1) * step + 1, step)
                    for at, count, (_, _, step, gap) in zip(place, counts, axes, strict=True)
                )
                seen = read[(slice(None), slice(None), *spots)]
                factors = kernel[(slice(None), slice(None), *place)]
                if alone:
                    each = np.repeat(seen, len(factors) // group, axis=1)
                    written += each * factors.reshape(1, -1, *[1] * rank)
                else:
                    written += np.moveaxis(np.tensordot(factors, seen, (1, 1)), 0, 1)
        return (y if bias is None else y + bias.reshape(1, -1, *[1] * rank),)


class ConvTranspose(OnnxConvTranspose):
    """Add the products of each place of the kernel at once.

    onnx 1.23.2 adds them number by number, four fifths of the time that a detector of text takes, and fails
    on some groups. Padding by a rule, and a given output shape, stay its own.
    """

    op_domain = ""

    def _run(  # type: ignore[override]  # onnx spells each attribute out
        self, x: Floats, weights: Floats, bias: Floats | None = None, **given: Any
    ) -> tuple[Floats]:
        if given.get("output_shape") is not None or given.get("auto_pad") not in (None, "NOTSET"):
            answer: tuple[Floats] = super()._run(x, weights, bias, **given)  # type: ignore[no-untyped-call]
            return answer
        rank = x.ndim - 2
        strides, dilations = (given.get(name) or [1] * rank for name in ("strides", "dilations"))
        pads, extra = given.get("pads") or [0] * 2 * rank, given.get("output_padding") or [0] * rank
        group = given.get("group") or 1
        axes = list(zip(x.shape[2:], weights.shape[2:], strides, dilations, extra, strict=True))
        full = [(n - 1) * step + (k - 1) * gap + 1 + more for n, k, step, gap, more in axes]
        y = np.zeros((x.shape[0], weights.shape[1] * group, *full), x.dtype)
        parts = (np.split(one, group, axis) for one, axis in ((x, 1), (weights, 0), (y, 1)))
        for read, kernel, written in zip(*parts, strict=True):
            for place in np.ndindex(*kernel.shape[2:]):
                spots = tuple(
                    slice(at * gap, at * gap + (n - 1) * step + 1, step)
                    for at, (n, _, step, gap, _) in zip(place, axes, strict=True)
                )
                products = np.tensordot(kernel[(slice(None), slice(None), *place)], read, (0, 1))
                written[(slice(None), slice(None), *spots)] += np.moveaxis(products, 0, 1)
        inner = (slice(pads[at], size - pads[rank + at]) for at, size in enumerate(full))
        y = y[(slice(None), slice(None), *inner)]
        return (y if bias is None else y + bias.reshape(1, -1, *[1] * rank),)


class MaxPool(OnnxMaxPool):
    """Take the largest number of each place of the kernel at once.

    onnx 1.23.2 walks over the result number by number, and takes unequal padding wrongly. Indices, rounding
    up and padding by a rule stay its own.
    """

    op_domain = ""

    def _run(  # type: ignore[override]  # onnx spells each attribute out
        self, x: Floats, **given: Any
    ) -> tuple[Floats, ...]:
        rule = given.get("auto_pad") not in (None, "NOTSET")
        if len(self.onnx_node.output) > 1 or given.get("ceil_mode") or rule or x.dtype.kind != "f":
            answer: tuple[Floats, ...] = super()._run(x, **given)  # type: ignore[no-untyped-call]
            return answer
        rank = x.ndim - 2
        strides, gaps = (given.get(name) or [1] * rank for name in ("strides", "dilations"))
        pads, kernel = given.get("pads") or [0] * 2 * rank, given["kernel_shape"]
        around = [(0, 0), (0, 0), *zip(pads[:rank], pads[rank:], strict=True)]
        padded = np.pad(x, around, constant_values=-np.inf)
        axes = list(zip(padded.shape[2:], kernel, strides, gaps, strict=True))
        counts = [(n - (k - 1) * gap - 1) // step + 1 for n, k, step, gap in axes]
        y = np.full((*x.shape[:2], *counts), -np.inf, x.dtype)
        for place in np.ndindex(*kernel):
            spots = tuple(
                slice(at * gap, at * gap + (count - 1) * step + 1, step)
                for at, count, (_, _, step, gap) in zip(place, counts, axes, strict=True)
            )
            np.maximum(y, padded[(slice(None), slice(None), *spots)], out=y)
        return (y,)


class SVMClassifier(OnnxSVMClassifier):
    """Couple the probabilities of pairs of three classes or more, as libsvm does.

    onnx 1.23.2 fills the matrix Q with an inner product where libsvm (`multiclass_probability`) has a product
    of numbers: probabilities are a tenth off.
    """

    op_domain = "ai.onnx.ml"

    def _probabilities(self, scores: Floats, classes: int) -> Floats:
        atts: Any = self._svm.atts
        pairs = np.zeros((classes, classes), scores.dtype)
        for at, (one, other) in enumerate(zip(*np.triu_indices(classes, 1), strict=True)):
            found = sigmoid_probability(  # type: ignore[no-untyped-call]
                scores[at], atts.prob_a[at], atts.prob_b[at]
            )
            pairs[one, other] = np.clip(found, 1e-7, 1 - 1e-7)
            pairs[other, one] = 1 - pairs[one, other]
        q = -pairs.T * pairs
        np.fill_diagonal(q, (pairs**2).sum(axis=0))
        p = np.full(classes, 1 / classes, scores.dtype)
        for _ in range(max(100, classes)):
            qp = q @ p
            pqp = p @ qp
            if np.abs(qp - pqp).max() < 0.005 / classes:
                break
            for at in range(classes):
                step = (pqp - qp[at]) / q[at, at]
                p[at] += step
                pqp = (pqp + step * (step * q[at, at] + 2 * qp[at])) / (1 + step) ** 2
                qp = (qp + step * q[at]) / (1 + step)
                p /= 1 + step
        return p


def _along(x: Floats, scale: Floats, axis: int | None) -> tuple[int, ...]:
    """Return the shape in which one scale for all, or one for each place on `axis`, broadcasts."""
    if scale.size == 1 and scale.ndim <= 1:
        return (1,) * x.ndim
    at = (1 if axis is None else axis) % x.ndim
    return tuple(scale.size if place == at else 1 for place in range(x.ndim))


#: What the installed `onnx` computes wrongly at every opset.
CORRECTED_OPERATORS: tuple[type[OpRun], ...] = (BatchNormalization, GlobalMaxPool, SVMClassifier)
#: What it computes too slowly for real models.
FASTER_OPERATORS: tuple[type[OpRun], ...] = (Conv, ConvTranspose, MaxPool)
#: What it lacks below an opset.
MISSING_BELOW: dict[int, tuple[type[OpRun], ...]] = {19: (DequantizeLinear, QuantizeLinear)}


def operators(opset: int) -> list[type[OpRun]]:
    """Return what to hand to `ReferenceEvaluator(new_ops=...)` for a model of an opset."""
    missing = [one for below, several in MISSING_BELOW.items() if opset < below for one in several]
    return [*CORRECTED_OPERATORS, *FASTER_OPERATORS, *missing]
