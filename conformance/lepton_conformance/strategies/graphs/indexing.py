"""Recipes of operators that move elements: shapes, slices, gathers, scatters, pads, resizing.

Serves `runtime` (RUN-OPS-07).
"""

import math
from collections.abc import Sequence

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import dtype
from lepton_conformance.strategies.graphs.builder import Build, Recipe, Ref
from lepton_conformance.strategies.graphs.contents import hashed

__all__ = ["RECIPES"]

MOVED = ("FP32", "INT64", "INT32", "FP64", "UINT8")
SHAPES = ((2, 3), (4,), (2, 3, 4), (1, 1), (2, 3, 2, 3), (4, 31), (65,), (2, 1, 3))


def _x(build: Build, least: int = 1, shapes: Sequence[tuple[int, ...]] = SHAPES) -> Ref:
    """Return what is moved."""
    datatype = build.pick(*MOVED)
    low, high = (0, 200) if datatype == "UINT8" else (-200, 200)
    return build.tensor(datatype, low, high, shapes=shapes, fits=lambda shape: len(shape) >= least)


def _moved(build: Build, x: Ref, shape: Sequence[int]) -> Ref:
    return build.out(shape, x.datatype, x.low, x.high, exact=x.exact)


def _ints(build: Build, *values: int, kind: type = np.int64) -> Ref:
    """Return whole numbers that steer a node: a constant, or an input of the call."""
    return build.constant(np.array(values, dtype=np.dtype(kind)))


def _indices(build: Build, shape: tuple[int, ...], size: int) -> Array:
    """Return indices below a size, negative ones among them in some cases."""
    found = (hashed(7 + size, math.prod(shape)) % np.uint64(size)).astype(np.int64).reshape(shape)
    if build.pick(False, True):
        found = np.where(np.arange(found.size).reshape(shape) % 2 == 0, found - size, found)
    return found.astype(build.pick(np.int64, np.int32))


def _held(build: Build, array: Array) -> Ref:
    return build.constant(array) if build.pick(True, False) else build.given(array)


def _reshape(build: Build) -> None:
    x = _x(build, 0)
    count = math.prod(x.shape)
    wanted = build.pick(
        (count,),
        (-1,),
        (1, count, 1),
        (0, *x.shape[1:]) if x.rank else (1,),
        (-1, x.shape[-1]) if x.rank else (1, 1),
    )
    zero = build.pick(None, 1) if 0 not in wanted and build.opset >= 14 else None
    shape = [x.shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    known = math.prod(size for size in shape if size != -1)
    result = [count // known if size == -1 else size for size in shape]
    build.node("Reshape", [x, _ints(build, *wanted)], _moved(build, x, result), allowzero=zero)


def _transpose(build: Build) -> None:
    # Of a cube the inverse of a cycle gives a result of the right shape.
    cube = not build.pool and build.pick(False, True)
    x = _x(build, shapes=((3, 3, 3),)) if cube else _x(build)
    axes = tuple(range(x.rank))
    perm = (
        (1, 2, 0) if cube else build.pick(None, axes[::-1], (*axes[1:], 0), (*axes[:-2], *axes[:-3:-1]), axes)
    )
    shape = [x.shape[axis] for axis in (perm if perm is not None else axes[::-1])]
    build.node("Transpose", [x], _moved(build, x, shape), perm=perm)


def _concat(build: Build) -> None:
    x = _x(build)
    axis = build.pick(*dict.fromkeys((0, x.rank - 1, -1, -x.rank)))
    count = build.pick(2, 1, 3)
    listed = [x]
    for _ in range(count - 1):
        shape = list(x.shape)
        shape[axis] = build.pick(x.shape[axis], 1, 2)
        listed.append(build.like(tuple(shape), x.datatype, x.low, x.high))
    result = list(x.shape)
    result[axis] = sum(ref.shape[axis] for ref in listed)
    build.node("Concat", listed, _moved(build, x, result), axis=axis)


def _split(build: Build) -> None:
    x = _x(build)
    axis = build.pick(*dict.fromkeys((None, x.rank - 1, -1, 0)))
    size = x.shape[axis or 0]
    form = build.pick("sizes", "one", "equal")
    if form == "sizes" and size > 1:
        parts = [1, size - 1]
    elif form == "equal" and size % 2 == 0:
        parts = [size // 2] * 2
    else:
        form, parts = "one", [size]
    outs = []
    for part in parts:
        shape = list(x.shape)
        shape[axis or 0] = part
        outs.append(_moved(build, x, shape))
    inputs = [x] if form == "equal" and build.opset < 18 else [x, _ints(build, *parts)]
    build.node("Split", inputs, *outs, axis=axis)


def _slice(build: Build) -> None:
    x = _x(build)
    kind = build.pick(np.int64, np.int32)
    axis = build.pick(0, x.rank - 1)
    size = x.shape[axis]
    start, end, step = build.pick(
        (0, 1, 1),
        (1, size, 1),
        (-1, -size - 1, -1),
        (size - 1, -(2**31) + 1, -1),
        (0, 2**31 - 1, 2),
        (-2, 2**31 - 1, 1),
        (-1, -(2**31) + 1, -2),
        (0, 2**31 - 1, 3),
        (0, -size - 3, 1),
    )
    # Nothing lies before the first element: the result is empty, and of no use to a further node.
    empty = (start, end) == (0, -size - 3) and not build.pool[1:]
    if not empty and len(range(*slice(start, end, step).indices(size))) == 0:
        start, end, step = 0, size, 1
    shape = list(x.shape)
    shape[axis] = len(range(*slice(start, end, step).indices(size)))
    given = build.pick("all", "negative axis", "no steps", "all axes")
    listed: list[Ref | None] = [x, _ints(build, start, kind=kind), _ints(build, end, kind=kind)]
    if given == "negative axis":
        listed += [_ints(build, axis - x.rank, kind=kind), _ints(build, step, kind=kind)]
    elif given == "no steps" and step == 1:
        listed += [_ints(build, axis, kind=kind)]
    elif given == "all axes" and axis == 0 and x.rank == 1:
        listed += [None, _ints(build, step, kind=kind)]
    else:
        listed += [_ints(build, axis, kind=kind), _ints(build, step, kind=kind)]
    build.node("Slice", listed, _moved(build, x, shape))
    if empty:
        build.pool.pop()


def _gather(build: Build) -> None:
    x = _x(build)
    axis = build.pick(*dict.fromkeys((None, x.rank - 1, -1, -x.rank)))
    along = (axis or 0) % x.rank
    indices = _held(build, _indices(build, build.pick((2,), (), (2, 3), (1, 1, 2)), x.shape[along]))
    shape = (*x.shape[:along], *indices.shape, *x.shape[along + 1 :])
    build.node("Gather", [x, indices], _moved(build, x, shape), axis=axis)


def _gather_elements(build: Build) -> None:
    square = not build.pool and build.pick(False, True)
    # Of a square the wrong axis gives a result of the right shape.
    x = _x(build, shapes=((3, 3),)) if square else _x(build)
    axis = 1 if square else build.pick(*dict.fromkeys((None, x.rank - 1, -1)))
    along = (axis or 0) % x.rank
    shape = list(x.shape)
    shape[along] = build.pick(x.shape[along], 1, 5)
    indices = _held(build, _indices(build, tuple(shape), x.shape[along]))
    build.node("GatherElements", [x, indices], _moved(build, x, shape), axis=axis)


def _gather_nd(build: Build) -> None:
    x = _x(build)
    batch = build.pick(None, 1) if x.rank > 1 else None
    skipped = batch or 0
    depth = build.pick(1, x.rank - skipped)
    lead = x.shape[:skipped]
    columns = [_indices_of(build, (*lead, 2), x.shape[skipped + axis], axis) for axis in range(depth)]
    indices = _held(build, np.stack(columns, axis=-1))
    shape = (*lead, 2, *x.shape[skipped + depth :])
    build.node("GatherND", [x, indices], _moved(build, x, shape), batch_dims=batch)


def _indices_of(build: Build, shape: tuple[int, ...], size: int, salt: int) -> Array:
    found = hashed(11 + 31 * salt + size, math.prod(shape)) % np.uint64(size)
    return np.asarray(found.astype(np.int64).reshape(shape))


def _scatter_nd(build: Build) -> None:
    x = _x(build)
    depth = build.pick(1, x.rank)
    places = np.array(list(np.ndindex(*x.shape[:depth])), dtype=np.int64)
    chosen = np.argsort(hashed(5, len(places)), kind="stable")[: build.pick(1, 2, 3)]
    reduction = build.pick(None, "add", "none") if build.opset >= 16 and x.datatype in MOVED[:2] else None
    indices = _held(build, places[chosen])
    updates = build.like((len(chosen), *x.shape[depth:]), x.datatype, x.low, x.high)
    out = _moved(build, x, x.shape)
    if reduction == "add":
        out = build.out(x.shape, x.datatype, min(x.low, 2 * x.low), max(x.high, 2 * x.high))
    build.node("ScatterND", [x, indices, updates], out, reduction=reduction)


def _squeeze(build: Build) -> None:
    x = _x(build, 2, ((1, 3), (2, 1, 3), (1, 1), (1, 2, 1, 3)))
    ones = [axis for axis, size in enumerate(x.shape) if size == 1]
    axes = build.pick(ones[:1], None, [axis - x.rank for axis in ones], ones)
    gone = ones if axes is None else [axis % x.rank for axis in axes]
    shape = [size for axis, size in enumerate(x.shape) if axis not in gone]
    listed = [x] if axes is None else [x, _ints(build, *axes)]
    build.node("Squeeze", listed, _moved(build, x, shape))


def _unsqueeze(build: Build) -> None:
    x = _x(build, 0)
    axes = build.pick((0,), (-1,), (x.rank,), (0, -1), (1, 0) if x.rank else (0,))
    rank = x.rank + len(axes)
    places = {axis % rank for axis in axes}
    sizes = iter(x.shape)
    shape = [1 if axis in places else next(sizes) for axis in range(rank)]
    build.node("Unsqueeze", [x, _ints(build, *axes)], _moved(build, x, shape))


def _flatten(build: Build) -> None:
    x = _x(build, 0)
    axis = build.pick(*dict.fromkeys((None, 0, x.rank, -x.rank))) if x.rank else build.pick(0, None)
    if x.rank == 0:
        axis = 0
    at = 1 if axis is None else axis + x.rank if axis < 0 else axis
    shape = (math.prod(x.shape[:at]), math.prod(x.shape[at:]))
    build.node("Flatten", [x], _moved(build, x, shape), axis=axis)


def _expand(build: Build) -> None:
    x = _x(build, 0, ((1, 3), (3,), (), (2, 1, 3), (1, 1), (2, 1)))
    grown = tuple(4 if size == 1 else size for size in x.shape)
    wanted = build.pick(grown, (2, *grown), x.shape, (1,) * x.rank)
    build.node("Expand", [x, _ints(build, *wanted)], _moved(build, x, np.broadcast_shapes(x.shape, wanted)))


def _tile(build: Build) -> None:
    x = _x(build, shapes=SHAPES[:5])
    repeats = build.pick((2, *(1,) * (x.rank - 1)), (1,) * x.rank, (*(1,) * (x.rank - 1), 3), (2,) * x.rank)
    shape = [size * times for size, times in zip(x.shape, repeats, strict=True)]
    build.node("Tile", [x, _ints(build, *repeats)], _moved(build, x, shape))


def _pad(build: Build) -> None:
    mode = build.pick(None, "reflect", "edge", "constant")
    x = _x(build, shapes=((2, 3), (4,), (2, 3, 4), (1, 2, 3, 3)))
    if mode == "reflect" and min(x.shape) < 2:
        mode = "edge"
    nothing = (0,) * x.rank
    last = (*nothing[1:], 1)
    pads = build.pick((*last, *nothing), (*nothing, *last), (*(1,) * x.rank, *(1,) * x.rank))
    if mode in (None, "constant") and min(x.shape) > 1 and build.pick(False, True):
        pads = (*(-1 for _ in nothing), *last)
    shape = [size + pads[axis] + pads[axis + x.rank] for axis, size in enumerate(x.shape)]
    listed: list[Ref | None] = [x, _ints(build, *pads)]
    low = x.low
    if mode in (None, "constant"):
        low = min(0.0, low)
        if build.pick(False, True):
            listed.append(build.constant(np.array(3, dtype=dtype(x.datatype).newbyteorder("="))))
    build.node("Pad", listed, build.out(shape, x.datatype, low, max(3, x.high), exact=x.exact), mode=mode)


def _shape(build: Build) -> None:
    x = _x(build, 0)
    start = build.pick(None, 1, -1) if x.rank and build.opset >= 15 else None
    end = build.pick(None, -1, x.rank + 5) if x.rank and build.opset >= 15 else None
    count = len(x.shape[slice(start, end)])
    if not count:
        start = end = None
        count = x.rank
    build.node("Shape", [x], build.out((count,), "INT64", 0, 200, exact=True), start=start, end=end)


def _constant_of_shape(build: Build) -> None:
    shape = build.pick((2, 3), (), (1,), (4, 1, 2))
    value = build.pick(
        None, np.array([2.5], np.float32), np.array([7], np.int64), np.array([True]), np.array([-3], np.int32)
    )
    datatype = "FP32" if value is None else {"f": "FP32", "b": "BOOL"}.get(value.dtype.kind, "")
    if not datatype and value is not None:
        datatype = "INT64" if value.dtype == np.int64 else "INT32"
    steered = build.given if build.pick(False, True) else build.constant
    out = build.out(shape, datatype, -8, 8, exact=True)
    build.node("ConstantOfShape", [steered(np.array(shape, np.int64))], out, value=value)


def _range(build: Build) -> None:
    kind, datatype = build.pick((np.int64, "INT64"), (np.float32, "FP32"), (np.int32, "INT32"))
    start, limit, delta = build.pick((0, 5, 1), (2, 9, 3), (5, -4, -2), (-3, 14, 4))
    steered = build.given if build.pick(False, True) else build.constant
    listed = [steered(np.array(value, kind)) for value in (start, limit, delta)]
    build.node("Range", listed, build.out((len(range(start, limit, delta)),), datatype, -8, 16, exact=True))


def _nonzero(build: Build) -> None:
    datatype = build.pick("INT32", "FP32", "BOOL", "INT64")
    x = build.fresh(datatype, build.pick((2, 3), (5,), (2, 2, 2), (1, 1)), -1, 1, whole=datatype == "FP32")
    build.node("NonZero", [x], build.out((x.rank, -1), "INT64", exact=True))


def _onehot(build: Build) -> None:
    depth = build.pick(3, 1, 7)
    shape = build.pick((2,), (2, 3), (1, 1, 2))
    indices = _held(
        build, (hashed(3, math.prod(shape)) % np.uint64(depth + 1)).astype(np.int64).reshape(shape) - 1
    )
    rank = len(shape)
    axis = build.pick(*dict.fromkeys((None, 0, rank, -1)))
    at = rank if axis is None or axis in (-1, rank) else axis
    kind, datatype = build.pick((np.float32, "FP32"), (np.int64, "INT64"))
    values = build.constant(np.array(build.pick((0, 1), (-2, 5)), kind))
    result = (*shape[:at], depth, *shape[at:])
    build.node(
        "OneHot",
        [indices, build.constant(np.array(build.pick(depth), np.int64)), values],
        build.out(result, datatype, -8, 8, exact=True),
        axis=axis,
    )


def _depth_to_space(build: Build) -> None:
    batch, channels, height, width = build.pick((1, 4, 2, 3), (2, 8, 1, 1), (1, 12, 3, 2))
    x = build.fresh("FP32", (batch, channels, height, width))
    shape = (batch, channels // 4, 2 * height, 2 * width)
    build.node("DepthToSpace", [x], _moved(build, x, shape), blocksize=2, mode=build.pick(None, "CRD", "DCR"))


def _space_to_depth(build: Build) -> None:
    batch, channels, height, width = build.pick((1, 1, 4, 6), (2, 3, 2, 2), (1, 2, 6, 4))
    x = build.fresh("FP32", (batch, channels, height, width))
    build.node(
        "SpaceToDepth", [x], _moved(build, x, (batch, 4 * channels, height // 2, width // 2)), blocksize=2
    )


def _trilu(build: Build) -> None:
    datatype = build.pick("FP32", "INT64", "FP64")
    x = build.tensor(
        datatype, -200, 200, shapes=((3, 4), (4, 3), (2, 3, 3), (1, 1)), fits=lambda s: len(s) > 1
    )
    shift = build.pick(None, 1, -1, 9, -9)
    listed = [x] if shift is None else [x, build.constant(np.array(shift, np.int64))]
    out = build.out(x.shape, x.datatype, min(0.0, x.low), max(0.0, x.high), exact=x.exact)
    build.node("Trilu", listed, out, upper=build.pick(None, 0, 1))


def _size(build: Build) -> None:
    x = _x(build, 0)
    build.node("Size", [x], build.out((), "INT64", 0, 200, exact=True))


def _resize(build: Build) -> None:
    mode = build.pick("nearest", "linear")
    x = build.fresh("FP32", build.pick((1, 1, 2, 3), (1, 2, 4, 4), (2, 1, 3, 5)))
    factors = build.pick((2, 2), (1, 2), (3, 1), (1, 1))
    half = build.pick("asymmetric", "half_pixel")
    shape = (*x.shape[:2], *(size * factor for size, factor in zip(x.shape[2:], factors, strict=True)))
    by = build.pick("scales", "sizes")
    listed: list[Ref | None] = [x, None]
    if by == "scales":
        listed.append(build.constant(np.array((1, 1, *factors), np.float32)))
    else:
        listed += [None, _ints(build, *shape)]
    nearest = (
        build.pick("floor", "round_prefer_floor", "ceil", "round_prefer_ceil") if mode == "nearest" else None
    )
    build.node(
        "Resize",
        listed,
        build.out(shape, "FP32", x.low, x.high),
        mode=mode,
        coordinate_transformation_mode=half,
        nearest_mode=nearest,
    )


RECIPES: dict[str, Recipe] = {
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "ScatterND": _scatter_nd,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Flatten": _flatten,
    "Expand": _expand,
    "Tile": _tile,
    "Pad": _pad,
    "Shape": _shape,
    "ConstantOfShape": _constant_of_shape,
    "Range": _range,
    "NonZero": _nonzero,
    "OneHot": _onehot,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Trilu": _trilu,
    "Size": _size,
    "Resize": _resize,
}
