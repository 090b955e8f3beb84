"""What an ONNX file says of its inputs and outputs, for engines that do not tell or do not check.

Copy this file beside your adapter if your engine neither describes a model nor compares inputs with it. Needs
NumPy and the package `onnx`.
"""

import numpy as np
import onnx


class Interface:
    """The inputs and outputs of a model file, lists of (name, datatype, shape), -1 for a free size."""

    def __init__(self, path):
        self.model = onnx.load(path)
        onnx.checker.check_model(self.model, full_check=True)
        graph = self.model.graph
        defaults = {value.name for value in graph.initializer}
        self.inputs = [_described(value) for value in graph.input if value.name not in defaults]
        #: An engine that lets a caller replace an initializer adds its name.
        self.optional = set()
        self.outputs = [_described(value) for value in graph.output]

    def check(self, inputs):
        """Compare the arrays of a call with the model. Raises: ValueError."""
        expected = {name: (datatype, shape) for name, datatype, shape in self.inputs}
        if not set(expected) <= set(inputs) <= set(expected) | self.optional:
            raise ValueError(f"found the inputs {sorted(inputs)}, expected {sorted(expected)}")
        for name, (datatype, shape) in expected.items():
            array = inputs[name]
            if datatype_of(array.dtype) != datatype:
                raise ValueError(f"input {name}: found {array.dtype}, expected {datatype}")
            fits = len(array.shape) == len(shape)
            if not fits or any(
                size not in (-1, given) for size, given in zip(shape, array.shape, strict=True)
            ):
                raise ValueError(f"input {name}: found shape {array.shape}, expected {shape}")


def datatype_of(dtype):
    """Return the standard's name of a NumPy type: float32 is FP32, int8 INT8, object BYTES."""
    name = np.dtype(dtype).name.upper()
    return {"OBJECT": "BYTES"}.get(name, name.replace("FLOAT", "FP"))


def _described(value):
    tensor = value.type.tensor_type
    shape = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim]
    return value.name, datatype_of(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)), shape
