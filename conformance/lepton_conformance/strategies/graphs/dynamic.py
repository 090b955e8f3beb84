"""Graphs whose sizes are named, not fixed: one file for every size of its symbols.

Owns the graphs and the inputs for given sizes; leaves what is right to the oracle. Serves `runtime`
(RUN-SHP-01, RUN-SHP-03, RUN-REL-02).
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.strategies.graphs.contents import content
from lepton_conformance.strategies.graphs.graph import Graph, GraphCase, Node, Value
from lepton_conformance.strategies.graphs.spelling import Attribute, datatype_of

__all__ = ["Dynamic", "dynamic_graphs"]

Shape = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A graph with named sizes. `rows` says that it computes each row of the first axis by itself.

    `least` are the smallest sizes that the operators define, 0 unless said.
    """

    name: str
    group: str
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Value]
    nodes: Sequence[Node]
    constants: Mapping[str, Array]
    rows: bool = True
    least: int = 0

    def case(self, sizes: Mapping[str, int], seed: int = 0) -> GraphCase:
        """Return the graph with inputs of these sizes."""
        inputs = {
            name: content(value.datatype, _sized(value.shape, sizes), -2, 2, seed + 17 * index)
            for index, (name, value) in enumerate(self.inputs.items())
        }
        return GraphCase(self.graph(), inputs, features=frozenset((self.group,)))

    def graph(self) -> Graph:
        """Return the graph with its symbols."""
        constants = {name: Value(datatype_of(array), array.shape) for name, array in self.constants.items()}
        values = {**self.inputs, **constants, **self.outputs}
        return Graph(tuple(self.nodes), self.inputs, self.outputs, self.constants, values)


def _sized(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sizes[size] if isinstance(size, str) else size for size in shape)


def _node(operator: str, inputs: str, outputs: str, **attributes: Attribute) -> Node:
    return Node(operator, tuple(inputs.split(",")), tuple(outputs.split(",")), attributes)


def _f(*shape: int | str) -> Value:
    return Value("FP32", shape)


def _w(*shape: int, seed: int = 3) -> Array:
    return content("FP32", shape, -0.5, 0.5, seed)


def _ints(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def _elementwise() -> Sequence[Dynamic]:
    return (
        Dynamic(
            "sum",
            "elementwise",
            {"a": _f("N", "M"), "b": _f("M")},
            {"y": _f("N", "M")},
            [_node("Add", "a,b", "s"), _node("Tanh", "s", "y")],
            {},
        ),
        Dynamic(
            "product of a column and a row",
            "elementwise",
            {"a": _f("N", 1), "b": _f("M")},
            {"y": _f("N", "M")},
            [_node("Mul", "a,b", "y")],
            {},
        ),
    )


def _dense() -> Sequence[Dynamic]:
    return (
        Dynamic(
            "layers",
            "dense",
            {"x": _f("N", 5)},
            {"y": _f("N", 3)},
            [_node("Gemm", "x,w,b", "h"), _node("MatMul", "h,v", "y")],
            {"w": _w(5, 9), "b": _w(9), "v": _w(9, 3, seed=4)},
        ),
        Dynamic(
            "product of two inputs",
            "dense",
            {"a": _f("N", "M"), "b": _f("M", 4)},
            {"y": _f("N", 4)},
            [_node("MatMul", "a,b", "y")],
            {},
        ),
    )


def _images() -> Sequence[Dynamic]:
    return (
        Dynamic(
            "convolution",
            "convolution",
            {"x": _f("N", 2, "M", 7)},
            {"y": _f("N", 3, "M", 7)},
            [_node("Conv", "x,w,b", "y", pads=(1, 1, 1, 1))],
            {"w": _w(3, 2, 3, 3), "b": _w(3)},
            least=1,
        ),
        Dynamic(
            "pooling",
            "pooling",
            {"x": _f("N", 2, "M", 6)},
            {"y": _f("N", 2, "half", 3), "z": _f("N", 2, 1, 1)},
            [
                _node("MaxPool", "x", "y", kernel_shape=(2, 2), strides=(2, 2), pads=(0, 0, 1, 0)),
                _node("GlobalAveragePool", "x", "z"),
            ],
            {},
            least=1,
        ),
    )


def _rows() -> Sequence[Dynamic]:
    return (
        Dynamic(
            "softmax",
            "normalisation",
            {"x": _f("N", "M")},
            {"y": _f("N", "M")},
            [_node("Softmax", "x", "y", axis=-1)],
            {},
        ),
        Dynamic(
            "layer normalisation",
            "normalisation",
            {"x": _f("N", "M", 6)},
            {"y": _f("N", "M", 6)},
            [_node("LayerNormalization", "x,scale,shift", "y")],
            {"scale": _w(6), "shift": _w(6, seed=5)},
        ),
        Dynamic(
            "sums",
            "reductions",
            {"x": _f("N", "M")},
            {"y": _f("N"), "z": _f("N", "M")},
            [
                _node("ReduceSum", "x,axes", "y", keepdims=0),
                _node("CumSum", "x,axis", "z"),
            ],
            {"axes": _ints(1), "axis": np.array(1, np.int64)},
        ),
        Dynamic(
            "maximum and its index",
            "reductions",
            {"x": _f("N", "M")},
            {"y": _f("N", 1), "i": Value("INT64", ("N", 1))},
            [_node("ReduceMax", "x", "y", axes=(1,)), _node("ArgMax", "x", "i", axis=1)],
            {},
            least=1,
        ),
    )


def _moves() -> Sequence[Dynamic]:
    return (
        Dynamic(
            "rows beside themselves",
            "indexing",
            {"x": _f("N", "M")},
            {"y": _f("N", "twice"), "t": _f("M", "N")},
            [_node("Concat", "x,x", "y", axis=1), _node("Transpose", "x", "t", perm=(1, 0))],
            {},
            rows=False,
        ),
        Dynamic(
            "flat and back",
            "indexing",
            {"x": _f("N", "M", 2)},
            {"flat": _f("N", "rest"), "y": _f("N", "M", 2)},
            [
                _node("Flatten", "x", "flat", axis=1),
                _node("Shape", "x", "shape"),
                _node("Reshape", "flat,shape", "y"),
            ],
            {},
        ),
        Dynamic(
            "every second row, reversed",
            "indexing",
            {"x": _f("N", "M")},
            {"y": _f("fewer", "M"), "n": Value("INT64", ())},
            [_node("Slice", "x,first,last,axes,steps", "y"), _node("Size", "x", "n")],
            {"first": _ints(-1), "last": _ints(-(2**62)), "axes": _ints(0), "steps": _ints(-2)},
            rows=False,
        ),
        Dynamic(
            "a row for each row",
            "indexing",
            {"x": _f("N", "M"), "r": _f("M")},
            {"y": _f("N", "M"), "p": _f("N", "longer")},
            [
                _node("Shape", "x", "shape"),
                _node("Expand", "r,shape", "y"),
                _node("Pad", "x,pads", "p"),
            ],
            {"pads": _ints(0, 1, 0, 2)},
        ),
    )


def _recurrent() -> Sequence[Dynamic]:
    return (
        Dynamic(
            "recurrent layer",
            "recurrent",
            {"x": _f("M", "N", 4)},
            {"y": _f("M", 1, "N", 3)},
            [_node("GRU", "x,w,r", "y", hidden_size=3)],
            {"w": _w(1, 9, 4), "r": _w(1, 9, 3, seed=6)},
            rows=False,
            least=1,
        ),
    )


def _attention() -> Sequence[Dynamic]:
    nodes = [
        _node("LayerNormalization", "x,scale,shift", "n"),
        _node("MatMul", "n,wq", "q"),
        _node("MatMul", "n,wk", "k"),
        _node("MatMul", "n,wv", "v"),
        _node("Transpose", "k", "kt", perm=(0, 2, 1)),
        _node("MatMul", "q,kt", "s"),
        _node("Softmax", "s", "p", axis=-1),
        _node("MatMul", "p,v", "m"),
        _node("Add", "m,x", "y"),
    ]
    constants = {name: _w(8, 8, seed=index) for index, name in enumerate(("wq", "wk", "wv"))}
    constants |= {"scale": _w(8), "shift": _w(8, seed=9)}
    x = {"x": _f("N", "M", 8)}
    return (Dynamic("attention", "blocks", x, {"y": _f("N", "M", 8)}, nodes, constants),)


@functools.cache
def dynamic_graphs() -> tuple[Dynamic, ...]:
    """Return the graphs, those of each group together."""
    makers: tuple[Callable[[], Sequence[Dynamic]], ...] = (
        _elementwise,
        _dense,
        _images,
        _rows,
        _moves,
        _recurrent,
        _attention,
    )
    return tuple(entry for maker in makers for entry in maker())
