"""An adapter for OpenVINO on the CPU, in the precision that the model declares.

lepton certify "exec:python openvino_adapter.py" --profile runtime
LEPTON_OPENVINO=FP64,INT64: these datatypes are judged, too; the CPU takes them and computes in narrower ones
"""

import os
import sys

import numpy as np

# OpenVINO's conversion tools report to their maker when they are imported, unless this package is not there.
sys.modules["openvino_telemetry"] = None

import openvino as ov

DATATYPES = {
    "boolean": "BOOL",
    "string": "BYTES",
    "f16": "FP16",
    "f32": "FP32",
    "f64": "FP64",
    **{f"i{bits}": f"INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"u{bits}": f"UINT{bits}" for bits in (8, 16, 32, 64)},
}
#: The CPU takes these and computes in FP32 and INT32; it has few operators on strings.
NARROWED = {"FP64", "INT64", "UINT32", "UINT64", "BYTES"}
CORE = ov.Core()
PRECISION = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY"}


class Model:
    """A loaded model. Raising an exception rejects."""

    def __init__(self, path):
        model = CORE.read_model(path)
        self.inputs = [_described(port) for port in model.inputs]
        self.outputs = [_described(port) for port in model.outputs]
        self.compiled = CORE.compile_model(model, "CPU", PRECISION)

    def infer(self, inputs):
        names = [name for name, _, _ in self.inputs]
        if set(inputs) != set(names):  # OpenVINO computes with whatever an input was before
            raise ValueError(f"found the inputs {sorted(inputs)}, expected {sorted(names)}")
        request = self.compiled.create_infer_request()
        for index, name in enumerate(names):
            request.set_input_tensor(index, _tensor(inputs[name]))
        request.infer()
        # By number: equal nodes become one, whose tensor then has the names of all.
        found = [request.get_output_tensor(index) for index in range(len(self.outputs))]
        return {name: _array(tensor) for (name, _, _), tensor in zip(self.outputs, found, strict=True)}

    def close(self):
        self.compiled = None


class Runtime:
    """What is certified."""

    name, version, load = "openvino", ov.__version__, staticmethod(Model)
    declared = {*DATATYPES.values()} - NARROWED | set(os.environ.get("LEPTON_OPENVINO", "").split(","))
    datatypes = sorted(declared & {*DATATYPES.values()})


def _described(port):
    shape = [size.get_length() if size.is_static else -1 for size in port.partial_shape]
    return port.any_name, DATATYPES[port.element_type.get_type_name()], shape


def _tensor(array):
    if array.dtype != object:
        return ov.Tensor(np.array(array, order="C"))
    return ov.Tensor(np.array(list(array.ravel()), dtype="S").reshape(array.shape))


def _array(tensor):
    if tensor.element_type != ov.Type.string:
        return tensor.data.copy()
    return np.array([value.encode() for value in tensor.str_data.ravel()], object).reshape(tensor.shape)


if __name__ == "__main__":
    import lepton_stdio

    lepton_stdio.serve(Runtime())
