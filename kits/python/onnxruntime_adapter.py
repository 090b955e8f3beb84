"""An adapter for onnxruntime. Copy it, change the places marked HERE, and certify your own runtime:

lepton certify python:onnxruntime_adapter:Runtime --profile runtime
lepton certify "exec:python onnxruntime_adapter.py" --profile runtime
LEPTON_ONNXRUNTIME=unoptimised: each node is computed as the file has it, no graph is rewritten
"""

import os

import numpy as np

# onnxruntime reports to its maker over the network unless told otherwise before its import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort  # HERE: your runtime
from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented, RuntimeException

DATATYPES = {  # HERE: your runtime's names for the standard's datatypes
    "tensor(bool)": "BOOL",
    "tensor(string)": "BYTES",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    **{f"tensor(int{bits})": f"INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"tensor(uint{bits})": f"UINT{bits}" for bits in (8, 16, 32, 64)},
}


PROVIDERS = ["CPUExecutionProvider"]
OPTIONS = ort.SessionOptions()
OPTIONS.add_session_config_entry("session.intra_op.allow_spinning", "0")  # many small models: no busy threads
if os.environ.get("LEPTON_ONNXRUNTIME") == "unoptimised":
    OPTIONS.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL


class Model:
    """A loaded model. Raising an exception rejects."""

    def __init__(self, path):
        try:
            self.session = ort.InferenceSession(path, OPTIONS, providers=PROVIDERS)  # HERE: load
        except NotImplemented as error:  # an operator that this build lacks in a datatype
            raise NotImplementedError(str(error)) from error
        self.inputs = [_described(tensor) for tensor in self.session.get_inputs()]
        self.outputs = [_described(tensor) for tensor in self.session.get_outputs()]

    def infer(self, inputs):
        given = {name: _each(bytes.decode, array) for name, array in inputs.items()}
        names = [name for name, _, _ in self.outputs]
        try:
            found = self.session.run(names, given)  # HERE: compute
        except RuntimeException as error:
            if "does not support" in str(error):  # as LSTM and GRU say of FP64
                raise NotImplementedError(str(error)) from error
            raise
        return {name: _each(str.encode, array) for name, array in zip(names, found, strict=True)}

    def close(self):
        self.session = None


class Runtime:
    """What is certified."""

    name, version, load = "onnxruntime", ort.__version__, staticmethod(Model)


def _described(tensor):
    shape = [size if isinstance(size, int) else -1 for size in tensor.shape]
    return tensor.name, DATATYPES[tensor.type], shape


def _each(convert, array):
    """Convert the elements of BYTES, which onnxruntime has as str and the standard as bytes."""
    if array.dtype != object:
        return array
    return np.array([convert(value) for value in array.ravel()], dtype=object).reshape(array.shape)


if __name__ == "__main__":
    import lepton_stdio

    lepton_stdio.serve(Runtime())
