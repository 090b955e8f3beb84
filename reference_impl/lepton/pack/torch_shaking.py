"""Plant rounding errors into what a torch module computes in float64.

Owns the walk through torch's operations as they are dispatched; leaves the size of errors to `rounding`.
Serves PKG-VEC-04.
"""

from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from lepton.pack.rounding import Shaker

__all__ = ["shaking"]

#: Operators of ATen by the ONNX operator whose errors they have. What is not here and not exact rounds a few
#: times for each element.
_KINDS = {
    "convolution": "Conv",
    "addmm": "Gemm",
    "mm": "MatMul",
    "bmm": "MatMul",
    "baddbmm": "Gemm",
    "mean": "ReduceMean",
    "sum": "ReduceSum",
    "avg_pool2d": "AveragePool",
    "_adaptive_avg_pool2d": "AveragePool",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "erf": "Erf",
    "gelu": "Gelu",
    "silu": "Gelu",
    "hardsigmoid": "HardSigmoid",
    "hardswish": "HardSigmoid",
    "_softmax": "Softmax",
    "_log_softmax": "LogSoftmax",
    "native_layer_norm": "LayerNormalization",
    "native_batch_norm": "BatchNormalization",
    "_native_batch_norm_legit_no_training": "BatchNormalization",
    "native_group_norm": "GroupNormalization",
    "_scaled_dot_product_flash_attention_for_cpu": "LayerNormalization",
}
#: Operators that only move or select elements, besides views.
_EXACT = frozenset(
    (
        *(
            "_to_copy",
            "abs",
            "amax",
            "amin",
            "arange",
            "cat",
            "clamp",
            "clamp_min",
            "clone",
            "constant_pad_nd",
        ),
        *(
            "copy_",
            "detach",
            "embedding",
            "empty",
            "empty_like",
            "eq",
            "fill_",
            "full",
            "full_like",
            "gather",
        ),
        *(
            "index",
            "index_select",
            "lift_fresh",
            "max",
            "max_pool2d_with_indices",
            "maximum",
            "min",
            "minimum",
        ),
        *(
            "neg",
            "new_zeros",
            "ones",
            "ones_like",
            "relu",
            "relu_",
            "repeat",
            "roll",
            "stack",
            "topk",
            "where",
        ),
        *("zeros", "zeros_like", "_unsafe_view", "masked_fill", "leaky_relu", "hardtanh", "hardtanh_"),
    )
)
#: Position of the operand that the terms of a sum are counted in, where it is not the second.
_OPERANDS = {"addmm": slice(1, 3), "baddbmm": slice(1, 3)}


class _Shaking(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch gives none
    def __init__(self, shaker: Shaker) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._shaker = shaker

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        answer = func(*args, **kwargs)
        name = func._schema.name.removeprefix("aten::")
        if func.is_view or name in _EXACT or not _floats(answer):
            return answer
        first = answer[0] if isinstance(answer, (tuple, list)) else answer
        sums = _KINDS.get(name, "") in ("Conv", "Gemm", "MatMul", "ReduceMean", "ReduceSum", "AveragePool")
        operands = [
            one.numpy() for one in args[_OPERANDS.get(name, slice(0, 2))] if isinstance(one, torch.Tensor)
        ]
        if sums:
            sizes = func(*tree_map(_absolute, args), **tree_map(_absolute, kwargs))
            again = [sizes.numpy()]
        else:
            again = [first.numpy()]
        kind = "Gemm" if name == "addmm" else _KINDS.get(name, "")
        (moved,) = self._shaker.operation(kind, operands or again, [first.numpy()], lambda _: again)
        first.copy_(torch.from_numpy(np.asarray(moved)))
        return answer


def shaking(shaker: Shaker) -> _Shaking:
    """Return a context in which `shaker` moves the result of every float64 operation of torch."""
    return _Shaking(shaker)


def _floats(answer: Any) -> bool:
    first = answer[0] if isinstance(answer, (tuple, list)) and answer else answer
    return isinstance(first, torch.Tensor) and first.dtype == torch.float64


def _absolute(one: Any) -> Any:
    return one.abs() if isinstance(one, torch.Tensor) and one.dtype == torch.float64 else one
