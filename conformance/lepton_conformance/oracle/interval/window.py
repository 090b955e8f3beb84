"""Windows that slide over the spatial axes: sizes, padding and views, for convolution and pooling.

Owns the arithmetic of kernels, strides, dilations, pads and `auto_pad`; leaves sums and maxima to the
operators. Serves `runtime` (RUN-NUM-02, RUN-SHP-02).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_conformance.oracle.interval.signature import Attributes
from lepton_conformance.oracle.interval.value import Array, Undecidable

__all__ = ["Window", "window"]


@dataclass(frozen=True, slots=True)
class Window:
    """A kernel over spatial axes; `after` may reach beyond the pads where the size was rounded up."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    output: tuple[int, ...]

    def view(self, x: Array, fill: Any) -> Array:
        """Return the elements under each window: `(batch, channels, *output, *kernel)`."""
        rank = len(self.kernel)
        if any(self.before) or any(self.after):
            pads = ((0, 0), (0, 0), *zip(self.before, (max(a, 0) for a in self.after), strict=True))
            x = np.pad(x, pads, constant_values=fill)
        extents = tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True))
        axes = tuple(range(2, 2 + rank))
        views = np.lib.stride_tricks.sliding_window_view(x, extents, axis=axes)
        return views[
            (
                slice(None),
                slice(None),
                *(slice(0, (o - 1) * s + 1, s) for o, s in zip(self.output, self.strides, strict=True)),
                *(slice(None, None, d) for d in self.dilations),
            )
        ]


def window(sizes: tuple[int, ...], kernel: tuple[int, ...], attributes: Attributes) -> Window:
    """Return the window of a convolution or pooling over these sizes. Raises: Undecidable."""
    rank = len(sizes)
    strides = tuple(attributes.get("strides") or (1,) * rank)
    dilations = tuple(attributes.get("dilations") or (1,) * rank)
    pads = tuple(attributes.get("pads") or (0,) * (2 * rank))
    mode = attributes.get("auto_pad", "NOTSET")
    before, after, output = [], [], []
    for axis, (size, k, s, d) in enumerate(zip(sizes, kernel, strides, dilations, strict=True)):
        extent = (k - 1) * d + 1
        if mode in ("SAME_UPPER", "SAME_LOWER"):
            count = -(-size // s)
            total = max(0, (count - 1) * s + extent - size)
            small = total // 2
            begin, end = (small, total - small) if mode == "SAME_UPPER" else (total - small, small)
        else:
            begin, end = (0, 0) if mode == "VALID" else (pads[axis], pads[axis + rank])
            room = size + begin + end - extent
            if room < 0:
                raise Undecidable(f"a kernel of extent {extent} over {size + begin + end} elements")
            count = room // s + 1
            if attributes.get("ceil_mode", 0):
                count = -(-room // s) + 1
                if (count - 1) * s >= size + begin:
                    raise Undecidable("ceil_mode with a window that starts in the padding at the end")
                if (reach := (count - 1) * s + extent - size - begin) > end:
                    if attributes.get("count_include_pad", 0):
                        raise Undecidable("ceil_mode with count_include_pad and a window beyond the pads")
                    end = reach
        before.append(begin)
        after.append(end)
        output.append(count)
    found = Window(kernel, strides, dilations, tuple(before), tuple(after), tuple(output))
    if math.prod(sizes) == 0:
        raise Undecidable("a window over an empty tensor")
    return found
