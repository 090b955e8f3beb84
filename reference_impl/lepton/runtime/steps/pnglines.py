"""The lines of PNG images: filters undone, bits unpacked, samples made 8 bits.

Owns lines of bytes and the door to Pillow, which undoes filters in C; leaves the datastream to `png`. Serves
PKG-PRO-04.
"""

import zlib

import numpy as np

from lepton.errors import UnsupportedError
from lepton.runtime.protocol import Array

__all__ = ["PngError", "eight_bits", "unfiltered", "unpacked"]


class PngError(Exception):
    """The bytes are no PNG datastream."""


def unfiltered(filtered: Array, unit: int) -> Array:
    """Undo the filters of lines, each behind the byte that names its filter; `unit` is bytes a pixel."""
    try:
        from PIL import Image
    except ImportError as error:
        raise UnsupportedError(
            "decode_image needs Pillow, which is not installed: pip install 'lepton-standard[images]'"
        ) from error
    kinds, body = filtered[:, :1], filtered[:, 1:]
    if kinds.max() > 4:
        raise PngError(f"found the filter {kinds.max()} of a line, expected 0..4")
    if not kinds.any():
        return body
    if unit in (6, 8):
        # A filter never mixes the bytes of a pixel, so that both halves of 16 bits go their own way.
        halves = np.empty_like(body)
        for half in (0, 1):
            halves[:, half::2] = unfiltered(np.hstack([kinds, body[:, half::2]]), unit // 2)
        return halves
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[unit]
    height, stride = body.shape
    stored = zlib.compress(filtered.tobytes(), 0)
    image = Image.frombytes(mode, (stride // unit, height), stored, "zip", mode)
    return np.asarray(image).reshape(height, stride)


def unpacked(lines: Array, depth: int, width: int, samples: int) -> Array:
    """Return lines of bytes as (height, width, samples) of uint8, or big-endian uint16 for 16 bits."""
    height = lines.shape[0]
    if depth == 16:
        return np.ascontiguousarray(lines).view(">u2").reshape(height, width, samples)
    if depth < 8:
        bits = np.unpackbits(lines, axis=1).reshape(height, -1, depth)
        weights = 1 << np.arange(depth - 1, -1, -1, dtype=np.uint8)
        lines = (bits * weights).sum(axis=2, dtype=np.uint8)[:, : width * samples]
    return lines.reshape(height, width, samples)


def eight_bits(samples: Array, depth: int) -> Array:
    """Return the high byte of 16 bits, and fewer bits spread over 0..255."""
    if depth == 16:
        return (samples >> 8).astype(np.uint8)
    return samples if depth == 8 else samples * np.uint8(255 // ((1 << depth) - 1))
