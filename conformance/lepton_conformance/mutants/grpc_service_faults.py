"""Faults of the gRPC service: health, metadata, unknown names and methods, limits.

Spec: INF-GRP-01 to 07, 30 to 32, 34 to 36, 42, 43.
"""

from collections.abc import Mapping
from typing import Any

from lepton_conformance.mutants.computing import Array, Model, Spec
from lepton_conformance.mutants.grpc_decoding import GrpcRefusal, GrpcRequest
from lepton_conformance.mutants.grpc_messages import Message, NotAMessage
from lepton_conformance.mutants.grpc_naive import SERVICE, Call, NaiveGrpc, Stream, Unary

__all__ = ["ALL"]

MIB = 1024 * 1024


class LiveFalse(NaiveGrpc):
    """The server says that it is not live."""

    id = "grp-01-false"
    breaks = "INF-GRP-01"

    def live(self, message: Message) -> Message:
        return {"live": False}


class LiveMissing(NaiveGrpc):
    """There is no ServerLive."""

    id = "grp-01-missing"
    breaks = "INF-GRP-01"

    def methods(self) -> dict[str, Unary]:
        return {name: method for name, method in super().methods().items() if name != "ServerLive"}


class LiveElsewhere(NaiveGrpc):
    """`live` is written with the number 2."""

    id = "grp-01-number"
    breaks = "INF-GRP-01"

    def build(self, kind: str, message: Mapping[str, Any]) -> bytes:
        return b"\x10\x01" if kind == "Live" else super().build(kind, message)


class ReadyFalse(NaiveGrpc):
    """The server never becomes ready."""

    id = "grp-02-false"
    breaks = "INF-GRP-02"

    def ready(self, message: Message) -> Message:
        return {}


class ReadyRefused(NaiveGrpc):
    """Readiness is refused as unavailable though every model serves."""

    id = "grp-02-unavailable"
    breaks = "INF-GRP-02"

    def ready(self, message: Message) -> Message:
        raise GrpcRefusal("UNAVAILABLE", "warming up")


class ModelReadyFalse(NaiveGrpc):
    """Models with several inputs or outputs are never ready."""

    id = "grp-03-several"
    breaks = "INF-GRP-03"

    def model_ready(self, name: str, version: str) -> Message:
        model, _ = self.find(name, version)
        return {"ready": len(model.inputs) == len(model.outputs) == 1}


class ModelReadyVersion(NaiveGrpc):
    """A model asked with its version is not found."""

    id = "grp-03-version"
    breaks = "INF-GRP-03"

    def model_ready(self, name: str, version: str) -> Message:
        if version:
            raise GrpcRefusal("NOT_FOUND", f"no model '{name}:{version}'")
        return super().model_ready(name, version)


class ModelReadyFixed(NaiveGrpc):
    """Models with a fixed size are not ready."""

    id = "grp-03-fixed"
    breaks = "INF-GRP-03"

    def model_ready(self, name: str, version: str) -> Message:
        model, _ = self.find(name, version)
        return {"ready": not any(isinstance(dim, int) for dim in model.inputs[0].shape)}


class AnyModelReady(NaiveGrpc):
    """Every name is ready."""

    id = "grp-04-any"
    breaks = "INF-GRP-04"

    def model_ready(self, name: str, version: str) -> Message:
        return {"ready": True}


class AnyVersionReady(NaiveGrpc):
    """Every version of a known model is ready."""

    id = "grp-04-version"
    breaks = "INF-GRP-04"

    def model_ready(self, name: str, version: str) -> Message:
        return super().model_ready(name, "")


class PrefixReady(NaiveGrpc):
    """A name is ready when it begins with that of a model."""

    id = "grp-04-prefix"
    breaks = "INF-GRP-04"

    def model_ready(self, name: str, version: str) -> Message:
        if not any(name.startswith(known) for known in self.models):
            raise self.unknown_model(name)
        return {"ready": version in ("", "1")}


class EmptyNameReady(NaiveGrpc):
    """The empty name means the server, which is ready."""

    id = "grp-04-empty"
    breaks = "INF-GRP-04"

    def model_ready(self, name: str, version: str) -> Message:
        return super().model_ready(name, version) if name else {"ready": True}


class ServerNameless(NaiveGrpc):
    """The server has no name."""

    id = "grp-05-name"
    breaks = "INF-GRP-05"

    def server_metadata(self, message: Message) -> Message:
        return {**super().server_metadata(message), "name": ""}


class ServerVersionless(NaiveGrpc):
    """The server has no version."""

    id = "grp-05-version"
    breaks = "INF-GRP-05"

    def server_metadata(self, message: Message) -> Message:
        return {**super().server_metadata(message), "version": ""}


class ServerMetadataMissing(NaiveGrpc):
    """There is no ServerMetadata: the published table of methods forgets it."""

    id = "grp-05-missing"
    breaks = "INF-GRP-05"

    def methods(self) -> dict[str, Unary]:
        return {name: method for name, method in super().methods().items() if name != "ServerMetadata"}


class DatatypesLower(NaiveGrpc):
    """Datatypes are in lower case."""

    id = "grp-06-lower"
    breaks = "INF-GRP-06"

    def tensor_metadata(self, spec: Spec) -> Message:
        return {**super().tensor_metadata(spec), "datatype": spec.datatype.lower()}


class BytesAreStrings(NaiveGrpc):
    """BYTES is called STRING, as in configurations of models."""

    id = "grp-06-string"
    breaks = "INF-GRP-06"

    def tensor_metadata(self, spec: Spec) -> Message:
        return {**super().tensor_metadata(spec), "datatype": spec.datatype.replace("BYTES", "STRING")}


class FreeIsMinusTwo(NaiveGrpc):
    """The second free size is -2."""

    id = "grp-06-minus-two"
    breaks = "INF-GRP-06"

    def tensor_metadata(self, spec: Spec) -> Message:
        shape = [-2 if index and isinstance(dim, str) else size for index, (dim, size) in self.sized(spec)]
        return {**super().tensor_metadata(spec), "shape": shape}

    def sized(self, spec: Spec) -> list[tuple[int, tuple[int | str, int]]]:
        return list(enumerate(zip(spec.shape, spec.published_shape(), strict=True)))


class NameVersioned(NaiveGrpc):
    """The name in the metadata has the version in it."""

    id = "grp-06-name"
    breaks = "INF-GRP-06"

    def model_metadata(self, name: str, version: str) -> Message:
        return {**super().model_metadata(name, version), "name": f"{name}:1"}


class OneOutputListed(NaiveGrpc):
    """Only the first output is listed."""

    id = "grp-06-outputs"
    breaks = "INF-GRP-06"

    def model_metadata(self, name: str, version: str) -> Message:
        found = super().model_metadata(name, version)
        return {**found, "outputs": found["outputs"][:1]}


class UnknownMetadataUnknown(NaiveGrpc):
    """The metadata of an unknown model end with UNKNOWN: an exception that nobody caught."""

    id = "grp-07-unknown"
    breaks = "INF-GRP-07"

    def model_metadata(self, name: str, version: str) -> Message:
        if name not in self.models:
            raise GrpcRefusal("UNKNOWN", f"Exception calling application: {name[:60]!r}")
        return super().model_metadata(name, version)


class UnknownMetadataInvalid(NaiveGrpc):
    """The metadata of an unknown model are an invalid argument."""

    id = "grp-07-invalid"
    breaks = "INF-GRP-07"

    def model_metadata(self, name: str, version: str) -> Message:
        if name not in self.models:
            raise self.invalid("no such model")
        return super().model_metadata(name, version)


class UnknownMetadataEmpty(NaiveGrpc):
    """The metadata of an unknown model are empty."""

    id = "grp-07-empty"
    breaks = "INF-GRP-07"

    def model_metadata(self, name: str, version: str) -> Message:
        return super().model_metadata(name, version) if name in self.models else {"name": name}


class AnyVersionDescribed(NaiveGrpc):
    """Every version of a known model has metadata."""

    id = "grp-07-version"
    breaks = "INF-GRP-07"

    def model_metadata(self, name: str, version: str) -> Message:
        return super().model_metadata(name, "")


class UnknownVersionInvalid(NaiveGrpc):
    """The metadata of an unknown version are an invalid argument."""

    id = "grp-07-version-code"
    breaks = "INF-GRP-07"

    def model_metadata(self, name: str, version: str) -> Message:
        if name in self.models and version not in ("", *self.models[name].versions):
            raise self.invalid(f"no version {version[:20]!r}")
        return super().model_metadata(name, version)


class _Infers(NaiveGrpc):
    """Looks at the request of an inference before the rest does."""

    def infer(self, body: bytes, call: Call) -> bytes:
        message = self.parse_call(body, "InferRequest")
        self.look(message.get("model_name", ""), message.get("model_version", ""))
        return super().infer(body, call)

    def look(self, name: str, version: str) -> None:
        return


class UnknownModelInvalid(_Infers):
    """Inference with an unknown model is an invalid argument."""

    id = "grp-30-invalid"
    breaks = "INF-GRP-30"

    def look(self, name: str, version: str) -> None:
        if name not in self.models:
            raise self.invalid(f"unknown model {name[:40]!r}")


class UnknownModelInternal(_Infers):
    """Inference with an unknown model is a fault of the server."""

    id = "grp-30-internal"
    breaks = "INF-GRP-30"

    def look(self, name: str, version: str) -> None:
        if name not in self.models:
            raise GrpcRefusal("INTERNAL", "KeyError")


class UnknownVersionUnavailable(_Infers):
    """Inference with an unknown version is unavailable."""

    id = "grp-30-unavailable"
    breaks = "INF-GRP-30"

    def look(self, name: str, version: str) -> None:
        if name in self.models and version not in ("", "1"):
            raise GrpcRefusal("UNAVAILABLE", "the version is not loaded")


class VersionIgnored(NaiveGrpc):
    """Inference with any version is answered by the latest."""

    id = "grp-30-latest"
    breaks = "INF-GRP-30"

    def read_request(self, message: Message) -> GrpcRequest:
        return super().read_request({**message, "model_version": ""})


class VersionIsNumber(_Infers):
    """A version is read as an integer: 01 is version 1."""

    id = "grp-30-number"
    breaks = "INF-GRP-30"

    def read_request(self, message: Message) -> GrpcRequest:
        version = message.get("model_version", "")
        if version.isascii() and version.isdigit():
            message = {**message, "model_version": str(int(version[:18]))}
        return super().read_request(message)


class EmptyNameIsFirst(NaiveGrpc):
    """A request without a model's name is answered by a model that takes it."""

    id = "grp-30-nameless"
    breaks = "INF-GRP-30"

    def read_request(self, message: Message) -> GrpcRequest:
        if not message.get("model_name"):
            datatypes = [entry.get("datatype", "") for entry in message.get("inputs", ())]
            message = {**message, "model_name": f"lepton_id_{(datatypes or ['fp32'])[0].lower()}"}
        return super().read_request(message)


class AnyMethod(NaiveGrpc):
    """Every method of the service is there and answers an empty message."""

    id = "grp-31-any"
    breaks = "INF-GRP-31"

    def unary(self, path: str) -> Unary | None:
        known = super().unary(path)
        return known if known or self.stream(path) else lambda body, call: b""


class UnknownMethodNotFound(NaiveGrpc):
    """An unknown method is NOT_FOUND, as in HTTP."""

    id = "grp-31-not-found"
    breaks = "INF-GRP-31"

    def unary(self, path: str) -> Unary | None:
        known = super().unary(path)
        return known if known or self.stream(path) else self.lost

    def lost(self, body: bytes, call: Call) -> bytes:
        raise GrpcRefusal("NOT_FOUND", "no such method")


class AnyService(NaiveGrpc):
    """Only the method's name is looked at: every service has the methods of this one."""

    id = "grp-31-service"
    breaks = "INF-GRP-31"

    def unary(self, path: str) -> Unary | None:
        return super().unary(path) or super().unary(f"/{SERVICE}/{path.rpartition('/')[2]}")


class UnreadableIsEmpty(NaiveGrpc):
    """An inference whose bytes cannot be read is answered with an empty message."""

    id = "grp-32-empty"
    breaks = "INF-GRP-32"

    def infer(self, body: bytes, call: Call) -> bytes:
        try:
            self.parse(body, "InferRequest")
        except NotAMessage:
            return b""
        return super().infer(body, call)


class Truncated(NaiveGrpc):
    """What is read before the bytes stop making sense is the message."""

    id = "grp-32-truncated"
    breaks = "INF-GRP-32"

    def parse_call(self, body: bytes, kind: str) -> Message:
        for end in range(len(body), max(-1, len(body) - 64), -1):
            try:
                return self.parse(body[:end], kind)
            except NotAMessage:
                continue
        return super().parse_call(body, kind)


class UnreadableStops(NaiveGrpc):
    """After bytes that are no message every call is unavailable."""

    id = "grp-32-stops"
    breaks = "INF-GRP-32"
    stopped = False

    def unreadable(self, error: NotAMessage) -> GrpcRefusal:
        self.stopped = True
        return super().unreadable(error)

    def respond(self, method: Unary, body: bytes, call: Call) -> bytes:
        if self.stopped:
            raise GrpcRefusal("UNAVAILABLE", "the parser has stopped")
        return super().respond(method, body, call)


class LimitOfLibrary(NaiveGrpc):
    """Messages beyond 4 MiB are refused: the library's default."""

    id = "grp-34-default"
    breaks = "INF-GRP-34"
    max_message_bytes = 4 * MIB


class LimitJustBelow(NaiveGrpc):
    """Messages of 15 MiB are accepted, of 16 not."""

    id = "grp-34-15"
    breaks = "INF-GRP-34"
    max_message_bytes = 15 * MIB


class AnswersLimited(NaiveGrpc):
    """Answers beyond 8 MiB are refused; requests are not."""

    id = "grp-34-answers"
    breaks = "INF-GRP-34"

    def infer(self, body: bytes, call: Call) -> bytes:
        answer = super().infer(body, call)
        if len(answer) > 8 * MIB:
            raise GrpcRefusal("RESOURCE_EXHAUSTED", "the answer is larger than 8 MiB")
        return answer


class LargeTailZero(NaiveGrpc):
    """Elements beyond the first 2 MiB of a tensor are lost."""

    id = "grp-34-tail"
    breaks = "INF-GRP-34"

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        for name, array in found.items():
            if array.size * array.dtype.itemsize > 2 * MIB:
                found[name] = array.copy()
                found[name].reshape(-1)[2 * MIB // array.dtype.itemsize :] = 0
        return found


class LimitHalf(NaiveGrpc):
    """Messages of 32 MiB are accepted, of 64 not."""

    id = "grp-35-32"
    breaks = "INF-GRP-35"
    max_message_bytes = 33 * MIB


class _OwnLimit(NaiveGrpc):
    """Measures a message itself, after the library has read it."""

    max_message_bytes = -1
    limit = 20 * MIB

    def respond(self, method: Unary, body: bytes, call: Call) -> bytes:
        return self.beyond() if len(body) > self.limit else super().respond(method, body, call)

    def beyond(self) -> bytes:
        raise GrpcRefusal("INVALID_ARGUMENT", "the message is too large")


class BeyondInvalid(_OwnLimit):
    """A message beyond the limit is an invalid argument."""

    id = "grp-36-invalid"
    breaks = "INF-GRP-36"


class BeyondInternal(_OwnLimit):
    """A message beyond the limit is a fault of the server."""

    id = "grp-36-internal"
    breaks = "INF-GRP-36"

    def beyond(self) -> bytes:
        raise GrpcRefusal("INTERNAL", "out of memory")


class BeyondEmpty(_OwnLimit):
    """A message beyond the limit is answered with an empty one."""

    id = "grp-36-empty"
    breaks = "INF-GRP-36"

    def beyond(self) -> bytes:
        return b""


class BeyondStops(_OwnLimit):
    """After a message beyond the limit nothing is answered any more."""

    id = "grp-36-stops"
    breaks = "INF-GRP-36"

    def beyond(self) -> bytes:
        self.limit = -1
        raise GrpcRefusal("RESOURCE_EXHAUSTED", "out of memory")


class NotServing(NaiveGrpc):
    """The health service says NOT_SERVING."""

    id = "grp-42-not-serving"
    breaks = "INF-GRP-42"

    def health_of(self, body: bytes) -> int:
        return 2


class OnlyServer(NaiveGrpc):
    """The health service knows the server only, not the service."""

    id = "grp-42-service"
    breaks = "INF-GRP-42"

    def health_of(self, body: bytes) -> int:
        return 1 if not body else 3


class NothingListed(NaiveGrpc):
    """Reflection lists itself only."""

    id = "grp-43-not-listed"
    breaks = "INF-GRP-43"

    def reflect(self, request: Message) -> Message:
        names = ("grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection")
        return {"list_services_response": {"service": [{"name": name} for name in names]}}


class NoReflection(NaiveGrpc):
    """There is no reflection."""

    id = "grp-43-missing"
    breaks = "INF-GRP-43"

    def stream(self, path: str) -> Stream | None:
        return None if "reflection" in path else super().stream(path)


ALL: tuple[type[NaiveGrpc], ...] = (
    LiveFalse,
    LiveMissing,
    LiveElsewhere,
    ReadyFalse,
    ReadyRefused,
    ModelReadyFalse,
    ModelReadyVersion,
    ModelReadyFixed,
    AnyModelReady,
    AnyVersionReady,
    PrefixReady,
    EmptyNameReady,
    ServerNameless,
    ServerVersionless,
    ServerMetadataMissing,
    DatatypesLower,
    BytesAreStrings,
    FreeIsMinusTwo,
    NameVersioned,
    OneOutputListed,
    UnknownMetadataUnknown,
    UnknownMetadataInvalid,
    UnknownMetadataEmpty,
    AnyVersionDescribed,
    UnknownVersionInvalid,
    UnknownModelInvalid,
    UnknownModelInternal,
    UnknownVersionUnavailable,
    VersionIgnored,
    VersionIsNumber,
    EmptyNameIsFirst,
    AnyMethod,
    UnknownMethodNotFound,
    AnyService,
    UnreadableIsEmpty,
    Truncated,
    UnreadableStops,
    LimitOfLibrary,
    LimitJustBelow,
    AnswersLimited,
    LargeTailZero,
    LimitHalf,
    BeyondInvalid,
    BeyondInternal,
    BeyondEmpty,
    BeyondStops,
    NotServing,
    OnlyServer,
    NothingListed,
    NoReflection,
)
