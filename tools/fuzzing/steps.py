"""Targets: what steps read from strangers. PNG images, token files and the texts that they cut, vocabularies.

Owns what is asked of those readers: the answers of the conformance oracle, which shares nothing with them.
"""

import random
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzzing.changes import change_bytes
from fuzzing.target import Target, expect
from lepton.checks.stepfiles import tokens_fault
from lepton.errors import BindError
from lepton.formats.lines import line_fault, split_lines
from lepton.runtime.files import StepFiles
from lepton.runtime.steps.images import decode_image
from lepton.runtime.steps.operation import Setting
from lepton.runtime.steps.png import PngError, read_header
from lepton.runtime.steps.texts import lookup, tokenize
from lepton.tensor import Symbol, TensorSpec
from lepton_conformance.oracle import wordpiece
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.png import decoded
from lepton_conformance.oracle.refusal import Refused
from lepton_conformance.strategies.images import ODD_FILES, chunk, decode, images, texts

__all__ = ["TARGETS"]

#: Pixels of an image that the oracle, which takes them one by one, is asked about.
MAX_PIXELS = 1024
SIZES = {name: Symbol(1, 2**31 - 1) for name in "HW"}
WAYS = (("RGB", "drop"), ("RGB", "white"), ("GRAY", "drop"), ("GRAY", "white"), ("RGBA", "keep"))
IMAGE = TensorSpec("a", "BYTES", (1,))
IMAGES = [decode_image(decode(*way), Setting(SIZES), IMAGE) for way in WAYS]
SIGNATURE_BYTES = 8

#: Between the file and the text, and the text and the indices, of one input.
BREAK = b"\n\0\n"
STEP: Mapping[str, Any] = {
    "op": "tokenize",
    "in": "a",
    "out": ["ids", "mask", "types"],
    "file": "tokens.txt",
    "unknown": "u",
    "padding": "u",
    "prefix": "##",
    "maxLength": 32,
    "shape": [1, "W"],
}


def _image_seeds() -> Iterator[bytes]:
    yield from ODD_FILES.values()
    found: list[bytes] = []

    @seed(1)
    @settings(
        max_examples=40, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(images())
    def collect(case: Any) -> None:
        found.append(case[1][0][0])

    collect()
    yield from found


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return types and contents of the chunks as far as there are whole ones."""
    found, at = [], SIGNATURE_BYTES
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def _change_image(data: bytes, chance: random.Random) -> bytes:
    """Change one chunk, its check sum kept right, or the lines inside the compressed data."""
    found = _chunks(data)
    if not found:
        return change_bytes(data, chance)
    roll, at = chance.random(), chance.randrange(len(found))
    kind, body = found[at]
    if roll < 0.15:
        found[at] = found[chance.randrange(len(found))]
    elif roll < 0.3:
        found.insert(
            at, chance.choice(((b"PLTE", bytes(6)), (b"tRNS", bytes(2)), (b"IDAT", b""), (b"aaaa", b"x")))
        )
    elif roll < 0.4:
        del found[at]
    elif kind == b"IDAT" and roll < 0.9:
        try:
            found[at] = kind, zlib.compress(change_bytes(zlib.decompress(body), chance))
        except zlib.error:
            found[at] = kind, change_bytes(body, chance)
    elif kind == b"IHDR" and body:
        place = chance.randrange(len(body))
        value = chance.choice((0, 1, 2, 3, 4, 6, 8, 9, 16, 255))
        found[at] = kind, body[:place] + bytes([value]) + body[place + 1 :]
    else:
        found[at] = kind, change_bytes(body, chance)
    return data[:SIGNATURE_BYTES] + b"".join(chunk(*one) for one in found if len(one[0]) == 4)


def _image(data: bytes) -> None:
    at = sum(data) % len(WAYS)
    try:
        header = read_header(data)
    except PngError:
        header = None
    if header is not None and header.width * header.height > MAX_PIXELS:
        # Announced and not there: refused without the memory that it would take.
        _answer(IMAGES[at], data)
        return
    mine = _answer(IMAGES[at], data)
    try:
        theirs = decoded(data, *WAYS[at], lambda height, width: None)
    except Refused:
        theirs = None
    expect((mine is None) == (theirs is None), "the oracle and the reader disagree on what is an image")
    if mine is not None:
        expect(np.array_equal(mine, np.asarray(theirs)), "the oracle sees other pixels")


def _answer(operation: Any, data: bytes) -> Array | None:
    try:
        (pixels,) = operation.apply(texts(data))
    except BindError:
        return None
    return np.asarray(pixels)


def _text_seeds() -> Iterator[bytes]:
    tokens = "u\na\nb\n##b\n##ab\né\n##e\n,\n中\n##ß\n".encode()
    for text in ("a,b abab", "Áb ÀB e\u0301 é", "中文 a\u200bb", "x" * 101, "\ufffd\0a", "İ ß ẞ", ""):
        yield tokens + BREAK + text.encode()
    yield b"u" + BREAK + b"u"
    yield BREAK + b"a"
    yield b"u\nu\n" + BREAK + b"u"
    yield b"u\r\na" + BREAK + b"\xff"


def _change_text(data: bytes, chance: random.Random) -> bytes:
    """Change one side, sometimes by a character that the rules tell from others."""
    file, _, text = data.partition(BREAK)
    if chance.random() < 0.5:
        odd = chance.choice(
            "\u0130ß\u1e9e\u0345\u200d\u2028\ue000\U0002b739\U0002ceaf\U00100000\u0300\u3000$`~\t\x85a"
        )
        at = chance.randrange(len(text) + 1)
        text = text[:at] + odd.encode() + text[at:]
    elif chance.random() < 0.5:
        text = change_bytes(text, chance)
    else:
        file = change_bytes(file, chance)
    return file + BREAK + text


def _text(data: bytes) -> None:
    file, _, text = data.partition(BREAK)
    lowercase = len(data) % 2 == 0
    step = {**STEP, "lowercase": lowercase}
    fault = line_fault(file)
    if fault is not None:
        expect(0 <= fault[0] <= len(file) and bool(fault[1]), "a fault that is nowhere")
        return
    lines = split_lines(file)
    expect(b"\n".join(lines) in (file, file[:-1]), "the lines are not those of the file")
    _names(file, lines)
    if tokens_fault(step, file) is not None:
        return
    spec = TensorSpec("a", "BYTES", (1,))
    files = StepFiles({"tokens.txt": file}.__getitem__)
    operation = tokenize(step, Setting({"W": Symbol(1, 64)}, files), spec)
    numbers = {line.decode(): at for at, line in enumerate(file.removesuffix(b"\n").split(b"\n"))}
    mine: tuple[Array, ...] | None
    theirs: tuple[Array, ...] | None
    try:
        mine = operation.apply(texts(text))
    except BindError:
        mine = None
    try:
        theirs = wordpiece.tables([text], numbers, step, lambda least: max(1, least))
    except Refused:
        theirs = None
    expect((mine is None) == (theirs is None), "the oracle and the step disagree on what is a text")
    for one, other in zip(mine or (), theirs or (), strict=True):
        expect(np.array_equal(one, other), "the oracle cuts the text otherwise")


def _names(file: bytes, lines: list[bytes]) -> None:
    """Look every line up, and the two indices beside them."""
    step = {"op": "lookup", "in": "a", "out": "b", "file": "names.txt", "join": False}
    files = StepFiles({"names.txt": file}.__getitem__)
    operation = lookup(step, Setting({}, files), TensorSpec("a", "INT64", ("N",)))
    (found,) = operation.apply(np.arange(len(lines)))
    expect(list(found) == lines, "lookup gives other lines")
    for wrong in (-1, len(lines)):
        try:
            operation.apply(np.array([wrong]))
        except BindError:
            continue
        expect(False, f"lookup gives a line for {wrong}")


TARGETS = (
    Target("png", _image_seeds, _image, _change_image, 4096, share=2),
    Target("lines", _text_seeds, _text, _change_text, 1024),
)
