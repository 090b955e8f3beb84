"""A TorchServe handler on ONNX Runtime, behind TorchServe's own envelope for the protocol.

Owns the function that the worker calls with the inputs as the envelope `kservev2` read them; leaves the
checks to `engine`, which the model's folder carries along. Serves `inference`.
"""

from pathlib import Path
from typing import Any

import numpy as np

from engine import FILE, Given, Model

__all__ = ["handle"]

_NUMPY = {"FP16": "float16", "FP32": "float32", "FP64": "float64", "BOOL": "bool"}
_models: dict[str, Model] = {}


def handle(data: list[dict[str, Any]] | None, context: Any) -> list[Any]:
    """Return the outputs as arrays; the first call, without data, opens the model."""
    folder = context.system_properties["model_dir"]
    if folder not in _models:
        _models[folder] = Model(Path(folder) / FILE)
    if not data:
        return []
    given = [
        Given(
            entry["name"],
            entry["datatype"],
            entry["shape"],
            np.array(entry["data"], dtype=_NUMPY.get(entry["datatype"], entry["datatype"].lower())).reshape(
                entry["shape"]
            ),
        )
        for entry in data
    ]
    return list(_models[folder].infer(given).values())
