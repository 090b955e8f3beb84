"""Resize: nearest and linear (group `indexing`).

Owns coordinates and weights, and how far computing them may go wrong. Not judged: nearest elements where
rounding the coordinate decides. Left out: cubic, antialiasing, tf_crop_and_resize, half_pixel_symmetric,
policies other than stretch, scales that do not give a whole size (texts and engines differ on the scale
then). Serves `runtime`.
"""

import math

import numpy as np

from lepton_conformance.oracle.interval.rounding import gamma, midpoint, settle
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, one, optional
from lepton_conformance.oracle.interval.value import (
    FORMATS,
    Array,
    Interval,
    Undecidable,
    concrete,
    either,
    part,
)

__all__ = ["resize"]

MODES = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")


def resize(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Resize."""
    x = one(inputs)
    mode = attributes.get("mode", "nearest")
    transformation = attributes.get("coordinate_transformation_mode", "half_pixel")
    if (
        mode not in ("nearest", "linear")
        or transformation not in MODES
        or attributes.get("antialias", 0)
        or attributes.get("keep_aspect_ratio_policy", "stretch") != "stretch"
    ):
        raise Undecidable(f"Resize {mode} {transformation}")
    lengths = _lengths(attributes, inputs, x.shape)
    axes = [axis for axis, length in enumerate(lengths) if length != x.shape[axis]]
    if 0 in lengths or 0 in x.shape:
        raise Undecidable("Resize of nothing")
    if mode == "nearest":
        rule = attributes.get("nearest_mode", "round_prefer_floor")
        return (_nearest(x, lengths, axes, transformation, rule),)
    if x.datatype not in FORMATS:
        raise Undecidable("Resize linear of integers")
    return (_linear(x, lengths, axes, transformation),)


def _lengths(attributes: Attributes, inputs: Inputs, sizes: tuple[int, ...]) -> list[int]:
    axes = [axis % len(sizes) for axis in attributes.get("axes") or range(len(sizes))]
    found = list(sizes)
    scales, wanted = optional(inputs, 2), optional(inputs, 3)
    if wanted is not None and wanted.lo.size:
        for axis, length in zip(axes, concrete(wanted, "the sizes of Resize"), strict=True):
            found[axis] = int(length)
    elif scales is not None and scales.lo.size:
        for axis, scale in zip(axes, concrete(scales, "the scales of Resize"), strict=True):
            length = sizes[axis] * float(scale)
            if length != math.floor(length):
                raise Undecidable(f"Resize of {sizes[axis]} by {float(scale)}")
            found[axis] = int(length)
    return found


def _coordinates(length: int, new: int, transformation: str) -> Array:
    at = np.arange(new, dtype=np.float64)
    scale = new / length
    if transformation == "asymmetric":
        return at / scale
    if transformation == "align_corners":
        return np.zeros(new) if new == 1 else at * (length - 1) / (new - 1)
    if transformation == "pytorch_half_pixel" and new == 1:
        return np.zeros(1)
    return (at + 0.5) / scale - 0.5


def _chosen(at: Array, rule: str) -> Array:
    if rule == "round_prefer_floor":
        return np.ceil(at - 0.5)
    if rule == "round_prefer_ceil":
        return np.floor(at + 0.5)
    return np.floor(at) if rule == "floor" else np.ceil(at)


def _nearest(x: Interval, lengths: list[int], axes: list[int], transformation: str, rule: str) -> Interval:
    found = x
    loose: Array | None = None
    for axis in axes:
        length, new = x.shape[axis], lengths[axis]
        at = _coordinates(length, new, transformation)
        chosen = np.clip(_chosen(at, rule), 0, length - 1).astype(np.int64)
        found = part(found, (*(slice(None),) * axis, chosen))
        if not _plain(length, new, transformation):
            blur = 16 * FORMATS["FP32"].unit * (1 + np.abs(at))
            edges = [np.clip(_chosen(at + side, rule), 0, length - 1) for side in (-blur, blur)]
            if (unsure := edges[0] != edges[1]).any():
                mask = np.zeros(lengths, dtype=np.bool_)
                mask |= unsure.reshape((-1, *(1,) * (len(lengths) - 1 - axis)))
                loose = either(loose, mask)
    if loose is None:
        return found
    return Interval(found.datatype, found.lo, found.hi, either(found.loose, loose), found.signed)


def _plain(length: int, new: int, transformation: str) -> bool:
    """Say whether FP32 holds the coordinates exactly: the scale is a power of two."""
    if transformation == "align_corners":
        return False
    mantissa, _ = math.frexp(new / length)
    return mantissa == 0.5


def _linear(x: Interval, lengths: list[int], axes: list[int], transformation: str) -> Interval:
    form = FORMATS[x.datatype]
    middle, radius = midpoint(x)
    size = np.abs(middle)
    blur = np.zeros((), dtype=middle.dtype)
    reach = None if x.loose is None else x.loose.astype(np.float64)
    for axis in axes:
        length, new = x.shape[axis], lengths[axis]
        at = np.clip(_coordinates(length, new, transformation), 0, length - 1)
        low = np.floor(at).astype(np.int64)
        high = np.minimum(low + 1, length - 1)
        weights = np.zeros((new, length))
        rows = np.arange(new)
        np.add.at(weights, (rows, low), 1 - (at - low))
        np.add.at(weights, (rows, high), at - low)
        # Coordinates are computed in FP32, or in the datatype where that is coarser; halves cost as much.
        unit = max(form.unit, FORMATS["FP32"].unit)
        wrong = np.zeros((new, length))
        error = 6 * unit * (1 + at)
        for shift in (-1, 0, 1, 2):  # a coordinate next to an element may fall on its other side
            place = np.clip(low + shift, 0, length - 1)
            wrong[rows, place] = error
        blur = _applied(weights, blur, axis) if blur.ndim else blur
        blur = blur + _applied(wrong, size, axis)
        middle, size = _applied(weights, middle, axis), _applied(weights, size, axis)
        radius = None if radius is None else _applied(weights, radius, axis)
        reach = None if reach is None else _applied((weights > 0).astype(np.float64), reach, axis)
    terms = 4 * max(1, len(axes)) + 2 ** len(axes)
    allowance = gamma(terms, form.unit) * size + blur
    if radius is not None:
        allowance = allowance + radius
    loose = None if reach is None else reach > 0
    endless = ~np.isfinite(middle)
    if endless.any():
        loose = either(loose, endless)
    return settle(x.datatype, middle, middle, allowance, loose)


def _applied(weights: Array, values: Array, axis: int) -> Array:
    return np.moveaxis(np.tensordot(weights.astype(values.dtype), values, axes=(1, axis)), 0, axis)
