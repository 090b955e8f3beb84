"""gRPC servers that use what the standard lets a server choose: no false alarms on these.

Owns the other choices: raw answers, refusals in other words, no versions, other encodings of the same
message; leaves the middle way to `grpc_naive`. All of them pass `inference-grpc`. Serves `inference`
(INF-GRP).
"""

from collections.abc import Sequence
from typing import Any

from lepton_conformance.mutants.computing import Model, Spec
from lepton_conformance.mutants.grpc_decoding import GrpcRefusal, GrpcRequest
from lepton_conformance.mutants.grpc_messages import SCHEMA, Field, Message
from lepton_conformance.mutants.grpc_naive import SERVICE, Call, NaiveGrpc, Stream, Unary

__all__ = ["ALL", "Unpacked", "WritesDefaults"]


class AlwaysRaw(NaiveGrpc):
    """Answers raw, however it was asked."""

    id = "lawful-grpc-raw"

    def answers_raw(self, request: GrpcRequest, specs: Sequence[Spec]) -> bool:
        return True


class Unversioned(NaiveGrpc):
    """Has no versions: lists none, answers none and finds none."""

    id = "lawful-grpc-unversioned"

    def __init__(self) -> None:
        super().__init__()
        self.models = {
            name: Model(name, model.inputs, model.outputs, model.compute, ("",))
            for name, model in self.models.items()
        }

    def list_versions(self, model: Model) -> list[str]:
        return []


class SaysFalse(NaiveGrpc):
    """Answers that an unknown model is not ready, instead of that there is none."""

    id = "lawful-grpc-says-false"

    def model_ready(self, name: str, version: str) -> Message:
        try:
            return super().model_ready(name, version)
        except GrpcRefusal:
            return {"ready": False}


class Strict(NaiveGrpc):
    """Looks at everything before it answers, and says no in few words."""

    id = "lawful-grpc-strict"

    def check_one_source(self, request: GrpcRequest) -> None:
        if any(tensor.contents is not None for tensor in request.inputs):
            raise self.invalid("contents beside raw_input_contents")

    def invalid(self, message: str) -> GrpcRefusal:
        return GrpcRefusal("INVALID_ARGUMENT", "no")

    def unknown_model(self, name: str) -> GrpcRefusal:
        return GrpcRefusal("NOT_FOUND", "no such model")


class Wordy(NaiveGrpc):
    """Talks much: long messages in another script, parameters in answers, a platform and extensions."""

    id = "lawful-grpc-wordy"

    def refuse(self, refusal: GrpcRefusal) -> GrpcRefusal:
        return GrpcRefusal(
            refusal.code, f"请求无效 🙅: {refusal.message}. " + "Please read the manual. " * 20
        )

    def server_metadata(self, message: Message) -> Message:
        return {"name": "naïve ☃", "version": "0", "extensions": ["binary_tensor_data", "x_unheard_of"]}

    def answer(self, model: Model, version: str, request: GrpcRequest, arrays: Any) -> Message:
        message = super().answer(model, version, request, arrays)
        told = [{"key": "seconds", "value": {"double_param": 0.25}}, {"key": "cached", "value": {}}]
        for output in message["outputs"]:
            output["parameters"] = told
        return {**message, "parameters": told}

    def model_metadata(self, name: str, version: str) -> Message:
        return {
            **super().model_metadata(name, version),
            "platform": "",
            "properties": [{"key": "owner", "value": "someone"}],
        }


class Unpacked(NaiveGrpc):
    """Writes each element of a repeated number behind its own tag."""

    id = "lawful-grpc-unpacked"
    packs = False


class Reversed(NaiveGrpc):
    """Writes the fields of every message from the last to the first."""

    id = "lawful-grpc-reversed"

    def field_order(self, fields: Sequence[Field]) -> Sequence[Field]:
        return fields[::-1]


class WritesDefaults(NaiveGrpc):
    """Writes fields that have their default, and empty contents beside raw ones."""

    id = "lawful-grpc-defaults"
    writes_defaults = True

    def write_field(self, field: Field, value: Any) -> bytes:
        if field.kind == "Parameter" or field.name in {each.name for each in SCHEMA["Parameter"]}:
            # Members of a oneof have no default: to write one is to choose it.
            return super().write_field(field, value) if value is not None else b""
        return super().write_field(field, value)


class UnknownFields(NaiveGrpc):
    """Adds fields that the client does not know to every message."""

    id = "lawful-grpc-unknown-fields"

    def build(self, kind: str, message: Any) -> bytes:
        extra = self.write_bytes(Field(15_000, "note", "string"), b"from a later revision")
        return extra + super().build(kind, message) + self.varint(15_001 << 3) + self.varint(2**64 - 1)


class Minimal(NaiveGrpc):
    """Has neither health checking nor reflection, and no limit but the smallest."""

    id = "lawful-grpc-minimal"
    max_message_bytes = 17 * 1024 * 1024

    def unary(self, path: str) -> Unary | None:
        return super().unary(path) if path.startswith(f"/{SERVICE}/") else None

    def stream(self, path: str) -> Stream | None:
        return None


class Library(NaiveGrpc):
    """Refuses unreadable bytes as the libraries of gRPC do: INTERNAL, and a fixed sentence."""

    id = "lawful-grpc-library"

    def unreadable(self, error: Exception) -> GrpcRefusal:
        return GrpcRefusal("INTERNAL", "Exception deserializing request!")


class Chooses(NaiveGrpc):
    """Answers typed what is small and asked typed, raw what is larger than 64 bytes."""

    id = "lawful-grpc-chooses"

    def infer(self, body: bytes, call: Call) -> bytes:
        self.large = len(body) > 64
        return super().infer(body, call)

    def answers_raw(self, request: GrpcRequest, specs: Sequence[Spec]) -> bool:
        return super().answers_raw(request, specs) or self.large


#: SHOULDs that these do not follow, and that no profile falls by: INF-GRP-35, INF-GRP-42, INF-GRP-43.
ALL: tuple[type[NaiveGrpc], ...] = (
    AlwaysRaw,
    Unversioned,
    SaysFalse,
    Strict,
    Wordy,
    Unpacked,
    Reversed,
    WritesDefaults,
    UnknownFields,
    Minimal,
    Library,
    Chooses,
)
