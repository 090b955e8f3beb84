"""Corrections to operators of onnx's reference evaluator, so that the oracle stays onnx's own.

Owns the operators that the installed `onnx` computes wrongly or not at all; each says what is wrong and from
which version it was seen. Leaves every other operator to `onnx`. None may borrow from an engine under test.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx.reference.op_run import OpRun

__all__ = ["CORRECTED_OPERATORS", "BatchNormalization", "GlobalMaxPool"]

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


#: Handed to `ReferenceEvaluator(new_ops=...)`.
CORRECTED_OPERATORS: tuple[type[OpRun], ...] = (BatchNormalization, GlobalMaxPool)
