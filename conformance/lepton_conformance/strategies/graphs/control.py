"""Recipes of control flow: branches, loops and scans whose bodies read from the graph around them.

Serves `runtime` (RUN-OPS-08).
"""

import numpy as np

from lepton_conformance.strategies.graphs.builder import Build, Recipe, Ref
from lepton_conformance.strategies.graphs.graph import Graph, Value

__all__ = ["RECIPES"]


def _inner(build: Build) -> Build:
    """Return a body to be built; its names are unlike those outside."""
    return Build(build.choices, opset=build.opset, prefix=build.name("b") + "_")


def _branch(build: Build, operator: str, x: Ref, other: Ref | None) -> Graph:
    inner = _inner(build)
    listed = [x] if other is None else [x, other]
    y = inner.node(operator, listed, inner.out(x.shape, "FP32", -16, 16))
    return inner.body([], [y])


def _if(build: Build) -> None:
    x = build.tensor()
    if build.pick(False, True):
        x = build.node("Neg", [x], build.out(x.shape, low=-x.high, high=-x.low))
    flag = build.pick("true", "false", "computed")
    if flag == "computed":
        limit = build.constant(np.array(build.pick(0, 5), np.int64))
        size = build.node("Size", [x], build.out((), "INT64", exact=True))
        condition = build.node("Greater", [size, limit], build.out((), "BOOL", exact=True))
    else:
        array = np.array(flag == "true")
        condition = build.constant(array) if build.pick(False, True) else build.given(array)
    w = build.like(x.shape)
    then = _branch(build, build.pick("Add", "Mul"), x, w)
    orelse = _branch(build, build.pick("Neg", "Identity"), x, None)
    build.node("If", [condition], build.out(x.shape, "FP32", -16, 16), then_branch=then, else_branch=orelse)


def _loop_of_two(build: Build) -> None:
    """Carry two tensors of one shape: the sum of both, and the first one as it was."""
    x, y = build.fresh("FP32", (2, 3)), build.fresh("FP32", (2, 3))
    inner = _inner(build)
    refs = [Ref(inner.name("i"), "INT64", ()), Ref(inner.name("c"), "BOOL", ())]
    refs += [Ref(inner.name("v"), "FP32", x.shape) for _ in range(2)]
    for ref in refs:
        inner.values[ref.name] = _value(ref)
    going = inner.node("Identity", [refs[1]], inner.out((), "BOOL"))
    total = inner.node("Add", refs[2:], inner.out(x.shape))
    before = inner.node("Identity", [refs[2]], inner.out(x.shape))
    outs = [build.out(x.shape, "FP32", -64, 64) for _ in range(2)]
    body = inner.body(refs, [going, total, before])
    build.node("Loop", [build.constant(np.array(3, np.int64)), None, x, y], *outs, body=body)


def _loop(build: Build) -> None:
    """Add what was carried to a number from outside, and list what was carried on the way."""
    if not build.pool and build.pick(False, True):
        _loop_of_two(build)
        return
    x = build.tensor(low=-4, high=4)
    trips = build.pick(3, 1, 5, 0)
    until = build.pick("count", "count and condition", "condition")
    step = build.like(x.shape)
    inner = _inner(build)
    counter = Ref(inner.name("i"), "INT64", ())
    condition = Ref(inner.name("c"), "BOOL", ())
    carried = Ref(inner.name("v"), "FP32", x.shape)
    for ref in (counter, condition, carried):
        inner.values[ref.name] = _value(ref)
    if until == "count":
        going = inner.node("Identity", [condition], inner.out((), "BOOL"))
    else:
        last = inner.constant(np.array(1 if until == "count and condition" else trips - 1, np.int64))
        going = inner.node("Less", [counter, last], inner.out((), "BOOL"))
    new = inner.node("Add", [carried, step], inner.out(x.shape))
    # What is listed on no trip has no elements, and ONNX does not say of which shape.
    listed = trips > 0 and build.pick(True, False)
    outputs = [going, new]
    done = trips
    if until == "count and condition":
        done = min(trips, 2)
    if until == "condition":
        done = max(trips, 1)
    if listed:
        outputs.append(inner.node("Mul", [new, carried], inner.out(x.shape)))
    limit = None if until == "condition" else build.constant(np.array(trips, np.int64))
    start = build.constant(np.array(True)) if until != "count" or build.pick(False, True) else None
    outs = [build.out(x.shape, "FP32", -16, 16)]
    if listed:
        outs.append(build.out((done, *x.shape)))
    body = inner.body([counter, condition, carried], outputs)
    build.node("Loop", [limit, start, x], *outs, body=body)


def _value(ref: Ref) -> Value:
    return Value(ref.datatype, ref.shape)


def _scan(build: Build) -> None:
    """Add up along an axis, and list the sums."""
    steps, width = build.pick(3, 1, 5), build.pick(2, 1, 9)
    axis = build.pick(None, 1)
    along = axis or 0
    if along and build.pick(True, False):
        width = steps  # along the wrong axis a square has as many steps
    x = build.fresh("FP32", (width, steps) if along else (steps, width))
    state = build.like((width,))
    inner = _inner(build)
    carried = Ref(inner.name("s"), "FP32", (width,))
    element = Ref(inner.name("e"), "FP32", (width,))
    for ref in (carried, element):
        inner.values[ref.name] = _value(ref)
    total = inner.node("Add", [carried, element], inner.out((width,)))
    listed = inner.node(build.pick("Identity", "Neg"), [total], inner.out((width,)))
    out_axis = build.pick(None, 1)
    shape = (width, steps) if out_axis else (steps, width)
    build.node(
        "Scan",
        [state, x],
        build.out((width,)),
        build.out(shape),
        body=inner.body([carried, element], [total, listed]),
        num_scan_inputs=1,
        scan_input_axes=None if axis is None else (axis,),
        scan_output_axes=None if out_axis is None else (out_axis,),
        scan_input_directions=build.pick(None, (1,)),
        scan_output_directions=build.pick(None, (1,)),
    )


RECIPES: dict[str, Recipe] = {"If": _if, "Loop": _loop, "Scan": _scan}
