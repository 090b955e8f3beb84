"""PNG files, read by the letter: what the section on images of the chapter `package` lets pass, as pixels.

Owns chunks, filters, interlacing and the four steps to pixels in 8 bits; leaves inflating to zlib. Reads one
pixel at a time and is meant for small images. Serves PKG-PRO-04 and PKG-PRO-06.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.refusal import Refused

__all__ = ["Image", "decoded", "pixels", "read_png"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Colour type -> samples a pixel, bit depths.
KINDS = {0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)), 6: (4, (8, 16))}
#: Where each pass of Adam7 begins and how far its pixels are apart: x, y, dx, dy.
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(slots=True)
class Image:
    """The chunks of a PNG file, checked, before anything is inflated."""

    width: int = 0
    height: int = 0
    depth: int = 0
    colour: int = 0
    interlaced: bool = False
    palette: bytes | None = None
    transparency: bytes | None = None
    data: bytearray = field(default_factory=bytearray)

    @property
    def samples(self) -> int:
        """How many samples a pixel has in the file."""
        return KINDS[self.colour][0]

    def passes(self) -> Iterator[tuple[int, int, int, int, int, int]]:
        """Yield x, y, dx, dy, width and height of each pass that has pixels."""
        for x, y, dx, dy in ADAM7 if self.interlaced else ((0, 0, 1, 1),):
            width, height = -(-(self.width - x) // dx), -(-(self.height - y) // dy)
            if width > 0 and height > 0:
                yield x, y, dx, dy, width, height

    def line_bytes(self, width: int) -> int:
        """Return the length of a line without its filter byte."""
        return -(-width * self.samples * self.depth // 8)


def require(holds: bool, found: str) -> None:
    """Raise Refused unless a condition holds."""
    if not holds:
        raise Refused(found)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and content of each chunk; nothing follows IEND. Raises: Refused."""
    require(data[:8] == SIGNATURE, "no PNG signature")
    place, kind = 8, b""
    while kind != b"IEND":
        require(len(data) >= place + 12, "a chunk is cut off")
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        require(length < 2**31 and len(data) >= place + 12 + length, "a chunk is cut off")
        require(all(65 <= b <= 90 or 97 <= b <= 122 for b in kind), "a chunk's type is not of letters")
        body = data[place + 8 : place + 8 + length]
        (crc,) = struct.unpack(">I", data[place + 8 + length : place + 12 + length])
        require(zlib.crc32(kind + body) == crc, "a CRC is wrong")
        place += 12 + length
        yield kind, body
    require(place == len(data), "bytes follow IEND")


def read_png(data: bytes) -> Image:
    """Read the chunks of a file. Raises: Refused."""
    image, seen = Image(), list[bytes]()
    for kind, body in chunks(data):
        require((kind == b"IHDR") == (not seen), "IHDR is not the first chunk, or not the only one")
        if kind in (b"PLTE", b"tRNS"):
            require(kind not in seen and b"IDAT" not in seen, "a chunk comes twice, or after IDAT")
        if kind == b"IHDR":
            header(image, body)
        elif kind == b"PLTE":
            require(b"tRNS" not in seen, "PLTE comes after tRNS")
            most = 2**image.depth if image.colour == 3 else 256
            require(image.colour in (2, 3, 6), "a palette for grey")
            require(len(body) % 3 == 0 and 1 <= len(body) // 3 <= most, "the length of the palette")
            image.palette = body
        elif kind == b"tRNS":
            image.transparency = transparency(image, body)
        elif kind == b"IDAT":
            require(b"IDAT" not in seen or seen[-1] == b"IDAT", "IDAT is interrupted")
            image.data += body
        elif kind == b"IEND":
            require(not body and b"IDAT" in seen, "IEND is not empty, or there is no IDAT")
        else:
            require(bool(kind[0] & 0x20), "an unknown critical chunk")
        seen.append(kind)
    require(image.colour != 3 or image.palette is not None, "no palette")
    return image


def header(image: Image, body: bytes) -> None:
    """Read IHDR. Raises: Refused."""
    require(len(body) == 13, "the length of IHDR")
    width, height, depth, colour, compression, method, interlace = struct.unpack(">IIBBBBB", body)
    require(1 <= width < 2**31 and 1 <= height < 2**31, "a size of IHDR")
    require(colour in KINDS and depth in KINDS[colour][1], "colour type and bit depth")
    require(compression == 0 and method == 0 and interlace in (0, 1), "a method of IHDR")
    image.width, image.height, image.depth, image.colour = width, height, depth, colour
    image.interlaced = interlace == 1


def transparency(image: Image, body: bytes) -> bytes:
    """Check the length of tRNS and return it. Raises: Refused."""
    if image.colour == 3:
        require(image.palette is not None, "tRNS comes before the palette")
        require(1 <= len(body) <= len(image.palette or b"") // 3, "the length of tRNS")
    else:
        require(len(body) == {0: 2, 2: 6}.get(image.colour), "the length of tRNS")
    return body


def inflated(image: Image) -> bytes:
    """Return the bytes of all lines, filter bytes included. Raises: Refused."""
    size = sum(height * (1 + image.line_bytes(width)) for *_, width, height in image.passes())
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(bytes(image.data), size + 1)
    except zlib.error as error:
        raise Refused(str(error)) from error
    require(len(data) == size and stream.eof and not stream.unused_data, "the length of the image's data")
    return data


def paeth(left: int, above: int, corner: int) -> int:
    """Predict a byte from its three neighbours."""
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


def unfiltered(line: bytes, kind: int, above: bytes, step: int) -> bytes:
    """Undo the filter of one line; `step` is the distance of a byte to the one of the pixel before."""
    require(kind <= 4, "a filter type")
    result = bytearray(len(line))
    for index, value in enumerate(line):
        left = result[index - step] if index >= step else 0
        corner = above[index - step] if index >= step else 0
        predicted = (0, left, above[index], (left + above[index]) // 2, paeth(left, above[index], corner))[
            kind
        ]
        result[index] = (value + predicted) % 256
    return bytes(result)


def samples_of(line: bytes, depth: int, count: int) -> list[int]:
    """Split a line into its samples."""
    bits = int.from_bytes(line, "big")
    total = len(line) * 8
    return [(bits >> (total - (index + 1) * depth)) % 2**depth for index in range(count)]


def raw_samples(image: Image) -> dict[tuple[int, int], tuple[int, ...]]:
    """Return the samples of each pixel, by row and column, at their full depth. Raises: Refused."""
    data, place = inflated(image), 0
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    step = max(1, image.samples * image.depth // 8)
    for x, y, dx, dy, width, height in image.passes():
        length = image.line_bytes(width)
        above = bytes(length)
        for row in range(height):
            line = data[place + 1 : place + 1 + length]
            above = unfiltered(line, data[place], above, step)
            place += 1 + length
            values = samples_of(above, image.depth, width * image.samples)
            for column in range(width):
                pixel = values[column * image.samples : (column + 1) * image.samples]
                found[y + row * dy, x + column * dx] = tuple(pixel)
    return found


def eight_bits(image: Image, pixel: tuple[int, ...]) -> tuple[list[int], int]:
    """Return the samples in 8 bits without alpha, and alpha. Raises: Refused."""
    if image.colour == 3:
        palette, index = image.palette or b"", pixel[0]
        require(3 * index < len(palette), "an index beyond the palette")
        clear = image.transparency or b""
        return list(palette[3 * index : 3 * index + 3]), clear[index] if index < len(clear) else 255
    shades = {
        16: lambda v: v >> 8,
        8: lambda v: v,
        4: lambda v: v * 17,
        2: lambda v: v * 85,
        1: lambda v: v * 255,
    }
    values = [shades[image.depth](value) for value in pixel]
    if image.colour in (4, 6):
        return values[:-1], values[-1]
    if image.transparency is None:
        return values, 255
    key = struct.unpack(f">{len(pixel)}H", image.transparency)
    same = all(value == part % 2**image.depth for value, part in zip(pixel, key, strict=True))
    return values, 0 if same else 255


def pixels(image: Image, channels: str, alpha: str) -> Array:
    """Return the pixels, (height, width, channel) uint8. Raises: Refused."""
    count = {"RGB": 3, "RGBA": 4, "GRAY": 1}[channels]
    answer = np.empty((image.height, image.width, count), dtype=np.uint8)
    for place, pixel in raw_samples(image).items():
        values, opacity = eight_bits(image, pixel)
        if alpha == "white":
            values = [(v * opacity + 255 * (255 - opacity) + 127) // 255 for v in values]
        if channels == "GRAY" and len(values) == 3:
            red, green, blue = values
            values = [(19595 * red + 38470 * green + 7471 * blue + 32768) // 65536]
        if channels != "GRAY" and len(values) == 1:
            values *= 3
        answer[place] = [*values, opacity] if channels == "RGBA" else values
    return answer


def decoded(data: bytes, channels: str, alpha: str, fit: Callable[[int, int], None]) -> Array:
    """Return the pixels of a file whose height and width `fit` accepts. Raises: Refused."""
    image = read_png(data)
    fit(image.height, image.width)
    return pixels(image, channels, alpha)
