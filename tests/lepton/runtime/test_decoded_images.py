"""decode_image gives the samples of every kind of PNG, and refuses what is none (PKG-PRO-04, PKG-PRO-06)."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lepton.errors import BindError
from lepton.runtime.processing import apply_steps, compile_steps
from lepton.runtime.protocol import Array
from lepton.runtime.steps.png import PASSES
from lepton.tensor import Symbol, TensorSpec

SYMBOLS = {"H": Symbol(1, 64), "W": Symbol(1, 64)}
CHANNELS = {"RGB": 3, "RGBA": 4, "GRAY": 1}
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def decoded(data: bytes, channels: str = "RGB", alpha: str = "drop", shape: Any = ("H", "W")) -> Array:
    step = {"op": "decode_image", "version": 1, "in": "png", "out": "image", "format": "png",
            "channels": channels, "alpha": alpha, "shape": [*shape, CHANNELS[channels]]}  # fmt: skip
    operations = compile_steps([step], [TensorSpec("png", "BYTES", (1,))], SYMBOLS)
    texts: Array = np.empty(1, dtype=object)
    texts[0] = data
    return apply_steps(operations, {"png": texts}, SYMBOLS, {})["image"]


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int, height: int, depth: int = 8, colour: int = 0, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def png(samples: Array, depth: int, colour: int, *chunks: bytes, interlace: int = 0, seed: int = 0) -> bytes:
    """Write (height, width, samples) numbers as a PNG whose lines have random filters."""
    generator = np.random.default_rng(seed)
    height, width = samples.shape[:2]
    lines = b""
    for left, top, across, down in PASSES if interlace else ((0, 0, 1, 1),):
        part = samples[top::down, left::across]
        if part.size:
            lines += b"".join(_filtered(_packed(part, depth), depth * part.shape[2], generator))
    packed = zlib.compress(lines)
    half = len(packed) // 2
    data = chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:])
    return (
        b"\x89PNG\r\n\x1a\n"
        + header(width, height, depth, colour, interlace)
        + b"".join(chunks)
        + data
        + chunk(b"IEND")
    )


def _packed(part: Array, depth: int) -> list[bytes]:
    lines = []
    for line in part.reshape(part.shape[0], -1):
        bits = "".join(format(int(value), f"0{depth}b") for value in line)
        bits += "0" * (-len(bits) % 8)
        lines.append(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)))
    return lines


def _filtered(lines: list[bytes], bits: int, generator: np.random.Generator) -> list[bytes]:
    unit = max(1, bits // 8)
    above = bytes(len(lines[0]))
    written = []
    for line in lines:
        kind = int(generator.integers(5))
        out = bytearray([kind])
        for at, byte in enumerate(line):
            a = line[at - unit] if at >= unit else 0
            b, c = above[at], above[at - unit] if at >= unit else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            out.append((byte - (0, a, b, (a + b) // 2, paeth)[kind]) % 256)
        written.append(bytes(out))
        above = line
    return written


def _image(depth: int, colour: int, height: int = 11, width: int = 13) -> Array:
    generator = np.random.default_rng(depth * 10 + colour)
    return generator.integers(0, 1 << depth, (height, width, SAMPLES[colour]))


def _eight(samples: Array, depth: int) -> Array:
    return samples >> 8 if depth == 16 else samples * (255 // ((1 << depth) - 1))


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(
    ("colour", "depth"),
    [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (4, 8), (4, 16), (6, 8), (6, 16)],
)
def test_every_depth_and_colour_gives_its_samples(colour: int, depth: int, interlace: int) -> None:
    samples = _image(depth, colour)
    data = png(samples, depth, colour, interlace=interlace)
    eight = _eight(samples, depth)
    colours = eight[..., :-1] if colour in (4, 6) else eight
    alpha = eight[..., -1:] if colour in (4, 6) else np.full_like(eight[..., :1], 255)
    rgb = np.broadcast_to(colours, (*colours.shape[:2], 3))
    assert decoded(data, "RGB").tolist() == rgb.tolist()
    assert decoded(data, "RGBA", "keep").tolist() == np.concatenate([rgb, alpha], axis=2).tolist()
    white = (rgb * alpha + 255 * (255 - alpha) + 127) // 255
    assert decoded(data, "RGB", "white").tolist() == white.tolist()
    grey = (19595 * rgb[..., 0] + 38470 * rgb[..., 1] + 7471 * rgb[..., 2] + 32768) // 65536
    assert decoded(data, "GRAY")[..., 0].tolist() == grey.tolist()


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_is_looked_up_with_its_alpha(depth: int) -> None:
    indices = _image(depth, 3)
    colours = np.random.default_rng(1).integers(0, 256, (1 << depth, 3))
    some = bytes(range(10, 10 + (1 << depth) // 2))
    data = png(indices, depth, 3, chunk(b"PLTE", colours.astype(np.uint8).tobytes()), chunk(b"tRNS", some))
    alpha = np.full(1 << depth, 255)
    alpha[: len(some)] = list(some)
    expected = np.concatenate([colours[indices[..., 0]], alpha[indices]], axis=2)
    assert decoded(data, "RGBA", "keep").tolist() == expected.tolist()


def test_a_transparent_colour_is_compared_at_its_full_depth() -> None:
    samples = np.array([[[0x1234], [0x1235], [0x12FF]]])
    data = png(samples, 16, 0, chunk(b"tRNS", b"\x12\x35"))
    assert decoded(data, "RGBA", "keep").tolist() == [[[18] * 3 + [255], [18] * 3 + [0], [18] * 3 + [255]]]
    low = png(np.array([[[1], [2]]]), 2, 0, chunk(b"tRNS", b"\xff\x01"))
    assert decoded(low, "RGBA", "keep")[..., 3].tolist() == [[0, 255]]


def test_what_is_said_about_colours_elsewhere_changes_nothing() -> None:
    samples = _image(8, 2)
    said = (
        chunk(b"gAMA", struct.pack(">I", 20000)),
        chunk(b"sRGB", b"\0"),
        chunk(b"eXIf", b"MM\0*\0\0\0\10"),
    )
    assert decoded(png(samples, 8, 2, *said)).tolist() == samples.tolist()


def test_pillow_writes_what_is_read_here() -> None:
    from PIL import Image

    pixels = np.random.default_rng(3).integers(0, 256, (40, 50, 4)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    assert np.array_equal(decoded(file.getvalue(), "RGBA", "keep"), pixels)


GREY = png(_image(8, 0, 4, 5), 8, 0)
SIGNATURE, IHDR = GREY[:8], GREY[8:33]
LINES = zlib.compress(bytes(4 * 6))


def _parts(*chunks: bytes) -> bytes:
    return SIGNATURE + b"".join(chunks)


END, DATA = chunk(b"IEND"), chunk(b"IDAT", LINES)
GRAY_HEADER, PALETTE = header(5, 4), header(5, 4, 8, 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "signature"),
        (b"\xff\xd8\xff\xe0JFIF", "signature"),
        (SIGNATURE, "reaches beyond"),
        (GREY[:-1], "reaches beyond"),
        (GREY + b"\0", "behind it"),
        (GREY[:30] + b"\1" + GREY[31:], "check sum"),
        (_parts(DATA, END), "first chunk"),
        (_parts(header(0, 4), DATA, END), "0 x 4"),
        (_parts(header(5, 4, 16, 3), DATA, END), "bit depth 16"),
        (_parts(header(5, 4, 8, 1), DATA, END), "colour type 1"),
        (_parts(header(5, 4, 8, 0, 2), DATA, END), "methods"),
        (_parts(GRAY_HEADER, END), "no IDAT"),
        (_parts(GRAY_HEADER, GRAY_HEADER, DATA, END), "critical chunk"),
        (_parts(GRAY_HEADER, chunk(b"ABCD"), DATA, END), "critical chunk"),
        (_parts(GRAY_HEADER, chunk(b"a1cd"), DATA, END), "four letters"),
        (_parts(GRAY_HEADER, chunk(b"PLTE", b"abc"), DATA, END), "PLTE"),
        (_parts(PALETTE, DATA, END), "no PLTE"),
        (_parts(header(5, 4, 1, 3), chunk(b"PLTE", bytes(9)), DATA, END), "1 to 2 colours"),
        (_parts(PALETTE, chunk(b"PLTE", bytes(6)), chunk(b"tRNS", bytes(3)), DATA, END), "tRNS of 3"),
        (_parts(PALETTE, chunk(b"tRNS", b"a"), chunk(b"PLTE", bytes(6)), DATA, END), "PLTE"),
        (_parts(PALETTE, chunk(b"PLTE", b"abc"), chunk(b"IDAT", zlib.compress(b"\1" * 24)), END), "index"),
        (_parts(header(5, 4, 8, 4), chunk(b"tRNS", b"ab"), DATA, END), "tRNS"),
        (_parts(GRAY_HEADER, DATA, chunk(b"tEXt", b"a"), chunk(b"IDAT"), END), "in a row"),
        (_parts(GRAY_HEADER, chunk(b"IDAT", LINES[:-1]), END), "lines"),
        (_parts(GRAY_HEADER, chunk(b"IDAT", LINES[:-1] + b"!"), END), "inflate"),
        (_parts(GRAY_HEADER, chunk(b"IDAT", LINES + b"!"), END), "behind the compressed"),
        (_parts(GRAY_HEADER, chunk(b"IDAT", zlib.compress(bytes(23))), END), "23 bytes"),
        (_parts(GRAY_HEADER, chunk(b"IDAT", zlib.compress(bytes(25))), END), "more than 24"),
        (_parts(GRAY_HEADER, chunk(b"IDAT", zlib.compress(b"\5" + bytes(23))), END), "filter 5"),
        (_parts(GRAY_HEADER, DATA, chunk(b"IEND", b"x")), "IEND"),
    ],
)  # fmt: skip
def test_what_is_no_png_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BindError, match=words):
        decoded(data, "GRAY")


def test_a_size_that_does_not_fit_is_refused_before_anything_is_inflated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object) -> Callable[[], None]:
        raise AssertionError("inflated")

    monkeypatch.setattr(zlib, "decompressobj", never)
    bomb = _parts(header(60_000, 60_000, 16, 6), DATA, END)
    with pytest.raises(BindError, match="60000"):
        decoded(bomb)
    with pytest.raises(BindError, match="found size 4"):
        decoded(GREY, "GRAY", shape=(5, 5))


def test_an_image_beyond_this_implementation_is_refused_though_its_symbols_have_no_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in SYMBOLS:
        monkeypatch.setitem(SYMBOLS, name, Symbol(1, None))
    with pytest.raises(BindError, match="limit of this implementation"):
        decoded(_parts(header(2**31 - 1, 2**31 - 1, 1), DATA, END), "GRAY")


def test_a_line_of_zeros_that_never_ends_stops_at_the_size_of_the_header() -> None:
    bomb = _parts(header(5, 4), chunk(b"IDAT", zlib.compress(bytes(50_000_000))), END)
    with pytest.raises(BindError, match="more than 24"):
        decoded(bomb, "GRAY")
