"""The step decode_image: one PNG image in a BYTES tensor to samples of 8 bits.

Owns channels and alpha; leaves the datastream to `png`. Serves PKG-PRO-04 and PKG-PRO-06.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton.errors import BindError
from lepton.runtime.protocol import Array
from lepton.runtime.steps.operation import Operation, Setting, require, require_room, same
from lepton.runtime.steps.png import PngError, decode_png, read_header
from lepton.tensor import TensorSpec, bind_shapes

__all__ = ["decode_image"]

CHANNELS = {"RGB": 3, "RGBA": 4, "GRAY": 1}
#: Weights of red, green and blue in 65,536 parts.
LUMA = np.array([19595, 38470, 7471], np.uint32)


def decode_image(step: Mapping[str, Any], setting: Setting, spec: TensorSpec) -> Operation:
    """Compile `decode_image`. The size is checked from the header before anything is inflated."""
    require(spec, "BYTES")
    same(list(spec.shape), [1], f"the shape of {spec.name!r}")
    count = CHANNELS[step["channels"]]
    same(step["shape"][2], count, f"the last size of {step['channels']}")
    yields = TensorSpec(step["out"], "UINT8", tuple(step["shape"]))

    def apply(array: Array) -> tuple[Array]:
        data: bytes = array[0]
        try:
            header = read_header(data)
            bind_shapes([yields], setting.symbols, {yields.name: (header.height, header.width, count)})
            # No pixel has more bytes than four samples of 16 bits.
            require_room(step, (header.height, header.width), 8)
            colours, alpha = decode_png(data, header)
        except PngError as error:
            raise BindError(f"decode_image of {spec.name!r}: {error}; expected a PNG image") from None
        return (_channels(colours, alpha, step["channels"], step["alpha"]),)

    return Operation((spec.name,), (yields,), apply, sized=True)


def _channels(colours: Array, alpha: Array | None, channels: str, treatment: str) -> Array:
    """Return (height, width, channels) uint8 of colours with 1 or 3 channels and their alpha."""
    if treatment == "white" and alpha is not None:
        cover = alpha[..., np.newaxis].astype(np.uint32)
        colours = ((colours * cover + 255 * (255 - cover) + 127) // 255).astype(np.uint8)
    if channels == "GRAY":
        if colours.shape[2] == 3:
            colours = ((colours @ LUMA + 32768) // 65536).astype(np.uint8)[..., np.newaxis]
        return np.ascontiguousarray(colours)
    if colours.shape[2] == 1:
        colours = colours.repeat(3, axis=2)
    if channels == "RGB":
        return np.ascontiguousarray(colours)
    if alpha is None:
        alpha = np.full(colours.shape[:2], 255, np.uint8)
    return np.concatenate([colours, alpha[..., np.newaxis]], axis=2)
