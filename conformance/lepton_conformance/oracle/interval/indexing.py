"""Operators that shape, cut and join tensors (group `indexing`); they copy, so that even zeros keep
signs.

Reading and writing at indices is in `gathering`, Resize in `resizing`. Left out: shapes that depend on
rounding, `Range` whose length rounding decides, pads below zero with a mode other than constant. Serves
`runtime` (RUN-NUM-01, RUN-NUM-03, RUN-SHP-02).
"""

import math

import numpy as np

from lepton_conformance.oracle.interval.rounding import blurred
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, given, one, optional
from lepton_conformance.oracle.interval.value import (
    FORMATS,
    Array,
    Interval,
    Undecidable,
    bounds_dtype,
    concrete,
    exact,
    integers,
    joined,
    moved,
    part,
    point,
)

__all__ = [
    "concat",
    "constant",
    "constant_of_shape",
    "depth_to_space",
    "expand",
    "flatten",
    "pad",
    "range_",
    "reshape",
    "shape",
    "size",
    "slice_",
    "space_to_depth",
    "split",
    "squeeze",
    "tile",
    "transpose",
    "trilu",
    "unsqueeze",
]


def _numbers(value: Interval, what: str) -> list[int]:
    found: list[int] = [int(number) for number in concrete(value, what).reshape(-1)]
    return found


def constant(attributes: Attributes, _: Inputs, __: int) -> tuple[Interval, ...]:
    """Constant, in each of its spellings."""
    if "value" in attributes:
        return (point(attributes["value"]),)
    for name, dtype in (("value_float", np.float32), ("value_floats", np.float32)):
        if name in attributes:
            return (point(np.asarray(attributes[name], dtype=dtype)),)
    for name in ("value_int", "value_ints"):
        if name in attributes:
            return (integers(attributes[name]),)
    for name in ("value_string", "value_strings"):
        if name in attributes:
            return (point(np.asarray(attributes[name], dtype=object)),)
    raise Undecidable("a Constant without a value")


# -- shapes ----------------------------------------------------------------------------------------


def reshape(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Reshape: 0 copies a size (unless `allowzero`), -1 stands for what is left."""
    x = one(inputs)
    wanted = _numbers(one(inputs, 1), "the shape of Reshape")
    if not attributes.get("allowzero", 0):
        wanted = [x.shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    if -1 in wanted:
        rest = math.prod(size for size in wanted if size != -1)
        if rest == 0:
            raise Undecidable("Reshape to -1 beside 0")
        wanted = [x.lo.size // rest if size == -1 else size for size in wanted]
    if math.prod(wanted) != x.lo.size:
        raise Undecidable(f"Reshape of {list(x.shape)} to {wanted}")
    return (moved(x, lambda values: values.reshape(wanted)),)


def flatten(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Flatten to two axes."""
    x = one(inputs)
    axis = int(attributes.get("axis", 1))
    axis = axis + x.lo.ndim if axis < 0 else axis
    sizes = math.prod(x.shape[:axis]), math.prod(x.shape[axis:])
    return (moved(x, lambda values: values.reshape(sizes)),)


def transpose(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Transpose; without `perm` the axes are reversed."""
    perm = attributes.get("perm")
    return (moved(one(inputs), lambda values: values.transpose(perm)),)


def squeeze(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Squeeze: the given axes, or all of size one."""
    x = one(inputs)
    axes = optional(inputs, 1)
    if axes is None:
        return (moved(x, lambda values: np.squeeze(values)),)
    listed = tuple(_numbers(axes, "the axes of Squeeze"))
    return (moved(x, lambda values: np.squeeze(values, axis=listed)),)


def unsqueeze(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Unsqueeze: axes are those of the output."""
    axes = tuple(_numbers(one(inputs, 1), "the axes of Unsqueeze"))
    return (moved(one(inputs), lambda values: np.expand_dims(values, axes)),)


def shape(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Shape, or (opset 15) a part of it."""
    sizes = one(inputs).shape
    return (integers(sizes[attributes.get("start", 0) : attributes.get("end")]),)


def size(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Size."""
    return (integers(one(inputs).lo.size),)


def expand(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Expand: both shapes are broadcast."""
    x = one(inputs)
    sizes = np.broadcast_shapes(x.shape, tuple(_numbers(one(inputs, 1), "the shape of Expand")))
    return (moved(x, lambda values: np.broadcast_to(values, sizes)),)


def tile(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Tile."""
    repeats = _numbers(one(inputs, 1), "the repeats of Tile")
    return (moved(one(inputs), lambda values: np.tile(values, repeats)),)


def constant_of_shape(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """ConstantOfShape."""
    value = point(attributes.get("value", np.zeros(1, dtype=np.float32)))
    sizes = _numbers(one(inputs), "the shape of ConstantOfShape")
    return (moved(value, lambda values: np.broadcast_to(values.reshape(()), sizes)),)


def range_(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Range: `start + i * delta`."""
    first = one(inputs)
    start, limit, delta = (concrete(one(inputs, index), "Range").reshape(()) for index in range(3))
    if delta == 0:
        raise Undecidable("Range with the delta 0")
    if first.datatype not in FORMATS:
        count = max(0, -((int(start) - int(limit)) // int(delta)))
        return (integers(int(start) + np.arange(count) * int(delta), first.datatype),)
    length = (limit - start) / delta
    near = float(np.rint(length))
    if abs(float(length) - near) <= 64 * FORMATS[first.datatype].unit * max(1, abs(near)) and (
        near * delta != limit - start or not float(delta * 2**20).is_integer()
    ):
        raise Undecidable("Range whose length depends on rounding")
    steps = np.arange(max(0, int(np.ceil(length)))).astype(start.dtype)
    values = start + steps * delta
    reach = np.abs(start) + np.abs(steps * delta)
    unit = FORMATS[first.datatype].unit
    spread = (2 + steps) * unit * reach  # adding delta again and again is the same sum
    return (blurred(first.datatype, values - spread, values + spread, 1.0),)


# -- cutting and joining ---------------------------------------------------------------------------


def concat(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Concat."""
    axis = int(attributes["axis"])
    return (joined(given(inputs), lambda parts: np.concatenate(parts, axis=axis)),)


def split(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Split: given sizes, or equal ones; with `num_outputs` the last may be smaller."""
    x = one(inputs)
    axis = int(attributes.get("axis", 0)) % x.lo.ndim
    length = x.shape[axis]
    if (sizes := optional(inputs, 1)) is not None:
        lengths = _numbers(sizes, "the sizes of Split")
    else:
        count = int(attributes.get("num_outputs", attributes["places"]))
        part = -(-length // count)
        lengths = [part] * (count - 1) + [length - part * (count - 1)]
    if sum(lengths) != length or min(lengths, default=0) < 0:
        raise Undecidable(f"Split of {length} into {lengths}")
    ends = np.cumsum(lengths)
    return tuple(_cut(x, axis, int(end) - part, int(end)) for end, part in zip(ends, lengths, strict=True))


def _cut(x: Interval, axis: int, begin: int, end: int) -> Interval:
    index = (*(slice(None),) * axis, slice(begin, end))
    return moved(x, lambda values: values[index])


def slice_(_: Attributes, inputs: Inputs, __: int) -> tuple[Interval, ...]:
    """Slice: bounds are clamped, negative ones count from the end, negative steps go backward."""
    x = one(inputs)
    starts = _numbers(one(inputs, 1), "the starts of Slice")
    ends = _numbers(one(inputs, 2), "the ends of Slice")
    axes = optional(inputs, 3)
    listed = list(range(len(starts))) if axes is None else _numbers(axes, "the axes of Slice")
    steps = optional(inputs, 4)
    strides = [1] * len(starts) if steps is None else _numbers(steps, "the steps of Slice")
    index = [slice(None)] * x.lo.ndim
    for axis, start, end, step in zip(listed, starts, ends, strides, strict=True):
        length = x.shape[axis]
        start = start + length if start < 0 else start
        end = end + length if end < 0 else end
        if step > 0:
            index[axis] = slice(min(max(start, 0), length), min(max(end, 0), length), step)
        else:
            first, last = min(max(start, 0), length - 1), min(max(end, -1), length - 1)
            index[axis] = slice(first, None if last < 0 else last, step) if length else slice(0, 0)
    return (moved(x, lambda values: values[tuple(index)]),)


def pad(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Pad: constant, reflect, edge or (opset 19) wrap; negative pads cut."""
    x = one(inputs)
    rank = x.lo.ndim
    pads = _numbers(one(inputs, 1), "the pads of Pad")
    axes = optional(inputs, 3)
    listed = list(range(rank)) if axes is None else [a % rank for a in _numbers(axes, "the axes of Pad")]
    before, after = [0] * rank, [0] * rank
    for place, axis in enumerate(listed):
        before[axis], after[axis] = pads[place], pads[place + len(listed)]
    mode = attributes.get("mode", "constant")
    widths = list(zip(before, after, strict=True))
    if mode != "constant":
        for (begin, end), length in zip(widths, x.shape, strict=True):
            room = {"reflect": length - 1, "wrap": length}.get(mode, math.inf if length else 0)
            if min(begin, end) < 0 or max(begin, end) > room:
                raise Undecidable(f"Pad {mode} by {widths} of {list(x.shape)}")
        return (moved(x, lambda values: np.pad(values, widths, mode=mode)),)
    index = tuple(
        slice(max(0, -begin), length - max(0, -end))
        for (begin, end), length in zip(widths, x.shape, strict=True)
    )
    grown = [(max(0, begin), max(0, end)) for begin, end in widths]
    fill = optional(inputs, 2)
    value = exact(x.datatype, _blank(x.datatype), signed=True) if fill is None else fill
    cut = part(x, index)
    lo = np.pad(cut.lo, grown, constant_values=value.lo.reshape(())[()])
    same = cut.lo is cut.hi and value.lo is value.hi
    hi = lo if same else np.pad(cut.hi, grown, constant_values=value.hi.reshape(())[()])
    loose = None
    if cut.loose is not None or value.loose is not None:
        mask = np.zeros(cut.shape, np.bool_) if cut.loose is None else cut.loose
        loose = np.pad(mask, grown, constant_values=value.loose is not None)
    return (Interval(x.datatype, lo, hi, loose, x.signed and value.signed),)


def _blank(datatype: str) -> Array:
    if datatype == "BYTES":
        empty = np.empty((), dtype=object)
        empty[()] = b""
        return empty
    return np.zeros((), dtype=bounds_dtype(datatype))


def depth_to_space(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """DepthToSpace, DCR (depth, column, row) or CRD."""
    x = one(inputs)
    block = int(attributes["blocksize"])
    b, c, h, w = x.shape
    depth = c // (block * block)
    if attributes.get("mode", "DCR") == "DCR":
        cut, order = (b, block, block, depth, h, w), (0, 3, 4, 1, 5, 2)
    else:
        cut, order = (b, depth, block, block, h, w), (0, 1, 4, 2, 5, 3)
    sizes = b, depth, h * block, w * block
    return (moved(x, lambda values: values.reshape(cut).transpose(order).reshape(sizes)),)


def space_to_depth(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """SpaceToDepth."""
    x = one(inputs)
    block = int(attributes["blocksize"])
    b, c, h, w = x.shape
    cut = b, c, h // block, block, w // block, block
    sizes = b, c * block * block, h // block, w // block
    return (moved(x, lambda values: values.reshape(cut).transpose(0, 3, 5, 1, 2, 4).reshape(sizes)),)


def trilu(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Trilu: the other elements become 0."""
    x = one(inputs)
    k = optional(inputs, 1)
    diagonal = 0 if k is None else _numbers(k, "the diagonal of Trilu")[0]
    rows, columns = np.arange(x.shape[-2])[:, None], np.arange(x.shape[-1])[None, :]
    kept = columns - rows >= diagonal if attributes.get("upper", 1) else columns - rows <= diagonal
    return (moved(x, lambda values: np.where(kept, values, np.zeros((), dtype=values.dtype))),)
