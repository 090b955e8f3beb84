"""Rewrite an ONNX graph so that everything computed in floating point is computed in float64.

Owns the rewriting; leaves evaluating to `oracle`. The result is for the reference evaluator only: operators
whose schema fixes float32 (Resize's scales, QuantizeLinear) would not pass a checker, and need not.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, numpy_helper

__all__ = ["upcast"]

#: What becomes DOUBLE.
_NARROW = frozenset([TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16])
#: Integer attributes that hold a TensorProto data type, by operator.
_TYPE_ATTRIBUTES = {
    "Cast": "to",
    "EyeLike": "dtype",
    "Multinomial": "dtype",
    "RandomNormal": "dtype",
    "RandomNormalLike": "dtype",
    "RandomUniform": "dtype",
    "RandomUniformLike": "dtype",
    "Bernoulli": "dtype",
    "SequenceEmpty": "dtype",
    "BlackmanWindow": "output_datatype",
    "HannWindow": "output_datatype",
    "HammingWindow": "output_datatype",
    "MelWeightMatrix": "output_datatype",
}


def upcast(model: ModelProto) -> ModelProto:
    """Return a copy of `model` (weights in memory, not external) that computes in float64."""
    doubled = ModelProto()
    doubled.CopyFrom(model)
    _graph(doubled.graph)
    for function in doubled.functions:
        for node in function.node:
            _node(node)
    return doubled


def _graph(graph: GraphProto) -> None:
    del graph.value_info[:]
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.elem_type in _NARROW:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    for tensor in graph.initializer:
        _tensor(tensor)
    for sparse in graph.sparse_initializer:
        _tensor(sparse.values)
    for node in graph.node:
        _node(node)


def _node(node: NodeProto) -> None:
    named = _TYPE_ATTRIBUTES.get(node.op_type)
    floats = [attribute for attribute in node.attribute if attribute.name in ("value_float", "value_floats")]
    for attribute in node.attribute:
        if attribute.name == named and attribute.i in _NARROW:
            attribute.i = TensorProto.DOUBLE
        for tensor in _tensors(attribute):
            _tensor(tensor)
        if attribute.HasField("g"):
            _graph(attribute.g)
        for graph in attribute.graphs:
            _graph(graph)
    if node.op_type == "Constant":
        for attribute in floats:
            _constant(attribute)
    elif node.op_type == "ConstantOfShape" and not node.attribute:
        zero = numpy_helper.from_array(np.zeros(1, np.float64))
        node.attribute.append(onnx.helper.make_attribute("value", zero))


def _tensors(attribute: AttributeProto) -> Iterator[TensorProto]:
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors


def _constant(attribute: AttributeProto) -> None:
    """Turn `value_float(s)` into a float64 `value`: these attributes are float32 by their own type."""
    if attribute.name == "value_float":
        array = np.array(attribute.f, np.float64)
    else:
        array = np.array(list(attribute.floats), np.float64)
    attribute.CopyFrom(onnx.helper.make_attribute("value", numpy_helper.from_array(array)))


def _tensor(tensor: TensorProto) -> None:
    if tensor.data_type in _NARROW:
        doubled = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name)
        tensor.CopyFrom(doubled)
