"""A runtime for MLServer on ONNX Runtime; MLServer's own codecs read and write the tensors.

Owns the class that `model-settings.json` or MLSERVER_MODEL_IMPLEMENTATION names; leaves the checks to
`engine`. Serves `inference`.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.errors import InferenceError
from mlserver.types import Datatype, InferenceRequest, InferenceResponse, RequestInput, ResponseOutput
from mlserver.utils import get_model_uri

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from engine import Given, Model, Refusal

__all__ = ["OnnxRuntime"]


class OnnxRuntime(MLModel):
    """One model; its file lies beside its `model-settings.json`."""

    async def load(self) -> bool:
        """Open the model file."""
        self._model = Model(Path(await get_model_uri(self.settings)))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Compute the outputs that are requested. Raises: InferenceError, which MLServer answers with 400."""
        try:
            given = [_given(tensor) for tensor in payload.inputs]
            outputs = self._model.infer(given, [output.name for output in payload.outputs or []])
        except Refusal as error:
            raise InferenceError(str(error)) from error
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            outputs=[_output(name, array) for name, array in outputs.items()],
        )


def _given(tensor: RequestInput) -> Given:
    """Decode an input. Raises: Refusal, where the codec finds data that do not fit the shape."""
    try:
        if Datatype(tensor.datatype) is Datatype.BYTES:
            texts = StringCodec.decode_input(tensor)
            array = np.empty(len(texts), dtype=object)
            array[:] = [text.encode() for text in texts]
            return Given(tensor.name, "BYTES", array.reshape(tensor.shape))
        return Given(tensor.name, Datatype(tensor.datatype).value, NumpyCodec.decode_input(tensor))
    except (ValueError, TypeError, OverflowError) as error:
        raise Refusal(f"input {tensor.name}: {error}") from error


def _output(name: str, array: Any) -> ResponseOutput:
    if array.dtype != object:
        output = NumpyCodec.encode_output(name, array)
    else:
        output = StringCodec.encode_output(name, [element.decode() for element in array.reshape(-1)])
    output.shape = list(array.shape)  # the codecs put a batch dimension in front of some shapes
    return output
