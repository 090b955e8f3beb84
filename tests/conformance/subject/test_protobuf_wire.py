"""Protocol Buffers as the suite writes and reads them, against the library that defines them."""

import math
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import lepton_spec
from lepton_conformance.models.catalog import MODELS
from lepton_conformance.strategies import grpc_broken
from lepton_conformance.strategies.grpc_requests import (
    STYLES,
    raw_request,
    request,
    typed_request,
    typed_tensors,
)
from lepton_conformance.strategies.tensors import cases, given
from lepton_conformance.subject.grpc_messages import read_model_metadata, read_response
from lepton_conformance.subject.protobuf import NotAMessage, Style, read, signed, varint


@pytest.fixture(scope="module")
def classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(lepton_spec.path("inference.binpb").read_bytes())
    for file in files.file:
        pool.Add(file)
    names = ("ModelInferRequest", "ModelInferResponse", "ModelMetadataResponse")
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"inference.{name}"))
        for name in names
    }


@pytest.mark.parametrize("style", [*STYLES, *(Style(n % 4, n, n % 2 > 0, n % 3 > 0) for n in range(2, 20))])
def test_every_style_means_the_same_to_the_library(classes: dict[str, Any], style: Style) -> None:
    for entry in MODELS:
        for make in (typed_request, raw_request) if typed_tensors(entry) else (raw_request,):
            asked = make(given(entry.name), outputs=("y",), version="1")
            plain = classes["ModelInferRequest"].FromString(asked.encode())
            assert classes["ModelInferRequest"].FromString(asked.encode(style)) == plain
            assert plain.model_name == entry.name
            assert [one.name for one in plain.inputs] == [tensor.name for tensor in entry.inputs]


def test_typed_elements_are_those_that_the_library_reads(classes: dict[str, Any]) -> None:
    for entry in MODELS:
        if not typed_tensors(entry):
            continue
        for case in cases(entry.name).boundary:
            read_back = classes["ModelInferRequest"].FromString(typed_request(case).encode())
            for given_input, tensor in zip(read_back.inputs, entry.inputs, strict=True):
                (field,) = [found for _, found in given_input.contents.ListFields()]
                array = case.inputs[tensor.name]
                assert list(field) == array.reshape(-1).tolist()


def test_answers_of_the_library_are_read(classes: dict[str, Any]) -> None:
    answer = classes["ModelInferResponse"](model_name="m", model_version="2", id="é")
    output = answer.outputs.add(name="y", datatype="INT8", shape=[2, -1])
    output.contents.int_contents.extend([-1, 300, -(2**31)])
    output.contents.fp32_contents.extend([math.inf, -0.0])
    answer.raw_output_contents.append(b"\0\xff")
    found = read_response(answer.SerializeToString())
    assert (found.model_name, found.model_version, found.identifier) == ("m", "2", "é")
    assert (found.outputs[0].name, found.outputs[0].shape) == ("y", (2, -1))
    contents = found.outputs[0].contents
    assert [signed(value, 32) for value in contents["int_contents"] if isinstance(value, int)] == [
        -1,
        300,
        -(2**31),
    ]
    floats = b"".join(value for value in contents["fp32_contents"] if isinstance(value, bytes))
    assert floats == np.array([np.inf, -0.0], dtype="<f4").tobytes()
    assert found.raw == (b"\0\xff",)
    metadata = classes["ModelMetadataResponse"](name="m", versions=["1", ""], platform="p")
    metadata.inputs.add(name="x", datatype="FP32", shape=[-1, 0, 4])
    said = read_model_metadata(metadata.SerializeToString())
    assert (said.versions, said.inputs[0].shape) == (("1", ""), (-1, 0, 4))


def test_what_is_called_no_message_is_none_to_the_library(classes: dict[str, Any]) -> None:
    for wrong in grpc_broken.broken(given("lepton_id_fp32")):
        assert not grpc_broken.may_be_request(wrong.message), wrong.what
        with pytest.raises(Exception, match=r".") as caught:
            classes["ModelInferRequest"].FromString(wrong.message)
        assert caught.type.__name__ == "DecodeError", wrong.what


def test_cut_and_changed_messages_are_judged_as_the_library_judges_them(classes: dict[str, Any]) -> None:
    valid = request(given("lepton_sub"), outputs=("y",)).encode()
    changed = [valid[:cut] for cut in range(len(valid))]
    changed += [
        valid[:at] + bytes([b]) + valid[at + 1 :] for at in range(len(valid)) for b in (0, 7, 0x2A, 0xFF)
    ]
    for message in changed:
        if not grpc_broken.may_be_request(message):
            with pytest.raises(Exception, match=r".") as caught:
                classes["ModelInferRequest"].FromString(message)
            assert caught.type.__name__ == "DecodeError", message


@pytest.mark.parametrize("value", [0, 1, 127, 128, 2**31, 2**63 - 1, -1, -(2**63)])
def test_integers_survive_a_varint(value: int) -> None:
    (field,) = read(b"\x08" + varint(value))
    assert isinstance(field.value, int)
    assert signed(field.value) == value


@pytest.mark.parametrize(
    "data", [b"\x08", b"\x0a\x05x", b"\x0b", b"\x0c", b"\x00", b"\x0f", b"\x08" + b"\x80" * 11]
)
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(NotAMessage):
        read(data)
