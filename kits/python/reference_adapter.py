"""An adapter for the reference evaluator of the package `onnx`: the checks that an engine lacks, added.

lepton certify python:reference_adapter:Runtime --profile runtime
lepton certify "exec:python reference_adapter.py" --profile runtime
"""

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator


class Model:
    """A loaded model. The evaluator checks neither models nor inputs, so this does."""

    def __init__(self, path):
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        self.evaluator = ReferenceEvaluator(model)
        self.inputs = [_described(value) for value in model.graph.input]
        self.outputs = [_described(value) for value in model.graph.output]

    def infer(self, inputs):
        expected = {name: (datatype, shape) for name, datatype, shape in self.inputs}
        if set(inputs) != set(expected):
            raise ValueError(f"found the inputs {sorted(inputs)}, expected {sorted(expected)}")
        for name, array in inputs.items():
            datatype, shape = expected[name]
            if _datatype(array.dtype) != datatype:
                raise ValueError(f"input {name}: found {array.dtype}, expected {datatype}")
            fits = len(array.shape) == len(shape)
            if not fits or any(
                size not in (-1, given) for size, given in zip(shape, array.shape, strict=True)
            ):
                raise ValueError(f"input {name}: found shape {array.shape}, expected {shape}")
        names = [name for name, _, _ in self.outputs]
        return dict(zip(names, map(np.array, self.evaluator.run(names, inputs)), strict=True))

    def close(self):
        self.evaluator = None


class Runtime:
    """What is certified."""

    name, version, load = "onnx-reference", onnx.__version__, staticmethod(Model)


def _described(value):
    tensor = value.type.tensor_type
    shape = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim]
    return value.name, _datatype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)), shape


def _datatype(dtype):
    """Return the standard's name of a NumPy type: float32 is FP32, int8 INT8, object BYTES."""
    name = np.dtype(dtype).name.upper()
    return {"OBJECT": "BYTES"}.get(name, name.replace("FLOAT", "FP"))


if __name__ == "__main__":
    import lepton_stdio

    lepton_stdio.serve(Runtime())
