"""Read an ONNX source: its graph's inputs and outputs, its versions, its external files.

Owns the facts that a manifest states about an ONNX artifact; leaves naming of dynamic dimensions to
`signature`. The author's own file is read with the `onnx` package; strangers' files are the business of
`lepton.checks`. Serves PKG-ART.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lepton.errors import RecipeError
from lepton.tensor import datatype

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto, ValueInfoProto

__all__ = ["GraphTensor", "OnnxSource", "onnx_source_of", "read_onnx"]

#: Bytes of one protobuf message: a limit of the format.
MAX_ONNX_BYTES = 2 * 1024**3 - 1

_DATATYPES = {
    datatype(name).onnx: name
    for name in (
        *("BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"),
        *("FP16", "BF16", "FP32", "FP64", "BYTES"),
    )
}
_FLOATS = ("FP64", "FP32", "FP16", "BF16")


@dataclass(frozen=True, slots=True)
class GraphTensor:
    """An input or output of a graph. A dynamic dimension is its name in the graph, or None without one."""

    name: str
    datatype: str
    shape: tuple[int | str | None, ...]


@dataclass(frozen=True, slots=True)
class OnnxSource:
    """An ONNX model with all weights in memory, and the files that it is made of.

    `entry` is the graph's file or its bytes; `external` maps the locations that the graph names to files.
    """

    model: "ModelProto"
    entry: Path | bytes
    external: dict[str, Path]
    inputs: tuple[GraphTensor, ...]
    outputs: tuple[GraphTensor, ...]
    opsets: dict[str, int]
    precision: str

    @property
    def format_version(self) -> str:
        """The version of the format in the manifest's words."""
        return f"IR {self.model.ir_version}"


def read_onnx(path: Path) -> OnnxSource:
    """Read an ONNX file and the external data beside it.

    Raises: RecipeError naming what is missing or cannot be described by a manifest.
    """
    import onnx
    from onnx.external_data_helper import load_external_data_for_model

    try:
        size = path.stat().st_size
    except OSError as error:
        raise RecipeError(f"{path}: cannot read the model ({error.strerror})") from error
    if size > MAX_ONNX_BYTES:
        raise RecipeError(f"{path}: found {size} bytes, expected at most {MAX_ONNX_BYTES}; use external data")
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's own class has no types, and there are OSError and ValueError
        raise RecipeError(f"{path}: found no ONNX model ({error})") from error
    if not model.ir_version or not model.HasField("graph") or not model.graph.output:
        raise RecipeError(f"{path}: found no ONNX model (no graph in it), expected one")
    external = _external_files(model, path)
    try:
        load_external_data_for_model(model, str(path.parent))
    except Exception as error:  # a checker's, an OSError, a ValueError: all mean unusable data
        raise RecipeError(f"{path}: cannot read its external data ({error})") from error
    return onnx_source_of(model, path, external)


def onnx_source_of(model: "ModelProto", entry: Path | bytes, external: dict[str, Path]) -> OnnxSource:
    """Describe a model whose weights are in memory."""
    initialized = {tensor.name for tensor in model.graph.initializer}
    inputs = tuple(_graph_tensor(value) for value in model.graph.input if value.name not in initialized)
    outputs = tuple(_graph_tensor(value) for value in model.graph.output)
    opsets = {opset.domain or "ai.onnx": opset.version for opset in model.opset_import}
    return OnnxSource(model, entry, external, inputs, outputs, opsets, _precision(model.graph.initializer))


def _external_files(model: "ModelProto", path: Path) -> dict[str, Path]:
    from onnx.external_data_helper import _get_all_tensors, uses_external_data

    found: dict[str, Path] = {}
    for tensor in _get_all_tensors(model):
        if not uses_external_data(tensor):
            continue
        location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        parts = PurePosixPath(location).parts
        if not parts or location.startswith("/") or ".." in parts or "\\" in location:
            raise RecipeError(
                f"{path}: tensor {tensor.name!r} keeps its data at {location!r}, expected a file below "
                f"{path.parent}"
            )
        file = path.parent / location
        if file.is_symlink() or not file.is_file():
            raise RecipeError(f"{path}: found no external data file {file}, which {tensor.name!r} needs")
        found[location] = file
    return found


def _graph_tensor(value: "ValueInfoProto") -> GraphTensor:
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        raise RecipeError(
            f"tensor {value.name!r}: found a {kind or 'value without a type'}, expected a tensor"
        )
    tensor = value.type.tensor_type
    if tensor.elem_type not in _DATATYPES:
        raise RecipeError(
            f"tensor {value.name!r}: found the element type {tensor.elem_type} of ONNX, expected one of "
            f"{sorted(_DATATYPES.values())}"
        )
    if not tensor.HasField("shape"):
        raise RecipeError(f"tensor {value.name!r}: found no shape in the graph, expected at least a rank")
    shape: list[int | str | None] = []
    for dim in tensor.shape.dim:
        if dim.HasField("dim_value") and dim.dim_value >= 0:
            shape.append(dim.dim_value)
        else:
            shape.append(dim.dim_param or None)
    return GraphTensor(value.name, _DATATYPES[tensor.elem_type], tuple(shape))


def _precision(initializers: Iterable["TensorProto"]) -> str:
    """Return the one floating-point type of the weights, `INT8` when they are 8-bit, else `mixed`."""
    weights = [
        _DATATYPES.get(tensor.data_type, "other")
        for tensor in initializers
        if len(tensor.dims) >= 2 or _DATATYPES.get(tensor.data_type) in _FLOATS
    ]
    floats = {name for name in weights if name in _FLOATS}
    if any(name in ("INT8", "UINT8") for name in weights):
        return "INT8"
    if len(floats) == 1:
        return floats.pop()
    return "mixed" if floats else "FP32"
