"""Start aiSSEMBLE's FastAPI and gRPC services on 127.0.0.1 with the models of a folder.

Owns the model handler that both call; leaves the checks to `engine`. Usage: launch.py FOLDER HTTP_PORT
GRPC_PORT. Serves `inference`.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from engine import FILE, Given, Model, Refusal, folders

HOST = "127.0.0.1"
FOLDER, HTTP_PORT, GRPC_PORT = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
del sys.argv[1:]  # the packages read the command line
os.environ.update(
    AUTH_ENABLED="false",
    FASTAPI_HOST=HOST,
    FASTAPI_PORT=HTTP_PORT,
    FASTAPI_RELOAD="false",
    GRPC_HOST=HOST,
    GRPC_PORT=GRPC_PORT,
)

from aissemble_open_inference_protocol_fastapi.aissemble_oip_fastapi import AissembleOIPFastAPI
from aissemble_open_inference_protocol_grpc.aissemble_oip_grpc import AissembleOIPgRPC
from aissemble_open_inference_protocol_shared.handlers.model_handler import ModelHandler
from aissemble_open_inference_protocol_shared.types.dataplane import (
    Datatype,
    InferenceRequest,
    InferenceResponse,
    MetadataTensor,
    ModelMetadataResponse,
    ModelReadyResponse,
    ResponseOutput,
    TensorData,
)
from fastapi import HTTPException

_NUMPY = {"FP16": "float16", "FP32": "float32", "FP64": "float64", "BOOL": "bool"}


class Handler(ModelHandler):
    """All models of the folder."""

    def __init__(self) -> None:
        self._models = {folder.name: Model(folder / FILE) for folder in folders(FOLDER)}

    def _find(self, name: str) -> Model:
        if name not in self._models:
            raise HTTPException(404, f"found no model {name!r}")
        return self._models[name]

    def model_load(self, model_name: str) -> bool:
        """Say whether the model is there: all are loaded at the start."""
        return model_name in self._models

    def model_ready(self, model_name: str, model_version: str | None = None) -> ModelReadyResponse:
        """Answer for a model that is there. Raises: HTTPException."""
        self._find(model_name)
        return ModelReadyResponse(name=model_name, ready=True)

    def model_metadata(self, model_name: str, model_version: str | None = None) -> ModelMetadataResponse:
        """Describe a model; there are no versions. Raises: HTTPException."""
        model = self._find(model_name)
        return ModelMetadataResponse(
            name=model_name,
            platform="onnx_onnxv1",
            inputs=[MetadataTensor(**tensor.metadata()) for tensor in model.inputs],
            outputs=[MetadataTensor(**tensor.metadata()) for tensor in model.outputs],
        )

    def infer(
        self, payload: InferenceRequest, model_name: str, model_version: str | None = None
    ) -> InferenceResponse:
        """Compute the outputs that are requested. Raises: HTTPException, or Refusal, a ValueError."""
        model = self._find(model_name)
        wanted = [output.name for output in payload.outputs or []]
        outputs = model.infer([_given(tensor) for tensor in payload.inputs], wanted)
        datatypes = {tensor.name: tensor.datatype for tensor in model.outputs}
        return InferenceResponse(
            model_name=model_name,
            model_version=model_version,
            id=payload.id,
            outputs=[
                ResponseOutput(
                    name=name,
                    shape=list(array.shape),
                    datatype=Datatype(datatypes[name]),
                    data=TensorData(root=_elements(array)),
                )
                for name, array in outputs.items()
            ],
        )


def _given(tensor: Any) -> Given:
    datatype = tensor.datatype.value
    try:
        elements = np.array(tensor.data.root, dtype=object).reshape(tensor.shape)
        if datatype == "BYTES":
            flat = np.empty(elements.size, dtype=object)
            flat[:] = [_bytes(element) for element in elements.reshape(-1)]
            array = flat.reshape(elements.shape)
        else:
            array = elements.astype(_NUMPY.get(datatype, datatype.lower()))
    except (ValueError, TypeError, OverflowError) as error:
        raise Refusal(f"input {tensor.name}: {error}") from error
    return Given(tensor.name, datatype, tensor.shape, array)


def _bytes(element: Any) -> bytes:
    return element if isinstance(element, bytes) else str(element).encode()


def _elements(array: Any) -> list[Any]:
    """Return the elements, flat; BYTES as text where they are text, for JSON has nothing else."""
    if array.dtype != object:
        flat: list[Any] = array.reshape(-1).tolist()
        return flat
    return [element.decode() for element in array.reshape(-1)]


async def main() -> None:
    """Serve both ways until the process is stopped."""
    handler = Handler()
    await asyncio.gather(
        AissembleOIPFastAPI(handler).start_server(), AissembleOIPgRPC(handler).start_server()
    )


if __name__ == "__main__":
    asyncio.run(main())
