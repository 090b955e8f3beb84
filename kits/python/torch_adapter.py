"""An adapter for PyTorch, through the converter onnx2pytorch.

lepton certify "exec:python torch_adapter.py" --profile runtime
LEPTON_TORCH=export: what is converted goes through torch.export before it computes, as a pt2 file does
"""

import io
import os
import warnings

import numpy as np
import torch

# torchvision on PyPI is built for CUDA. Beside a PyTorch without it, it only imports if this is declared; the
# converter needs it for operators on images alone.
if not torch.version.cuda:
    torchvision_operators = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        torchvision_operators.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
warnings.simplefilter("ignore")

from onnx2pytorch import ConvertModel

from lepton_stdio import NUMPY
from onnx_interface import Interface, datatype_of

EXPORTS = os.environ.get("LEPTON_TORCH") == "export"


class Model(Interface):
    """A loaded model. The converter checks neither models nor inputs, so `Interface` does."""

    def __init__(self, path):
        super().__init__(path)
        self.module = ConvertModel(self.model, experimental=True).eval()
        if EXPORTS:
            self.module = self._exported()

    def _exported(self):
        """Return the module that a pt2 file of this one gives."""
        free = [{axis for axis, size in enumerate(shape) if size < 0} for _, _, shape in self.inputs]
        sizes = [[3 if size < 0 else size for size in shape] for _, _, shape in self.inputs]
        given = [
            torch.from_numpy(np.ones(size, NUMPY[datatype]))
            for (_, datatype, _), size in zip(self.inputs, sizes, strict=True)
        ]
        dynamic = tuple(dict.fromkeys(axes, torch.export.Dim.AUTO) for axes in free)
        shapes = (dynamic,) if given else None
        program = torch.export.export(self.module, tuple(given), dynamic_shapes=shapes)
        file = io.BytesIO()
        torch.export.save(program, file)
        file.seek(0)
        return torch.export.load(file).module()

    def infer(self, inputs):
        self.check(inputs)
        given = [torch.from_numpy(np.array(inputs[name])) for name, _, _ in self.inputs]
        with torch.inference_mode():
            found = self.module(*given)
        found = found if isinstance(found, (tuple, list)) else (found,)
        outputs = {}
        for (name, datatype, _), value in zip(self.outputs, found, strict=True):
            outputs[name] = np.array(value)
            if datatype_of(outputs[name].dtype) != datatype:
                raise ValueError(f"output {name}: found {outputs[name].dtype}, expected {datatype}")
        return outputs

    def close(self):
        self.module = None


class Runtime:
    """What is certified."""

    name, version, load = "torch export" if EXPORTS else "torch", torch.__version__, staticmethod(Model)
    datatypes = ["BOOL", "FP16", "FP32", "FP64"]  # noqa: RUF012
    datatypes += [f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
    #: Recurrent ones only with constant weights.
    operators = ["elementwise", "dense", "convolution", "pooling", "normalisation"]  # noqa: RUF012
    operators += ["reductions", "indexing", "control", "quantised", "blocks"]


if __name__ == "__main__":
    import lepton_stdio

    lepton_stdio.serve(Runtime())
