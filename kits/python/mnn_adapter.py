"""An adapter for MNN, an engine for phones and small devices, through its converter for ONNX.

lepton certify "exec:python mnn_adapter.py" --profile runtime
"""

import os
import tempfile
from pathlib import Path

PROTOCOL = os.dup(1)
os.dup2(2, 1)  # MNN prints when it is imported

import _tools  # the converter, without its script, which reports what is converted over the network
import MNN
import numpy as np
from MNN import expr, nn

from onnx_interface import Interface

os.dup2(PROTOCOL, 1)
TYPES = {"float32": expr.float, "int32": expr.int, "uint8": expr.uint8, "int8": expr.int8}


class Model(Interface):
    """A loaded model. MNN does not check what it is given, so `Interface` does."""

    def __init__(self, path):
        super().__init__(path)
        with tempfile.TemporaryDirectory() as folder:
            converted = Path(folder) / "model.mnn"
            options = ["--modelFile", str(path), "--MNNModel", str(converted), "--keepInputFormat", "1"]
            _tools.mnnconvert(["mnnconvert", "-f", "ONNX", *options])
            if not converted.is_file():
                raise NotImplementedError("the converter of MNN does not take this file; see what it printed")
            names = [[name for name, _, _ in part] for part in (self.inputs, self.outputs)]
            self.module = nn.load_module_from_file(str(converted), *names)

    def infer(self, inputs):
        self.check(inputs)
        given = [_variable(inputs[name]) for name, _, _ in self.inputs]
        found = self.module.forward(given)
        if not found:
            raise ValueError("MNN computed nothing; see what it printed")
        outputs = {}
        for (name, datatype, _), variable in zip(self.outputs, found, strict=True):
            plain = expr.convert(variable, expr.NCHW)  # has to live until its elements are copied
            array = np.array(plain.read(), copy=True)
            # MNN has truth values as numbers.
            outputs[name] = array.astype(bool) if datatype == "BOOL" else array
        return outputs

    def close(self):
        self.module = None


class Runtime:
    """What is certified."""

    name, version, load = "MNN", MNN.version(), staticmethod(Model)
    #: INT64 and FP64 become INT32 and FP32 when a file is converted: they are not declared.
    datatypes = ["FP32", "INT32", "BOOL"]  # noqa: RUF012
    operators = ["elementwise", "dense", "convolution", "pooling", "normalisation"]  # noqa: RUF012
    operators += ["reductions", "indexing", "recurrent", "blocks"]


def _variable(array):
    if array.dtype == bool:
        array = array.astype(np.int32)
    kind = TYPES[array.dtype.name]
    return expr.const(np.ascontiguousarray(array), list(array.shape), expr.NCHW, kind)


if __name__ == "__main__":
    import lepton_stdio

    lepton_stdio.serve(Runtime())
