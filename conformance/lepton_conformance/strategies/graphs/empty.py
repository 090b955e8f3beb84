"""Graphs with dimensions of size 0 and 1, where the operators say what comes out.

Serves `runtime` (RUN-SHP-03).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.strategies.graphs.builder import Build, Built, Ref, Seeded
from lepton_conformance.strategies.graphs.graph import GraphCase
from lepton_conformance.strategies.graphs.spelling import Attribute

__all__ = ["empty_graphs"]


def _ints(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def empty_graphs() -> Iterator[GraphCase]:
    """Yield one node graphs on tensors without elements, or with a single one."""
    yield _graph("elementwise", "Add", [(0, 3), (3,)], (0, 3))
    yield _graph("elementwise", "Mul", [(2, 0), (1,)], (2, 0))
    yield _graph("elementwise", "Relu", [(0,)], (0,))
    yield _graph("elementwise", "Sub", [(1, 1), ()], (1, 1))
    yield _graph("elementwise", "Exp", [()], ())
    yield _graph("elementwise", "Less", [(0, 1), (1, 4)], (0, 4), result="BOOL")
    yield _graph("elementwise", "Cast", [(0, 2)], (0, 2), result="INT64", to=7)
    yield _graph("dense", "MatMul", [(0, 3), (3, 2)], (0, 2))
    yield _graph("dense", "MatMul", [(2, 3), (3, 0)], (2, 0))
    yield _graph("dense", "MatMul", [(2, 0), (0, 3)], (2, 3))
    yield _graph("dense", "MatMul", [(1, 1), (1, 1)], (1, 1))
    yield _graph("dense", "MatMul", [(0, 2, 3), (3, 2)], (0, 2, 2))
    yield _graph("dense", "Gemm", [(0, 3), (3, 2), (2,)], (0, 2))
    yield _graph("convolution", "Conv", [(0, 2, 4, 4), (3, 2, 3, 3)], (0, 3, 2, 2))
    yield _graph("convolution", "Conv", [(1, 1, 1, 1), (1, 1, 1, 1)], (1, 1, 1, 1))
    yield _graph("pooling", "MaxPool", [(1, 1, 1, 1)], (1, 1, 1, 1), kernel_shape=(1, 1))
    yield _graph("pooling", "GlobalAveragePool", [(1, 3, 1, 1)], (1, 3, 1, 1))
    yield _graph("normalisation", "Softmax", [(0, 3)], (0, 3), axis=-1)
    yield _graph("normalisation", "Softmax", [(3, 1)], (3, 1), axis=-1)
    yield _graph("normalisation", "LayerNormalization", [(0, 3), (3,)], (0, 3))
    yield _graph("reductions", "ReduceSum", [(0, 3)], (3,), ints=[_ints(0)], keepdims=0)
    yield _graph("reductions", "ReduceSum", [(2, 0)], (2, 1), ints=[_ints(1)])
    yield _graph("reductions", "ReduceProd", [(2, 0)], (2, 1), axes=(1,))
    yield _graph("reductions", "ReduceMean", [(0, 3)], (0, 1), axes=(1,))
    yield _graph("reductions", "ReduceMax", [(0, 3)], (0, 1), axes=(1,))
    yield _graph("reductions", "CumSum", [(0, 3)], (0, 3), ints=[np.array(0, np.int64)])
    yield _graph("reductions", "ArgMax", [(0, 3)], (0, 1), result="INT64", axis=1)
    yield _graph("indexing", "Transpose", [(0, 3)], (3, 0), perm=(1, 0))
    yield _graph("indexing", "Concat", [(0, 3), (2, 3)], (2, 3), axis=0)
    yield _graph("indexing", "Concat", [(0, 3), (0, 3)], (0, 3), axis=0)
    yield _graph("indexing", "Reshape", [(0, 3)], (3, 0), ints=[_ints(3, 0)], allowzero=1)
    yield _graph("indexing", "Reshape", [(0, 3)], (0, 3, 1), ints=[_ints(0, 3, 1)])
    yield _graph("indexing", "Slice", [(4, 2)], (0, 2), ints=[_ints(2), _ints(2), _ints(0)])
    yield _graph("indexing", "Slice", [(4, 2)], (0, 2), ints=[_ints(9), _ints(12), _ints(0)])
    yield _graph("indexing", "Gather", [(4, 2)], (0, 2), ints=[_ints()], axis=0)
    yield _graph("indexing", "Expand", [(1, 3)], (0, 3), ints=[_ints(0, 3)])
    yield _graph("indexing", "Tile", [(2, 3)], (0, 3), ints=[_ints(0, 1)])
    yield _graph("indexing", "Pad", [(0, 2)], (2, 2), ints=[_ints(1, 0, 1, 0)])
    yield _graph("indexing", "Shape", [(0, 3)], (2,), result="INT64")
    yield _graph("indexing", "Size", [(0, 3)], (), result="INT64")
    yield _graph("indexing", "Squeeze", [(1, 0)], (0,), ints=[_ints(0)])
    yield _graph("indexing", "Unsqueeze", [(0,)], (0, 1), ints=[_ints(1)])
    yield _graph("indexing", "Flatten", [(0, 3)], (0, 3))
    yield _graph("indexing", "NonZero", [(0, 3)], (2, -1), result="INT64")
    yield _graph("indexing", "ConstantOfShape", [], (0, 2), ints=[_ints(0, 2)])
    yield _graph(
        "indexing", "Range", [], (0,), result="INT64", ints=[np.array(v, np.int64) for v in (3, 3, 1)]
    )
    yield _graph("quantised", "DynamicQuantizeLinear", [(1,)], (1,), result="UINT8", more=("FP32", "UINT8"))
    yield _graph("strings", "Identity", [(0, 2)], (0, 2), datatype="BYTES", result="BYTES")
    yield _graph("strings", "Concat", [(0, 2), (1, 2)], (1, 2), datatype="BYTES", result="BYTES", axis=0)


def _graph(
    group: str,
    operator: str,
    shapes: Sequence[tuple[int, ...]],
    shape: tuple[int, ...],
    *,
    datatype: str = "FP32",
    result: str = "FP32",
    ints: Sequence[Array] = (),
    more: Sequence[str] = (),
    **attributes: Attribute,
) -> GraphCase:
    build = Build(Seeded(0), opset=17)
    inputs: list[Ref | None] = [build.fresh(datatype, one) for one in shapes]
    inputs += [build.constant(array) for array in ints]
    outs = [build.out(shape, result), *(build.out((), kind) for kind in more)]
    build.node(operator, inputs, *outs, **attributes)
    built: Built = build.finish()
    return GraphCase(built.graph, built.inputs, features=frozenset((group,)))
