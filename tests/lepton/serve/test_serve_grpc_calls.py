"""Every clause of INF-GRP at the wire, with messages that another library made."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import service_pb2 as pb

Call = Callable[..., tuple[str, str, bytes]]

#: The field of each datatype and values at its edges. INF-GRP-16.
TYPED: dict[str, tuple[str, list[Any]]] = {
    "BOOL": ("bool_contents", [True, False, True]),
    "INT8": ("int_contents", [-128, 0, 127]),
    "INT16": ("int_contents", [-32768, 0, 32767]),
    "INT32": ("int_contents", [-(2**31), -1, 2**31 - 1]),
    "INT64": ("int64_contents", [-(2**63), 2**53 + 1, 2**63 - 1]),
    "UINT8": ("uint_contents", [0, 128, 255]),
    "UINT16": ("uint_contents", [0, 256, 65535]),
    "UINT32": ("uint_contents", [0, 2**31, 2**32 - 1]),
    "UINT64": ("uint64_contents", [0, 2**53 + 1, 2**64 - 1]),
    "FP32": ("fp32_contents", [-0.0, 2.0**-149, float("inf")]),
    "FP64": ("fp64_contents", [-0.0, 5e-324, 0.1]),
    "BYTES": ("bytes_contents", [b"", b"a\0b", b"\xff\xfe"]),
}
RAW = {
    "BOOL": bytes([1, 0, 1]),
    "INT8": bytes([0x80, 0, 0x7F]),
    "INT16": bytes.fromhex("0080 0000 ff7f"),
    "INT32": bytes.fromhex("00000080 ffffffff ffffff7f"),
    "INT64": bytes.fromhex("0000000000000080 0100000000002000 ffffffffffffff7f"),
    "UINT8": bytes([0, 0x80, 0xFF]),
    "UINT16": bytes.fromhex("0000 0001 ffff"),
    "UINT32": bytes.fromhex("00000000 00000080 ffffffff"),
    "UINT64": bytes.fromhex("0000000000000000 0100000000002000 ffffffffffffffff"),
    "FP16": bytes.fromhex("0080 0100 017e"),  # -0, the least subnormal, a NaN with a payload
    "BF16": bytes.fromhex("0080 0100 c17f"),
    "FP32": bytes.fromhex("00000080 01000000 0100c07f"),
    "FP64": bytes.fromhex("0000000000000080 0100000000000000 010000000000f87f"),
    "BYTES": bytes.fromhex("00000000 03000000 610062 02000000 fffe"),
}


def typed(datatype: str, values: list[Any] | None = None, **changes: Any) -> pb.ModelInferRequest:
    """A valid request with typed contents; `changes` are its `shape` or the `field` of its values."""
    field, usual = TYPED[datatype]
    values = usual if values is None else values
    made = pb.ModelInferRequest(model_name=f"id_{datatype.lower()}")
    tensor = made.inputs.add(name="x", datatype=datatype, shape=changes.get("shape", [1, len(values)]))
    tensor.contents.SetInParent()
    getattr(tensor.contents, changes.get("field", field)).extend(values)
    return made


def raw(datatype: str, octets: bytes | None = None, shape: tuple[int, ...] = (1, 3)) -> pb.ModelInferRequest:
    """A valid request with raw contents."""
    made = pb.ModelInferRequest(model_name=f"id_{datatype.lower()}")
    made.inputs.add(name="x", datatype=datatype, shape=shape)
    made.raw_input_contents.append(RAW[datatype] if octets is None else octets)
    return made


def answered(call: Call, request: Message) -> pb.ModelInferResponse:
    code, details, octets = call("ModelInfer", request.SerializeToString())
    assert (code, details) == ("OK", "")
    return pb.ModelInferResponse.FromString(octets)


def refused(call: Call, request: Message | bytes, code: str = "INVALID_ARGUMENT", *words: str) -> str:
    """Refused with `code` and a message of these words; the next valid request succeeds. INF-GRP-33."""
    octets = request if isinstance(request, bytes) else request.SerializeToString()
    found, details, _ = call("ModelInfer", octets)
    assert found == code, details
    assert details
    assert "Traceback" not in details
    assert "/" not in details.replace("1/", "")
    for word in words:
        assert word in details
    answered(call, typed("INT32"))
    return details


def test_01_02_live_and_ready(call: Call) -> None:
    assert pb.ServerLiveResponse.FromString(call("ServerLive", b"")[2]).live
    assert pb.ServerReadyResponse.FromString(call("ServerReady", b"")[2]).ready


def test_03_models_are_ready_with_and_without_their_version(call: Call) -> None:
    for version in ("", "1.0.0", "0.9.0"):
        asked = pb.ModelReadyRequest(name="id_int32", version=version).SerializeToString()
        assert pb.ModelReadyResponse.FromString(call("ModelReady", asked)[2]).ready


@pytest.mark.parametrize(("name", "version"), [("none", ""), ("id_int32", "7"), ("", ""), ("../x", "")])
def test_04_07_30_unknown_models_and_versions_are_not_found(call: Call, name: str, version: str) -> None:
    for method, asked in (
        ("ModelReady", pb.ModelReadyRequest(name=name, version=version)),
        ("ModelMetadata", pb.ModelMetadataRequest(name=name, version=version)),
    ):
        code, details, _ = call(method, asked.SerializeToString())
        assert code == "NOT_FOUND"
        assert repr(version or name) in details
    request = typed("INT32")
    request.model_name, request.model_version = name, version
    assert call("ModelInfer", request.SerializeToString())[0] == "NOT_FOUND"


def test_05_server_metadata_has_a_name_and_a_version(call: Call) -> None:
    answer = pb.ServerMetadataResponse.FromString(call("ServerMetadata", b"")[2])
    assert answer.name == "lepton"
    assert answer.version


def test_06_model_metadata_describes_every_tensor(call: Call) -> None:
    asked = pb.ModelMetadataRequest(name="split").SerializeToString()
    answer = pb.ModelMetadataResponse.FromString(call("ModelMetadata", asked)[2])
    assert (answer.name, list(answer.versions), answer.platform) == ("split", ["1.0.0"], "lepton_numpy")
    assert [(t.name, t.datatype, list(t.shape)) for t in answer.inputs] == [("x", "INT32", [-1, -1])]
    assert [t.name for t in answer.outputs] == ["plus", "minus", "negative"]


@pytest.mark.parametrize("datatype", TYPED)
def test_08_16_18_typed_values_come_back_exact_in_their_field(call: Call, datatype: str) -> None:
    field, values = TYPED[datatype]
    answer = answered(call, typed(datatype))
    assert (answer.model_name, answer.model_version) == (f"id_{datatype.lower()}", "1.0.0")
    assert list(answer.raw_output_contents) == []
    (output,) = answer.outputs
    assert (output.name, output.datatype, list(output.shape)) == ("y", datatype, [1, 3])
    assert [descriptor.name for descriptor, _ in output.contents.ListFields()] == [field]
    found = list(getattr(output.contents, field))
    assert found == values
    assert [str(value) for value in found] == [str(value) for value in values]  # the sign of zero


@pytest.mark.parametrize("datatype", RAW)
def test_09_10_11_17_raw_bits_come_back_raw(call: Call, datatype: str) -> None:
    answer = answered(call, raw(datatype))
    assert list(answer.raw_output_contents) == [RAW[datatype]]
    (output,) = answer.outputs
    assert (output.datatype, list(output.shape), output.HasField("contents")) == (datatype, [1, 3], False)


def test_12_the_id_comes_back_and_none_stays_none(call: Call) -> None:
    for text in ("", "7", 'é😀"\0', "x" * 1000):
        request = typed("INT32")
        request.id = text
        assert answered(call, request).id == text


def test_13_the_version_that_answers_is_the_one_asked_for(call: Call) -> None:
    for asked, answers in (("", "1.0.0"), ("0.9.0", "0.9.0")):
        request = typed("INT32")
        request.model_version = asked
        assert answered(call, request).model_version == answers


def split(*outputs: str) -> pb.ModelInferRequest:
    request = typed("INT32", [1, 2])
    request.model_name = "split"
    for name in outputs:
        request.outputs.add(name=name)
    return request


def test_14_15_outputs_are_those_requested_in_that_order_or_all(call: Call) -> None:
    expected = {"plus": [2, 3], "minus": [0, 1], "negative": [-1, -2]}
    for asked in (("negative", "plus"), ("minus",), ()):
        for request in (split(*asked), split(*asked)):
            answer = answered(call, request)
            assert [output.name for output in answer.outputs] == list(asked or expected)
            for output in answer.outputs:
                assert list(output.contents.int_contents) == expected[output.name]
    request = split("negative", "plus")
    del request.inputs[0].contents.int_contents[:]
    request.inputs[0].ClearField("contents")
    request.raw_input_contents.append(np.array([1, 2], "<i4").tobytes())
    answer = answered(call, request)
    assert [np.frombuffer(octets, "<i4").tolist() for octets in answer.raw_output_contents] == [
        [-1, -2],
        [2, 3],
    ]


@pytest.mark.parametrize("datatype", TYPED)
@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 2**40)])
def test_19_empty_tensors_pass_both_ways(call: Call, datatype: str, shape: tuple[int, int]) -> None:
    answer = answered(call, typed(datatype, [], shape=shape))
    assert list(answer.outputs[0].shape) == list(shape)
    assert answer.outputs[0].contents == pb.InferTensorContents()
    assert list(answer.raw_output_contents) == []
    answer = answered(call, raw(datatype, b"", shape))
    assert list(answer.raw_output_contents) == [b""]


@pytest.mark.parametrize("datatype", ["FP16", "BF16"])
def test_19_an_empty_tensor_without_a_typed_field_needs_no_raw_entry(call: Call, datatype: str) -> None:
    request = raw(datatype, b"", (0, 3))
    del request.raw_input_contents[:]
    answer = answered(call, request)
    assert (list(answer.outputs[0].shape), list(answer.raw_output_contents)) == ([0, 3], [b""])
    request.inputs[0].shape[0] = 1
    refused(call, request, "INVALID_ARGUMENT", "raw_input_contents")


def test_19_a_scalar_has_one_element_and_no_dimension(call: Call) -> None:
    request = typed("FP64", [0.1], shape=[])
    request.model_name = "scalar"
    answer = answered(call, request)
    assert (list(answer.outputs[0].shape), list(answer.outputs[0].contents.fp64_contents)) == ([], [0.1])
    request = raw("FP64", bytes(8), ())
    request.model_name = "scalar"
    assert list(answered(call, request).raw_output_contents) == [bytes(8)]


def test_20_typed_and_raw_in_one_request_are_refused(call: Call) -> None:
    request = typed("INT32")
    request.raw_input_contents.append(RAW["INT32"])
    refused(call, request, "INVALID_ARGUMENT", "'x'", "raw_input_contents")
    mixed = pb.ModelInferRequest(model_name="sub", raw_input_contents=[bytes(4)])
    mixed.inputs.add(name="a", datatype="FP32", shape=[1, 1])
    mixed.inputs.add(name="b", datatype="FP32", shape=[1, 1]).contents.fp32_contents.append(1)
    refused(call, mixed, "INVALID_ARGUMENT", "'b'")


def test_20_empty_contents_beside_raw_are_nothing(call: Call) -> None:
    request = raw("INT32")
    request.inputs[0].contents.SetInParent()
    assert list(answered(call, request).raw_output_contents) == [RAW["INT32"]]


def test_21_as_many_raw_entries_as_inputs(call: Call) -> None:
    request = raw("INT32")
    request.raw_input_contents.append(b"")
    refused(call, request, "INVALID_ARGUMENT", "2", "1")
    two = pb.ModelInferRequest(model_name="sub", raw_input_contents=[bytes(4)])
    for name in "ab":
        two.inputs.add(name=name, datatype="FP32", shape=[1, 1])
    refused(call, two, "INVALID_ARGUMENT", "raw_input_contents")


@pytest.mark.parametrize("datatype", RAW)
def test_22_raw_entries_of_another_length_are_refused(call: Call, datatype: str) -> None:
    for octets in (RAW[datatype][:-1], RAW[datatype] + b"\0", b""):
        refused(call, raw(datatype, octets), "INVALID_ARGUMENT", "'x'")


def test_22_raw_bytes_that_no_element_has_are_refused(call: Call) -> None:
    refused(call, raw("BOOL", b"\x01\x02\x00"), "INVALID_ARGUMENT", "2", "BOOL")
    for octets in (b"\xff\xff\xff\xff", bytes(8), b"\x09\0\0\0" + bytes(8), bytes(16)):
        refused(call, raw("BYTES", octets), "INVALID_ARGUMENT", "'x'")


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        ("INT8", 128),
        ("INT8", -129),
        ("INT8", 300),
        ("INT16", 2**15),
        ("INT16", -(2**31)),
        ("UINT8", 256),
        ("UINT16", 65536),
        ("UINT16", 2**32 - 1),
    ],
)
def test_23_values_beyond_a_narrow_type_are_refused(call: Call, datatype: str, value: int) -> None:
    refused(call, typed(datatype, [1, value, 1]), "INVALID_ARGUMENT", "'x'", str(value), datatype)


def test_24_contents_in_another_field_or_in_several_are_refused(call: Call) -> None:
    refused(call, typed("INT32", [1, 2, 3], field="int64_contents"), "INVALID_ARGUMENT", "int64_contents")
    refused(call, typed("FP32", [1.0], field="fp64_contents"), "INVALID_ARGUMENT", "fp32_contents")
    refused(call, typed("UINT8", [1], field="int_contents"), "INVALID_ARGUMENT", "uint_contents")
    several = typed("INT32")
    several.inputs[0].contents.fp32_contents.append(1)
    refused(call, several, "INVALID_ARGUMENT", "fp32_contents")


@pytest.mark.parametrize("datatype", TYPED)
def test_25_as_many_elements_as_the_shape_says(call: Call, datatype: str) -> None:
    for shape in ([1, 2], [1, 4], [3, 2], [0, 3], [2**20, 2**20]):
        refused(call, typed(datatype, shape=shape), "INVALID_ARGUMENT", "'x'", datatype)
    refused(call, typed(datatype, [], shape=[1, 1]), "INVALID_ARGUMENT", "'x'")


def test_26_unknown_missing_and_repeated_inputs_are_refused(call: Call) -> None:
    unknown = typed("INT32")
    unknown.inputs[0].name = "z"
    refused(call, unknown, "INVALID_ARGUMENT", "'z'")
    missing = typed("INT32")
    del missing.inputs[:]
    refused(call, missing, "INVALID_ARGUMENT", "'x'")
    twice = typed("INT32")
    twice.inputs.append(twice.inputs[0])
    refused(call, twice, "INVALID_ARGUMENT", "twice")


@pytest.mark.parametrize("datatype", ["INT64", "FP32", "int32", "STRING", ""])
def test_27_another_datatype_than_the_model_s_is_refused(call: Call, datatype: str) -> None:
    request = typed("INT32")
    request.inputs[0].datatype = datatype
    refused(call, request, "INVALID_ARGUMENT", "'x'", "INT32")


@pytest.mark.parametrize(
    "shape", [[3], [1, 1, 3], [], [-1, 3], [1, -3], [-1, -3], [2**62, 2**62], [2**63 - 1, 1]]
)
def test_28_shapes_that_the_model_cannot_take_are_refused(call: Call, shape: list[int]) -> None:
    refused(call, typed("INT32", shape=shape), "INVALID_ARGUMENT", "'x'")
    refused(call, raw("INT32", shape=tuple(shape)), "INVALID_ARGUMENT", "'x'")


def test_28_equal_symbols_are_equal_sizes(call: Call) -> None:
    for rows, columns in ((2, 3), (3, 2)):
        request = typed("INT8", [0] * 6, shape=[rows, columns])
        request.model_name = "square"
        refused(call, request, "INVALID_ARGUMENT", "'x'", "N")
    two = pb.ModelInferRequest(model_name="sub", raw_input_contents=[bytes(8), bytes(12)])
    two.inputs.add(name="a", datatype="FP32", shape=[1, 2])
    two.inputs.add(name="b", datatype="FP32", shape=[1, 3])
    refused(call, two, "INVALID_ARGUMENT", "'b'")


def test_29_unknown_and_repeated_outputs_are_refused(call: Call) -> None:
    refused(call, split("plus", "times"), "INVALID_ARGUMENT", "'times'")
    refused(call, split("plus", "plus"), "INVALID_ARGUMENT", "'plus'", "twice")


def test_31_unknown_methods_are_unimplemented(call: Call) -> None:
    assert call("ModelTrain", b"")[0] == "UNIMPLEMENTED"
    assert call("modelinfer", b"")[0] == "UNIMPLEMENTED"


@pytest.mark.parametrize(
    "octets",
    [
        b"\xff",
        b"\x0a\x05ab",
        b"\x0a\x01\xff",  # a name that is not UTF-8
        b"\x2a\x02\x0a\x09",
        b"\x0c",
        b"\x0f\0",
        b"\0\0",
        bytes(1000),
        b"\x3a\xff\xff\xff\xff\x0f",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_32_bytes_that_are_no_message_are_refused(call: Call, octets: bytes) -> None:
    refused(call, octets)
    for method in ("ModelReady", "ModelMetadata"):
        assert call(method, b"\x0a\x01\xff")[0] == "INVALID_ARGUMENT"


def test_39_unknown_fields_and_parameters_change_nothing(call: Call) -> None:
    request = typed("INT32")
    for parameters in (request.parameters, request.inputs[0].parameters):
        parameters["priority"].int64_param = 1
        parameters["binary_data_size"].string_param = "x"
        parameters["f"].double_param = 0.5
        parameters["none"].SetInParent()
    request.outputs.add(name="y").parameters["classification"].int64_param = 2
    plain = typed("INT32").SerializeToString()
    unknown = b"\xa2\x06\x03abc\x98\x06\x01\x9b\x06\x9c\x06"
    expected = answered(call, typed("INT32"))
    assert answered(call, request) == expected
    for octets in (unknown + plain, plain + unknown):
        assert pb.ModelInferResponse.FromString(call("ModelInfer", octets)[2]) == expected


def test_40_faults_of_the_model_say_nothing_of_the_server(call: Call) -> None:
    request = typed("FP32", [1.0], shape=[1])
    request.model_name = "fail"
    code, details, _ = call("ModelInfer", request.SerializeToString())
    assert code == "INTERNAL"
    assert "'fail'" in details
    assert "/srv" not in details
    answered(call, typed("INT32"))


def test_40_messages_stay_short_and_printable(call: Call) -> None:
    request = typed("INT32")
    request.inputs[0].name = "\n\0é" + "x" * 100_000
    assert len(refused(call, request)) < 500


def test_42_health(call: Any) -> None:
    health = health_pb2_grpc.HealthStub(call.channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    for name in ("", "inference.GRPCInferenceService"):
        asked = health_pb2.HealthCheckRequest(service=name)
        assert health.Check(asked, timeout=10).status == serving
        watching = health.Watch(asked, timeout=10)
        assert next(watching).status == serving
        watching.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="other"), timeout=10)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_43_reflection_describes_the_published_service(call: Any) -> None:
    database = ProtoReflectionDescriptorDatabase(call.channel)
    assert "inference.GRPCInferenceService" in database.get_services()
    file = database.FindFileContainingSymbol("inference.GRPCInferenceService")
    published = {message.name: message for message in file.message_type}
    for name in ("ModelInferRequest", "ModelInferResponse", "InferTensorContents"):
        numbers = {field.name: field.number for field in published[name].field}
        assert numbers == {
            field.name: field.number for field in pb.DESCRIPTOR.message_types_by_name[name].fields
        }


@pytest.mark.parametrize("datatype", ["FP16", "BF16"])
def test_44_half_precision_has_no_typed_form(call: Call, datatype: str) -> None:
    for field in ("fp32_contents", "int_contents", "uint_contents"):
        request = raw(datatype)
        del request.raw_input_contents[:]
        getattr(request.inputs[0].contents, field).extend([1, 2, 3])
        refused(call, request, "INVALID_ARGUMENT", "raw_input_contents")
