"""The oracle's operators beside the runtime's: two implementations of one table (PKG-PRO-04, PKG-VEC-09)."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lepton.errors import RecipeError
from lepton.pack.exact_images import encoded_png
from lepton.pack.exact_steps import ExactSteps
from lepton.runtime.plan import Plan

TOKENS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "the",
    "cat",
    "##s",
    "naive",
    "na",
    "##ive",
    ",",
    "!",
    "轻",
    "子",
    "caf",
    "##e",
    "é",
    "E",
]
TEXTS = ["The cats, naïve CAFÉ!", "轻子cat\tthe\x00", "", "x" * 101 + " cat", "a\u00a0cat\ufffds the"]


def _manifest(steps: Sequence[Any], start: list[dict[str, Any]], end: dict[str, Any]) -> dict[str, Any]:
    return {
        "symbols": {name: {"min": 1, "max": 64} for name in "NHWTK"} | {"M": {"min": 0, "max": 64}},
        "signature": {"inputs": [end], "outputs": []},
        "interface": {"inputs": start, "outputs": []},
        "processing": {"pre": [{"version": 1, **step} for step in steps], "post": []},
    }


FILES = {"tokens.txt": "\n".join(TOKENS).encode() + b"\n", "lines.txt": b"a\n\nbc\nd"}


def _both(
    steps: Sequence[Any], arrays: dict[str, Any], shapes: dict[str, Any], end: tuple[str, list[Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what both sides make of the arrays; the last tensor is declared as `end`."""
    kinds = {"float32": "FP32", "uint8": "UINT8", "int64": "INT64", "object": "BYTES"}
    start = [
        {"name": name, "datatype": kinds[array.dtype.name], "shape": shapes[name]}
        for name, array in arrays.items()
    ]
    last = steps[-1]["out"] if isinstance(steps[-1]["out"], str) else steps[-1]["out"][0]
    manifest = _manifest(steps, start, {"name": last, "datatype": end[0], "shape": end[1]})
    oracle = ExactSteps(manifest, FILES.__getitem__).apply("pre", arrays, np.float32)
    plan = Plan.from_manifest(manifest, FILES.__getitem__)
    runtime = dict(arrays)
    for at, step in enumerate(plan.steps["pre"]):
        stage = plan.stage("step", f"/processing/pre/{at}")
        runtime |= stage.infer({spec.name: runtime[spec.name] for spec in stage.inputs})
        assert step["op"]
    return oracle, runtime


def _same(oracle: dict[str, Any], runtime: dict[str, Any]) -> None:
    assert oracle.keys() == runtime.keys()
    for name, array in runtime.items():
        assert (oracle[name].shape, oracle[name].dtype) == (array.shape, array.dtype), name
        np.testing.assert_array_equal(oracle[name], array)


@pytest.mark.parametrize("rounding", ["half_even", "half_up", "floor", None])
@pytest.mark.parametrize(
    ("kind", "coordinates", "antialias"),
    [
        *((kind, where, False) for kind in ("nearest", "linear", "cubic") for where in
          ("half_pixel", "align_corners", "asymmetric")),
        ("linear", "half_pixel", True),
        ("cubic", "half_pixel", True),
    ],
)  # fmt: skip
def test_both_resize_to_the_same_bits(
    kind: str, coordinates: str, antialias: bool, rounding: str | None
) -> None:
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (7, 5, 3), dtype=np.uint8)
    x = image if rounding else (image / np.float32(7)).astype(np.float32)
    step = {
        "op": "resize", "in": "a", "out": "b", "axes": [0, 1], "size": [4, 11], "filter": kind,
        "antialias": antialias, "coordinates": coordinates,
    } | ({"rounding": rounding} if rounding else {})  # fmt: skip
    end = ("UINT8" if rounding else "FP32", [4, 11, 3])
    _same(*_both([step], {"a": x}, {"a": [7, 5, 3]}, end))


@pytest.mark.parametrize("size", [{"shorter": 4}, {"longer": 9}])
def test_both_choose_the_same_sizes(size: dict[str, int]) -> None:
    step = {
        "op": "resize", "in": "a", "out": "b", "axes": [0, 1], "size": size, "shape": ["H", "W", 1],
        "filter": "linear", "antialias": True, "coordinates": "half_pixel",
    }  # fmt: skip
    x = np.random.default_rng(1).standard_normal((7, 5, 1)).astype(np.float32)
    _same(*_both([step], {"a": x}, {"a": [7, 5, 1]}, ("FP32", ["H", "W", 1])))


@pytest.mark.parametrize("channels", ["RGB", "GRAY", "RGBA"])
@pytest.mark.parametrize("made", [1, 3, 4])
@pytest.mark.parametrize("alpha", ["drop", "white"])
def test_both_decode_an_image_alike(channels: str, made: int, alpha: str) -> None:
    image = np.random.default_rng(made).integers(0, 256, (5, 6, made), dtype=np.uint8)
    file = np.empty(1, dtype=object)
    file[0] = encoded_png(image)
    width = {"RGB": 3, "GRAY": 1, "RGBA": 4}[channels]
    step = {
        "op": "decode_image", "in": "a", "out": "b", "format": "png", "channels": channels,
        "alpha": "keep" if channels == "RGBA" else alpha, "shape": ["H", "W", width],
    }  # fmt: skip
    _same(*_both([step], {"a": file}, {"a": [1]}, ("UINT8", ["H", "W", width])))


@pytest.mark.parametrize(
    ("kind", "depth"), [(0, 1), (0, 2), (0, 4), (0, 16), (2, 16), (3, 2), (3, 8), (4, 16)]
)
@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize("transparent", [False, True])
def test_both_decode_every_form_of_png_alike(
    kind: int, depth: int, interlaced: int, transparent: bool
) -> None:
    """Random lines with random filters are a sound image of any form."""
    random = np.random.default_rng(depth)
    width, height, samples = 9, 5, {0: 1, 2: 3, 3: 1, 4: 2}[kind]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [
            (0, 0, 8, 8),
            (4, 0, 8, 8),
            (0, 4, 4, 8),
            (2, 0, 4, 4),
            (0, 2, 2, 4),
            (1, 0, 2, 2),
            (0, 1, 1, 2),
        ]
    stream = b""
    for column, row, across, down in passes:
        wide, high = len(range(column, width, across)), len(range(row, height, down))
        for _ in range(high if wide else 0):
            length = -(-wide * samples * depth // 8)
            # A palette has an entry for every index of its depth.
            stream += bytes([int(random.integers(5))]) + random.bytes(length)
    chunks = [(b"IHDR", width.to_bytes(4) + height.to_bytes(4) + bytes([depth, kind, 0, 0, interlaced]))]
    if kind == 3:
        chunks.append((b"PLTE", random.bytes(3 * 2**depth)))
    if transparent and kind != 4:
        chunks.append((b"tRNS", random.bytes({0: 2, 2: 6, 3: 3}[kind])))
    chunks += [(b"IDAT", zlib.compress(stream)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4) for name, body in chunks
    )
    file = np.empty(1, dtype=object)
    file[0] = data
    step = {
        "op": "decode_image", "in": "a", "out": "b", "format": "png", "channels": "RGB", "alpha": "white",
        "shape": ["H", "W", 3],
    }  # fmt: skip
    _same(*_both([step], {"a": file}, {"a": [1]}, ("UINT8", ["H", "W", 3])))


@pytest.mark.parametrize("anchor", ["start", "center"])
def test_both_crop_pad_and_turn_alike(anchor: str) -> None:
    x = np.arange(6 * 7, dtype=np.float32).reshape(6, 7)
    steps = [
        {"op": "crop", "in": "a", "out": "b", "axes": [-1, 0], "size": [4, 3], "anchor": anchor},
        {"op": "pad", "in": "b", "out": "c", "axes": [0, 1], "size": [6, 9], "anchor": anchor, "value": -1.5},
        {"op": "reverse", "in": "c", "out": "d", "axis": -1},
    ]
    _same(*_both(steps, {"a": x}, {"a": [6, 7]}, ("FP32", [6, 9])))


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_both_tokenize_alike(lowercase: bool, outputs: int) -> None:
    texts = np.array([text.encode() for text in TEXTS], dtype=object)
    step = {
        "op": "tokenize", "in": "a", "out": ["ids", "mask", "types"][:outputs], "file": "tokens.txt",
        "algorithm": "wordpiece", "lowercase": lowercase, "unknown": "[UNK]", "padding": "[PAD]",
        "first": "[CLS]", "last": "[SEP]", "prefix": "##", "maxLength": 9, "shape": ["N", "T"],
    }  # fmt: skip
    oracle, runtime = _both([step], {"a": texts}, {"a": ["N"]}, ("INT64", ["N", "T"]))
    _same(oracle, runtime)
    if lowercase:
        # [CLS] the cat ##s , naive caf ##e [SEP]: cut to nine.
        assert oracle["ids"][0].tolist() == [2, 4, 5, 6, 10, 7, 14, 15, 3]


def test_both_select_alike() -> None:
    random = np.random.default_rng(3)
    x = random.integers(0, 4, (3, 6)).astype(np.float32)
    x[1, 2] = np.nan
    topk = {"op": "topk", "in": "a", "out": ["v", "i"], "axis": 1, "k": 4}
    _same(*_both([topk], {"a": x}, {"a": [3, 6]}, ("FP32", [3, 4])))
    boxes = np.sort(random.uniform(0, 10, (20, 2, 2)), axis=1).reshape(20, 4).astype(np.float32)
    scores = random.integers(0, 5, 20).astype(np.float32)
    nms = {"op": "nms", "in": ["a", "s"], "out": "k", "iou": 0.2, "score": 0.5, "max": 9, "shape": ["M"]}
    oracle, runtime = _both([nms], {"a": boxes, "s": scores}, {"a": ["K", 4], "s": ["K"]}, ("INT64", ["M"]))
    _same(oracle, runtime)
    assert 1 < len(oracle["k"]) < 17
    said = random.standard_normal((2, 9, 4)).astype(np.float32)
    steps = [
        {"op": "ctc_greedy", "in": "a", "out": ["c", "l"], "blank": 0},
        {"op": "lookup", "in": "c", "out": "t", "file": "lines.txt", "join": True, "skip": -1},
    ]
    _same(*_both(steps, {"a": said}, {"a": ["N", "T", 4]}, ("BYTES", ["N"])))


def test_a_sample_that_a_step_refuses_is_refused_in_words() -> None:
    step = {"op": "lookup", "in": "a", "out": "t", "file": "lines.txt", "join": False, "version": 1}
    start = [{"name": "a", "datatype": "INT64", "shape": ["N"]}]
    manifest = _manifest([step], start, {"name": "t", "datatype": "BYTES", "shape": ["N"]})
    with pytest.raises(RecipeError, match="which has no line"):
        ExactSteps(manifest, FILES.__getitem__).apply("pre", {"a": np.array([4])}, np.float32)
    file = np.array([b"no image"], dtype=object)
    decode = {
        "op": "decode_image",
        "in": "a",
        "out": "b",
        "channels": "RGB",
        "alpha": "drop",
        "shape": ["H", "W", 3],
    }
    manifest = _manifest(
        [decode],
        [{"name": "a", "datatype": "BYTES", "shape": [1]}],
        {"name": "b", "datatype": "UINT8", "shape": ["H", "W", 3]},
    )
    with pytest.raises(RecipeError, match="give PNG files"):
        ExactSteps(manifest, FILES.__getitem__).apply("pre", {"a": file}, np.float32)
