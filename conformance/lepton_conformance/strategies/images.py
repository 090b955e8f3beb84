"""PNG files of every kind, and files that are nearly PNG files, with a step that decodes them.

Owns a writer of chunks and the odd files that a lenient reader takes; leaves what they decode to to
`oracle.png`. Serves PKG-PRO-04 and PKG-PRO-06.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from lepton_conformance.oracle.answers import Array

__all__ = ["ODD_FILES", "chunk", "decode", "images", "png", "texts"]

Step = Mapping[str, Any]
Case = tuple[Step, tuple[Array, ...]]


def texts(*values: bytes) -> Array:
    """Return a tensor of BYTES."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk with its right CRC."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(header: tuple[int, ...], lines: bytes, *between: bytes, cut: int = 1) -> bytes:
    """Return a PNG file of given lines (filter bytes included), its data in `cut` chunks."""
    data = zlib.compress(lines)
    size = -(-len(data) // cut)
    parts = [chunk(b"IDAT", data[start : start + size]) for start in range(0, len(data), size)]
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", *header)),
            *between,
            *parts,
            chunk(b"IEND", b""),
        )
    )


def decode(channels: str, alpha: str) -> Step:
    """Return a step that decodes an image of any size."""
    count = {"RGB": 3, "RGBA": 4, "GRAY": 1}[channels]
    shape = ["H", "W", count]
    step = {"op": "decode_image", "in": "a", "out": "b", "format": "png"}
    return {**step, "channels": channels, "alpha": alpha, "shape": shape}


SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@st.composite
def images(draw: st.DrawFn) -> Case:
    """Draw a PNG file of any kind, sometimes with one byte changed, and how to decode it."""
    colour, depth = draw(
        st.sampled_from([(0, d) for d in (1, 2, 4, 8, 16)] + [(3, d) for d in (1, 2, 4, 8)]
                        + [(c, d) for c in (2, 4, 6) for d in (8, 16)])
    )  # fmt: skip
    width, height, interlace = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(0, 1))
    lines = bytearray()
    random = draw(st.randoms(use_true_random=False))
    for x, y, dx, dy in PASSES if interlace else ((0, 0, 1, 1),):
        columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
        for _ in range(rows if columns > 0 else 0):
            length = -(-columns * SAMPLES[colour] * depth // 8)
            high = 255 if colour != 3 or random.random() < 0.05 else 0
            lines += bytes(
                [0 if colour == 3 else random.randrange(5), *(random.randint(0, high) for _ in range(length))]
            )
    between = []
    if colour == 3:
        between.append(chunk(b"PLTE", random.randbytes(3 * random.randint(1, 2**depth))))
    if draw(st.booleans()) and colour not in (4, 6):
        length = {0: 2, 2: 6}.get(colour, 1)
        key = (
            bytes(2 * SAMPLES[colour]) if colour != 3 and random.random() < 0.5 else random.randbytes(length)
        )
        between.append(chunk(b"tRNS", key))
    between.append(chunk(b"gAMA", b"\0\0\xb1\x8f"))
    data = png(
        (width, height, depth, colour, 0, 0, interlace), bytes(lines), *between, cut=draw(st.integers(1, 3))
    )
    if draw(st.integers(0, 4)) == 0:
        place = random.randrange(len(data))
        data = data[:place] + bytes([data[place] ^ (1 << random.randrange(8))]) + data[place + 1 :]
    ways = [("RGB", "drop"), ("RGB", "white"), ("GRAY", "drop"), ("GRAY", "white"), ("RGBA", "keep")]
    return decode(*draw(st.sampled_from(ways))), (texts(data),)


PLAIN = (2, 1, 8, 2, 0, 0, 0)
LINE = b"\0" + bytes(range(40, 46))
END = chunk(b"IEND", b"")
#: Files with one fault each, and some with none that lenient readers refuse.
ODD_FILES: dict[str, bytes] = {
    "right": png(PLAIN, LINE),
    "nothing": b"",
    "a jpeg": b"\xff\xd8\xff\xe0" + bytes(60),
    "another signature": b"\x88" + png(PLAIN, LINE)[1:],
    "cut off": png(PLAIN, LINE)[:-1],
    "a byte behind": png(PLAIN, LINE) + b"\0",
    "wrong crc of an ancillary chunk": png(PLAIN, LINE, chunk(b"tEXt", b"a\0b")[:-1] + b"\0"),
    "unknown critical chunk": png(PLAIN, LINE, chunk(b"ABCD", b"")),
    "unknown ancillary chunk": png(PLAIN, LINE, chunk(b"abCD", b"")),
    "chunk type of digits": png(PLAIN, LINE, chunk(b"a1CD", b"")),
    "header twice": png(PLAIN, LINE, chunk(b"IHDR", struct.pack(">IIBBBBB", *PLAIN))),
    "palette of a colour image": png(PLAIN, LINE, chunk(b"PLTE", bytes(6))),
    "palette twice": png(PLAIN, LINE, chunk(b"PLTE", bytes(6)), chunk(b"PLTE", bytes(6))),
    "palette of seven bytes": png(PLAIN, LINE, chunk(b"PLTE", bytes(7))),
    "palette after transparency": png(PLAIN, LINE, chunk(b"tRNS", bytes(6)), chunk(b"PLTE", bytes(6))),
    "transparency twice": png(PLAIN, LINE, chunk(b"tRNS", bytes(6)), chunk(b"tRNS", bytes(6))),
    "transparency too short": png(PLAIN, LINE, chunk(b"tRNS", bytes(2))),
    "palette of a grey image": png((2, 1, 8, 0, 0, 0, 0), LINE[:3], chunk(b"PLTE", bytes(6))),
    "no palette": png((2, 1, 8, 3, 0, 0, 0), b"\0\0\0"),
    "palette beyond the depth": png((2, 1, 1, 3, 0, 0, 0), b"\0\0", chunk(b"PLTE", bytes(9))),
    "index beyond the palette": png((2, 1, 8, 3, 0, 0, 0), b"\0\0\2", chunk(b"PLTE", bytes(6))),
    "more transparency than palette": png(
        (2, 1, 8, 3, 0, 0, 0), b"\0\0\0", chunk(b"PLTE", bytes(3)), chunk(b"tRNS", bytes(2))
    ),
    "depth of three": png((2, 1, 3, 0, 0, 0, 0), b"\0\0"),
    "width of nought": png((0, 1, 8, 2, 0, 0, 0), b"\0"),
    "interlace of two": png((2, 1, 8, 2, 0, 0, 2), LINE),
    "higher than its symbol": png((1, 65, 8, 0, 0, 0, 0), b"\0\0" * 65),
    "filter of five": png(PLAIN, b"\5" + LINE[1:]),
    "a byte too few": png(PLAIN, LINE[:-1]),
    "a byte too many": png(PLAIN, LINE + b"\0"),
    "data interrupted": png(PLAIN, LINE).replace(END, chunk(b"tEXt", b"a\0b") + chunk(b"IDAT", b"") + END),
    "an empty chunk of data": png(PLAIN, LINE).replace(END, chunk(b"IDAT", b"") + END),
    "a byte behind the stream": png(PLAIN, LINE).replace(END, chunk(b"IDAT", b"\0") + END),
    "no data": png(PLAIN, LINE)[:33] + END,
    "an end with content": png(PLAIN, LINE)[:-12] + chunk(b"IEND", b"\0"),
    "wrong checksum of the stream": png(PLAIN, LINE)[:33]
    + chunk(b"IDAT", zlib.compress(LINE)[:-1] + b"\7")
    + END,
    "text after the data": png(PLAIN, LINE).replace(END, chunk(b"tEXt", b"a\0b") + END),
}
