"""Start the KServe Python SDK's model server on 127.0.0.1 with the models of a folder.

Owns the class that the SDK calls and the binding to one address, which the SDK does not offer; leaves the
checks to `engine`. Usage: launch.py FOLDER HTTP_PORT GRPC_PORT. Serves `inference`.
"""

import sys
import uuid
from pathlib import Path
from typing import Any

FOLDER, HTTP_PORT, GRPC_PORT = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
del sys.argv[1:]  # kserve reads the command line when it is imported

import grpc.aio
import kserve
import numpy as np
import uvicorn
from kserve.errors import InvalidInput
from kserve.model_repository import ModelRepository

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from engine import FILE, Given, Model, Refusal, folders

HOST = "127.0.0.1"


class OnnxModel(kserve.Model):
    """One model."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder.name)
        self._folder = folder
        self.load()

    def load(self) -> bool:
        """Open the model file."""
        self._model = Model(self._folder / FILE)
        self.ready = True
        return True

    async def get_input_types(self) -> list[dict[str, Any]]:
        """Return the inputs as metadata have them."""
        return [tensor.metadata() for tensor in self._model.inputs]

    async def get_output_types(self) -> list[dict[str, Any]]:
        """Return the outputs as metadata have them."""
        return [tensor.metadata() for tensor in self._model.outputs]

    def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> Any:
        """Compute the outputs. Raises: InvalidInput, which KServe answers with 400."""
        wanted = [output.name for output in payload.request_outputs or []]
        try:
            outputs = self._model.infer([_given(tensor) for tensor in payload.inputs], wanted)
        except Refusal as error:
            raise InvalidInput(str(error)) from error
        datatypes = {tensor.name: tensor.datatype for tensor in self._model.outputs}
        tensors = []
        for name, array in outputs.items():
            tensor = kserve.InferOutput(name, list(array.shape), datatypes[name])
            # Raw where a list cannot carry it; the SDK turns the one into the other as the request asks.
            raw = payload.from_grpc or (array.size > 0 and datatypes[name] in ("BYTES", "FP16"))
            tensor.set_data_from_numpy(array, binary_data=raw)
            tensors.append(tensor)
        return kserve.InferResponse(
            # The SDK's answers over REST have an id always; over gRPC an absent one is empty.
            str(uuid.uuid4()) if payload.id is None else payload.id,
            self.name,
            tensors,
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )


def _given(tensor: Any) -> Given:
    try:
        array = tensor.as_numpy()
    except (ValueError, TypeError, OverflowError) as error:
        raise Refusal(f"input {tensor.name}: {error}") from error
    if tensor.datatype == "BYTES":
        flat = np.empty(array.size, dtype=object)
        flat[:] = [_bytes(element, tensor.name) for element in array.reshape(-1)]
        array = flat.reshape(array.shape)
    return Given(tensor.name, tensor.datatype, tensor.shape, array)


def _bytes(element: Any, name: str) -> bytes:
    if isinstance(element, bytes):
        return element
    if isinstance(element, str):
        return element.encode("utf-8", "surrogatepass")
    raise Refusal(f"input {name}: found the element {element!r:.60}, expected a string")


class Repository(ModelRepository):
    """The models of a folder, loaded by name."""

    def load(self, name: str) -> bool:
        """Load a model of the folder."""
        self.update(OnnxModel(FOLDER / name))
        return True


def main() -> None:
    """Bind to one address and serve."""
    configured = uvicorn.Config.__init__
    added = grpc.aio.Server.add_insecure_port

    def configure(self: Any, app: Any, **options: Any) -> None:
        configured(self, app, **{**options, "host": HOST})

    def add(self: Any, address: str) -> int:
        port: int = added(self, f"{HOST}:{address.rpartition(':')[2]}")
        return port

    uvicorn.Config.__init__ = configure
    grpc.aio.Server.add_insecure_port = add
    server = kserve.ModelServer(
        http_port=HTTP_PORT, grpc_port=GRPC_PORT, registered_models=Repository(str(FOLDER))
    )
    server.start([OnnxModel(folder) for folder in folders(FOLDER)])


if __name__ == "__main__":
    main()
