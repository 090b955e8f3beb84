"""One request in, one answer out, without a socket."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton.serve import Repository, ServedModel
from lepton.serve.inference import LENGTH_HEADER, infer, parse_header_length
from lepton.serve.reply import Reply, RequestError

X = {"name": "x", "shape": [1, 2], "datatype": "INT32", "data": [1, 2]}


def ask(model: ServedModel, request: Any, octets: bytes | None = None) -> Reply:
    text = request if isinstance(request, bytes) else json.dumps(request).encode()
    return infer(model, text + (octets or b""), None if octets is None else len(text))


def refused(model: ServedModel, request: Any, octets: bytes | None = None) -> str:
    with pytest.raises(RequestError) as caught:
        ask(model, request, octets)
    reply = caught.value.reply()
    assert reply.status == 400
    error = json.loads(reply.body)
    assert error["code"] == "INVALID_ARGUMENT"
    return str(error["error"])


@pytest.fixture(scope="session")
def split(repository: Repository) -> ServedModel:
    return repository.find("split", None)


@pytest.fixture(scope="session")
def mix(repository: Repository) -> ServedModel:
    return repository.find("mix", None)


@pytest.fixture(scope="session")
def sub(repository: Repository) -> ServedModel:
    return repository.find("sub", None)


def test_answers_all_outputs_in_the_order_of_the_metadata(split: ServedModel) -> None:
    for request in ({"inputs": [X]}, {"inputs": [X], "outputs": []}):
        reply = ask(split, request)
        assert reply.status == 200
        assert dict(reply.headers)["content-type"] == "application/json"
        assert json.loads(reply.body) == {
            "model_name": "split",
            "model_version": "1.0.0",
            "outputs": [
                {"name": "plus", "datatype": "INT32", "shape": [1, 2], "data": [2, 3]},
                {"name": "minus", "datatype": "INT32", "shape": [1, 2], "data": [0, 1]},
                {"name": "negative", "datatype": "INT32", "shape": [1, 2], "data": [-1, -2]},
            ],
        }


def test_answers_requested_outputs_in_the_requested_order(split: ServedModel) -> None:
    reply = ask(split, {"inputs": [X], "outputs": [{"name": "negative"}, {"name": "plus"}]})
    assert [output["name"] for output in json.loads(reply.body)["outputs"]] == ["negative", "plus"]


@given(identifier=st.text(st.characters(exclude_categories=["Cs"]), max_size=2000), escaped=st.booleans())
def test_returns_the_id_code_point_for_code_point(split: ServedModel, identifier: str, escaped: bool) -> None:
    text = json.dumps({"inputs": [X], "id": identifier}, ensure_ascii=escaped).encode()
    assert json.loads(ask(split, text).body)["id"] == identifier


def test_ignores_unknown_members_and_parameters(split: ServedModel) -> None:
    request = {
        "model_name": "other",
        "parameters": {"a": 1, "b": "c", "d": True, "e": 1.5},
        "inputs": [{**X, "parameters": {"content_type": "np"}, "extra": [{}]}],
        "outputs": [{"name": "plus", "parameters": {"classification": 3}, "more": None}],
    }
    assert json.loads(ask(split, request).body)["outputs"][0]["data"] == [2, 3]


REFUSED: dict[str, Any] = {
    "empty": b"",
    "no JSON": b"{",
    "an array": b"[]",
    "a number": b"1",
    "null": b"null",
    "byte order mark": b"\xef\xbb\xbf" + json.dumps({"inputs": [X]}).encode(),
    "UTF-16": json.dumps({"inputs": [X]}).encode("utf-16-le"),
    "trailing bytes": json.dumps({"inputs": [X]}).encode() + b" x",
    "two documents": json.dumps({"inputs": [X]}).encode() * 2,
    "invalid UTF-8 in an ignored member": json.dumps({"inputs": [X]}).encode()[:-1] + b',"z":"\xff"}',
    "bare NaN in an ignored member": json.dumps({"inputs": [X]}).encode()[:-1] + b',"z":NaN}',
    "no inputs": {},
    "inputs null": {"inputs": None},
    "inputs an object": {"inputs": {}},
    "inputs empty": {"inputs": []},
    "input null": {"inputs": [None]},
    "no name": {"inputs": [{"shape": [1, 2], "datatype": "INT32", "data": [1, 2]}]},
    "no shape": {"inputs": [{"name": "x", "datatype": "INT32", "data": [1, 2]}]},
    "no datatype": {"inputs": [{"name": "x", "shape": [1, 2], "data": [1, 2]}]},
    "no data": {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "INT32"}]},
    "name a number": {"inputs": [{**X, "name": 1}]},
    "shape a string": {"inputs": [{**X, "shape": "1,2"}]},
    "shape null": {"inputs": [{**X, "shape": None}]},
    "shape of strings": {"inputs": [{**X, "shape": ["1", "2"]}]},
    "shape negative": {"inputs": [{**X, "shape": [-1, -2]}]},
    "shape fractional": {"inputs": [{**X, "shape": [1.5, 2]}]},
    "shape of booleans": {"inputs": [{**X, "shape": [True, 2]}]},
    "shape beyond 2^63": {"inputs": [{**X, "shape": [2**63, 2]}]},
    "shape that overflows": {"inputs": [{**X, "shape": [2**33, 2**31]}]},
    "shape of a thousand dimensions": {"inputs": [{**X, "shape": [1] * 1000}]},
    "shape too long to read": {"inputs": [{**X, "shape": [1] * 100_000}]},
    "other rank": {"inputs": [{**X, "shape": [2]}]},
    "datatype of another model": {"inputs": [{**X, "datatype": "INT64"}]},
    "datatype unknown": {"inputs": [{**X, "datatype": "int32"}]},
    "data null": {"inputs": [{**X, "data": None}]},
    "data too short": {"inputs": [{**X, "data": [1]}]},
    "data too long": {"inputs": [{**X, "data": [1, 2, 3]}]},
    "data transposed": {"inputs": [{**X, "data": [[1], [2]]}]},
    "unknown input": {"inputs": [{**X, "name": "z"}]},
    "input and an unknown one": {"inputs": [X, {**X, "name": "z"}]},
    "input twice": {"inputs": [X, X]},
    "very many inputs": {"inputs": [X] * 1000},
    "id a number": {"inputs": [X], "id": 1},
    "id null": {"inputs": [X], "id": None},
    "parameters an array": {"inputs": [X], "parameters": []},
    "parameters null": {"inputs": [X], "parameters": None},
    "parameter null": {"inputs": [X], "parameters": {"a": None}},
    "parameter an object": {"inputs": [X], "parameters": {"a": {}}},
    "input parameter an array": {"inputs": [{**X, "parameters": {"a": [1]}}]},
    "output parameter an array": {"inputs": [X], "outputs": [{"name": "plus", "parameters": {"a": [1]}}]},
    "outputs null": {"inputs": [X], "outputs": None},
    "unknown output": {"inputs": [X], "outputs": [{"name": "z"}]},
    "output twice": {"inputs": [X], "outputs": [{"name": "plus"}, {"name": "plus"}]},
    "output without a name": {"inputs": [X], "outputs": [{}]},
    "more outputs than there are": {"inputs": [X], "outputs": [{"name": "plus"}] * 4},
    "binary_data a string": {
        "inputs": [X],
        "outputs": [{"name": "plus", "parameters": {"binary_data": "true"}}],
    },
    "binary_data_output a number": {"inputs": [X], "parameters": {"binary_data_output": 1}},
    "both sources of data": {"inputs": [{**X, "parameters": {"binary_data_size": 8}}]},
    "nested deeply in data": b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"INT32","data":'
    + b"[" * 100_000
    + b"]" * 100_000
    + b"}]}",
    "nested deeply in an ignored member": b'{"z":' + b'{"a":' * 100_000,
    "a number of a million digits": json.dumps({"inputs": [X]})
    .encode()
    .replace(b"[1, 2]}", b"1" * 1_000_000),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_with_one_clear_line(split: ServedModel, what: str) -> None:
    message = refused(split, REFUSED[what])
    assert message
    assert "\n" not in message
    assert len(message) < 400
    assert "Traceback" not in message


@given(st.binary(max_size=200))
def test_survives_any_body(split: ServedModel, body: bytes) -> None:
    for length in (None, len(body) // 2):
        with pytest.raises(RequestError):
            infer(split, body, length)


@given(data=st.data())
def test_survives_damaged_requests(mix: ServedModel, data: st.DataObject) -> None:
    text = (
        b'{"inputs":[{"name":"f","shape":[2],"datatype":"FP32","data":[1e2,"NaN"]},{"name":"s","shape":[2],'
    )
    text += b'"datatype":"BYTES","data":["a","\\u00e9"]}],"outputs":[{"name":"f","parameters":{"a":true}}]}'
    at = data.draw(st.integers(0, len(text) - 1))
    damage = data.draw(st.binary(max_size=3))
    damaged = text[:at] + damage + text[at + data.draw(st.integers(0, 4)) :]
    try:
        reply = infer(mix, damaged, None)
    except RequestError as refusal:
        reply = refusal.reply()
    assert reply.status in (200, 400)
    json.loads(reply.body)


def test_matches_inputs_by_name_and_binds_equal_symbols(sub: ServedModel) -> None:
    a = {"name": "a", "shape": [1, 2], "datatype": "FP32", "data": [5, 7]}
    b = {"name": "b", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}
    for inputs in ([a, b], [b, a]):
        assert json.loads(ask(sub, {"inputs": inputs}).body)["outputs"][0]["data"] == [4, 5]
    wide = {"name": "b", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}
    assert "size" in refused(sub, {"inputs": [a, wide]})
    assert "'b'" in refused(sub, {"inputs": [a]})


F = {"name": "f", "shape": [2], "datatype": "FP32"}
S = {"name": "s", "shape": [2], "datatype": "BYTES"}
FLOATS = struct.pack("<2I", 0x7FC00001, 0x80000000)
STRINGS = b"\x01\0\0\0\xff\0\0\0\0"


def test_mixes_json_and_binary_in_one_request_and_one_answer(mix: ServedModel) -> None:
    request = {
        "inputs": [
            {**S, "parameters": {"binary_data_size": len(STRINGS)}},
            {**F, "data": ["NaN", -0.0]},
        ],
        "outputs": [{"name": "s", "parameters": {"binary_data": True}}, {"name": "f"}],
    }
    reply = ask(mix, request, STRINGS)
    length = int(dict(reply.headers)[LENGTH_HEADER])
    assert dict(reply.headers)["content-type"] == "application/octet-stream"
    first, second = json.loads(reply.body[:length])["outputs"]
    assert first == {"name": "s", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 9}}
    assert second["data"] == ["NaN", -0.0]
    assert reply.body[length:] == STRINGS


@pytest.mark.parametrize("default", [True, False])
def test_an_outputs_own_parameter_overrides_that_of_the_request(mix: ServedModel, default: bool) -> None:
    request = {
        "inputs": [{**F, "data": [1, 2]}, {**S, "data": ["a", "b"]}],
        "parameters": {"binary_data_output": default},
        "outputs": [{"name": "f", "parameters": {"binary_data": not default}}, {"name": "s"}],
    }
    reply = ask(mix, request)
    length = int(dict(reply.headers)[LENGTH_HEADER])
    f, s = json.loads(reply.body[:length])["outputs"]
    assert ("data" in f, "data" in s) == (default, not default)
    assert reply.body[length:] == (b"\x01\0\0\0a\x01\0\0\0b" if default else struct.pack("<2f", 1, 2))


def test_answers_json_to_binary_inputs_unless_asked(mix: ServedModel) -> None:
    strings = b"\x02\0\0\0\xc3\xa9\0\0\0\0"
    request = {
        "inputs": [
            {**F, "parameters": {"binary_data_size": 8}},
            {**S, "parameters": {"binary_data_size": len(strings)}},
        ]
    }
    reply = ask(mix, request, FLOATS + strings)
    f, s = json.loads(reply.body)["outputs"]
    assert (f["data"], s["data"]) == (["NaN", -0.0], ["é", ""])


def test_carries_tensors_without_elements_in_binary(mix: ServedModel) -> None:
    request = {
        "inputs": [
            {**F, "shape": [0], "parameters": {"binary_data_size": 0}},
            {**S, "shape": [0], "parameters": {"binary_data_size": 0}},
        ],
        "parameters": {"binary_data_output": True},
    }
    reply = ask(mix, request, b"")
    length = int(dict(reply.headers)[LENGTH_HEADER])
    assert reply.body[length:] == b""
    for output in json.loads(reply.body[:length])["outputs"]:
        assert output["parameters"] == {"binary_data_size": 0}
    refused(mix, request, None)


@pytest.mark.parametrize("size", [-1, 8.0, "8", True, 7, 9, 2**63, 2**70])
def test_refuses_a_size_that_cannot_be(mix: ServedModel, size: object) -> None:
    request = {"inputs": [{**F, "parameters": {"binary_data_size": size}}, {**S, "data": ["a", "b"]}]}
    refused(mix, request, FLOATS)


@pytest.mark.parametrize("octets", [b"", FLOATS[:7], FLOATS + b"\0", FLOATS * 2, None])
def test_refuses_bytes_that_do_not_fit_the_sizes(mix: ServedModel, octets: bytes | None) -> None:
    request = {"inputs": [{**F, "parameters": {"binary_data_size": 8}}, {**S, "data": ["a", "b"]}]}
    refused(mix, request, octets)


@pytest.mark.parametrize("value", ["-1", "+1", "1.0", " 1", "1 ", "0x1", "", "11", "٣", "9" * 30, "0", "1e0"])
def test_refuses_an_impossible_length_of_the_json(value: str) -> None:
    with pytest.raises(RequestError):
        parse_header_length(value, 10)


def test_accepts_a_length_of_the_whole_body() -> None:
    assert parse_header_length("10", 10) == 10
    assert parse_header_length(None, 10) is None


def test_output_bytes_that_are_not_utf8_need_the_binary_way(repository: Repository) -> None:
    octets = repository.find("octets", None)
    one = {"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}
    assert "'y'" in refused(octets, {"inputs": [one]})
    reply = ask(octets, {"inputs": [one], "parameters": {"binary_data_output": True}})
    assert reply.body.endswith(b"\x02\0\0\0ok\x01\0\0\0\xff")


def test_a_failing_engine_is_the_servers_fault_and_its_paths_stay_here(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}
    with pytest.raises(RequestError) as caught:
        ask(repository.find("fail", None), {"inputs": [one]})
    reply = caught.value.reply()
    assert reply.status == 500
    assert b"/srv" not in reply.body
    assert "/srv/models/secret.onnx" in capsys.readouterr().err
