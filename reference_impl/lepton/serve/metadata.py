"""What the server says about itself and its models.

Owns the documents of the metadata and health routes; leaves routes and status codes to `lepton.serve.routes`.
Serves `inference` (INF-MET).
"""

from typing import Any

from lepton.serve.repository import Repository, ServedModel
from lepton.serve.signature import MAX_BYTES_ELEMENTS
from lepton.tensor import TensorSpec

__all__ = ["EXTENSIONS", "model_metadata", "server_metadata"]

SERVER_NAME = "lepton"
EXTENSIONS = ("binary_tensor_data",)
REPOSITORY_EXTENSION = "model_repository"


def server_metadata(version: str, max_request_bytes: int, *, managed: bool) -> dict[str, Any]:
    """Return the document of `GET v2`, which publishes the limit of a body and, where models come and go, the
    repository API. Spec: INF-MET-01, INF-LIM-01, INF-REP-01.
    """
    return {
        "name": SERVER_NAME,
        "version": version,
        "extensions": [*EXTENSIONS, REPOSITORY_EXTENSION] if managed else list(EXTENSIONS),
        "parameters": {
            "max_request_bytes": max_request_bytes,
            "max_bytes_elements": MAX_BYTES_ELEMENTS,
        },
    }


def model_metadata(repository: Repository, model: ServedModel) -> dict[str, Any]:
    """Return the document of a model's metadata route. Spec: INF-MET-02, INF-MET-03, INF-MET-05."""
    return {
        "name": model.name,
        "versions": repository.versions(model.name),
        "platform": model.platform,
        "inputs": [_tensor(spec) for spec in model.pipeline.inputs],
        "outputs": [_tensor(spec) for spec in model.pipeline.outputs],
        "properties": dict(model.properties),
    }


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    shape = [dim if isinstance(dim, int) else -1 for dim in spec.shape]
    return {"name": spec.name, "datatype": spec.datatype, "shape": shape}
