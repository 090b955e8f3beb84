"""An adapter for tract, the engine in Rust, through its Python package.

lepton certify "exec:python tract_adapter.py" --profile runtime
"""

import tract

from onnx_interface import Interface


class Model(Interface):
    """A loaded model. tract knows neither names nor free sizes of ONNX, so `Interface` does."""

    def __init__(self, path):
        super().__init__(path)
        self.runnable = tract.onnx().load(path).into_model().into_runnable()

    def infer(self, inputs):
        self.check(inputs)
        found = self.runnable.run([inputs[name] for name, _, _ in self.inputs])
        names = [name for name, _, _ in self.outputs]
        return dict(zip(names, (tensor.to_numpy() for tensor in found), strict=True))

    def close(self):
        self.runnable = None


class Runtime:
    """What is certified."""

    name, version, load = "tract", tract.version(), staticmethod(Model)
    datatypes = ["BOOL", "FP16", "FP32"]  # noqa: RUF012
    datatypes += [f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
    #: It has no Loop, and no strings.
    operators = ["elementwise", "dense", "convolution", "pooling", "normalisation"]  # noqa: RUF012
    operators += ["reductions", "indexing", "recurrent", "quantised", "blocks"]


if __name__ == "__main__":
    import lepton_stdio

    lepton_stdio.serve(Runtime())
