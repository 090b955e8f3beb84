"""Convolutions in any number of spatial dimensions (Spec: RUN-OPS-03), one method each.

Owns their semantics on numpy arrays and the geometry that pooling shares; leaves graphs to `engine_graph`.
Serves `runtime`.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_nodes import Answer, Node

__all__ = ["Convolution", "Geometry", "padded", "windows"]


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a kernel moves: one entry for each spatial dimension."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]

    def reach(self) -> tuple[int, ...]:
        """Return how many elements of the input a kernel spans."""
        return tuple(
            (size - 1) * dilation + 1 for size, dilation in zip(self.kernel, self.dilations, strict=True)
        )


def windows(x: Array, geometry: Geometry) -> Array:
    """Return (batch, channel, *output, *kernel): what the kernel sees at each place of a padded input."""
    rank = len(geometry.kernel)
    view = np.lib.stride_tricks.sliding_window_view(x, geometry.reach(), axis=tuple(range(2, 2 + rank)))
    places = tuple(slice(None, None, stride) for stride in geometry.strides)
    taps = tuple(slice(None, None, dilation) for dilation in geometry.dilations)
    return view[(slice(None), slice(None), *places, *taps)]


def padded(x: Array, begins: Sequence[int], ends: Sequence[int], fill: Any = 0) -> Array:
    """Return the input with its spatial dimensions padded."""
    amounts = [(0, 0), (0, 0), *zip(begins, ends, strict=True)]
    return np.pad(x, amounts, constant_values=x.dtype.type(fill))


class Convolution:
    """Conv and ConvTranspose."""

    def geometry(self, node: Node, size: tuple[int, ...], kernel: tuple[int, ...]) -> Geometry:
        """Return strides, dilations and pads, worked out from `auto_pad` where it is set."""
        rank = len(size)
        strides = tuple(node.get("strides") or [1] * rank)
        dilations = tuple(node.get("dilations") or [1] * rank)
        automatic = node.get("auto_pad")
        if automatic in ("SAME_UPPER", "SAME_LOWER"):
            totals = [
                max((-(-length // stride) - 1) * stride + (taps - 1) * dilation + 1 - length, 0)
                for length, stride, taps, dilation in zip(size, strides, kernel, dilations, strict=True)
            ]
            begins, ends = self.split_padding(automatic, totals)
        else:
            pads = node.get("pads") if automatic == "NOTSET" else None
            begins, ends = tuple((pads or [0] * 2 * rank)[:rank]), tuple((pads or [0] * 2 * rank)[rank:])
        return Geometry(kernel, strides, dilations, begins, ends)

    def split_padding(self, automatic: str, totals: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the pads before and after; an odd one goes to the end for SAME_UPPER."""
        less, more = tuple(total // 2 for total in totals), tuple(total - total // 2 for total in totals)
        return (less, more) if automatic == "SAME_UPPER" else (more, less)

    def op_conv(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        geometry = self.geometry(node, x.shape[2:], w.shape[2:])
        seen = windows(padded(x, geometry.begins, geometry.ends), geometry)
        groups = node.get("group")
        rank = x.ndim - 2
        parts = []
        for channels, weights in zip(np.split(seen, groups, axis=1), np.split(w, groups), strict=True):
            taps = [1, *range(2 + rank, 2 + 2 * rank)]
            product = np.tensordot(channels, weights, axes=(taps, range(1, 2 + rank)))
            parts.append(np.moveaxis(product, -1, 1))
        return self.biased(np.concatenate(parts, axis=1), bias)

    def biased(self, x: Array, bias: Array | None) -> Array:
        """Add one number a channel."""
        return x if bias is None else x + bias.reshape(-1, *[1] * (x.ndim - 2))

    def op_convtranspose(self, node: Node, x: Array, w: Array, bias: Array | None = None) -> Answer:
        size, kernel = x.shape[2:], w.shape[2:]
        rank, groups = len(size), node.get("group")
        strides = node.get("strides") or [1] * rank
        dilations = node.get("dilations") or [1] * rank
        extra = node.get("output_padding") or [0] * rank
        full = [
            stride * (length - 1) + (taps - 1) * dilation + 1 + more
            for stride, length, taps, dilation, more in zip(
                strides, size, kernel, dilations, extra, strict=True
            )
        ]
        found = np.zeros((x.shape[0], w.shape[1] * groups, *full), dtype=x.dtype)
        channels = w.shape[1]
        for group, (given, weights) in enumerate(
            zip(np.split(x, groups, axis=1), np.split(w, groups), strict=True)
        ):
            target = found[:, group * channels : (group + 1) * channels]
            for tap in itertools.product(*map(range, kernel)):
                taken: Any = (slice(None), slice(None), *tap)
                product = np.moveaxis(np.tensordot(given, weights[taken], axes=(1, 0)), -1, 1)
                place = tuple(
                    slice(index * dilation, index * dilation + stride * (length - 1) + 1, stride)
                    for index, dilation, stride, length in zip(tap, dilations, strides, size, strict=True)
                )
                target[(slice(None), slice(None), *place)] += product
        begins, ends = self.transposed_pads(node, full, size, strides)
        return self.biased(_cropped(found, begins, ends), bias)

    def transposed_pads(
        self, node: Node, full: Sequence[int], size: Sequence[int], strides: Sequence[int]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return what is cut from the full output, before and after."""
        rank, automatic = len(size), node.get("auto_pad")
        wanted = node.get("output_shape")
        if wanted is None and automatic in ("SAME_UPPER", "SAME_LOWER"):
            wanted = [length * stride for length, stride in zip(size, strides, strict=True)]
        if wanted is not None:
            return self.split_padding(
                automatic, [length - goal for length, goal in zip(full, wanted[-rank:], strict=True)]
            )
        pads = (node.get("pads") if automatic == "NOTSET" else None) or [0] * 2 * rank
        return tuple(pads[:rank]), tuple(pads[rank:])


def _cropped(x: Array, begins: Sequence[int], ends: Sequence[int]) -> Array:
    """Cut the spatial dimensions; a negative amount adds zeros."""
    x = padded(x, [max(0, -amount) for amount in begins], [max(0, -amount) for amount in ends])
    places = tuple(
        slice(max(0, begin), length - max(0, end))
        for begin, end, length in zip(begins, ends, x.shape[2:], strict=True)
    )
    return x[(slice(None), slice(None), *places)]
