"""Targets: what a server is sent. JSON with binary tensors behind it, and gRPC messages.

Owns what is asked of an answer: computed as from the tensors that another reader of the same bytes finds, or
refused for a cause that blames the request. The model adds its inputs' bytes up, so that no engine's own
reading of values stands between.
"""

import functools
import json
import random
import struct
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import orjson

from fuzzing.changes import change_bytes, change_json, change_wire
from fuzzing.target import Target, expect
from lepton.runtime.protocol import Array
from lepton.serve.grpc_inference import infer as infer_grpc
from lepton.serve.grpc_inference import parse_request
from lepton.serve.grpc_messages import message
from lepton.serve.inference import LENGTH_HEADER, infer, parse_header_length
from lepton.serve.reply import Cause, RequestError
from lepton.serve.repository import ServedModel
from lepton.tensor import Symbol, TensorSpec

__all__ = ["TARGETS"]

_INPUTS = (
    TensorSpec("f", "FP32", ("N", 2)),
    TensorSpec("i", "INT64", ("N",), optional=True, default=0),
    TensorSpec("s", "BYTES", ("N",), optional=True, default=""),
    TensorSpec("b", "BOOL", (2,), optional=True, default=False),
)
_OUTPUTS = (
    TensorSpec("f", "FP32", ("N", 2)),
    TensorSpec("n", "INT64", (4,)),
    TensorSpec("s", "BYTES", ("N",)),
)


class _Echo:
    """Answers with what it was given, and says how much that was."""

    inputs = _INPUTS
    outputs = _OUTPUTS
    symbols: Mapping[str, Symbol] = {"N": Symbol(0, 64)}

    def infer(self, inputs: Mapping[str, Array], outputs: Sequence[str] | None = None) -> dict[str, Array]:
        rows = inputs["f"].shape[0]
        texts = inputs.get("s")
        if texts is None:
            texts = np.full(rows, b"", dtype=object)
        sizes = [inputs[spec.name].size if spec.name in inputs else -1 for spec in _INPUTS]
        found = {"f": inputs["f"], "n": np.array(sizes, "int64"), "s": texts}
        return {name: found[name] for name in outputs or found}


@functools.cache
def _model() -> ServedModel:
    return ServedModel("echo", "1", "onnx", _Echo(), {})


def _rest_seeds() -> Iterator[bytes]:
    tensor = {"name": "f", "datatype": "FP32", "shape": [1, 2], "data": [1.5, -0.0]}
    words = {"name": "s", "datatype": "BYTES", "shape": [1], "data": ["é"]}
    ints = {"name": "i", "datatype": "INT64", "shape": [1], "data": [2**53 + 1]}
    flags = {"name": "b", "datatype": "BOOL", "shape": [2], "data": [True, False]}
    for inputs in ([tensor], [tensor, words, ints, flags]):
        text = orjson.dumps({"id": "1", "inputs": inputs})
        yield struct.pack("<H", 0) + text
    outputs = [{"name": "s", "parameters": {"binary_data": True}}, {"name": "n"}]
    sized = [
        {"name": "f", "datatype": "FP32", "shape": [1, 2], "parameters": {"binary_data_size": 8}},
        {"name": "s", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 6}},
    ]
    text = orjson.dumps({"inputs": sized, "outputs": outputs})
    yield struct.pack("<H", len(text)) + text + struct.pack("<2f", 1, 2) + b"\2\0\0\0ab"
    nested = {**tensor, "data": [[float(2**127), 3e-45]]}
    yield struct.pack("<H", 0) + orjson.dumps(
        {"inputs": [nested], "parameters": {"binary_data_output": True}}
    )


def _change_rest(data: bytes, chance: random.Random) -> bytes:
    """Change the JSON, keeping the length before it right, or the bytes."""
    if len(data) < 2 or chance.random() < 0.2:
        return change_bytes(data, chance)
    (length,) = struct.unpack_from("<H", data)
    text, octets = (data[2 : 2 + length], data[2 + length :]) if length else (data[2:], b"")
    if octets and chance.random() < 0.3:
        octets = change_bytes(octets, chance)
    else:
        text = change_json(text, chance)
    return struct.pack("<H", len(text) % 65536 if length else 0) + text + octets


def _rest(data: bytes) -> None:
    if len(data) < 2:
        return
    (length,) = struct.unpack_from("<H", data)
    body = data[2:]
    try:
        header = parse_header_length(str(length) if length else None, len(body))
        reply = infer(_model(), body, header)
    except RequestError as refusal:
        expect(refusal.cause is not Cause.FAULT, f"the server blames itself: {refusal.message}")
        refusal.reply()
        return
    expect(reply.status == 200, "found another status than 200 without a refusal")
    again = infer(_model(), body, header)
    expect((again.body, again.headers) == (reply.body, reply.headers), "the second answer differs")
    asked = json.loads(body[:header] if header else body)
    size = dict(reply.headers).get(LENGTH_HEADER)
    answer = json.loads(reply.body[: int(size)] if size else reply.body)
    expect(answer.get("id") == asked.get("id"), "found another id in the answer")
    _same_floats(asked, answer)


def _same_floats(asked: dict[str, object], answer: dict[str, object]) -> None:
    """Compare the floats, where both sides wrote them as JSON, with what another reader reads of them."""
    inputs, outputs = asked["inputs"], answer["outputs"]
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        return
    given = next((one.get("data") for one in inputs if one["name"] == "f"), None)
    got = next((one.get("data") for one in outputs if one["name"] == "f"), None)
    if given is None or got is None:
        return
    with np.errstate(over="ignore", invalid="ignore"):
        wanted = np.array(_flat(given), "float64").astype("float32")
        expect(
            np.array_equal(np.array(_flat(got), "float64").astype("float32"), wanted, equal_nan=True),
            "other values",
        )


def _flat(value: object) -> list[object]:
    if isinstance(value, list):
        return [each for one in value for each in _flat(one)]
    return [float(value)] if isinstance(value, str) else [value]


def _grpc_seeds() -> Iterator[bytes]:
    request = message("ModelInferRequest")(model_name="echo", id="1")
    tensor = request.inputs.add(name="f", datatype="FP32", shape=[1, 2])
    tensor.contents.fp32_contents.extend([1.5, -0.0])
    words = request.inputs.add(name="s", datatype="BYTES", shape=[1])
    words.contents.bytes_contents.append(b"ab")
    flags = request.inputs.add(name="b", datatype="BOOL", shape=[2])
    flags.contents.bool_contents.extend([True, False])
    request.outputs.add(name="n")
    yield request.SerializeToString()
    raw = message("ModelInferRequest")(model_name="echo", model_version="1")
    raw.inputs.add(name="f", datatype="FP32", shape=[1, 2])
    raw.inputs.add(name="i", datatype="INT64", shape=[1])
    raw.raw_input_contents.extend([struct.pack("<2f", 1, 2), struct.pack("<q", -1)])
    raw.parameters["a"].int64_param = 1
    yield raw.SerializeToString()


def _grpc(data: bytes) -> None:
    try:
        request = parse_request(data)
        answer = infer_grpc(_model(), request)
    except RequestError as refusal:
        expect(refusal.cause is not Cause.FAULT, f"the server blames itself: {refusal.message}")
        return
    expect(infer_grpc(_model(), parse_request(data)) == answer, "the second answer differs")
    theirs = message("ModelInferRequest").FromString(data)
    response = message("ModelInferResponse").FromString(answer)
    expect(request.id == theirs.id == response.id, "another reader finds another id")
    expect(
        [one.name for one in request.inputs] == [one.name for one in theirs.inputs],
        "another reader, other inputs",
    )
    shapes = [list(one.shape) for one in theirs.inputs]
    expect([list(one.shape) for one in request.inputs] == shapes, "another reader finds other shapes")
    expect(
        [bytes(one) for one in request.raw] == list(theirs.raw_input_contents), "another reader, other bytes"
    )
    if not theirs.raw_input_contents:
        given = next(one for one in theirs.inputs if one.name == "f").contents.fp32_contents
        got = next((one for one in response.outputs if one.name == "f"), None)
        if got is not None:
            found = np.array(got.contents.fp32_contents, "float32")
            expect(
                np.array_equal(found, np.array(given, "float32"), equal_nan=True),
                "other values in the answer",
            )


TARGETS = (
    Target("rest", _rest_seeds, _rest, _change_rest, 4096, share=2),
    Target("grpc", _grpc_seeds, _grpc, change_wire, 4096, share=2),
)
