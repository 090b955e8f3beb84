"""Corrections to operators of onnx's reference evaluator, so that the oracle stays onnx's own.

Owns the operators that the installed `onnx` computes wrongly or not at all; each says what is wrong and from
which version it was seen. Leaves every other operator to `onnx`. None may borrow from an engine under test.
"""

from typing import Any

import numpy.typing as npt
from onnx.reference.op_run import OpRun

__all__ = ["CORRECTED_OPERATORS", "GlobalMaxPool"]

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


#: Handed to `ReferenceEvaluator(new_ops=...)`.
CORRECTED_OPERATORS: tuple[type[OpRun], ...] = (GlobalMaxPool,)
