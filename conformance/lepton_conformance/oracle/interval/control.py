"""If, Loop and Scan (group `control`); attributes that are graphs arrive as functions.

Left out: conditions and counts that depend on rounding, scan outputs of a Loop that never runs (their
shape is nowhere), more than MAX_ITERATIONS. Serves `runtime` (RUN-NUM-02).
"""

from collections.abc import Callable, Sequence

import numpy as np

from lepton_conformance.oracle.interval.signature import Attributes, Inputs, given, one, optional
from lepton_conformance.oracle.interval.value import (
    Interval,
    Undecidable,
    concrete,
    exact,
    integers,
    joined,
    moved,
    part,
)

__all__ = ["if_", "loop", "scan"]

Branch = Callable[[Sequence[Interval]], list[Interval]]

MAX_ITERATIONS = 10_000


def _truth(value: Interval, what: str) -> bool:
    return bool(concrete(value, what).reshape(-1)[0])


def if_(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """If."""
    name = "then_branch" if _truth(one(inputs), "the condition of If") else "else_branch"
    branch: Branch = attributes[name]
    return tuple(branch([]))


def loop(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Loop: ends after the given count or when the condition is false."""
    body: Branch = attributes["body"]
    count, condition = optional(inputs, 0), optional(inputs, 1)
    carried = given(inputs[2:])
    limit = MAX_ITERATIONS + 1
    if count is not None:
        limit = int(concrete(count, "the count of Loop").reshape(-1)[0])
    going = condition is None or _truth(condition, "the condition of Loop")
    steps: list[list[Interval]] = []
    turn = 0
    while going and turn < limit:
        if turn >= MAX_ITERATIONS:
            raise Undecidable(f"more than {MAX_ITERATIONS} iterations of Loop")
        truth = exact("BOOL", np.asarray(True))
        found = body([integers(turn), truth, *carried])
        going = _truth(found[0], "the condition of Loop")
        carried = found[1 : 1 + len(carried)]
        steps.append(found[1 + len(carried) :])
        turn += 1
    if not steps and attributes["places"] > len(carried):
        raise Undecidable("scan outputs of a Loop without iterations")
    stacked = [_stacked(parts, 0) for parts in zip(*steps, strict=True)]
    return (*carried, *stacked)


def scan(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Scan: state variables first, then what is scanned."""
    body: Branch = attributes["body"]
    values = given(inputs)
    count = int(attributes["num_scan_inputs"])
    state, scanned = values[: len(values) - count], values[len(values) - count :]
    axes = attributes.get("scan_input_axes") or [0] * count
    backward = attributes.get("scan_input_directions") or [0] * count
    fronted = [_fronted(value, axis) for value, axis in zip(scanned, axes, strict=True)]
    length = fronted[0].shape[0]
    if length == 0 or length > MAX_ITERATIONS:
        raise Undecidable(f"Scan over {length} elements")
    steps: list[list[Interval]] = []
    for turn in range(length):
        parts = [
            part(value, length - 1 - turn if flag else turn)
            for value, flag in zip(fronted, backward, strict=True)
        ]
        found = body([*state, *parts])
        state = found[: len(state)]
        steps.append(found[len(state) :])
    outputs = len(steps[0])
    out_axes = attributes.get("scan_output_axes") or [0] * outputs
    out_backward = attributes.get("scan_output_directions") or [0] * outputs
    stacked = []
    for place in range(outputs):
        parts = [step[place] for step in steps]
        if out_backward[place]:
            parts.reverse()
        stacked.append(_stacked(parts, int(out_axes[place])))
    return (*state, *stacked)


def _fronted(x: Interval, axis: int) -> Interval:
    return moved(x, lambda array: np.moveaxis(array, axis, 0))


def _stacked(parts: Sequence[Interval], axis: int) -> Interval:
    return joined(parts, lambda arrays: np.stack(arrays, axis=axis))
