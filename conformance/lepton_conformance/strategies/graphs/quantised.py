"""Recipes of quantisation: per tensor and per axis, signed and unsigned, ties and saturation.

Serves `runtime` (RUN-OPS-10).
"""

import numpy as np

from lepton_conformance.strategies.graphs.builder import Build, Recipe, Ref

__all__ = ["RECIPES"]

KINDS = {"UINT8": np.uint8, "INT8": np.int8}
SHAPES = ((3, 3), (2, 3), (5,), (2, 3, 4), (1, 1), (4, 31))


def _scales(build: Build, shape: tuple[int, ...]) -> tuple[Ref, int | None, tuple[int, ...]]:
    """Return the scales, the axis attribute and the shape of scales; powers of two make ties exact."""
    form = build.pick("tensor", "axis", "default axis") if len(shape) > 1 else "tensor"
    if form == "tensor":
        return build.constant(np.array(build.pick(0.5, 0.0625, 0.3), np.float32)), None, ()
    axis = 1 if form == "default axis" else build.pick(0, -1)
    size = shape[axis]
    values = (0.25 * (1 + np.arange(size) % 4)).astype(np.float32)
    return build.constant(values), None if form == "default axis" else axis, (size,)


def _zero(build: Build, datatype: str, shape: tuple[int, ...]) -> Ref:
    value = build.pick(*((3, 128, 0, 255) if datatype == "UINT8" else (0, -5, 127, -128)))
    return build.constant(np.full(shape, value, KINDS[datatype]))


def _quantize(build: Build) -> None:
    datatype = build.pick("UINT8", "INT8")
    high = build.pick(8.0, 200.0)
    x = build.fresh("FP32", build.pick(*SHAPES), -high, high)
    scale, axis, shape = _scales(build, x.shape)
    zero = _zero(build, datatype, shape) if datatype == "INT8" or build.pick(True, False) else None
    if build.pick(False, True):
        ties = np.arange(-6, 6, dtype=np.float32) * np.float32(0.25)
        build.inputs[x.name] = np.resize(ties, x.shape)
    build.node("QuantizeLinear", [x, scale, zero], build.out(x.shape, datatype, -200, 255), axis=axis)


def _dequantize(build: Build) -> None:
    datatype = build.pick("UINT8", "INT8", "INT32")
    low, high = {"UINT8": (0, 255), "INT8": (-128, 127), "INT32": (-1000, 1000)}[datatype]
    x = build.fresh(datatype, build.pick(*SHAPES), low, high)
    scale, axis, shape = _scales(build, x.shape)
    zero = _zero(build, datatype, shape) if datatype != "INT32" and build.pick(True, False) else None
    build.node("DequantizeLinear", [x, scale, zero], build.out(x.shape, "FP32", -300, 300), axis=axis)


def _matmul(build: Build) -> None:
    left, right = build.pick(("UINT8", "UINT8"), ("UINT8", "INT8"), ("INT8", "INT8"))
    rows, terms, columns = build.pick((2, 3, 4), (1, 1, 1), (3, 65, 2), (9, 8, 17))
    batch = build.pick((), (2,))
    a = build.fresh(
        left, (*batch, rows, terms), 0 if left == "UINT8" else -128, 255 if left == "UINT8" else 127
    )
    b = build.fresh(
        right,
        (*batch, terms, columns),
        0 if right == "UINT8" else -128,
        255 if right == "UINT8" else 127,
        constant=build.pick(False, True),
    )
    zeros = build.pick("none", "both", "first", "second")
    first = build.constant(np.array(7, KINDS[left])) if zeros in ("both", "first") else None
    second = build.constant(np.array(100, KINDS[right])) if zeros in ("both", "second") else None
    out = build.out((*batch, rows, columns), "INT32", -(2**24), 2**24, exact=True)
    build.node("MatMulInteger", [a, b, first, second], out)


def _dynamic(build: Build) -> None:
    low, high = build.pick((-2.0, 3.0), (0.5, 4.0), (-4.0, -0.5), (-1.0, 1.0))
    x = build.fresh("FP32", build.pick(*SHAPES), low, high)
    build.node(
        "DynamicQuantizeLinear",
        [x],
        build.out(x.shape, "UINT8", 0, 255),
        build.out((), "FP32", 0, 1),
        build.out((), "UINT8", 0, 255),
    )


RECIPES: dict[str, Recipe] = {
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    "MatMulInteger": _matmul,
    "DynamicQuantizeLinear": _dynamic,
}
