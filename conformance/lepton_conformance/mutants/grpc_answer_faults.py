"""Faults of gRPC answers: fields, forms, id, version, choice and order of outputs (Spec: INF-GRP-08..15)."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from lepton_conformance.mutants.computing import Array, Model, Spec
from lepton_conformance.mutants.grpc_decoding import RAW_ONLY, GrpcRefusal, GrpcRequest, GrpcTensor
from lepton_conformance.mutants.grpc_messages import Message
from lepton_conformance.mutants.grpc_naive import Call, NaiveGrpc

__all__ = ["ALL"]


class NoModelName(NaiveGrpc):
    """The answer has no `model_name`."""

    id = "grp-08-no-name"
    breaks = "INF-GRP-08"

    def answer_name(self, model: Model, request: GrpcRequest) -> str:
        return ""


class StaleModelName(NaiveGrpc):
    """From the second request on, the name is the first request's."""

    id = "grp-08-stale-name"
    breaks = "INF-GRP-08"
    first = ""

    def answer_name(self, model: Model, request: GrpcRequest) -> str:
        self.first = self.first or model.name
        return self.first


class OutputsRenamed(NaiveGrpc):
    """Outputs have the names of the engine, not those of the metadata."""

    id = "grp-08-renamed"
    breaks = "INF-GRP-08"

    def describe_output(self, spec: Spec, array: Array) -> Message:
        return {**super().describe_output(spec, array), "name": f"{spec.name}:0"}


class NoDatatype(NaiveGrpc):
    """Outputs have no datatype."""

    id = "grp-08-no-datatype"
    breaks = "INF-GRP-08"

    def describe_output(self, spec: Spec, array: Array) -> Message:
        return {**super().describe_output(spec, array), "datatype": ""}


class FlatShape(NaiveGrpc):
    """The shape of an output is its element count."""

    id = "grp-08-flat"
    breaks = "INF-GRP-08"

    def describe_output(self, spec: Spec, array: Array) -> Message:
        return {**super().describe_output(spec, array), "shape": [array.size]}


class ShapeTransposed(NaiveGrpc):
    """The shape of an output of a fixed size is that of the input."""

    id = "grp-08-transposed"
    breaks = "INF-GRP-08"

    def describe_output(self, spec: Spec, array: Array) -> Message:
        shape = list(array.shape)
        return {**super().describe_output(spec, array), "shape": shape[::-1] if shape == [3, 2] else shape}


class SixtyFourElements(NaiveGrpc):
    """A typed output has at most 64 elements."""

    id = "grp-08-64"
    breaks = "INF-GRP-08"

    def encode_typed(self, array: Array, spec: Spec) -> Message:
        return {name: values[:64] for name, values in super().encode_typed(array, spec).items()}


class _OtherField(NaiveGrpc):
    """Answers one datatype in the field of another."""

    moved: tuple[tuple[str, str], ...] = ()

    def contents_field(self, spec: Spec) -> str:
        return dict(self.moved).get(spec.datatype, super().contents_field(spec))


class NarrowUnsignedAsInts(_OtherField):
    """UINT8 and UINT16 are answered in `int_contents`."""

    id = "grp-08-uint-field"
    breaks = "INF-GRP-08"
    moved = (("UINT8", "int_contents"), ("UINT16", "int_contents"))


class IntsAsLongs(_OtherField):
    """INT32 is answered in `int64_contents`."""

    id = "grp-08-int-field"
    breaks = "INF-GRP-08"
    moved = (("INT32", "int64_contents"),)


class FloatsAsDoubles(_OtherField):
    """FP32 is answered in `fp64_contents`."""

    id = "grp-08-fp-field"
    breaks = "INF-GRP-08"
    moved = (("FP32", "fp64_contents"),)


class BoolsAsInts(_OtherField):
    """BOOL is answered in `int_contents`."""

    id = "grp-08-bool-field"
    breaks = "INF-GRP-08"
    moved = (("BOOL", "int_contents"),)


class OrderedInputs(NaiveGrpc):
    """Typed inputs in another order than the metadata's are refused."""

    id = "grp-08-order"
    breaks = "INF-GRP-08"

    def check_inputs(self, model: Model, request: GrpcRequest) -> None:
        super().check_inputs(model, request)
        if not request.raw and [tensor.name for tensor in request.inputs] != [s.name for s in model.inputs]:
            raise self.invalid("the inputs are not in the model's order")


class EightRows(NaiveGrpc):
    """An FP64 request with more than eight rows is refused: the largest batch."""

    id = "grp-08-batch"
    breaks = "INF-GRP-08"

    def check_shape(self, tensor: GrpcTensor, spec: Spec) -> None:
        super().check_shape(tensor, spec)
        if tensor.shape[:1] > (8,) and spec.datatype == "FP64":
            raise self.invalid("the batch is larger than 8")


class RawRefused(NaiveGrpc):
    """Raw contents are not implemented."""

    id = "grp-09-unimplemented"
    breaks = "INF-GRP-09"

    def check_sources(self, request: GrpcRequest) -> None:
        if request.raw:
            raise GrpcRefusal("UNIMPLEMENTED", "raw_input_contents is not implemented")


class RawStringsRefused(NaiveGrpc):
    """Raw BYTES are refused."""

    id = "grp-09-bytes"
    breaks = "INF-GRP-09"

    def raw_strings(self, tensor: GrpcTensor, part: bytes) -> list[bytes]:
        raise self.invalid("BYTES are not accepted in raw_input_contents")


class RawHalfRefused(NaiveGrpc):
    """FP16 is refused, raw too."""

    id = "grp-09-fp16"
    breaks = "INF-GRP-09"

    def decode_raw(self, tensor: GrpcTensor, part: bytes) -> Array:
        if tensor.datatype == "FP16":
            raise self.untyped(tensor)
        return super().decode_raw(tensor, part)


class RawInModelOrder(NaiveGrpc):
    """Raw entries are given to the inputs in the order of the metadata."""

    id = "grp-09-order"
    breaks = "INF-GRP-09"

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        arrays = super().decode(model, request)
        if not request.raw:
            return arrays
        return dict(zip((spec.name for spec in model.inputs), arrays.values(), strict=True))


class RawOneEntry(NaiveGrpc):
    """Models with several inputs cannot be asked raw."""

    id = "grp-09-one"
    breaks = "INF-GRP-09"

    def check_raw_count(self, request: GrpcRequest) -> None:
        if len(request.raw) != 1 or len(request.inputs) != 1:
            raise self.invalid("raw_input_contents has one entry")


class TypedAlways(NaiveGrpc):
    """Raw requests are answered typed."""

    id = "grp-10-typed"
    breaks = "INF-GRP-10"

    def answers_raw(self, request: GrpcRequest, specs: Sequence[Spec]) -> bool:
        return any(spec.datatype in RAW_ONLY for spec in specs)


class TypedStrings(NaiveGrpc):
    """Raw requests with BYTES are answered typed."""

    id = "grp-10-bytes"
    breaks = "INF-GRP-10"

    def answers_raw(self, request: GrpcRequest, specs: Sequence[Spec]) -> bool:
        return super().answers_raw(request, specs) and specs[0].datatype != "BYTES"


class TypedSeveral(NaiveGrpc):
    """Several outputs are answered typed."""

    id = "grp-10-several"
    breaks = "INF-GRP-10"

    def answers_raw(self, request: GrpcRequest, specs: Sequence[Spec]) -> bool:
        return super().answers_raw(request, specs) and len(specs) == 1


class TypedOnce(NaiveGrpc):
    """After a typed request for a model its raw ones are answered typed."""

    id = "grp-10-once"
    breaks = "INF-GRP-10"

    def __init__(self) -> None:
        super().__init__()
        self.typed: set[str] = set()

    def answers_raw(self, request: GrpcRequest, specs: Sequence[Spec]) -> bool:
        if not request.raw:
            self.typed.add(request.model_name)
        return super().answers_raw(request, specs) and request.model_name not in self.typed


class BothForms(NaiveGrpc):
    """Raw answers have typed contents too."""

    id = "grp-11-both"
    breaks = "INF-GRP-11"

    def describe_output(self, spec: Spec, array: Array) -> Message:
        found = super().describe_output(spec, array)
        return found if spec.datatype in RAW_ONLY else {**found, "contents": self.encode_typed(array, spec)}

    def answers_raw(self, request: GrpcRequest, specs: Sequence[Spec]) -> bool:
        return True


class RawReversed(NaiveGrpc):
    """Raw entries are in the reverse order of the outputs."""

    id = "grp-11-reversed"
    breaks = "INF-GRP-11"

    def order_raw(self, parts: list[bytes]) -> list[bytes]:
        return parts[::-1]


class RawJoined(NaiveGrpc):
    """Several outputs share one raw entry."""

    id = "grp-11-joined"
    breaks = "INF-GRP-11"

    def order_raw(self, parts: list[bytes]) -> list[bytes]:
        return [b"".join(parts)]


class RawPadded(NaiveGrpc):
    """Raw entries are padded to a multiple of 8 bytes."""

    id = "grp-11-padded"
    breaks = "INF-GRP-11"

    def encode_raw(self, array: Array, spec: Spec) -> bytes:
        part = super().encode_raw(array, spec)
        return part + bytes(-len(part) % 8)


class RawSpare(NaiveGrpc):
    """An empty raw entry follows the last one."""

    id = "grp-11-spare"
    breaks = "INF-GRP-11"

    def order_raw(self, parts: list[bytes]) -> list[bytes]:
        return [*parts, b""]


class _Id(NaiveGrpc):
    """Changes the id on its way back."""

    def answer_id(self, request: GrpcRequest) -> str:
        return self.change(request.id)

    def change(self, text: str) -> str:
        return text


class IdDropped(_Id):
    """The id does not come back."""

    id = "grp-12-dropped"
    breaks = "INF-GRP-12"

    def change(self, text: str) -> str:
        return ""


class IdInvented(_Id):
    """A request without id gets one."""

    id = "grp-12-invented"
    breaks = "INF-GRP-12"

    def change(self, text: str) -> str:
        return text or "00000000-0000-4000-8000-000000000000"


class IdStale(_Id):
    """A request without id gets that of an earlier one."""

    id = "grp-12-stale"
    breaks = "INF-GRP-12"
    last = ""

    def change(self, text: str) -> str:
        self.last = text or self.last
        return self.last


class IdStripped(_Id):
    """White space around the id is lost."""

    id = "grp-12-stripped"
    breaks = "INF-GRP-12"

    def change(self, text: str) -> str:
        return text.strip()


class IdAstral(_Id):
    """Characters beyond the basic plane become question marks."""

    id = "grp-12-astral"
    breaks = "INF-GRP-12"

    def change(self, text: str) -> str:
        return "".join(character if ord(character) < 0x10000 else "?" for character in text)


class IdShortened(_Id):
    """Only the first 255 characters of the id come back."""

    id = "grp-12-shortened"
    breaks = "INF-GRP-12"

    def change(self, text: str) -> str:
        return text[:255]


class IdNormalised(_Id):
    """The id is normalised: accents are composed."""

    id = "grp-12-normalised"
    breaks = "INF-GRP-12"

    def change(self, text: str) -> str:
        return unicodedata.normalize("NFC", text)


class IdCutAtNul(_Id):
    """The id ends at its first NUL."""

    id = "grp-12-nul"
    breaks = "INF-GRP-12"

    def change(self, text: str) -> str:
        return text.split("\0")[0]


class VersionUnsaid(NaiveGrpc):
    """The answer has no version though the metadata list one."""

    id = "grp-13-unsaid"
    breaks = "INF-GRP-13"

    def answer_version(self, model: Model, version: str) -> str:
        return ""


class VersionOther(NaiveGrpc):
    """The version is written otherwise than in the metadata."""

    id = "grp-13-other"
    breaks = "INF-GRP-13"

    def answer_version(self, model: Model, version: str) -> str:
        return f"v{version}"


class VersionUnlisted(NaiveGrpc):
    """The answer has a version though the metadata list none."""

    id = "grp-13-unlisted"
    breaks = "INF-GRP-13"

    def list_versions(self, model: Model) -> list[str]:
        return []


class VersionOnlyNamed(NaiveGrpc):
    """The answer has the version only if the request has it; else it says `latest`."""

    id = "grp-13-latest"
    breaks = "INF-GRP-13"

    def answer(
        self, model: Model, version: str, request: GrpcRequest, arrays: Mapping[str, Array]
    ) -> Message:
        found = super().answer(model, version, request, arrays)
        return {**found, "model_version": request.model_version or "latest"}


class OutputsUnasked(NaiveGrpc):
    """All outputs are answered whatever was requested."""

    id = "grp-14-all"
    breaks = "INF-GRP-14"

    def select_outputs(self, model: Model, request: GrpcRequest) -> Sequence[Spec]:
        return model.outputs


class OutputsInModelOrder(NaiveGrpc):
    """Requested outputs come in the order of the metadata."""

    id = "grp-14-model-order"
    breaks = "INF-GRP-14"

    def select_outputs(self, model: Model, request: GrpcRequest) -> Sequence[Spec]:
        return [spec for spec in model.outputs if not request.wanted or spec.name in request.wanted]


class FirstRequestedOnly(NaiveGrpc):
    """Only the first requested output is answered."""

    id = "grp-14-first"
    breaks = "INF-GRP-14"

    def select_outputs(self, model: Model, request: GrpcRequest) -> Sequence[Spec]:
        found = super().select_outputs(model, request)
        return found[:1] if request.wanted else found


class RequestedSwapped(NaiveGrpc):
    """Requested outputs have the right names in order, and the elements in the metadata's order."""

    id = "grp-14-swapped"
    breaks = "INF-GRP-14"

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if not request.wanted:
            return found
        chosen = [found[spec.name] for spec in model.outputs if spec.name in request.wanted]
        return {**found, **dict(zip(request.wanted, chosen, strict=True))}


class RequestedByPosition(NaiveGrpc):
    """A request for n outputs gets the first n, under the names that it asked for."""

    id = "grp-14-position"
    breaks = "INF-GRP-14"

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        return {**found, **dict(zip(request.wanted, found.values(), strict=False))}


class FirstByDefault(NaiveGrpc):
    """Without a request for outputs only the first is answered."""

    id = "grp-15-first"
    breaks = "INF-GRP-15"

    def select_outputs(self, model: Model, request: GrpcRequest) -> Sequence[Spec]:
        return super().select_outputs(model, request) if request.wanted else model.outputs[:1]


class SortedByDefault(NaiveGrpc):
    """Without a request for outputs they are sorted by name."""

    id = "grp-15-sorted"
    breaks = "INF-GRP-15"

    def select_outputs(self, model: Model, request: GrpcRequest) -> Sequence[Spec]:
        found = super().select_outputs(model, request)
        return found if request.wanted else sorted(found, key=lambda spec: spec.name)


class OutputsRemembered(NaiveGrpc):
    """A request for outputs holds for the model's later requests without one."""

    id = "grp-15-remembered"
    breaks = "INF-GRP-15"

    def __init__(self) -> None:
        super().__init__()
        self.wanted: dict[str, Sequence[Spec]] = {}

    def select_outputs(self, model: Model, request: GrpcRequest) -> Sequence[Spec]:
        if request.wanted:
            self.wanted[model.name] = super().select_outputs(model, request)
        return self.wanted.get(model.name, model.outputs)


class SwappedByDefault(NaiveGrpc):
    """Two outputs of the same type have each other's elements when none was requested."""

    id = "grp-15-swapped"
    breaks = "INF-GRP-15"

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        names: list[Any] = list(found)
        if len(names) > 2 and not request.wanted:
            found[names[-1]], found[names[-2]] = found[names[-2]], found[names[-1]]
        return found


class RawLacksLast(NaiveGrpc):
    """Raw answers lack the last output when none was requested."""

    id = "grp-15-raw"
    breaks = "INF-GRP-15"

    def select_outputs(self, model: Model, request: GrpcRequest) -> Sequence[Spec]:
        found = super().select_outputs(model, request)
        return found[:-1] if request.raw and not request.wanted and len(found) > 1 else found


class TenthFails(NaiveGrpc):
    """Every tenth valid call ends with a fault of the server."""

    id = "grp-08-tenth"
    breaks = "INF-GRP-08"
    count = 0

    def infer(self, body: bytes, call: Call) -> bytes:
        answer = super().infer(body, call)
        self.count += 1
        if self.count % 10 == 0:
            raise GrpcRefusal("INTERNAL", "the worker was restarted")
        return answer


ALL: tuple[type[NaiveGrpc], ...] = (
    NoModelName,
    StaleModelName,
    OutputsRenamed,
    NoDatatype,
    FlatShape,
    ShapeTransposed,
    SixtyFourElements,
    NarrowUnsignedAsInts,
    IntsAsLongs,
    FloatsAsDoubles,
    BoolsAsInts,
    OrderedInputs,
    EightRows,
    TenthFails,
    RawRefused,
    RawStringsRefused,
    RawHalfRefused,
    RawInModelOrder,
    RawOneEntry,
    TypedAlways,
    TypedStrings,
    TypedSeveral,
    TypedOnce,
    BothForms,
    RawReversed,
    RawJoined,
    RawPadded,
    RawSpare,
    IdDropped,
    IdInvented,
    IdStale,
    IdStripped,
    IdAstral,
    IdShortened,
    IdNormalised,
    IdCutAtNul,
    VersionUnsaid,
    VersionOther,
    VersionUnlisted,
    VersionOnlyNamed,
    OutputsUnasked,
    OutputsInModelOrder,
    FirstRequestedOnly,
    RequestedSwapped,
    RequestedByPosition,
    FirstByDefault,
    SortedByDefault,
    OutputsRemembered,
    SwappedByDefault,
    RawLacksLast,
)
