"""Recipes of element-wise operators, each within the bounds where it is well conditioned.

Serves `runtime` (RUN-OPS-01).
"""

import math
from collections.abc import Callable

import numpy as np

from lepton_conformance.strategies.graphs.builder import Build, Recipe, Ref

__all__ = ["RECIPES"]

FLOATS = ("FP32", "FP64")
_KINDS = {"INT32": np.int32, "INT64": np.int64}
NUMBERS = ("FP32", "FP64", "INT32", "INT64")
#: Pairs of shapes that broadcast, simplest first.
PAIRS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((2, 3), ()),
    ((3,), (2, 3)),
    ((2, 1), (1, 3)),
    ((2, 3), (2, 1)),
    ((4, 1, 5), (3, 1)),
    ((), ()),
    ((2, 3, 2, 3), (3, 1, 1)),
    ((1, 33), (17, 1)),
    ((3, 3), (3,)),
    ((3,), (3, 3)),
    ((65,), (65,)),
)


def _second(build: Build, first: Ref) -> tuple[int, ...]:
    """Return a shape that broadcasts with a tensor: the same, fewer dimensions, ones, or one more."""
    shape = first.shape
    ones = tuple(1 if axis % 2 else size for axis, size in enumerate(shape))
    return build.pick(shape, shape[1:], (), ones, (2, *(1,) * len(shape)) if len(shape) < 5 else shape)


def _pair(
    build: Build,
    datatype: str,
    low: float = -2.0,
    high: float = 2.0,
    *,
    second: tuple[float, float] | None = None,
    whole: bool = False,
) -> tuple[Ref, Ref, tuple[int, ...]]:
    """Return two operands that broadcast, and the shape of the result."""
    lower, upper = second or (low, high)
    if build.pool:
        first = build.tensor(datatype, low, high, whole=whole)
        shape = _second(build, first)
        other = build.like(shape, datatype, lower, upper)
    else:
        shapes = build.pick(*PAIRS)
        first = build.fresh(datatype, shapes[0], low, high, whole=whole)
        kind = build.pick("input", "constant", "same")
        if kind == "same" and shapes[0] == shapes[1] and second is None:
            other = first
        else:
            other = build.fresh(datatype, shapes[1], lower, upper, constant=kind == "constant", whole=whole)
    return first, other, np.broadcast_shapes(first.shape, other.shape)


def _unary(
    operator: str,
    low: float,
    high: float,
    bounds: Callable[[float, float], tuple[float, float]],
    datatypes: tuple[str, ...] = ("FP32",),
    *,
    beyond: float | None = None,
) -> Recipe:
    """Return the recipe of an operator on [low, high]; far from zero, too, where `beyond` is given."""

    def recipe(build: Build) -> None:
        datatype = build.pick(*datatypes)
        far = beyond is not None and not build.pool and build.pick(False, True)
        least, most = (-beyond, beyond) if far and beyond is not None else (low, high)
        x = build.tensor(datatype, least, most)
        lower, upper = bounds(max(least, x.low), min(most, x.high))
        build.node(operator, [x], build.out(x.shape, datatype, lower, upper))

    return recipe


def _monotone(function: Callable[[float], float]) -> Callable[[float, float], tuple[float, float]]:
    return lambda low, high: (function(low), function(high))


def _arithmetic(operator: str, bounds: Callable[[Ref, Ref], tuple[float, float]]) -> Recipe:
    def recipe(build: Build) -> None:
        datatype = build.pick(*NUMBERS)
        a, b, shape = _pair(build, datatype, -8.0, 8.0)
        build.node(operator, [a, b], build.out(shape, datatype, *bounds(a, b), exact=datatype[0] == "I"))

    return recipe


def _product(a: Ref, b: Ref) -> tuple[float, float]:
    ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return min(ends), max(ends)


def _divide(build: Build) -> None:
    datatype = build.pick(*NUMBERS)
    if datatype[0] == "I":
        a, b, shape = _pair(build, datatype, -100, 100, second=(1, 9))
    else:
        a, b, shape = _pair(build, datatype, -8.0, 8.0, second=(0.5, 4.0))
    build.node("Div", [a, b], build.out(shape, datatype, a.low * 2, a.high * 2, exact=datatype[0] == "I"))


def _power(build: Build) -> None:
    if not build.pool and build.pick(False, True):
        # A negative base is defined for whole exponents only.
        a = build.fresh("FP32", (4, 3), -2.5, 2.5)
        b = build.constant(np.array([2, 3, 1], np.float32))
        build.node("Pow", [a, b], build.out((4, 3), "FP32", -16.0, 16.0))
        return
    a, b, shape = _pair(build, "FP32", 0.25, 2.0, second=(-2.0, 3.0))
    build.node("Pow", [a, b], build.out(shape, "FP32", 0.0, 16.0))


def _modulo(build: Build) -> None:
    datatype = build.pick("INT32", "INT64", "FP32")
    if datatype == "FP32":
        a, b, shape = _pair(build, datatype, -8.0, 8.0, second=(1.0, 3.0), whole=True)
    else:
        a, b, shape = _pair(build, datatype, -20, 20, second=(1, 7))
    fmod = build.pick(0, 1) if datatype != "FP32" else 1
    build.node("Mod", [a, b], build.out(shape, datatype, -8.0, 8.0), fmod=fmod or None)


def _extreme(operator: str) -> Recipe:
    def recipe(build: Build) -> None:
        datatype = build.pick(*NUMBERS)
        if build.pick(2, 1) == 1:
            x = build.tensor(datatype)
            build.node(operator, [x], build.out(x.shape, datatype, x.low, x.high, exact=x.exact))
            return
        a, b, shape = _pair(build, datatype)
        listed = [a, b]
        if build.pick(2, 3) == 3:
            listed.append(build.like(shape, datatype))
        low, high = min(ref.low for ref in listed), max(ref.high for ref in listed)
        exact = all(ref.exact for ref in listed)
        build.node(operator, listed, build.out(shape, datatype, low, high, exact=exact))

    return recipe


def _compare(operator: str, datatypes: tuple[str, ...]) -> Recipe:
    def recipe(build: Build) -> None:
        datatype = build.pick(*datatypes)
        if datatype == "INT64" and not build.pool and build.pick(False, True):
            # Neighbours that FP32 or FP64 would take for one.
            a = build.given(np.array([2**24 + 1, 2**53 + 1, -(2**62) - 1, 5], np.int64))
            b = build.given(np.array([2**24, 2**53, -(2**62), 5], np.int64))
            shape = a.shape
        elif datatype == "BOOL":
            a, b, shape = _pair(build, datatype)
        else:
            a, b, shape = _pair(build, datatype, -2, 2, whole=True)
        build.node(operator, [a, b], build.out(shape, "BOOL", exact=a.exact and b.exact))

    return recipe


def _logical(operator: str) -> Recipe:
    def recipe(build: Build) -> None:
        a, b, shape = _pair(build, "BOOL", -math.inf, math.inf) if build.pool else _bools(build)
        build.node(operator, [a, b], build.out(shape, "BOOL", exact=True))

    return recipe


def _bools(build: Build) -> tuple[Ref, Ref, tuple[int, ...]]:
    shapes = build.pick(*PAIRS)
    a, b = (build.fresh("BOOL", shape, -math.inf, math.inf) for shape in shapes)
    return a, b, np.broadcast_shapes(*shapes)


def _not(build: Build) -> None:
    x = build.tensor("BOOL", -math.inf, math.inf)
    build.node("Not", [x], build.out(x.shape, "BOOL", exact=x.exact))


def _where(build: Build) -> None:
    datatype = build.pick("FP32", "INT64", "INT32")
    a, b, shape = _pair(build, datatype)
    condition = build.like(
        build.pick(shape, shape[1:], (), (2, *(1,) * len(shape))), "BOOL", -math.inf, math.inf
    )
    result = np.broadcast_shapes(shape, condition.shape)
    low, high = min(a.low, b.low), max(a.high, b.high)
    build.node("Where", [condition, a, b], build.out(result, datatype, low, high, exact=a.exact and b.exact))


def _clip(build: Build) -> None:
    datatype = build.pick("FP32", "FP64", "INT32", "INT64")
    x = build.tensor(datatype, -math.inf, math.inf) if build.pool else build.tensor(datatype, -8, 8)
    bounds = build.pick((True, True), (True, False), (False, True), (False, False))
    kind = np.dtype({"FP32": "f4", "FP64": "f8", "INT32": "i4", "INT64": "i8"}[datatype])
    listed = [
        build.constant(np.array(value, dtype=kind)) if wanted else None
        for value, wanted in zip((-1.5 if datatype[0] == "F" else -2, 1), bounds, strict=True)
    ]
    low = max(x.low, -2.0) if bounds[0] else x.low
    high = min(x.high, 1.0) if bounds[1] else x.high
    build.node("Clip", [x, *listed], build.out(x.shape, datatype, low, max(low, high)))


def _cast(build: Build) -> None:
    codes = {"FP32": 1, "UINT8": 2, "INT8": 3, "INT32": 6, "INT64": 7, "BOOL": 9, "FP16": 10, "FP64": 11}
    kind = build.pick("usual", "fractions", "truth", "wrapped") if not build.pool else "usual"
    source = build.pick("FP32", "FP64", "INT32", "INT64", "UINT8", "BOOL", "FP16", "INT8")
    target = build.pick("INT32", "FP64", "FP32", "INT64", "UINT8", "BOOL", "FP16", "INT8")
    low: float = 0 if "UINT8" in (source, target) else -100
    high: float = 100
    if kind == "truth":
        kind, target = "fractions", "BOOL"
    if kind == "wrapped":
        source = "INT64" if source == "INT64" else "INT32"
        target = "UINT8" if target == "UINT8" else "INT8"
        # Integers that the target does not hold are taken modulo 2^bits.
        wide = 2**40 if source == "INT64" else 2**20
        build.node(
            "Cast",
            [build.given(np.array([300, -1, -300, 128, wide + 3, 7], _KINDS[source]))],
            build.out((6,), target, exact=True),
            to=codes[target],
        )
        return
    if kind == "fractions" and source[:2] == "FP":
        low, high = (0.0 if target == "UINT8" else -0.95), 0.95
        x = build.fresh(source, (2, 3), low, high)
        bounds = low, high
    elif source == "BOOL":
        x = build.tensor("BOOL", -math.inf, math.inf)
        bounds = 0.0, 1.0
    else:
        x = build.tensor(source, low, high, exact=True)
        bounds = x.low, x.high
    if target == "BOOL":
        bounds = -math.inf, math.inf
    build.node("Cast", [x], build.out(x.shape, target, *bounds, exact=target != "FP16"), to=codes[target])


def _rounding(operator: str) -> Recipe:
    def recipe(build: Build) -> None:
        whole = operator == "Sign" and build.pick(False, True)
        x = build.tensor("FP32", -8, 8, exact=True, whole=whole)
        if operator == "Round" and build.pick(False, True):
            halves = np.arange(-4, 5, dtype=np.float32) + np.float32(0.5)
            x = build.given(halves, -4, 5)
        build.node(operator, [x], build.out(x.shape, "FP32", -8, 8, exact=x.exact))

    return recipe


def _prelu(build: Build) -> None:
    x = build.tensor("FP32", -4, 4, fits=lambda shape: len(shape) > 0)
    slope = build.like(build.pick(x.shape, (1,), x.shape[-1:]), "FP32", 0.0, 1.0)
    build.node("PRelu", [x, slope], build.out(x.shape, "FP32", -4, 4))


def _leaky(operator: str, *alphas: float) -> Recipe:
    def recipe(build: Build) -> None:
        x = build.tensor("FP32", -4, 4)
        alpha = build.pick(None, *alphas)
        build.node(operator, [x], build.out(x.shape, "FP32", -8, 8), alpha=alpha)

    return recipe


def _hard_sigmoid(build: Build) -> None:
    x = build.tensor("FP32", -6, 6)
    build.node(
        "HardSigmoid",
        [x],
        build.out(x.shape, "FP32", 0, 1),
        alpha=build.pick(None, 0.25, 1.0),
        beta=build.pick(None, 0.25, 0.0),
    )


def _isnan(build: Build) -> None:
    x = build.tensor("FP32", -2, 2)
    if build.pick(False, True):
        x = build.given(np.array([np.nan, 1.0, -np.inf, np.inf, -0.0], dtype=np.float32))
    build.node("IsNaN", [x], build.out(x.shape, "BOOL", exact=True))


def _identity(build: Build) -> None:
    datatype = build.pick("FP32", "FP64", "INT32", "INT64", "UINT8", "INT8")
    x = build.tensor(datatype, 0, 100) if datatype == "UINT8" else build.tensor(datatype)
    build.node("Identity", [x], build.out(x.shape, datatype, x.low, x.high, exact=x.exact))


def _gelu(build: Build) -> None:
    x = build.tensor("FP32", -4, 4)
    approximate = build.pick(None, "tanh", "none")
    build.node("Gelu", [x], build.out(x.shape, "FP32", -0.2, max(0.0, x.high)), approximate=approximate)


def _between(low: float, high: float) -> Callable[[float, float], tuple[float, float]]:
    return lambda lower, upper: (low, high)


RECIPES: dict[str, Recipe] = {
    "Add": _arithmetic("Add", lambda a, b: (a.low + b.low, a.high + b.high)),
    "Sub": _arithmetic("Sub", lambda a, b: (a.low - b.high, a.high - b.low)),
    "Mul": _arithmetic("Mul", _product),
    "Div": _divide,
    "Neg": _unary("Neg", -64, 64, lambda low, high: (-high, -low), ("FP32", "FP64", "INT32", "INT64")),
    "Abs": _unary("Abs", -64, 64, lambda low, high: (0.0, max(-low, high)), NUMBERS),
    "Sqrt": _unary("Sqrt", 0.25, 64, _monotone(math.sqrt), FLOATS),
    "Reciprocal": _unary("Reciprocal", 0.25, 8, lambda low, high: (1 / high, 1 / low), FLOATS),
    "Exp": _unary("Exp", -4, 4, _monotone(math.exp), FLOATS),
    "Log": _unary("Log", 1.25, 64, _monotone(math.log), FLOATS),
    "Pow": _power,
    "Sin": _unary("Sin", -3, 3, _between(-1, 1), beyond=1000.0),
    "Cos": _unary("Cos", -3, 3, _between(-1, 1), beyond=1000.0),
    "Tanh": _unary("Tanh", -6, 6, _between(-1, 1), FLOATS, beyond=100.0),
    "Sigmoid": _unary("Sigmoid", -6, 6, _between(0, 1), FLOATS, beyond=100.0),
    "Erf": _unary("Erf", -3, 3, _between(-1, 1)),
    "Relu": _unary("Relu", -64, 64, lambda low, high: (0.0, max(0.0, high)), FLOATS),
    "LeakyRelu": _leaky("LeakyRelu", 0.1, 1.5),
    "Elu": _leaky("Elu", 0.5, 2.0),
    "Softplus": _unary("Softplus", -6, 6, lambda low, high: (0.0, max(0.0, high) + 1), beyond=200.0),
    "HardSigmoid": _hard_sigmoid,
    "Clip": _clip,
    "Min": _extreme("Min"),
    "Max": _extreme("Max"),
    "Mod": _modulo,
    "Floor": _rounding("Floor"),
    "Ceil": _rounding("Ceil"),
    "Round": _rounding("Round"),
    "Sign": _rounding("Sign"),
    "Where": _where,
    "Equal": _compare("Equal", ("FP32", "INT32", "INT64", "BOOL")),
    "Less": _compare("Less", ("FP32", "INT32", "INT64")),
    "Greater": _compare("Greater", ("FP32", "INT32", "INT64")),
    "LessOrEqual": _compare("LessOrEqual", ("FP32", "INT32", "INT64")),
    "GreaterOrEqual": _compare("GreaterOrEqual", ("FP32", "INT32", "INT64")),
    "And": _logical("And"),
    "Or": _logical("Or"),
    "Xor": _logical("Xor"),
    "Not": _not,
    "Cast": _cast,
    "IsNaN": _isnan,
    "Identity": _identity,
    "PRelu": _prelu,
    "Gelu": _gelu,
}
