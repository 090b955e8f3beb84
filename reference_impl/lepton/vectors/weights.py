"""Wrong twins of an ONNX artifact: the same file with the elements of one weight changed.

Owns reading the elements of a weight and putting others in their place, in memory; leaves which weights there
are to `lepton.formats` and computing to the engine. Serves PKG-VEC-08 and PKG-VEC-12.
"""

import os
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lepton.errors import RuntimeRefusal
from lepton.formats.onnx import read_onnx
from lepton.formats.onnx_facts import OnnxModel, OnnxTensor
from lepton.formats.protobuf import WireError, WireLimit
from lepton.formats.source import FileSource, Source
from lepton.formats.weights import WeightFact, mutable_weights, weight_facts
from lepton.runtime.protocol import Array

__all__ = ["CHANGES", "Twin", "WeightedFile"]

#: numpy types of the elements by TensorProto type; a BFLOAT16 is 16 bits until it is computed with.
_DTYPES = {1: "<f4", 2: "|u1", 3: "|i1", 10: "<f2", 11: "<f8", 16: "<u2"}
_FLOATS = (1, 10, 11, 16)
_BFLOAT16 = 16
FACTOR = 1.0625
#: What a perturbation flips in an integer of 8 bits.
FLIPPED_BIT = 16

#: Flat elements and their TensorProto type -> other ones.
Change = Callable[[Array, int], Array]


@dataclass(frozen=True, slots=True)
class Twin:
    """An artifact with one weight changed: the bytes of its entry, and external weights to load instead."""

    entry: bytes
    external: dict[str, tuple[Array, int]] = field(default_factory=dict)


class WeightedFile:
    """The entry file of an ONNX artifact, on disk and verified, read once for its weights."""

    def __init__(self, folder: Path, entry: str) -> None:
        """Read what the file says of its tensors. Raises: RuntimeRefusal when it cannot be read as ONNX."""
        self._folder, self._entry = folder, entry
        with (folder / entry).open("rb") as file:
            source = FileSource(file.fileno(), os.fstat(file.fileno()).st_size)
            try:
                self._model: OnnxModel = read_onnx(source)
            except (WireError, WireLimit) as error:
                raise RuntimeRefusal(f"{entry}: {error}") from error

    def facts(self) -> tuple[WeightFact, ...]:
        """Return what mutants can do to the weights."""
        opened: list[Any] = []

        def external(tensor: OnnxTensor) -> tuple[Source, int] | None:
            file = (self._folder / self._external(tensor)).open("rb")
            opened.append(file)
            size = os.fstat(file.fileno()).st_size
            return FileSource(file.fileno(), size), int(dict(tensor.external or ()).get("offset", "0"))

        try:
            with (self._folder / self._entry).open("rb") as file:
                source = FileSource(file.fileno(), os.fstat(file.fileno()).st_size)
                return weight_facts(self._model, source, external)
        finally:
            for one in opened:
                one.close()

    def chosen(self) -> str | None:
        """Return the name of the weight that `weights-reversed` turns round, None when there is none.

        The floating-point initializer of the main graph with the most elements that is not the same
        backwards; among equals, the first by name. Spec: PKG-VEC-07.
        """
        floats = [one for one in self._model.initializers if one.data_type in _FLOATS]
        candidates = [one for one in floats if one.elements > 1]
        for tensor in sorted(candidates, key=lambda one: (-one.elements, one.name.encode())):
            elements = self._elements(tensor, tensor.name)
            if elements.tobytes() != elements[::-1].tobytes():
                return tensor.name
        return None

    def mutable(self, place: int) -> str:
        """Return the name of the weight that mutants call by its place."""
        return mutable_weights(self._model)[place][0]

    def twin(self, name: str, change: Change) -> Twin:
        """Return the artifact with the flat elements of the weight `name` changed."""
        tensor = next(
            one
            for known, one in (*((one.name, one) for one in self._model.initializers), *self._model.constants)
            if known == name
        )
        elements = change(self._elements(tensor, name), tensor.data_type)
        path = self._folder / self._entry
        if tensor.external is not None:
            return Twin(path.read_bytes(), {name: (elements.reshape(tensor.dims), tensor.data_type)})
        ranges = _ranges(tensor)
        if ranges is None:
            return Twin(_with_typed(path, name, elements.reshape(tensor.dims), tensor.data_type))
        data, changed, place, behind = path.read_bytes(), elements.tobytes(), 0, 0
        pieces: list[bytes | memoryview] = []
        for start, end in ranges:
            pieces += [memoryview(data)[behind:start], changed[place : place + end - start]]
            place, behind = place + end - start, end
        return Twin(b"".join([*pieces, memoryview(data)[behind:]]))

    def _external(self, tensor: OnnxTensor) -> str:
        location = dict(tensor.external or ()).get("location", "")
        return posixpath.normpath(posixpath.join(posixpath.dirname(self._entry), location))

    def _elements(self, tensor: OnnxTensor, name: str) -> Array:
        dtype = np.dtype(_DTYPES[tensor.data_type])
        if tensor.external is not None:
            start = int(dict(tensor.external).get("offset", "0"))
            path, ranges = self._external(tensor), [(start, start + tensor.elements * dtype.itemsize)]
        else:
            path, known = self._entry, _ranges(tensor)
            if known is None:
                return _typed(self._folder / self._entry, name).view(dtype).ravel()
            ranges = known
        with (self._folder / path).open("rb") as file:
            return np.frombuffer(b"".join(_read(file, *one) for one in ranges), dtype)


def _ranges(tensor: OnnxTensor) -> list[tuple[int, int]] | None:
    """Return where the elements lie in the entry file; None where they stand as numbers of another width."""
    if tensor.raw is not None:
        return [(tensor.raw[0], sum(tensor.raw))]
    if np.dtype(_DTYPES[tensor.data_type]).itemsize < 4 or not tensor.typed:
        return None
    return list(tensor.typed)


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def _perturbed(elements: Array, data_type: int) -> Array:
    changed = elements.copy()
    if data_type not in _FLOATS:
        changed[1::2] ^= FLIPPED_BIT
        return changed
    if data_type == _BFLOAT16:
        import ml_dtypes

        brain = changed.view(ml_dtypes.bfloat16)
        brain[1::2] = (brain[1::2].astype(np.float64) * FACTOR).astype(ml_dtypes.bfloat16)
        return changed
    with np.errstate(all="ignore"):
        changed[1::2] = changed[1::2].astype(np.float64) * FACTOR
    return changed


#: What is done to a weight, by the name of the mutant or the control.
CHANGES: dict[str, Change] = {
    "weights-reversed": lambda elements, _: elements[::-1].copy(),
    "weights-zeroed": lambda elements, _: np.zeros_like(elements),
    "weights-perturbed": _perturbed,
}


def _found(path: Path, name: str) -> tuple[Any, Any]:
    """Return a model and its tensor `name`, an initializer or the value of a constant; loads `onnx`."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        if tensor.name == name:
            return model, tensor
    node = next(node for node in model.graph.node if name in node.output)
    return model, next(attribute.t for attribute in node.attribute if attribute.name == "value")


def _typed(path: Path, name: str) -> Array:
    """Return the elements of a weight in a typed field; rare enough to load `onnx` for."""
    import onnx

    array: Array = onnx.numpy_helper.to_array(_found(path, name)[1])
    return np.ascontiguousarray(array)


def _with_typed(path: Path, name: str, elements: Array, data_type: int) -> bytes:
    model, tensor = _found(path, name)
    raw = elements.tobytes()
    own = tensor.name
    tensor.Clear()
    tensor.name, tensor.data_type, tensor.raw_data = own, data_type, raw
    tensor.dims.extend(elements.shape)
    data: bytes = model.SerializeToString()
    return data
