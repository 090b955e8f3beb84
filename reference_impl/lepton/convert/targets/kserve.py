"""A KServe InferenceService, and beside it the storage that it serves: a Triton model repository.

Owns the resource; leaves the repository to `triton`. Where the storage will be is for the operator to say.
Serves the role producer of the chapter `package`.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from lepton.convert.targets import triton
from lepton.package.loaded import LoadedPackage

__all__ = ["NAME", "SAYS", "write"]

NAME, SAYS = "kserve", "a KServe InferenceService and its storage, a Triton model repository"

_STORAGE = "storage"
#: What a resource of this kind may be called (RFC 1035 label).
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?\Z")
MAX_NAME = 63
#: Annotations of our own begin with it.
_PREFIX = "lepton-standard.org/"


def write(package: LoadedPackage, folder: Path, artifact: str | None) -> tuple[str, ...]:
    """Write the resource and the storage into `folder`, which is empty; return what could not be carried."""
    document = package.document
    (folder / _STORAGE).mkdir()
    lost = list(triton.write(package, folder / _STORAGE, artifact))
    name = _resource_name(document["id"])
    if name != document["id"]:
        lost.append(f"the id {document['id']}: the service is called {name}, the model keeps its name")
    uri = f"pvc://models/{name}"
    resource: dict[str, Any] = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": name,
            "annotations": {
                f"{_PREFIX}identity": package.identity,
                f"{_PREFIX}license": document["license"],
                f"{_PREFIX}version": document["version"],
            },
        },
        "spec": {
            "predictor": {
                "model": {
                    "modelFormat": {"name": "triton", "version": "2"},
                    "protocolVersion": "v2",
                    "storageUri": uri,
                }
            }
        },
    }
    (folder / "inferenceservice.yaml").write_text(
        yaml.safe_dump(resource, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    lost.append(f"the place of the storage: copy {_STORAGE}/ there, and write it for {uri} in storageUri")
    return tuple(lost)


def _resource_name(identifier: str) -> str:
    if _NAME.match(identifier):
        return identifier
    plain = re.sub(r"[^a-z0-9]+", "-", identifier).strip("-")
    return (plain if plain[:1].isalpha() else f"model-{plain}")[:MAX_NAME].rstrip("-")
