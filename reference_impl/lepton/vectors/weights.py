"""The control `weights-reversed`: find the chosen initializer of an ONNX artifact, and reverse its elements.

Owns patching copies of artifact files; leaves reading ONNX to `lepton.formats.onnx`. Serves PKG-VEC-07 and
PKG-VEC-08.
"""

import os
import posixpath
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lepton.errors import RuntimeRefusal
from lepton.formats.onnx import OnnxTensor, item_bits, read_onnx
from lepton.formats.protobuf import WireError, WireLimit
from lepton.formats.source import FileSource

__all__ = ["Weights", "chosen_weights", "reverse_weights"]

#: TensorProto types that the control looks at: FLOAT, FLOAT16, DOUBLE, BFLOAT16.
_FLOATS = frozenset([1, 10, 11, 16])


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the chosen initializer keeps its elements.

    `file` is relative to the artifact's folder; `offset` is None when the elements are in a typed field of
    the protobuf message, whose bytes need not lie together.
    """

    name: str
    item_size: int
    file: str
    offset: int | None
    length: int


def chosen_weights(folder: Path, entry: str) -> Weights | None:
    """Return the chosen initializer of the ONNX artifact `entry` in `folder`, None when there is none.

    The largest floating-point initializer of the main graph that is not the same backwards; among equals, the
    first by name. Raises: RuntimeRefusal when the file cannot be read as ONNX.
    """
    path = folder / entry
    with path.open("rb") as file:
        try:
            model = read_onnx(FileSource(file.fileno(), os.fstat(file.fileno()).st_size))
        except (WireError, WireLimit) as error:
            raise RuntimeRefusal(f"{entry}: {error}") from error
    candidates = [tensor for tensor in model.initializers if tensor.data_type in _FLOATS]
    for tensor in sorted(candidates, key=lambda one: (-one.elements, one.name.encode())):
        weights = _located(folder, entry, tensor)
        elements = _elements(folder, entry, weights)
        if elements != _backwards(elements, weights.item_size):
            return weights
    return None


def reverse_weights(folder: Path, artifact: Mapping[str, Any], weights: Weights, target: Path) -> None:
    """Copy an artifact's files from `folder` to `target`, the chosen initializer's elements reversed.

    Files that stay as they are are linked where the file system can.
    """
    for name in {artifact["entry"], *artifact.get("external", ())}:
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if name == weights.file:
            shutil.copyfile(folder / name, copy)
            continue
        try:
            os.link(folder / name, copy)
        except OSError:
            shutil.copyfile(folder / name, copy)
    if weights.offset is None:
        _reverse_typed(target / weights.file, weights.name)
        return
    reversed_ = _backwards(_elements(folder, artifact["entry"], weights), weights.item_size)
    with (target / weights.file).open("r+b") as file:
        file.seek(weights.offset)
        file.write(reversed_)


def _located(folder: Path, entry: str, tensor: OnnxTensor) -> Weights:
    bits = item_bits(tensor.data_type)
    assert bits is not None, "floating-point types have a size"
    length = tensor.elements * bits // 8
    if tensor.external is not None:
        facts = dict(tensor.external)
        file = posixpath.normpath(posixpath.join(posixpath.dirname(entry), facts.get("location", "")))
        return Weights(tensor.name, bits // 8, file, int(facts.get("offset", "0")), length)
    if tensor.raw is not None:
        return Weights(tensor.name, bits // 8, entry, tensor.raw[0], tensor.raw[1])
    return Weights(tensor.name, bits // 8, entry, None, length)


def _elements(folder: Path, entry: str, weights: Weights) -> bytes:
    if weights.offset is None:
        return _typed(folder / entry, weights.name)
    with (folder / weights.file).open("rb") as file:
        file.seek(weights.offset)
        return file.read(weights.length)


def _backwards(elements: bytes, item_size: int) -> bytes:
    whole = len(elements) - len(elements) % item_size
    return np.frombuffer(elements[:whole], np.dtype(f"V{item_size}"))[::-1].tobytes() + elements[whole:]


def _typed(path: Path, name: str) -> bytes:
    """Return the elements of an initializer in a typed field; rare enough to load `onnx` for."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    return onnx.numpy_helper.to_array(tensor).tobytes()


def _reverse_typed(path: Path, name: str) -> None:
    import onnx

    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        if tensor.name == name:
            array = onnx.numpy_helper.to_array(tensor)
            flipped = np.ascontiguousarray(array.ravel()[::-1].reshape(array.shape))
            tensor.CopyFrom(onnx.numpy_helper.from_array(flipped, name))
            break
    path.write_bytes(model.SerializeToString())
