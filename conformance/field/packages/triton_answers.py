"""A running Triton asked over REST for the answers to golden vectors.

Owns starting it from `make field`'s installation with a repository, and asking; leaves judging to `targets`.
Serves `package`.
"""

import contextlib
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from field import environment
from field.catalogue import find
from field.packages.golden import Array, Vector
from field.packages.tool import ToolFault
from field.process import NotStarted, running

__all__ = ["answer", "described", "serving", "version"]

SECONDS = 60
_DTYPES = {"FP32": "float32", "FP64": "float64", "BOOL": "bool"} | {
    f"{sign}INT{bits}": f"{sign.lower()}int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)
}


def version() -> str:
    """Return the version of the installed server."""
    return find("triton").version()


@contextlib.contextmanager
def serving(repository: Path, folder: Path) -> Iterator[str]:
    """Run Triton on a copy of a repository; yield its address. Raises: ToolFault.

    The server of the wheel has no backend for ONNX; a model of its python backend computes in its place, for
    the same configurations.
    """
    copy = folder / "repository"
    shutil.copytree(repository, copy)
    environment.install("triton")
    started = find("triton").prepare(copy)
    try:
        with running(started.launch):
            yield started.http
    except NotStarted as error:
        raise ToolFault(f"tritonserver: {error}") from error


def described(address: str, model: str) -> Mapping[str, Any]:
    """Return the configuration that the server made of config.pbtxt, with the tensors of its metadata."""
    configuration = _ask(f"{address}/v2/models/{model}/config")
    return {**configuration, "metadata": _ask(f"{address}/v2/models/{model}")}


def answer(
    address: str, model: str, vector: Vector, outputs: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Array]:
    """Return the server's answers to the inputs of a vector; `outputs` asks for them with parameters."""
    inputs = [
        {
            "name": name,
            "datatype": vector.datatypes[name],
            "shape": list(array.shape),
            "data": array.ravel().tolist(),
        }
        for name, array in vector.inputs.items()
    ]
    request: dict[str, Any] = {"inputs": inputs}
    if outputs:
        request["outputs"] = list(outputs)
    found = _ask(f"{address}/v2/models/{model}/infer", request)
    return {
        entry["name"]: np.array(entry["data"], _DTYPES.get(entry["datatype"], "object")).reshape(
            entry["shape"]
        )
        for entry in found["outputs"]
    }


def _ask(url: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=SECONDS) as response:
            found: dict[str, Any] = json.loads(response.read())
            return found
    except urllib.error.HTTPError as error:
        raise ToolFault(f"{url}: {error.code} {error.read().decode(errors='replace')[:500]}") from error
    except OSError as error:
        raise ToolFault(f"{url}: {error}") from error
