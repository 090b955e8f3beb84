"""PNG images: the header before anything else, then samples of 8 or 16 bits with palette and transparency.

Owns the PNG datastream (chunks, check sums, inflating to exactly the size that the header gives, Adam7, bit
depths); leaves lines to `pnglines`, and what channels a package wants to `images`. Serves
PKG-PRO-04 and PKG-PRO-06.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lepton.runtime.protocol import Array
from lepton.runtime.steps.pnglines import PngError, eight_bits, unfiltered, unpacked

__all__ = ["Header", "PngError", "decode_png", "read_header"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Samples a pixel, and bit depths, by colour type.
COLOURS = {
    0: (1, (1, 2, 4, 8, 16)),
    2: (3, (8, 16)),
    3: (1, (1, 2, 4, 8)),
    4: (2, (8, 16)),
    6: (4, (8, 16)),
}
PALETTE = 3
#: Adam7: first column, first line, and the steps between columns and between lines, of each pass.
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(frozen=True, slots=True)
class Header:
    """What IHDR says. `colour` is the colour type; `interlaced` means Adam7."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool

    @property
    def samples(self) -> int:
        """Samples a pixel in the file."""
        return COLOURS[self.colour][0]

    def stride(self, width: int) -> int:
        """Bytes of a line of `width` pixels, without its filter."""
        return (width * self.samples * self.depth + 7) // 8


def read_header(data: bytes) -> Header:
    """Read IHDR alone. Raises: PngError when there is none, or it is none that PNG has."""
    if data[:8] != SIGNATURE:
        raise PngError("found other bytes than the signature of a PNG image at the start")
    kind, body, _ = _chunk(data, 8)
    if kind != b"IHDR" or len(body) != 13:
        raise PngError(f"found a first chunk {kind!r} of {len(body)} bytes, expected an IHDR of 13")
    width, height = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
    depth, colour, compression, filtering, interlace = body[8:]
    if not (0 < width < 2**31 and 0 < height < 2**31):
        raise PngError(f"found the size {width} x {height}, expected 1..{2**31 - 1} each way")
    if colour not in COLOURS or depth not in COLOURS[colour][1]:
        raise PngError(f"found colour type {colour} with bit depth {depth}, which PNG does not have")
    if compression or filtering or interlace > 1:
        raise PngError(f"found the methods {compression}, {filtering}, {interlace}, which PNG does not have")
    return Header(width, height, depth, colour, bool(interlace))


def decode_png(data: bytes, header: Header) -> tuple[Array, Array | None]:
    """Decode the rest of the datastream that begins with `header`.

    Returns: colours, (height, width, 1 or 3) uint8, and alpha, (height, width) uint8 or None. Samples of 16
    bits give their high byte. Raises: PngError.
    """
    palette, transparency, packed = _collect(data, header)
    lines = _samples(_inflate(packed, header), header)
    if header.colour == PALETTE:
        return _expanded(lines[..., 0], palette, transparency)
    alpha: Array | None = None
    if header.colour in (4, 6):
        lines, alpha = lines[..., :-1], eight_bits(lines[..., -1], header.depth)
    elif transparency is not None:
        key = np.frombuffer(transparency, ">u2").astype(np.uint16) & ((1 << header.depth) - 1)
        alpha = np.where((lines == key).all(axis=-1), np.uint8(0), np.uint8(255))
    return eight_bits(lines, header.depth), alpha


def _chunk(data: bytes, place: int) -> tuple[bytes, bytes, int]:
    """Return type and data of the chunk at `place`, and where the next one begins."""
    length = int.from_bytes(data[place : place + 4], "big")
    end = place + 8 + length
    if len(data) < end + 4 or length >= 2**31:
        raise PngError(f"found a chunk at byte {place} that reaches beyond the end")
    kind, body = data[place + 4 : place + 8], data[place + 8 : end]
    if not kind.isalpha():
        raise PngError(f"found the chunk type {kind!r}, expected four letters")
    if zlib.crc32(data[place + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
        raise PngError(f"found another check sum than that of the chunk {kind!r} at byte {place}")
    return kind, body, end + 4


def _collect(data: bytes, header: Header) -> tuple[bytes | None, bytes | None, bytes]:
    """Return PLTE, tRNS and the joined IDAT, each chunk in its place."""
    palette = transparency = None
    parts: list[bytes] = []
    place, before = _chunk(data, 8)[2], b"IHDR"
    while before != b"IEND":
        kind, body, place = _chunk(data, place)
        late = bool(parts)
        if kind == b"IDAT":
            if late and before != b"IDAT":
                raise PngError("found another chunk between two IDAT, expected them in a row")
            parts.append(body)
        elif kind == b"PLTE":
            if palette is not None or late or transparency is not None or header.colour in (0, 4):
                raise PngError("found a PLTE where PNG does not have one")
            palette = body
        elif kind == b"tRNS":
            if transparency is not None or late or header.colour in (4, 6):
                raise PngError("found a tRNS where PNG does not have one")
            transparency = body
        elif kind == b"IEND":
            if body or place != len(data):
                raise PngError("found bytes in IEND or behind it, expected none")
        elif not kind[0] & 0x20:
            raise PngError(f"found the critical chunk {kind!r} in a place where PNG does not have it")
        before = kind
    if not parts:
        raise PngError("found no IDAT, expected the data of an image")
    _check_colours(header, palette, transparency)
    return palette, transparency, b"".join(parts)


def _check_colours(header: Header, palette: bytes | None, transparency: bytes | None) -> None:
    """Raise PngError unless PLTE and tRNS have lengths that fit the colour type."""
    most = 1 << header.depth if header.colour == PALETTE else 256
    count = 0 if palette is None else len(palette) // 3
    if palette is None and header.colour == PALETTE:
        raise PngError("found no PLTE, expected the palette of the image")
    if palette is not None and (len(palette) % 3 or not 1 <= count <= most):
        raise PngError(f"found a PLTE of {len(palette)} bytes, expected 1 to {most} colours of 3 bytes")
    if transparency is None:
        return
    if header.colour == PALETTE:
        if not 1 <= len(transparency) <= count:
            raise PngError(f"found a tRNS of {len(transparency)} bytes, expected 1 to {count}")
    elif len(transparency) != 2 * header.samples:
        raise PngError(f"found a tRNS of {len(transparency)} bytes, expected {2 * header.samples}")


def _passes(header: Header) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Yield the place and steps of each pass that has pixels, with its width and height."""
    for left, top, across, down in PASSES if header.interlaced else ((0, 0, 1, 1),):
        width = -((left - header.width) // across) if header.width > left else 0
        height = -((top - header.height) // down) if header.height > top else 0
        if width and height:
            yield left, top, across, down, width, height


def _inflate(packed: bytes, header: Header) -> bytes:
    """Inflate to exactly the bytes that the header announces, and never more than one beyond."""
    expected = sum(height * (1 + header.stride(width)) for _, _, _, _, width, height in _passes(header))
    inflater = zlib.decompressobj()
    try:
        lines = inflater.decompress(packed, expected + 1)
        if len(lines) == expected and not inflater.eof:
            lines += inflater.decompress(inflater.unconsumed_tail, 1)
    except zlib.error as error:
        raise PngError(f"found data that does not inflate ({error})") from None
    if inflater.unused_data:
        raise PngError("found bytes behind the compressed data, expected none")
    if len(lines) != expected or not inflater.eof:
        found = f"more than {expected}" if len(lines) > expected else str(len(lines))
        raise PngError(f"found {found} bytes of lines, expected {expected} as the header says")
    return lines


def _samples(lines: bytes, header: Header) -> Array:
    """Return every sample as it is in the file: (height, width, samples) uint8, or uint16 for 16 bits."""
    shape = (header.height, header.width, header.samples)
    image = np.empty(shape, np.uint16 if header.depth == 16 else np.uint8)
    place = 0
    for left, top, across, down, width, height in _passes(header):
        stride = header.stride(width)
        size = height * (1 + stride)
        filtered = np.frombuffer(lines, np.uint8, size, place).reshape(height, 1 + stride)
        place += size
        unit = max(1, header.samples * header.depth // 8)
        restored = unfiltered(filtered, unit)
        image[top::down, left::across] = unpacked(restored, header.depth, width, header.samples)
    return image


def _expanded(
    indices: Array, palette: bytes | None, transparency: bytes | None
) -> tuple[Array, Array | None]:
    """Look the indices up in the palette. Raises: PngError for one that it does not have."""
    assert palette is not None
    colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)
    if indices.max() >= len(colours):
        raise PngError(f"found the index {indices.max()}, expected less than {len(colours)} colours")
    if transparency is None:
        return colours[indices], None
    alphas = np.full(len(colours), 255, np.uint8)
    alphas[: len(transparency)] = np.frombuffer(transparency, np.uint8)[: len(colours)]
    return colours[indices], alphas[indices]
