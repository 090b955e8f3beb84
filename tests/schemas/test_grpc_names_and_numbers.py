"""`inference.proto` keeps the published names, numbers and types (OIP, commit d49cc23).

The table is written by hand from the published file: a client that somebody else generated has to understand
every message. A field may be added; none may change.
"""

from typing import Any

import pytest
from google.protobuf import descriptor_pb2

import lepton_spec

STRING, BYTES, BOOL, MESSAGE = "string", "bytes", "bool", "message"
PARAMETERS = "map<string, InferParameter>"
PUBLISHED: dict[str, dict[int, tuple[str, str]]] = {
    "ServerLiveRequest": {},
    "ServerLiveResponse": {1: ("live", BOOL)},
    "ServerReadyRequest": {},
    "ServerReadyResponse": {1: ("ready", BOOL)},
    "ModelReadyRequest": {1: ("name", STRING), 2: ("version", STRING)},
    "ModelReadyResponse": {1: ("ready", BOOL)},
    "ServerMetadataRequest": {},
    "ServerMetadataResponse": {
        1: ("name", STRING),
        2: ("version", STRING),
        3: ("extensions", "repeated string"),
    },
    "ModelMetadataRequest": {1: ("name", STRING), 2: ("version", STRING)},
    "ModelMetadataResponse": {
        1: ("name", STRING),
        2: ("versions", "repeated string"),
        3: ("platform", STRING),
        4: ("inputs", "repeated ModelMetadataResponse.TensorMetadata"),
        5: ("outputs", "repeated ModelMetadataResponse.TensorMetadata"),
        6: ("properties", "map<string, string>"),
    },
    "ModelMetadataResponse.TensorMetadata": {
        1: ("name", STRING),
        2: ("datatype", STRING),
        3: ("shape", "repeated int64"),
    },
    "ModelInferRequest": {
        1: ("model_name", STRING),
        2: ("model_version", STRING),
        3: ("id", STRING),
        4: ("parameters", PARAMETERS),
        5: ("inputs", "repeated ModelInferRequest.InferInputTensor"),
        6: ("outputs", "repeated ModelInferRequest.InferRequestedOutputTensor"),
        7: ("raw_input_contents", "repeated bytes"),
    },
    "ModelInferRequest.InferInputTensor": {
        1: ("name", STRING),
        2: ("datatype", STRING),
        3: ("shape", "repeated int64"),
        4: ("parameters", PARAMETERS),
        5: ("contents", "InferTensorContents"),
    },
    "ModelInferRequest.InferRequestedOutputTensor": {1: ("name", STRING), 2: ("parameters", PARAMETERS)},
    "ModelInferResponse": {
        1: ("model_name", STRING),
        2: ("model_version", STRING),
        3: ("id", STRING),
        4: ("parameters", PARAMETERS),
        5: ("outputs", "repeated ModelInferResponse.InferOutputTensor"),
        6: ("raw_output_contents", "repeated bytes"),
    },
    "ModelInferResponse.InferOutputTensor": {
        1: ("name", STRING),
        2: ("datatype", STRING),
        3: ("shape", "repeated int64"),
        4: ("parameters", PARAMETERS),
        5: ("contents", "InferTensorContents"),
    },
    "InferParameter": {
        1: ("bool_param", "oneof parameter_choice bool"),
        2: ("int64_param", "oneof parameter_choice int64"),
        3: ("string_param", "oneof parameter_choice string"),
        4: ("double_param", "oneof parameter_choice double"),
        5: ("uint64_param", "oneof parameter_choice uint64"),
    },
    "InferTensorContents": {
        1: ("bool_contents", "repeated bool"),
        2: ("int_contents", "repeated int32"),
        3: ("int64_contents", "repeated int64"),
        4: ("uint_contents", "repeated uint32"),
        5: ("uint64_contents", "repeated uint64"),
        6: ("fp32_contents", "repeated float"),
        7: ("fp64_contents", "repeated double"),
        8: ("bytes_contents", "repeated bytes"),
    },
}
CALLS = ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer")
FILE = descriptor_pb2.FileDescriptorSet.FromString(lepton_spec.path("inference.binpb").read_bytes()).file[0]


def messages(within: Any, prefix: str = "") -> dict[str, Any]:
    found = {}
    for message in within:
        found[prefix + message.name] = message
        found |= messages(message.nested_type, f"{prefix}{message.name}.")
    return found


MESSAGES = messages(FILE.message_type)


def type_name(message: Any, field: Any) -> str:
    kinds = descriptor_pb2.FieldDescriptorProto
    label: str = "repeated " if field.label == kinds.LABEL_REPEATED else ""
    if field.HasField("oneof_index"):
        label = f"oneof {message.oneof_decl[field.oneof_index].name} "
    if field.type != kinds.TYPE_MESSAGE:
        return label + str(kinds.Type.Name(field.type)).removeprefix("TYPE_").lower()
    target: str = field.type_name.removeprefix(".inference.")
    entry = MESSAGES[target]
    if entry.options.map_entry:
        key, value = (type_name(entry, each) for each in entry.field)
        return f"map<{key}, {value}>"
    return label + target


@pytest.mark.parametrize("name", PUBLISHED)
def test_message_has_the_published_fields(name: str) -> None:
    found = {field.number: (field.name, type_name(MESSAGES[name], field)) for field in MESSAGES[name].field}
    assert {number: found.get(number) for number in PUBLISHED[name]} == PUBLISHED[name]


def test_no_published_message_is_missing_and_none_is_packed_otherwise() -> None:
    entries = {name for name, message in MESSAGES.items() if message.options.map_entry}
    assert set(MESSAGES) - entries == set(PUBLISHED)
    assert not [
        field for message in MESSAGES.values() for field in message.field if field.HasField("options")
    ]


def test_service_has_the_published_name_and_calls() -> None:
    (service,) = FILE.service
    assert (FILE.package, FILE.syntax, service.name) == ("inference", "proto3", "GRPCInferenceService")
    found = {
        call.name: (call.input_type, call.output_type, call.client_streaming, call.server_streaming)
        for call in service.method
    }
    assert found == {
        name: (f".inference.{name}Request", f".inference.{name}Response", False, False) for name in CALLS
    }
