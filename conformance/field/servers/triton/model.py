"""A model of Triton's python backend on ONNX Runtime; Triton checks names, datatypes and ranks.

Owns the class that the backend's stub loads; stands beside `model.onnx` in a version's folder. Serves
`inference`.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

# onnxruntime reports to its maker over the network unless told otherwise before its import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime
import triton_python_backend_utils as backend

__all__ = ["TritonPythonModel"]

FILE = "model.onnx"


class TritonPythonModel:
    """One model."""

    def initialize(self, args: dict[str, str]) -> None:
        """Open the model file."""
        path = Path(args["model_repository"]) / args["model_version"] / FILE
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request, or say why not."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        try:
            feed = {tensor.name(): _from_bytes(tensor.as_numpy()) for tensor in request.inputs()}
            _require_equal_symbols(self._session.get_inputs(), feed)
            names = [entry.name for entry in self._session.get_outputs()]
            # Triton hands out the requested names sorted, not in the order of the request.
            wanted = [name for name in names if name in set(request.requested_output_names())]
            found = self._session.run(wanted, feed)
        except ValueError as error:
            fault = backend.TritonError(str(error), backend.TritonError.INVALID_ARG)
            return backend.InferenceResponse(error=fault)
        except Exception as error:  # whatever it is, the server must hear of it
            return backend.InferenceResponse(error=backend.TritonError(str(error)))
        return backend.InferenceResponse(
            [backend.Tensor(name, _to_bytes(array)) for name, array in zip(wanted, found, strict=True)]
        )


def _require_equal_symbols(entries: list[Any], feed: dict[str, Any]) -> None:
    """Raise ValueError where two dimensions of one symbol differ: metadata show -1 for both."""
    symbols: dict[str, int] = {}
    for entry in entries:
        for size, fixed in zip(feed[entry.name].shape, entry.shape, strict=True):
            if isinstance(fixed, str) and symbols.setdefault(fixed, size) != size:
                raise ValueError(f"found sizes {symbols[fixed]} and {size} for the dimension {fixed}")


def _from_bytes(array: Any) -> Any:
    """Turn bytes into the text that has one character a byte: onnxruntime takes only text."""
    if array.dtype != object:
        return array
    flat = [element.decode("latin-1") for element in array.reshape(-1)]
    return np.array(flat, dtype=object).reshape(array.shape)


def _to_bytes(array: Any) -> Any:
    if array.dtype != object:
        return array
    flat = np.empty(array.size, dtype=object)
    flat[:] = [element.encode("latin-1") for element in array.reshape(-1)]
    return flat.reshape(array.shape)
