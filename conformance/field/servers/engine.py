"""The conformance models on ONNX Runtime, behind every Python server of the field runs.

Owns what a careful runtime owes its server: names, datatypes, ranks, fixed sizes and equal symbols are
checked, so that what a field run finds is the server's own. Leaves the wire to the server. Runs in the
server's environment, which has numpy and onnxruntime. Serves `inference`.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# onnxruntime reports to its maker over the network unless told otherwise before its import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

__all__ = ["Given", "Model", "Refusal", "Tensor", "folders"]

_DATATYPES = {
    "tensor(bool)": "BOOL",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}
FILE = "model.onnx"


class Refusal(ValueError):
    """The request does not fit the model."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a model's signature; a string in `shape` is a symbol."""

    name: str
    datatype: str
    shape: tuple[int | str, ...]

    def metadata(self) -> dict[str, Any]:
        """Return the tensor as model metadata have it."""
        sizes = [size if isinstance(size, int) else -1 for size in self.shape]
        return {"name": self.name, "datatype": self.datatype, "shape": sizes}


@dataclass(frozen=True, slots=True)
class Given:
    """An input as the server read it; the elements of BYTES are `bytes`, in an array of objects.

    `shape` is what the request declared: numpy takes a negative size for any.
    """

    name: str
    datatype: str
    shape: Sequence[int]
    array: Any


class Model:
    """A model file, open."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs = _tensors(self._session.get_inputs())
        self.outputs = _tensors(self._session.get_outputs())

    def infer(self, given: Sequence[Given], wanted: Sequence[str] = ()) -> dict[str, Any]:
        """Return the outputs that are wanted, or all, in that order. Raises: Refusal."""
        names = [entry.name for entry in given]
        expected = [tensor.name for tensor in self.inputs]
        if sorted(names) != sorted(expected):
            raise Refusal(f"found the inputs {names}, expected {expected}")
        known = [tensor.name for tensor in self.outputs]
        if not set(wanted) <= set(known) or len(set(wanted)) != len(wanted):
            raise Refusal(f"found the requested outputs {list(wanted)}, expected of {known}, each once")
        feed = self._checked({entry.name: entry for entry in given})
        chosen = list(wanted) or known
        datatypes = {tensor.name: tensor.datatype for tensor in self.outputs}
        found = self._session.run(chosen, feed)
        return {
            name: _to_bytes(array) if datatypes[name] == "BYTES" else array
            for name, array in zip(chosen, found, strict=True)
        }

    def _checked(self, given: Mapping[str, Given]) -> dict[str, Any]:
        symbols: dict[str, int] = {}
        feed = {}
        for tensor in self.inputs:
            entry = given[tensor.name]
            sizes = tuple(entry.shape)
            if tuple(entry.array.shape) != sizes:
                raise Refusal(f"input {tensor.name}: found the shape {list(sizes)}, expected sizes from 0 on")
            if entry.datatype != tensor.datatype:
                raise Refusal(f"input {tensor.name}: found {entry.datatype}, expected {tensor.datatype}")
            fits = len(sizes) == len(tensor.shape) and all(
                size == (fixed if isinstance(fixed, int) else symbols.setdefault(fixed, size))
                for size, fixed in zip(sizes, tensor.shape, strict=True)
            )
            if not fits:
                raise Refusal(
                    f"input {tensor.name}: found the shape {list(sizes)}, expected {list(tensor.shape)}"
                )
            feed[tensor.name] = _to_text(entry.array) if tensor.datatype == "BYTES" else entry.array
        return feed


def folders(root: Path) -> tuple[Path, ...]:
    """Return the folders of a model repository that have a model file."""
    return tuple(sorted(path.parent for path in root.glob(f"*/{FILE}")))


def _tensors(entries: Iterable[Any]) -> tuple[Tensor, ...]:
    return tuple(Tensor(entry.name, _DATATYPES[entry.type], tuple(entry.shape)) for entry in entries)


def _to_text(array: Any) -> Any:
    """Turn bytes into the text that has one character a byte: onnxruntime takes only text."""
    flat = [element.decode("latin-1") for element in array.reshape(-1)]
    return np.array(flat, dtype=object).reshape(array.shape)


def _to_bytes(array: Any) -> Any:
    flat = np.empty(array.size, dtype=object)
    flat[:] = [element.encode("latin-1") for element in array.reshape(-1)]
    return flat.reshape(array.shape)
