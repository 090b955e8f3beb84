"""Image steps as the oracle computes them: decode_image, resize, crop, pad.

Owns these operators, resize as a table of weights for each output; leaves the chain to `exact_steps`. Serves
PKG-PRO-04 and PKG-VEC-09.
"""

import math
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton.errors import RecipeError
from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array

__all__ = ["cropped", "decoded", "encoded_png", "padded", "resized"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
#: Adam7: first column, first row, column step, row step.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def encoded_png(image: Array) -> bytes:
    """Write (H, W, 1, 3 or 4) uint8 as a PNG: the samples that are drawn for an input of images."""
    height, width, channels = image.shape
    kind = {1: 0, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 6)),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def decoded(step: Mapping[str, Any], files: Array) -> Array:
    """Decode the one PNG file in a tensor of BYTES; a sample that an author gives is taken to be sound."""
    try:
        return _finished(step, *_png(files.ravel()[0]))
    except (ValueError, IndexError, KeyError, struct.error, zlib.error) as error:
        raise RecipeError(f"a sample is no PNG image ({error}); give PNG files as samples") from error


def _png(data: bytes) -> tuple[Array, Array]:
    """Return colours (H, W, 1 or 3) and alpha (H, W) of a PNG as uint8."""
    if not data.startswith(_SIGNATURE):
        raise ValueError("found another signature")
    place = 8
    chunks: dict[bytes, bytes] = {}
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        name = data[place + 4 : place + 8]
        chunks[name] = chunks.get(name, b"") + data[place + 8 : place + 8 + length]
        place += 12 + length
    width, height, depth, kind, _, _, interlace = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    samples = _SAMPLES[kind]
    stream = zlib.decompress(chunks[b"IDAT"])
    full = np.zeros((height, width, samples), np.int64)
    place = 0
    for column, row, across, down in _PASSES if interlace else ((0, 0, 1, 1),):
        wide, high = -(-(width - column) // across), -(-(height - row) // down)
        if wide > 0 and high > 0:
            part, place = _pass(stream, place, wide, high, depth, samples)
            full[row::down, column::across] = part
    return _coloured(full, depth, kind, chunks)


def _pass(stream: bytes, place: int, width: int, height: int, depth: int, samples: int) -> tuple[Array, int]:
    """Undo the filters of one (pass of an) image and split it into samples."""
    stride = -(-width * depth * samples // 8)
    step = max(1, depth * samples // 8)
    before, rows = [0] * stride, []
    for _ in range(height):
        kind, line = stream[place], list(stream[place + 1 : place + 1 + stride])
        if len(line) != stride or kind > 4:
            raise ValueError("found a line of another length or filter")
        place += 1 + stride
        for at in range(stride):
            left = line[at - step] if at >= step else 0
            up, corner = before[at], before[at - step] if at >= step else 0
            near = left + up - corner
            ranked = sorted(
                ((abs(near - left), 0, left), (abs(near - up), 1, up), (abs(near - corner), 2, corner))
            )
            guess = (0, left, up, (left + up) // 2, ranked[0][2])[kind]
            line[at] = line[at] + guess & 255
        rows.append(line)
        before = line
    flat = np.array(rows, np.uint8)
    if depth == 16:
        values = flat.reshape(height, -1, 2).astype(np.int64) @ [256, 1]
    elif depth == 8:
        values = flat.astype(np.int64)
    else:
        bits = np.unpackbits(flat, axis=1)[:, : width * depth].reshape(height, -1, depth)
        values = bits.astype(np.int64) @ (1 << np.arange(depth)[::-1])
    return values.reshape(height, width, samples), place


def _coloured(full: Array, depth: int, kind: int, chunks: Mapping[bytes, bytes]) -> tuple[Array, Array]:
    key = chunks.get(b"tRNS")
    opaque = np.full(full.shape[:2], 255, np.int64)
    if kind == 3:
        palette = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3).astype(np.int64)
        alphas = np.full(len(palette), 255, np.int64)
        if key is not None:
            alphas[: len(key)] = np.frombuffer(key, np.uint8)
        return palette[full[..., 0]], alphas[full[..., 0]]
    deep, full = full, full >> 8 if depth == 16 else full * {8: 1, 4: 17, 2: 85, 1: 255}[depth]
    if kind in (4, 6):
        return full[..., :-1], full[..., -1]
    if key is not None:
        wanted = np.array(struct.unpack(f">{len(key) // 2}H", key)) & (1 << depth) - 1
        opaque = np.where((deep == wanted).all(axis=2), 0, 255)
    return full, opaque


def _finished(step: Mapping[str, Any], colours: Array, alpha: Array) -> Array:
    if step.get("alpha") == "white":
        share = alpha[..., None]
        colours = (colours * share + 255 * (255 - share) + 127) // 255
    if step["channels"] == "GRAY":
        if colours.shape[2] == 3:
            colours = (colours @ [19595, 38470, 7471] + 32768)[..., None] // 65536
    elif colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
    if step["channels"] == "RGBA":
        colours = np.concatenate([colours, alpha[..., None]], axis=2)
    return colours.astype(np.uint8)


def resized(step: Mapping[str, Any], x: Array, width: type[np.floating[Any]]) -> Array:
    """Resize along x, then y, in binary64; UINT8 is rounded as the step says, FP32 held in `width`."""
    y_axis, x_axis = (axis % x.ndim for axis in step["axes"])
    high, wide = _sizes(step["size"], x.shape[y_axis], x.shape[x_axis])
    if step["filter"] == "nearest":
        return _nearest(step, _nearest(step, x, x_axis, wide), y_axis, high)
    value = _weighted(step, _weighted(step, x.astype(np.float64), x_axis, wide), y_axis, high)
    if x.dtype != np.uint8:
        return value.astype(width)
    if step["rounding"] == "half_even":
        value = np.rint(value)
    else:
        value = np.floor(value + 0.5 if step["rounding"] == "half_up" else value)
    return np.clip(value, 0, 255).astype(np.uint8)


def _sizes(size: Any, height: int, width: int) -> tuple[int, int]:
    if isinstance(size, list):
        return int(size[0]), int(size[1])
    wanted, chosen = (
        (size["shorter"], min(height, width)) if "shorter" in size else (size["longer"], max(height, width))
    )
    made = [wanted if one == chosen else max(1, one * wanted // chosen) for one in (height, width)]
    return made[0], made[1]


def _nearest(step: Mapping[str, Any], x: Array, axis: int, m: int) -> Array:
    n = x.shape[axis]
    if step["coordinates"] == "half_pixel":
        chosen = [(2 * j + 1) * n // (2 * m) for j in range(m)]
    elif step["coordinates"] == "asymmetric":
        chosen = [j * n // m for j in range(m)]
    else:
        chosen = [0 if m == 1 else (2 * j * (n - 1) + (m - 1)) // (2 * (m - 1)) for j in range(m)]
    return np.take(x, [min(at, n - 1) for at in chosen], axis=axis)


def _weighted(step: Mapping[str, Any], x: Array, axis: int, m: int) -> Array:
    lanes = np.moveaxis(x, axis, 0)
    made = np.zeros((m, *lanes.shape[1:]), np.float64)
    for j in range(m):
        for index, weight in _weights(step, j, lanes.shape[0], m):
            if weight != 0:
                made[j] = made[j] + weight * lanes[index]
    return np.moveaxis(made, 0, axis)


def _weights(step: Mapping[str, Any], j: int, n: int, m: int) -> list[tuple[int, float]]:
    """Return the elements that output j of m is made of, of n, and their weights, in ascending order."""
    linear = step["filter"] == "linear"
    kernel = _tent if linear else _cubic
    if step["antialias"]:
        ratio = n / m
        scale = max(ratio, 1.0)
        centre = (j + 0.5) * ratio
        reach = scale if linear else 2 * scale
        first, behind = max(0, math.floor((centre - reach) + 0.5)), min(n, math.floor((centre + reach) + 0.5))
        weights = [kernel(abs(((k + 0.5) - centre) / scale)) for k in range(first, behind)]
        total = 0.0
        for one in weights:
            total += one
        return [(first + at, one / total) for at, one in enumerate(weights)]
    if step["coordinates"] == "align_corners":
        ratio = 0.0 if m == 1 else (n - 1) / (m - 1)
    else:
        ratio = n / m
    centre = (j + 0.5) * ratio - 0.5 if step["coordinates"] == "half_pixel" else j * ratio
    base = math.floor(centre)
    t = centre - base
    parts = [1 - t, t] if linear else [_cubic(t + 1), _cubic(t), _cubic(1 - t), _cubic(2 - t)]
    start = base if linear else base - 1
    return [(min(max(start + at, 0), n - 1), one) for at, one in enumerate(parts)]


def _tent(u: float) -> float:
    return max(0.0, 1 - u)


def _cubic(u: float) -> float:
    if u <= 1:
        return ((1.5 * u - 2.5) * u) * u + 1
    return ((-0.5 * u + 2.5) * u - 4) * u + 2 if u < 2 else 0.0


def cropped(step: Mapping[str, Any], x: Array) -> Array:
    """Cut each axis to its size, from the start or the middle."""
    for axis, size in zip(step["axes"], step["size"], strict=True):
        spare = x.shape[axis] - size
        if spare < 0:
            raise RecipeError(
                f"a crop to {size} meets a sample of the size {x.shape[axis]}; choose larger ones"
            )
        start = spare // 2 if step["anchor"] == "center" else 0
        x = np.take(x, range(start, start + size), axis=axis)
    return x


def padded(step: Mapping[str, Any], x: Array) -> Array:
    """Fill each axis up to its size, behind or around the elements."""
    value = np.array(step["value"]).astype(x.dtype if x.dtype != np.float64 else numpy_dtype("FP32"))
    for axis, size in zip(step["axes"], step["size"], strict=True):
        spare = size - x.shape[axis]
        if spare < 0:
            raise RecipeError(
                f"a pad to {size} meets a sample of the size {x.shape[axis]}; choose smaller ones"
            )
        before = spare // 2 if step["anchor"] == "center" else 0
        widths = [(0, 0)] * x.ndim
        widths[axis] = (before, spare - before)
        x = np.pad(x, widths, constant_values=value)
    return x
