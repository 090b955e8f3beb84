"""What a typed request becomes: each binding, each rule on numbers, each error in its order."""

import base64
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton.application import Failure, TooMuchWorkError, Work, inputs_of
from lepton.application.elements import Tensor, element, numbers
from lepton.application.inverse import request_of

SYMBOLS = {
    "N": {"min": 1, "max": 8},
    "M": {"min": 1, "max": 4},
    "E": {"min": 2, "unbounded": True, "multipleOf": 2},
}


def spec(name: str, datatype: str, *shape: int | str, **members: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape), **members}


def task(kind: str, *bindings: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": "main", "task": kind, "version": 1, "request": list(bindings)}


def asked(
    entry: Mapping[str, Any], specs: Sequence[Mapping[str, Any]], **members: Any
) -> dict[str, Tensor] | Failure:
    request = {"task": entry["task"], "version": 1, **members}
    found = inputs_of(entry, request, specs, SYMBOLS, Work(100_000))
    return found if isinstance(found, Failure) else {one.name: one.tensor() for one in found}


def code(*arguments: Any, **members: Any) -> str | None:
    found = asked(*arguments, **members)
    return found.code if isinstance(found, Failure) else None


def strings(*texts: str) -> bytes:
    data = [text.encode() for text in texts]
    return b"".join(len(one).to_bytes(4, "little") + one for one in data)


def base(data: bytes) -> str:
    return base64.b64encode(data).decode()


PIXELS = {"bind": "image-pixels", "input": "x"}
RGB = {"pixels": base(bytes(range(12))), "width": 2, "height": 2, "channels": "RGB"}


@pytest.mark.parametrize(
    ("axes", "shape", "order"),
    [
        (["y", "x", "channel"], (2, 2, 3), (0, 1, 2)),
        (["batch", "channel", "y", "x"], (1, 3, 2, 2), (2, 0, 1)),
        (["x", "y", "channel"], (2, 2, 3), (1, 0, 2)),
        (["channel", "x", "y"], (3, 2, 2), (2, 1, 0)),
    ],
)
def test_pixels_lie_by_the_axes_of_the_tensor(
    axes: list[str], shape: tuple[int, ...], order: tuple[int, ...]
) -> None:
    specs = [spec("x", "UINT8", *shape, axes=axes)]
    found = asked(task("ocr", PIXELS), specs, image=RGB)
    expected = np.arange(12, dtype=np.uint8).reshape(2, 2, 3).transpose(order).tobytes()
    assert found == {"x": Tensor("x", "UINT8", shape, expected)}


def test_an_image_in_another_form_is_unsupported_and_one_of_another_size_out_of_range() -> None:
    specs = [spec("x", "UINT8", 2, 2, 3, axes=["y", "x", "channel"])]
    entry = task("ocr", PIXELS)
    assert code(entry, specs, image={"png": base(b"png")}) == "unsupported"
    assert code(entry, specs, image={**RGB, "pixels": base(bytes(6)), "height": 1}) == "out-of-range"
    assert code(entry, specs, image={**RGB, "pixels": base(bytes(11))}) == "invalid-request"
    assert (
        code(task("ocr", {"bind": "image-png", "input": "x"}), [spec("x", "BYTES", 1)], image=RGB)
        == "unsupported"
    )
    grey = [spec("x", "UINT8", 2, 2, axes=["y", "x"])]
    assert code(entry, grey, image=RGB) == "unsupported"
    named = {"kind": "image", "channelOrder": "BGR", "colourSpace": "sRGB", "range": [0, 11]}
    assert code(entry, [{**specs[0], "content": named}], image=RGB) == "unsupported"
    assert code(entry, [{**specs[0], "content": named}], image={**RGB, "channels": "BGR"}) is None
    narrow = {**named, "range": [0, 10]}
    assert code(entry, [{**specs[0], "content": narrow}], image={**RGB, "channels": "BGR"}) == "out-of-range"


def test_a_file_is_one_element_in_a_tensor_of_any_rank() -> None:
    found = asked(
        task("ocr", {"bind": "image-png", "input": "x"}),
        [spec("x", "BYTES", 1, "N")],
        image={"png": base(b"\x89P")},
    )
    assert found == {"x": Tensor("x", "BYTES", (1, 1), b"\2\0\0\0\x89P")}


QUERY = {"bind": "text", "input": "q", "member": "query"}
DOCUMENTS = {"bind": "texts", "input": "d", "member": "documents"}


def test_a_text_fills_the_sizes_that_others_give() -> None:
    specs = [spec("q", "BYTES", "N", 2, "M"), spec("d", "BYTES", "N")]
    documents = [{"id": "a", "text": "A"}, {"id": "b", "text": ""}, {"id": "c", "text": "é"}]
    found = asked(task("ranking", QUERY, DOCUMENTS), specs, query="x", documents=documents)
    assert found == {
        "q": Tensor("q", "BYTES", (3, 2, 1), strings("x") * 6),
        "d": Tensor("d", "BYTES", (3,), strings("A", "", "é")),
    }


def test_an_absent_member_leaves_an_optional_input_out() -> None:
    documents = [{"id": "a", "text": "A"}]
    entry = task("ranking", QUERY, DOCUMENTS)
    needed = [spec("q", "BYTES", "N"), spec("d", "BYTES", "N")]
    assert code(entry, needed, documents=documents) == "unsupported"
    optional = [{**needed[0], "optional": True, "default": "x"}, needed[1]]
    found = asked(entry, optional, documents=documents)
    assert isinstance(found, dict)
    assert list(found) == ["d"]


def test_nothing_of_a_request_is_ignored() -> None:
    specs = [spec("d", "BYTES", "N")]
    entry = task("ranking", DOCUMENTS)
    document = {"id": "a", "text": "A"}
    assert code(entry, specs, documents=[document]) is None
    assert code(entry, specs, documents=[document], topK=3) is None
    assert code(entry, specs, documents=[document], query="x") == "unsupported"
    assert code(entry, specs, documents=[{**document, "features": {}}]) == "unsupported"
    assert code(entry, specs, documents=[{"id": "a"}]) == "unsupported"
    assert code(entry, specs, documents=[document, document]) == "invalid-request"


def test_messages_are_two_tensors_of_texts() -> None:
    entry = task("text-generation", {"bind": "messages", "roles": "r", "contents": "c"})
    specs = [spec("r", "BYTES", "N"), spec("c", "BYTES", "N")]
    said = [{"role": "system", "content": "好"}, {"role": "user", "content": ""}]
    assert asked(entry, specs, messages=said) == {
        "r": Tensor("r", "BYTES", (2,), strings("system", "user")),
        "c": Tensor("c", "BYTES", (2,), strings("好", "")),
    }
    assert code(entry, specs, prompt="x") == "unsupported"
    assert code(entry, specs, messages=said * 5) == "out-of-range"


NUMBER = {"bind": "number", "input": "n", "member": "seed"}
PROMPT = {"bind": "text", "input": "p", "member": "prompt"}


@pytest.mark.parametrize(
    ("datatype", "value", "expected"),
    [
        ("INT64", 2**53 - 1, (2**53 - 1).to_bytes(8, "little")),
        ("UINT8", 255, b"\xff"),
        ("FP32", 16777217, struct.pack("<f", 16777216)),
        ("FP16", 2049, struct.pack("<e", 2048)),
        ("FP16", 2051, struct.pack("<e", 2052)),
        ("FP64", 3, struct.pack("<d", 3)),
        # a BF16 has 8 bits: 257 lies between 256 and 258, 259 between 258 and 260
        ("BF16", 257, b"\x80\x43"),
        ("BF16", 259, b"\x82\x43"),
    ],
)
def test_a_number_fills_a_tensor_with_its_element(datatype: str, value: int, expected: bytes) -> None:
    specs = [spec("n", datatype, 2, "M"), spec("p", "BYTES", 1)]
    found = asked(task("text-generation", NUMBER, PROMPT), specs, seed=value, prompt="")
    assert isinstance(found, dict)
    assert found["n"] == Tensor("n", datatype, (2, 1), expected * 2)


@pytest.mark.parametrize(
    ("datatype", "value"),
    [("UINT8", 256), ("INT64", 2**53), ("FP16", 65520), ("INT32", 2**31), ("INT8", 128)],
)
def test_a_number_beyond_the_datatype_is_out_of_range(datatype: str, value: int) -> None:
    specs = [spec("n", datatype), spec("p", "BYTES", 1)]
    request = {"seed": value, "prompt": ""}
    expected = "invalid-request" if value > 2**53 - 1 else "out-of-range"
    assert code(task("text-generation", NUMBER, PROMPT), specs, **request) == expected


@pytest.mark.parametrize(
    ("value", "datatype", "expected"),
    [
        (-0.0, "FP32", bytes(4)),
        (1.5, "INT32", "out-of-range"),
        (-1, "UINT8", "out-of-range"),
        (2.0**53, "FP32", struct.pack("<f", 2.0**53)),
        (2.0**53, "INT64", "out-of-range"),
        (65519.99, "FP16", struct.pack("<e", 65504)),
        (1e39, "FP32", "out-of-range"),
        (1e39, "BF16", "out-of-range"),
        (3.3961775292304e38, "BF16", b"\x7f\x7f"),
        (1e-40, "BF16", b"\x01\x00"),
        (True, "BOOL", b"\1"),
        (True, "FP32", struct.pack("<f", 1)),
        (False, "INT16", bytes(2)),
        (1, "BOOL", "unsupported"),
        (1, "BYTES", "unsupported"),
        (True, "BYTES", "unsupported"),
        ("1", "FP32", "unsupported"),
        ("é", "BYTES", b"\2\0\0\0\xc3\xa9"),
    ],
)
def test_a_value_becomes_an_element_or_an_error(value: Any, datatype: str, expected: bytes | str) -> None:
    found = element(value, datatype)
    assert (found.code if isinstance(found, Failure) else found) == expected


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-3.38e38, max_value=3.38e38))
def test_bfloat16_is_the_nearest_of_its_neighbours(value: float) -> None:
    found = element(value, "BF16")
    assert isinstance(found, bytes)
    (made,) = numbers(Tensor("x", "BF16", (1,), found))
    bits = int.from_bytes(found, "little")
    around = []
    for one in (bits - 1, bits + 1):
        if one & 0x7FFF < 0x7F80 and one >= 0:
            around.append(numbers(Tensor("x", "BF16", (1,), one.to_bytes(2, "little")))[0])
    assert all(abs(made - value) <= abs(one - value) for one in around)


COLUMNS = {
    "bind": "columns",
    "input": "x",
    "columns": [{"name": "a"}, {"name": "b", "categories": ["no", "yes"], "missing": "nan"}],
}


def test_columns_are_rows_of_elements() -> None:
    entry, specs = task("tabular-regression", COLUMNS), [spec("x", "FP32", "N", 2)]
    rows = [{"a": 1, "b": "yes"}, {"b": None, "a": 0.5}, {"a": True, "b": 7}]
    found = asked(entry, specs, rows=rows)
    assert isinstance(found, dict)
    assert found["x"].shape == (3, 2)
    values = numbers(found["x"])
    assert values[:3] == [1, 1, 0.5]
    assert math.isnan(values[3])
    assert values[4:] == [1, 7]
    assert code(entry, specs, rows=[{"b": 1}]) == "unsupported"
    assert code(entry, specs, rows=[{"a": 1, "b": "maybe"}]) == "unsupported"
    assert code(entry, specs, rows=[{"a": 1, "c": 1}]) == "unsupported"
    assert code(entry, specs, rows=[{"a": 1e39}, {"a": "x"}]) == "unsupported"
    assert code(entry, specs, rows=[{"a": 1e39}]) == "out-of-range"
    assert code(entry, specs, rows=rows * 3) == "out-of-range"


def test_each_column_may_have_a_tensor_of_its_own() -> None:
    first = {"bind": "columns", "input": "x", "columns": [{"name": "a", "missing": -1}]}
    second = {"bind": "columns", "input": "y", "columns": [{"name": "b", "categories": ["u", "v"]}]}
    entry = task("tabular-classification", first, second)
    specs = [spec("x", "INT64", "N"), spec("y", "BYTES", "N", 1)]
    found = asked(entry, specs, rows=[{"b": "v"}, {"a": 3, "b": "u"}])
    assert found == {
        "x": Tensor("x", "INT64", (2,), struct.pack("<2q", -1, 3)),
        "y": Tensor("y", "BYTES", (2, 1), strings("v", "u")),
    }
    assert code(entry, specs, rows=[{"b": "w"}]) == "unsupported"


AUDIO = {"bind": "audio", "input": "x", "sampleRate": 8000}


def test_samples_are_whole_numbers_or_parts_of_the_full_scale() -> None:
    pcm = struct.pack("<3h", -32768, 1, 32767)
    audio = {"pcm": base(pcm), "sampleRate": 8000}
    entry = task("speech-detection", AUDIO)
    assert asked(entry, [spec("x", "INT16", "N")], audio=audio) == {"x": Tensor("x", "INT16", (3,), pcm)}
    found = asked(entry, [spec("x", "FP32", 1, "N")], audio=audio)
    assert isinstance(found, dict)
    assert found["x"].shape == (1, 3)
    assert numbers(found["x"]) == [-1, 1 / 32768, 32767 / 32768]
    assert code(entry, [spec("x", "INT16", "N")], audio={**audio, "sampleRate": 8001}) == "unsupported"
    assert code(entry, [spec("x", "INT16", "N")], audio={**audio, "pcm": base(b"abc")}) == "invalid-request"
    assert code(entry, [spec("x", "INT16", "E")], audio=audio) == "out-of-range"


SERIES = {"bind": "series", "input": "x", "missing": "nan"}


@pytest.mark.parametrize(
    ("shape", "expected"), [(("N",), (2,)), ((1, "N"), (1, 2)), ((1, "N", 1), (1, 2, 1))]
)
def test_a_series_lies_along_time(shape: tuple[int | str, ...], expected: tuple[int, ...]) -> None:
    series = {"start": "2026-01-01T00:00:00Z", "step": "P1D", "values": [0.25, None]}
    found = asked(task("forecasting", SERIES), [spec("x", "FP64", *shape)], series=series, horizon=1)
    assert isinstance(found, dict)
    assert found["x"].shape == expected
    assert numbers(found["x"])[0] == 0.25
    assert math.isnan(numbers(found["x"])[1])
    without = task("forecasting", {"bind": "series", "input": "x"})
    assert code(without, [spec("x", "FP64", *shape)], series=series, horizon=1) == "unsupported"


def test_sizes_of_one_symbol_are_equal() -> None:
    first = {"bind": "columns", "input": "f", "columns": [{"name": "v"}]}
    specs = [spec("f", "FP32", "N"), spec("d", "BYTES", "N"), spec("q", "BYTES", "E")]
    document = {"id": "a", "text": "A", "features": {"v": 1}}
    entry = task("ranking", first, DOCUMENTS, QUERY)
    # nothing gives E a size, and 1 is none that it admits
    assert code(entry, specs, documents=[document], query="x") == "out-of-range"
    assert code(entry, [*specs[:2], spec("q", "BYTES", "N")], documents=[document], query="x") is None


def test_the_errors_of_a_request_come_in_their_order() -> None:
    entry, specs = task("tabular-regression", COLUMNS), [spec("x", "FP32", "N", 2)]
    assert code(entry, specs, rows=[{"a": 1e39, "c": 1}]) == "unsupported"
    assert code(entry, specs, rows=[{"a": 1e39, "c": 1}], note=1) == "invalid-request"
    several = task("text-generation", NUMBER, PROMPT)
    small = [spec("n", "UINT8"), spec("p", "BYTES", 1)]
    assert code(several, small, seed=256, prompt="") == "out-of-range"
    assert code(several, small, seed=256, prompt="", temperature=1) == "unsupported"


def test_a_tensor_that_no_memory_holds_is_not_made() -> None:
    specs = [spec("p", "BYTES", 2**40)]
    with pytest.raises(TooMuchWorkError, match="more than 100000 elements"):
        asked(task("text-generation", PROMPT), specs, prompt="x")


def test_a_long_text_is_not_repeated_to_be_compared() -> None:
    request = {"task": "text-generation", "version": 1, "prompt": "x" * 2**20}
    found = inputs_of(
        task("text-generation", PROMPT), request, [spec("p", "BYTES", 2**20)], SYMBOLS, Work(2**21)
    )
    assert not isinstance(found, Failure)
    vector = Tensor("p", "BYTES", (2**20,), bytes(4 * 2**20))
    # Made, it would have a million times a million bytes.
    assert not found[0].gives(vector)


@pytest.mark.parametrize(
    ("entry", "specs", "members"),
    [
        (
            task("ocr", PIXELS),
            [spec("x", "UINT8", 1, 3, 2, 2, axes=["batch", "channel", "y", "x"])],
            {"image": RGB},
        ),
        (
            task("ocr", {"bind": "image-png", "input": "x"}),
            [spec("x", "BYTES", 1)],
            {"image": {"png": base(b"p")}},
        ),
        (
            task("tabular-regression", COLUMNS),
            [spec("x", "FP32", "N", 2)],
            {"rows": [{"a": 1, "b": "no"}, {"a": 2, "b": None}]},
        ),
        (
            task("ranking", QUERY, DOCUMENTS),
            [spec("q", "BYTES", "N"), spec("d", "BYTES", "N")],
            {"query": "x", "documents": [{"id": "document-1", "text": "A"}]},
        ),
        (
            task("speech-detection", AUDIO),
            [spec("x", "FP32", 1, "N")],
            {"audio": {"pcm": base(b"\1\2"), "sampleRate": 8000}},
        ),
        (
            task("text-generation", {"bind": "messages", "roles": "r", "contents": "c"}),
            [spec("r", "BYTES", "N"), spec("c", "BYTES", "N")],
            {"messages": [{"role": "user", "content": "好"}]},
        ),
        (
            task("forecasting", SERIES, {"bind": "number", "input": "h", "member": "horizon"}),
            [spec("x", "FP32", "N"), spec("h", "INT64")],
            {"series": {"start": "2000-01-01T00:00:00Z", "step": "P1D", "values": [1, None]}, "horizon": 2},
        ),
    ],
)
def test_the_inputs_of_a_request_lead_back_to_it(
    entry: dict[str, Any], specs: list[dict[str, Any]], members: dict[str, Any]
) -> None:
    found = asked(entry, specs, **members)
    assert isinstance(found, dict)
    assert request_of(entry, found, {one["name"]: one for one in specs}) == {
        "task": entry["task"],
        "version": 1,
        **members,
    }
