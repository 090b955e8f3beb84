"""Conv and ConvTranspose over any number of spatial axes (group `convolution`).

Owns their linear maps; leaves the bound to `dense.contraction`. Not judged: elements that are not finite,
since a kernel may multiply padding or skip it. ConvTranspose with an `output_shape` beyond the full size
is left out. Serves `runtime` (RUN-NUM-02, RUN-NUM-04).
"""

import math

import numpy as np

from lepton_conformance.oracle.interval.dense import contraction
from lepton_conformance.oracle.interval.signature import Attributes, Inputs, one, optional
from lepton_conformance.oracle.interval.value import Array, Interval, Undecidable, either
from lepton_conformance.oracle.interval.window import Window, window

__all__ = ["conv", "conv_transpose"]


def conv(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """Conv."""
    x, w, b = one(inputs, 0), one(inputs, 1), optional(inputs, 2)
    group = int(attributes.get("group", 1))
    over = window(x.shape[2:], w.shape[2:], attributes)

    def contract(values: Array, weights: Array) -> Array:
        return _correlate(values, weights, over, group)

    terms = math.prod(w.shape[1:])
    return (_finite(contraction(x, w, terms, contract, _per_channel(b, len(over.kernel), w.shape[0]))),)


def _correlate(values: Array, weights: Array, over: Window, group: int) -> Array:
    """Return the products of windows `(N, C, *O, *K)` with weights `(M, C/group, *K)`: `(N, M, *O)`."""
    rank = len(over.kernel)
    views = over.view(values, 0)
    batch, channels = values.shape[:2]
    places = math.prod(over.output)
    depth = channels // group * math.prod(over.kernel)
    order = (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
    columns = views.transpose(order).reshape(batch, group, depth, places)
    kernels = weights.reshape(group, weights.shape[0] // group, depth)
    found: Array = np.matmul(kernels, columns).reshape(batch, weights.shape[0], *over.output)
    return found


def _per_channel(bias: Interval | None, rank: int, channels: int) -> Interval | None:
    if bias is None:
        return None
    if bias.shape != (channels,):
        raise Undecidable(f"a bias of shape {bias.shape} for {channels} channels")
    shape = (-1, *(1,) * rank)
    lo = bias.lo.reshape(shape)
    hi = lo if bias.lo is bias.hi else bias.hi.reshape(shape)
    return Interval(bias.datatype, lo, hi, None if bias.loose is None else bias.loose.reshape(shape))


def _finite(value: Interval) -> Interval:
    endless = ~(np.isfinite(value.lo) & np.isfinite(value.hi))
    if not endless.any():
        return value
    return Interval(value.datatype, value.lo, value.hi, either(value.loose, endless), terms=value.terms)


def conv_transpose(attributes: Attributes, inputs: Inputs, _: int) -> tuple[Interval, ...]:
    """ConvTranspose."""
    x, w, b = one(inputs, 0), one(inputs, 1), optional(inputs, 2)
    group = int(attributes.get("group", 1))
    sizes, kernel = x.shape[2:], w.shape[2:]
    rank = len(kernel)
    strides = tuple(attributes.get("strides") or (1,) * rank)
    dilations = tuple(attributes.get("dilations") or (1,) * rank)
    extra = tuple(attributes.get("output_padding") or (0,) * rank)
    crops = _crops(attributes, sizes, kernel, strides, dilations, extra)

    def contract(values: Array, weights: Array) -> Array:
        full = [
            s * (n - 1) + (k - 1) * d + 1 + e
            for n, k, s, d, e in zip(sizes, kernel, strides, dilations, extra, strict=True)
        ]
        batch, channels = values.shape[:2]
        out = weights.shape[1]
        found = np.zeros((batch, group * out, *full), dtype=np.result_type(values, weights))
        split = values.reshape(batch, group, channels // group, math.prod(sizes))
        kernels = weights.reshape(group, channels // group, out, *kernel)
        for at in np.ndindex(*kernel):
            part = np.matmul(kernels[(..., *at)].transpose(0, 2, 1), split)
            target = tuple(
                slice(i * d, i * d + s * (n - 1) + 1, s)
                for i, d, s, n in zip(at, dilations, strides, sizes, strict=True)
            )
            found[(slice(None), slice(None), *target)] += part.reshape(batch, group * out, *sizes)
        return found[(slice(None), slice(None), *crops)]

    terms = x.shape[1] // group * math.prod(kernel)
    return (_finite(contraction(x, w, terms, contract, _per_channel(b, rank, group * w.shape[1]))),)


def _crops(
    attributes: Attributes,
    sizes: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    extra: tuple[int, ...],
) -> tuple[slice, ...]:
    """Return what is kept of each axis of the full result, its `output_padding` included."""
    rank = len(sizes)
    pads = tuple(attributes.get("pads") or (0,) * (2 * rank))
    mode = attributes.get("auto_pad", "NOTSET")
    wanted = tuple(attributes.get("output_shape") or ())
    if not wanted and mode in ("SAME_UPPER", "SAME_LOWER"):
        wanted = tuple(n * s for n, s in zip(sizes, strides, strict=True))
    kept = []
    for axis in range(rank):
        full = strides[axis] * (sizes[axis] - 1) + (kernel[axis] - 1) * dilations[axis] + 1 + extra[axis]
        if wanted:
            total = full - wanted[axis]
            if total < 0:
                raise Undecidable("ConvTranspose with an output beyond its full size")
            begin = total // 2 if mode == "SAME_UPPER" else total - total // 2
            end = total - begin
        else:
            begin, end = (0, 0) if mode == "VALID" else (pads[axis], pads[axis + rank])
        if full - begin - end < 0:
            raise Undecidable("ConvTranspose with pads beyond its full size")
        kept.append(slice(begin, full - end))
    return tuple(kept)
