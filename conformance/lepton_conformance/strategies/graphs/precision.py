"""Sums whose terms need every bit of their datatype, and the special values of IEEE 754 in arithmetic.

Two kinds of terms show a narrower format in sums of any length: terms that it rounds all in one direction,
and terms that need all bits. Serves `runtime` (RUN-NUM-04, RUN-NUM-05).
"""

from collections.abc import Callable, Iterator

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.strategies.graphs.builder import Build, Ref, Seeded
from lepton_conformance.strategies.graphs.contents import content
from lepton_conformance.strategies.graphs.graph import GraphCase

__all__ = ["SUMMING", "special_values", "sums"]

#: Groups with sums, and how many terms the sums have.
SUMMING = ("dense", "convolution", "normalisation", "reductions")
TERMS = (4, 16, 64, 256)
LONG = 1024

_Recipe = Callable[[Build, "_Terms", int], None]


class _Terms:
    """Makes operands of one kind."""

    def __init__(self, build: Build, datatype: str, kind: str) -> None:
        self.build, self.datatype, self.kind = build, datatype, kind

    def array(self, *shape: int) -> Array:
        """Return elements between 1 and 2 that need every bit, or that a narrower format rounds down."""
        if self.kind == "full":
            return content(self.datatype, shape, 1, 2, len(shape))
        dtype, lost = (np.float64, 2.0**-26) if self.datatype == "FP64" else (np.float32, 2.0**-13 + 2.0**-12)
        return np.full(shape, 1 + lost, dtype)

    def given(self, *shape: int) -> Ref:
        """Return a new input."""
        return self.build.given(self.array(*shape))

    def constant(self, *shape: int) -> Ref:
        """Return a new constant."""
        return self.build.constant(self.array(*shape))


def sums(group: str) -> Iterator[GraphCase]:
    """Yield graphs of a group that add up many terms."""
    for recipe, datatypes, terms in _SUMS[group]:
        for datatype in datatypes:
            for kind in ("full", "rounded"):
                for count in terms:
                    build = Build(Seeded(0))
                    recipe(build, _Terms(build, datatype, kind), count)
                    built = build.finish()
                    yield GraphCase(built.graph, built.inputs, features=frozenset((group,)))


def _matmul(build: Build, terms: _Terms, count: int) -> None:
    a, b = terms.given(2, count), terms.constant(count, 3)
    build.node("MatMul", [a, b], build.out((2, 3), terms.datatype))


def _matmul_of_inputs(build: Build, terms: _Terms, count: int) -> None:
    a, b = terms.given(3, count), terms.given(count, 5)
    build.node("MatMul", [a, b], build.out((3, 5), terms.datatype))


def _gemm(build: Build, terms: _Terms, count: int) -> None:
    a, b, c = terms.given(1, count), terms.constant(2, count), terms.constant(2)
    build.node("Gemm", [a, b, c], build.out((1, 2), terms.datatype), transB=1)


def _pointwise(build: Build, terms: _Terms, count: int) -> None:
    x, w = terms.given(1, count, 2, 3), terms.constant(2, count, 1, 1)
    build.node("Conv", [x, w], build.out((1, 2, 2, 3), terms.datatype))


def _window(build: Build, terms: _Terms, count: int) -> None:
    x, w = terms.given(1, count, 4, 4), terms.constant(2, count, 3, 3)
    build.node("Conv", [x, w], build.out((1, 2, 2, 2), terms.datatype))


def _reduce(operator: str) -> _Recipe:
    def recipe(build: Build, terms: _Terms, count: int) -> None:
        x = terms.given(2, count)
        if operator == "ReduceSum":
            axes = build.constant(np.array([1], np.int64))
            build.node(operator, [x, axes], build.out((2, 1), terms.datatype))
        else:
            build.node(operator, [x], build.out((2, 1), terms.datatype), axes=(1,))

    return recipe


def _cumulative(build: Build, terms: _Terms, count: int) -> None:
    x, axis = terms.given(1, count), build.constant(np.array(1, np.int64))
    build.node("CumSum", [x, axis], build.out((1, count), terms.datatype))


def _softmax(build: Build, terms: _Terms, count: int) -> None:
    build.node("Softmax", [terms.given(1, count)], build.out((1, count), terms.datatype), axis=1)


def _layer(build: Build, terms: _Terms, count: int) -> None:
    x = build.given(content("FP32", (2, count), -2, 2, 3))
    scale, shift = terms.constant(count), terms.constant(count)
    build.node("LayerNormalization", [x, scale, shift], build.out((2, count), terms.datatype))


_SUMS: dict[str, list[tuple[_Recipe, tuple[str, ...], tuple[int, ...]]]] = {
    "dense": [
        (_matmul, ("FP32", "FP64"), (*TERMS, LONG)),
        (_matmul_of_inputs, ("FP32", "FP64"), TERMS),
        (_gemm, ("FP32",), TERMS),
    ],
    "convolution": [(_pointwise, ("FP32",), (*TERMS, LONG)), (_window, ("FP32",), (1, 4, 16))],
    "normalisation": [(_softmax, ("FP32",), TERMS), (_layer, ("FP32",), (16, 64, 256))],
    "reductions": [
        (_reduce("ReduceSum"), ("FP32", "FP64"), (*TERMS, LONG)),
        (_reduce("ReduceMean"), ("FP32", "FP64"), (*TERMS, LONG)),
        (_reduce("ReduceL2"), ("FP32",), TERMS),
        (_cumulative, ("FP32",), TERMS),
    ],
}


# -- special values --------------------------------------------------------------------------------

_UNARY = (
    "Neg",
    "Abs",
    "Sqrt",
    "Reciprocal",
    "Exp",
    "Log",
    "Tanh",
    "Sigmoid",
    "Erf",
    "Softplus",
    "Relu",
    "Floor",
    "Ceil",
    "Round",
    "IsNaN",
    "Identity",
)
_BINARY = ("Add", "Sub", "Mul", "Div", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual")
#: Approximated by polynomials, which lose their last bits below the smallest normal number.
_APPROXIMATED = frozenset(("Exp", "Log", "Tanh", "Sigmoid", "Erf", "Softplus"))
_TRUTHS = frozenset(("IsNaN", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"))


def _specials(datatype: str) -> Array:
    kind = np.float64 if datatype == "FP64" else np.float32
    limits = np.finfo(kind)
    small, tiny, large = limits.smallest_subnormal, limits.tiny, limits.max
    listed = [
        np.nan,
        np.inf,
        -np.inf,
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.5,
        small,
        -small,
        tiny,
        tiny / 2,
        large,
        -large,
    ]
    return np.array(listed, dtype=kind)


def special_values() -> Iterator[GraphCase]:
    """Yield each operator on all special values, and on all pairs of them."""
    for datatype in ("FP32", "FP64"):
        values = _specials(datatype)
        for operator in _UNARY:
            build = Build(Seeded(0))
            result = "BOOL" if operator in _TRUTHS else datatype
            chosen = values
            if operator in _APPROXIMATED:
                chosen = values[~(np.abs(values) <= np.finfo(values.dtype).tiny) | (values == 0)]
            build.node(operator, [build.given(chosen)], build.out(chosen.shape, result))
            yield _finished(build)
        for operator in _BINARY:
            build = Build(Seeded(0))
            a, b = build.given(values.reshape(-1, 1)), build.given(values)
            result = "BOOL" if operator in _TRUTHS else datatype
            build.node(operator, [a, b], build.out((values.size, values.size), result))
            yield _finished(build)
        build = Build(Seeded(0))
        condition = build.given(np.arange(values.size) % 2 == 0)
        a, b = build.given(values), build.given(values[::-1].copy())
        build.node("Where", [condition, a, b], build.out(values.shape, datatype))
        yield _finished(build)
    build = Build(Seeded(0))
    bases = np.array([np.nan, 1.0, 1.0, np.inf, 0.0, -2.0, -2.0, 2.0], np.float32)
    exponents = np.array([0.0, np.nan, np.inf, -1.0, -1.0, 3.0, 2.0, -np.inf], np.float32)
    build.node("Pow", [build.given(bases), build.given(exponents)], build.out((8,), "FP32"))
    yield _finished(build)
    build = Build(Seeded(0))
    build.node("Cast", [build.given(_specials("FP32"))], build.out((14,), "FP64"), to=11)
    yield _finished(build)


def _finished(build: Build) -> GraphCase:
    built = build.finish()
    return GraphCase(built.graph, built.inputs, features=frozenset(("elementwise",)))
