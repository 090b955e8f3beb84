"""The step graph: an ONNX file of the package between tensors of the chain, run by the engine.

Owns the binding of tensors by position; leaves computing to `lepton.runtime.onnxruntime`. Serves PKG-PRO-04
and PKG-PRO-06.
"""

from collections.abc import Mapping
from typing import Any

from lepton.errors import RuntimeRefusal
from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array
from lepton.runtime.steps.operation import Operation, Setting, same
from lepton.tensor import TensorSpec

__all__ = ["graph"]


def graph(step: Mapping[str, Any], setting: Setting, *specs: TensorSpec) -> Operation:
    """Compile `graph`."""
    model = setting.files.graph(step["file"])
    same(len(specs), len(model.inputs), f"the tensors read, inputs of {step['file']!r}")
    same(len(step["out"]), len(model.outputs), f"the tensors written, outputs of {step['file']!r}")
    same(len(step["outputs"]), len(step["out"]), "the tensors that `outputs` describes")
    yields = tuple(
        TensorSpec(name, entry["datatype"], tuple(entry["shape"]))
        for name, entry in zip(step["out"], step["outputs"], strict=True)
    )
    types = [numpy_dtype(spec.datatype) for spec in yields]

    def apply(*arrays: Array) -> tuple[Array, ...]:
        answer = model.infer(dict(zip(model.inputs, arrays, strict=True)))
        written = tuple(answer[name] for name in model.outputs)
        for spec, array, dtype in zip(yields, written, types, strict=True):
            if array.dtype != dtype:
                raise RuntimeRefusal(
                    f"{step['file']}: found {array.dtype} for {spec.name!r}, expected {spec.datatype}"
                )
        return written

    return Operation(tuple(spec.name for spec in specs), yields, apply, sized=True)
