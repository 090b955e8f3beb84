"""How far rounding may move an answer: the errors of an engine, planted into a computation in float64.

Owns the model of what one operation loses when it computes with unit roundoff u: nothing when it only moves
or selects elements; sqrt(n) u times the sum of the absolute products for sums of n products, which is the
probabilistic bound of rounding error analysis for any order of summation; a few u otherwise, of 1 rather than
of the result where common engines approximate a function that is bounded by 1. IEEE 754 rounds a single sum
or product correctly, so one that the precision holds has no error: places computed in whole numbers stay
whole. Leaves the walk through a
model to the oracles and what becomes of the answers to `tolerance`. Serves PKG-VEC-04.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lepton.runtime.protocol import Array

__all__ = ["UNIT_ROUNDOFF", "Shaker"]

#: Half the distance from 1.0 to the next number, by the precision of an artifact.
UNIT_ROUNDOFF = {"FP64": 2.0**-53, "FP32": 2.0**-24, "FP16": 2.0**-11, "BF16": 2.0**-8}

#: Operations of one rounding or a short chain of them, in roundings.
FEW = 4.0

#: Nothing is rounded: elements are moved, selected, negated or compared.
_EXACT = frozenset(
    (
        *("Abs", "ArgMax", "ArgMin", "Cast", "CastLike", "Ceil", "Clip", "Compress", "Concat", "Constant"),
        *(
            "ConstantOfShape",
            "CumMax",
            "DepthToSpace",
            "Expand",
            "Flatten",
            "Floor",
            "Gather",
            "GatherElements",
        ),
        *(
            "GatherND",
            "GlobalMaxPool",
            "Identity",
            "If",
            "Loop",
            "Max",
            "MaxPool",
            "Min",
            "Neg",
            "OneHot",
            "Pad",
        ),
        *(
            "Range",
            "ReduceMax",
            "ReduceMin",
            "Relu",
            "Reshape",
            "ReverseSequence",
            "Round",
            "Scan",
            "Scatter",
        ),
        *(
            "ScatterElements",
            "ScatterND",
            "Sign",
            "Size",
            "Slice",
            "SpaceToDepth",
            "Split",
            "Squeeze",
            "Tile",
        ),
        *("TopK", "Transpose", "Trilu", "Unsqueeze", "Where", "DequantizeLinear", "QuantizeLinear"),
    )
)
#: Sums of products: recomputed with absolute values; the number is that of the operand that is summed over.
_PRODUCTS = frozenset(("Conv", "ConvTranspose", "Gemm", "MatMul"))
_SUMS = frozenset(("AveragePool", "GlobalAveragePool", "ReduceMean", "ReduceSum", "ReduceL1", "CumSum"))
#: Approximated by engines with an error relative to 1, not to the result.
_BOUNDED = frozenset(
    (
        *("Sigmoid", "Tanh", "Softmax", "Erf", "Sin", "Cos", "HardSigmoid", "Gelu", "LogSoftmax", "Softplus"),
        *("LSTM", "GRU", "RNN", "LayerNormalization", "InstanceNormalization", "GroupNormalization"),
        *("BatchNormalization", "MeanVarianceNormalization", "LpNormalization", "RMSNormalization"),
    )
)
#: One operation of IEEE 754, which every engine rounds correctly; not Div, which some replace by a product
#: with the reciprocal.
_BASIC = frozenset(("Add", "Mul", "Sub"))


class Shaker:
    """Moves the results of operations by random amounts of the size of their rounding errors."""

    def __init__(self, unit: float, seed: int) -> None:
        """Shake for an engine with unit roundoff `unit`; the same seed shakes the same way."""
        self._unit = unit
        self._random = np.random.default_rng(seed)

    def operation(
        self,
        kind: str,
        inputs: Sequence[Array | None],
        outputs: Sequence[Any],
        again: Callable[[Sequence[Array | None]], Sequence[Any]],
    ) -> tuple[Any, ...]:
        """Return `outputs` of the ONNX operator `kind` as an engine might round them; `again` computes it."""
        if kind in _EXACT:
            return tuple(outputs)
        if kind in _PRODUCTS or kind in _SUMS:
            sizes = again([abs(one) if _wide(one) else one for one in inputs])  # type: ignore[arg-type]
            terms = _terms(kind, inputs, outputs)
            return tuple(
                self.moved(one, np.sqrt(terms) * np.abs(size))
                for one, size in zip(outputs, sizes, strict=True)
            )
        return tuple(self.moved(one, self._few(kind, one, inputs)) if _wide(one) else one for one in outputs)

    def _few(self, kind: str, output: Any, inputs: Sequence[Array | None]) -> Any:
        """Return the units of roundoff by which each element of an operation of few roundings may be off."""
        if kind in _BOUNDED:
            return FEW * np.maximum(np.abs(output), 1.0)
        sizes = FEW * np.abs(output)
        if kind not in _BASIC and not (kind == "Div" and _powers_of_two(inputs[1])):
            return sizes
        return np.where(self._held(output), 0.0, sizes)

    def _held(self, array: Any) -> Any:
        """Say which elements the precision holds as they are; none in that of the computation itself."""
        if self._unit <= UNIT_ROUNDOFF["FP64"]:
            return np.zeros(np.shape(array), bool)
        significand = np.frexp(array)[0] / self._unit
        return significand == np.round(significand)

    def moved(self, array: Any, sizes: Any) -> Any:
        """Return `array` moved by up to `sizes` units of roundoff, each element its own way."""
        if not _wide(array):
            return array
        return array + self._unit * sizes * self._random.uniform(-1.0, 1.0, np.shape(array))


def _powers_of_two(divisor: Any) -> bool:
    return _wide(divisor) and bool(np.all(np.abs(np.frexp(divisor)[0]) == 0.5))


def _wide(one: Any) -> bool:
    return isinstance(one, (np.ndarray, np.generic)) and one.dtype == np.float64


def _terms(kind: str, inputs: Sequence[Array | None], outputs: Sequence[Any]) -> int:
    """Return how many terms each sum has, or a little more."""
    first, second = inputs[0], inputs[1] if len(inputs) > 1 else None
    assert first is not None
    if kind in ("Conv", "ConvTranspose") and second is not None:
        return max(1, int(np.prod(second.shape[1:])))
    if kind in ("Gemm", "MatMul") and second is not None:
        return max(first.shape[-1] if first.ndim else 1, first.shape[0] if kind == "Gemm" else 1)
    return max(1, first.size // max(1, np.size(outputs[0])))
