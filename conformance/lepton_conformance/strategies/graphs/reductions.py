"""Recipes of reductions: every axis, several axes, none, kept or not; sums over more terms than a tile.

Serves `runtime` (RUN-OPS-06).
"""

import numpy as np

from lepton_conformance.strategies.graphs.builder import Build, Recipe, Ref

__all__ = ["RECIPES"]

SHAPES = ((2, 3), (3,), (2, 3, 4), (1, 1), (4, 31), (3, 65), (2, 129), (2, 3, 2, 3))


_KINDS = {"FP32": np.float32, "INT32": np.int32, "INT64": np.int64}
#: Not asked of integers: what they should be is not said.
INEXACT = ("ReduceL2", "ReduceMean")


def _axes(build: Build, x: Ref) -> tuple[int, ...] | None:
    """Return the axes to reduce, None for all of them."""
    last = x.rank - 1
    options = [(last,), None, (0,), (-1,), tuple(range(x.rank))]
    if x.rank > 2:
        options += [(0, 2), (1, -1)]
    return build.pick(*dict.fromkeys(options))


def _reduced(x: Ref, axes: tuple[int, ...] | None, keep: bool) -> tuple[int, ...]:
    gone = {axis % x.rank for axis in axes} if axes is not None else set(range(x.rank))
    if keep:
        return tuple(1 if axis in gone else size for axis, size in enumerate(x.shape))
    return tuple(size for axis, size in enumerate(x.shape) if axis not in gone)


def _reduce(operator: str, first_with_axes_input: int) -> Recipe:
    def recipe(build: Build) -> None:
        datatype = build.pick(*(("FP32", "FP64") if operator in INEXACT else ("FP32", "INT32", "FP64")))
        low, high = (0.5, 1.5) if operator == "ReduceProd" and datatype[0] == "F" else (-2.0, 2.0)
        shapes = SHAPES if operator != "ReduceProd" else (*SHAPES[:4], (11,))
        limit = 12 if operator == "ReduceProd" else 400
        x = build.tensor(
            datatype, low, high, shapes=shapes, fits=lambda shape: len(shape) > 0 and np.prod(shape) <= limit
        )
        axes = _axes(build, x)
        keep = build.pick(None, 0, 1)
        # Asked of copies only: whether nothing is rooted or squared over no axes is not said.
        idle = build.opset >= first_with_axes_input and operator != "ReduceL2" and build.pick(False, True)
        axes = () if idle else axes
        shape = _reduced(x, axes, keep != 0)
        inputs: list[Ref | None] = [x]
        attribute: tuple[int, ...] | None = None
        if build.opset >= first_with_axes_input:
            if axes:
                inputs.append(build.constant(np.array(axes, dtype=np.int64)))
        else:
            attribute = axes
        count = max(1, int(np.prod(x.shape)))
        wide = count if operator in ("ReduceSum", "ReduceL2") else 1
        bound = 2.0**12 if operator == "ReduceProd" else wide * max(abs(x.low), abs(x.high))
        exact = x.exact and operator in ("ReduceMax", "ReduceMin")
        build.node(
            operator,
            inputs,
            build.out(shape, datatype, 0.0 if operator == "ReduceL2" else -bound, bound, exact=exact),
            axes=attribute,
            keepdims=keep,
            noop_with_empty_axes=1 if idle else None,
        )

    return recipe


def _arg(operator: str) -> Recipe:
    def recipe(build: Build) -> None:
        datatype = build.pick("FP32", "INT32")
        last = build.pick(None, 1)
        if build.pick(False, True) or last:
            # Rows and columns with ties; columns of more than two.
            x = build.given(np.tile(np.array([1, 3, 3, 1], dtype=np.float32), (3, 3)))
        else:
            x = build.fresh(datatype, build.pick(*SHAPES), -200, 200, distinct=True)
        axis = build.pick(*dict.fromkeys((None, x.rank - 1, -1, -x.rank)))
        keep = build.pick(None, 0)
        shape = _reduced(x, (axis or 0,), keep != 0)
        out = build.out(shape, "INT64", exact=True)
        build.node(operator, [x], out, axis=axis, keepdims=keep, select_last_index=last)

    return recipe


def _cumulative(build: Build) -> None:
    datatype = build.pick("FP32", "INT32", "FP64", "INT64")
    x = build.tensor(datatype, shapes=SHAPES, fits=lambda shape: len(shape) > 0)
    axis = build.constant(
        np.array(build.pick(0, x.rank - 1, -1, -x.rank), dtype=build.pick(np.int64, np.int32))
    )
    bound = 2.0 * max(x.shape)
    build.node(
        "CumSum",
        [x, axis],
        build.out(x.shape, datatype, -bound, bound),
        **dict(
            zip(
                ("exclusive", "reverse"),
                build.pick((None, None), (1, None), (None, 1), (1, 1)),
                strict=True,
            )
        ),
    )


def _top(build: Build) -> None:
    datatype = build.pick("FP32", "INT64", "INT32")
    if build.pick(False, True):
        # Of equal elements the first one comes first.
        ties = np.tile(np.array([1, 3, 3, 1, 3], dtype=_KINDS[datatype]), (3, 1))
        x = build.given(ties, 1, 3)
    else:
        x = build.fresh(datatype, build.pick(*SHAPES), -200, 200, distinct=True)
    axis = build.pick(*dict.fromkeys((None, 0, -x.rank)))
    along = -1 if axis is None else axis
    count = min(x.shape[along], build.pick(2, 1, 65))
    shape = tuple(count if index == along % x.rank else size for index, size in enumerate(x.shape))
    k = build.constant(np.array([count], dtype=np.int64))
    build.node(
        "TopK",
        [x, k],
        build.out(shape, datatype, x.low, x.high, exact=True),
        build.out(shape, "INT64", exact=True),
        axis=axis,
        largest=build.pick(None, 0),
        sorted=build.pick(None, 1),
    )


RECIPES: dict[str, Recipe] = {
    "ReduceSum": _reduce("ReduceSum", 13),
    "ReduceMean": _reduce("ReduceMean", 18),
    "ReduceMax": _reduce("ReduceMax", 18),
    "ReduceMin": _reduce("ReduceMin", 18),
    "ReduceProd": _reduce("ReduceProd", 18),
    "ReduceL2": _reduce("ReduceL2", 18),
    "ArgMax": _arg("ArgMax"),
    "ArgMin": _arg("ArgMin"),
    "CumSum": _cumulative,
    "TopK": _top,
}
