"""The text format of Protocol Buffers: what is written is read, by us and by Google's own reader."""

import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from tritonclient.grpc import model_config_pb2

from lepton.convert.pbtxt import MAX_BYTES, MAX_DEPTH, read_fields, written
from lepton.errors import RecipeError


@given(st.binary(max_size=40))
@settings(max_examples=200, deadline=None)
def test_strings_are_read_as_they_were_written(text: bytes) -> None:
    assert read_fields(written([("name", text)]).encode(), "t") == [("name", text)]


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_googles_reader_reads_what_is_written(text: str) -> None:
    config = text_format.Parse(written([("name", text.encode())]), model_config_pb2.ModelConfig())
    assert config.name == text


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_what_googles_writer_writes_is_read(text: str) -> None:
    config = model_config_pb2.ModelConfig(name=text, max_batch_size=8)
    config.input.add(name=text, data_type=model_config_pb2.TYPE_FP32, dims=[-1, 3])
    fields = dict(read_fields(text_format.MessageToString(config).encode(), "t"))
    assert fields.get("name", b"") == text.encode()
    assert fields["max_batch_size"] == "8"
    inner = fields["input"]
    assert isinstance(inner, list)
    assert [value for key, value in inner if key == "dims"] == ["-1", "3"]


@given(st.text(alphabet=":{}[]<>,;#\"'\\ \nabc01-.", max_size=60))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        read_fields(text.encode(), "t")
    except RecipeError as error:
        message = str(error)
    else:
        return
    assert "t, byte " in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a: 1 b: -2.5e3, c: true;", [("a", "1"), ("b", "-2.5e3"), ("c", "true")]),
        ("a: [1, 2]", [("a", "1"), ("a", "2")]),
        ("a: []", []),
        ("a { b: 1 } # words\nc < d: 2 >", [("a", [("b", "1")]), ("c", [("d", "2")])]),
        ("a: {b: 1}", [("a", [("b", "1")])]),
        ("a [{b: 1}, {b: 2}]", [("a", [("b", "1")]), ("a", [("b", "2")])]),
        ("a: [{b: 1}, {b: 2}]", [("a", [("b", "1")]), ("a", [("b", "2")])]),
        ("a: 'x' \"y\"", [("a", b"xy")]),
        (r"a: '\n\x41\101\u00e9\''", [("a", "\nAA\u00e9'".encode())]),
    ],
)
def test_reads_every_form_of_a_field(text: str, fields: object) -> None:
    assert read_fields(text.encode(), "t") == fields


@pytest.mark.parametrize(
    "text",
    ["a", "a:", "a: {", "a: 1 }", "a: [1", "a: [1 2]", "1: 2", "a: 'x", r"a: '\q'", r"a: '\777'", "a: \x01"],
)
def test_refuses_what_is_no_text_format(text: str) -> None:
    with pytest.raises(RecipeError, match="expected"):
        read_fields(text.encode(), "t")


def test_refuses_deep_and_long_texts() -> None:
    with pytest.raises(RecipeError, match="deeper"):
        read_fields(b"a {" * (MAX_DEPTH + 1) + b"}" * (MAX_DEPTH + 1), "t")
    with pytest.raises(RecipeError, match="expected at most"):
        read_fields(b" " * (MAX_BYTES + 1), "t")
