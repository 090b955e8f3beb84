"""A runtime for MLServer on ONNX Runtime; MLServer's own codecs read and write the tensors.

Owns the class that `model-settings.json` or MLSERVER_MODEL_IMPLEMENTATION names; leaves the checks to
`engine`. Serves `inference`.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
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
    """Decode an input. Raises: Refusal, where the codec finds data that do not fit the shape.

    MLServer's StringCodec takes text alone; the elements of BYTES are any bytes over gRPC.
    """
    datatype = Datatype(tensor.datatype)
    try:
        if datatype is Datatype.BYTES:
            flat = _elements(tensor.data.root)
            array = np.empty(len(flat), dtype=object)
            array[:] = [element if isinstance(element, bytes) else element.encode() for element in flat]
            array = array.reshape(tensor.shape)
        else:
            array = NumpyCodec.decode_input(tensor)
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        raise Refusal(f"input {tensor.name}: {error}") from error
    return Given(tensor.name, datatype.value, tensor.shape, array)


def _elements(data: Any) -> list[Any]:
    """Return the elements of flat or nested data, in order."""
    if not isinstance(data, list):
        return [data]
    return [element for part in data for element in _elements(part)]


def _output(name: str, array: Any) -> ResponseOutput:
    if array.dtype == object:
        return ResponseOutput(
            name=name, shape=list(array.shape), datatype=Datatype.BYTES, data=array.reshape(-1).tolist()
        )
    output = NumpyCodec.encode_output(name, array)
    output.shape = list(array.shape)  # the codec puts a batch dimension in front of some shapes
    return output
