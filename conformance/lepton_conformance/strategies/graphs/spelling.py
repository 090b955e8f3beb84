"""The ONNX file of a graph, in each of its legal spellings; equal graphs give equal bytes.

Owns the writing; leaves what the graph computes to the recipes. Serves `runtime` (RUN-SPL).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import lepton_spec
from lepton_conformance.oracle.answers import Array

if TYPE_CHECKING:
    from lepton_conformance.strategies.graphs.graph import Graph, Node, Value

__all__ = ["EXTERNAL_FILE", "PLAIN", "Attribute", "Spelling", "file_of"]

Attribute = int | float | str | Sequence[int] | Sequence[float] | Sequence[str] | Array

IR_VERSION = 8
PRODUCER = "lepton-conformance"
EXTERNAL_FILE = "weights.bin"
#: External data begin at multiples of this many bytes.
ALIGNMENT = 64
_FLOATS = frozenset(("FP16", "FP32", "FP64"))
#: TensorProto's field of typed elements by datatype, where it is not `int32_data`.
_FIELDS = {
    "FP32": "float_data",
    "FP64": "double_data",
    "INT64": "int64_data",
    "UINT32": "uint64_data",
    "UINT64": "uint64_data",
    "BYTES": "string_data",
}


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a graph is written. Every spelling means the same.

    `typed` writes elements into the typed fields instead of `raw_data`; `external` into a file beside the
    model; `overridable` are constants that are listed as inputs, too; `value_info` declares the tensors in
    between; `documented` fills names and texts that mean nothing; `constant_nodes` writes constants as nodes
    instead of initializers; `ir_version` is that of the file.
    """

    typed: bool = False
    external: bool = False
    overridable: frozenset[str] = frozenset()
    value_info: bool = False
    documented: bool = False
    constant_nodes: bool = False
    ir_version: int = IR_VERSION


PLAIN = Spelling()


def file_of(graph: "Graph", spelling: Spelling = PLAIN) -> tuple[bytes, dict[str, bytes]]:
    """Return the model file and the files beside it."""
    import onnx

    model = onnx.ModelProto()
    model.ir_version = spelling.ir_version
    model.producer_name = PRODUCER
    opset = model.opset_import.add()
    opset.domain, opset.version = "", graph.opset
    store = bytearray()
    _write(model.graph, graph, "graph", spelling, store)
    if spelling.documented:
        model.doc_string = "名 \u2603 \x7f"
        model.model_version = -1
        entry = model.metadata_props.add()
        entry.key, entry.value = "key", ""
    serialized: bytes = model.SerializeToString(deterministic=True)
    return serialized, {EXTERNAL_FILE: bytes(store)} if store else {}


def _write(proto: Any, graph: "Graph", name: str, spelling: Spelling, store: bytearray) -> None:
    proto.name = name
    for key, array in graph.constants.items():
        if spelling.constant_nodes and key not in spelling.overridable:
            node = proto.node.add(op_type="Constant", output=[key])
            attribute = node.attribute.add(name="value", type=4)
            _tensor(attribute.t, "", array, spelling, bytearray())
        else:
            _tensor(proto.initializer.add(), key, array, spelling, store)
    for key, value in graph.inputs.items():
        _value(proto.input.add(), key, value)
    for key in graph.constants:
        if key in spelling.overridable:
            _value(proto.input.add(), key, graph.values[key])
    for index, node in enumerate(graph.nodes):
        _node(proto.node.add(), node, spelling, f"节 node {index}" if spelling.documented else "")
    for key, value in graph.outputs.items():
        _value(proto.output.add(), key, value)
    if spelling.value_info:
        for key, value in graph.values.items():
            if key not in graph.inputs and key not in graph.outputs and key not in graph.constants:
                _value(proto.value_info.add(), key, value)


def _value(proto: Any, name: str, value: "Value") -> None:
    proto.name = name
    tensor = proto.type.tensor_type
    tensor.elem_type = lepton_spec.datatypes()[value.datatype]["onnx"]
    tensor.shape.SetInParent()
    for size in value.shape:
        dim = tensor.shape.dim.add()
        if isinstance(size, str):
            dim.dim_param = size
        elif size >= 0:
            dim.dim_value = size


def _node(proto: Any, node: "Node", spelling: Spelling, label: str) -> None:
    from lepton_conformance.strategies.graphs.graph import Graph

    proto.op_type = node.operator
    proto.input.extend(node.inputs)
    proto.output.extend(node.outputs)
    if label:
        proto.name, proto.doc_string = label, "no meaning"
    for name, value in node.attributes.items():
        attribute = proto.attribute.add()
        attribute.name = name
        if isinstance(value, Graph):
            attribute.type = 5
            _write(attribute.g, value, name, Spelling(typed=spelling.typed), bytearray())
        elif isinstance(value, np.ndarray):
            attribute.type = 4
            _tensor(attribute.t, "", value, Spelling(typed=spelling.typed), bytearray())
        elif isinstance(value, str):
            attribute.type, attribute.s = 3, value.encode()
        elif isinstance(value, int):
            attribute.type, attribute.i = 2, value
        elif isinstance(value, float):
            attribute.type, attribute.f = 1, value
        elif value and isinstance(value[0], float):
            attribute.type = 6
            attribute.floats.extend(value)
        elif value and isinstance(value[0], str):
            attribute.type = 8
            attribute.strings.extend(str(text).encode() for text in value)
        else:
            attribute.type = 7
            attribute.ints.extend(value)


def datatype_of(array: Array) -> str:
    """Return the datatype of an array."""
    return _names()[array.dtype.newbyteorder("=").str if array.dtype != object else "O"]


def _names() -> Mapping[str, str]:
    if not _NAMES:
        for name, entry in lepton_spec.datatypes().items():
            if entry["numpy"] is not None:
                _NAMES["O" if name == "BYTES" else np.dtype(entry["numpy"]).str] = name
    return _NAMES


_NAMES: dict[str, str] = {}


def _tensor(proto: Any, name: str, array: Array, spelling: Spelling, store: bytearray) -> None:
    datatype = datatype_of(array)
    proto.data_type = lepton_spec.datatypes()[datatype]["onnx"]
    proto.dims.extend(array.shape)
    if name:
        proto.name = name
    if datatype == "BYTES":
        proto.string_data.extend(array.reshape(-1).tolist())
        return
    data = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))).tobytes()
    # Weights lie outside; what steers shapes and branches stays in the file that is read first.
    if spelling.external and data and datatype in _FLOATS:
        store.extend(bytes(-len(store) % ALIGNMENT))
        proto.data_location = 1
        where = {"location": EXTERNAL_FILE, "offset": len(store), "length": len(data)}
        for key, value in where.items():
            entry = proto.external_data.add()
            entry.key, entry.value = key, str(value)
        store.extend(data)
    elif spelling.typed:
        flat = array.reshape(-1)
        if datatype in ("FP16", "BOOL"):
            flat = flat.view(np.uint16 if datatype == "FP16" else np.uint8)
        getattr(proto, _FIELDS.get(datatype, "int32_data")).extend(flat.tolist())
    else:
        proto.raw_data = data
