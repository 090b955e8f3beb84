"""An adapter for the reference evaluator of the package `onnx`: the checks that an engine lacks, added.

lepton certify python:reference_adapter:Runtime --profile runtime
lepton certify "exec:python reference_adapter.py" --profile runtime
"""

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from onnx_interface import Interface


class Model(Interface):
    """A loaded model. The evaluator checks neither models nor inputs, so `Interface` does."""

    def __init__(self, path):
        super().__init__(path)
        self.optional = {value.name for value in self.model.graph.input} - {
            name for name, _, _ in self.inputs
        }
        self.evaluator = ReferenceEvaluator(self.model)

    def infer(self, inputs):
        self.check(inputs)
        names = [name for name, _, _ in self.outputs]
        found = self.evaluator.run(
            names, {name: _each(bytes.decode, array) for name, array in inputs.items()}
        )
        return {name: _each(str.encode, np.array(array)) for name, array in zip(names, found, strict=True)}

    def close(self):
        self.evaluator = None


class Runtime:
    """What is certified."""

    name, version, load = "onnx-reference", onnx.__version__, staticmethod(Model)


def _each(convert, array):
    """Convert the elements of BYTES, which the evaluator has as str and the standard as bytes."""
    if array.dtype.kind not in "OU":
        return array
    return np.array([convert(value) for value in array.ravel()], dtype=object).reshape(array.shape)


if __name__ == "__main__":
    import lepton_stdio

    lepton_stdio.serve(Runtime())
