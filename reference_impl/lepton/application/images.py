"""The pixels of a typed request as a tensor.

Serves the chapter `application` (the binding `image-pixels`).
"""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from lepton.application.elements import canonical_base64
from lepton.application.failure import Failure, Work
from lepton.application.validity import CHANNELS

__all__ = ["bind_pixels", "image_size"]

#: Where width and height stand in a PNG file: after the signature, the length and type of the first chunk.
_HEADER, _FIRST_CHUNK = slice(16, 24), b"IHDR"
Pixels = tuple[tuple[int, ...], Callable[[], bytes]]


def bind_pixels(image: Mapping[str, Any], spec: Mapping[str, Any], work: Work) -> Pixels | Failure:
    """Return shape and bytes of the tensor `spec` (an entry of a manifest with `axes`) for an image."""
    if "pixels" not in image:
        return Failure("unsupported", "/image: found a PNG file, expected pixels")
    data = canonical_base64(image["pixels"])
    assert data is not None
    axes = spec["axes"]
    channels = CHANNELS[image["channels"]]
    content = spec.get("content", {})
    if content.get("kind") == "image" and content["channelOrder"] != image["channels"]:
        return Failure(
            "unsupported", f"/image/channels: found {image['channels']}, expected {content['channelOrder']}"
        )
    if "channel" not in axes and channels != 1:
        return Failure("unsupported", f"/image/channels: found {image['channels']}, expected GRAY")
    sizes = {"y": int(image["height"]), "x": int(image["width"]), "channel": channels}
    shape = tuple(sizes.get(axis, 1) for axis in axes)
    work.take(len(data))
    if content.get("kind") == "image":
        low, high = content["range"]
        if data and not (low <= min(data) and max(data) <= high):
            sample = max(data) if max(data) > high else min(data)
            return Failure(
                "out-of-range", f"/image/pixels: found the sample {sample}, expected {low} .. {high}"
            )
    return shape, lambda: _arranged(data, axes, sizes)


def _arranged(data: bytes, axes: list[str], sizes: Mapping[str, int]) -> bytes:
    """Return samples in the order of `axes`; they come by y, x and channel."""
    order = [axis for axis in axes if axis in sizes]
    if order in (["y", "x"], ["y", "x", "channel"]):
        return data
    strides = {"y": sizes["x"] * sizes["channel"], "x": sizes["channel"], "channel": 1}
    if order == ["channel", "y", "x"]:
        return b"".join(data[one :: sizes["channel"]] for one in range(sizes["channel"]))
    places = itertools.product(*(range(0, sizes[axis] * strides[axis], strides[axis]) for axis in order))
    return bytes(data[sum(place)] for place in places)


def image_size(image: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return width and height of the image of a request; None where a PNG file does not say them."""
    if "pixels" in image:
        return int(image["width"]), int(image["height"])
    data = canonical_base64(image["png"])
    if data is None or len(data) < _HEADER.stop or data[12:16] != _FIRST_CHUNK:
        return None
    header = data[_HEADER]
    return int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")
