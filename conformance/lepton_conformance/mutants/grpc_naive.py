"""A small, correct gRPC server of the Open Inference Protocol, written apart from the reference.

Owns the methods and the order of steps; leaves HTTP/2 to `grpc_listener`, bytes to `grpc_messages`,
`grpc_decoding` and `grpc_encoding`, numbers to `computing`. Every step is a method, so that a mutant is a
subclass that changes one of them. Serves `inference` (profile inference-grpc).
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

import lepton_spec
from lepton_conformance.mutants.computing import Array, Model, Spec, conformance_models
from lepton_conformance.mutants.grpc_decoding import GrpcDecoder, GrpcRefusal, GrpcRequest
from lepton_conformance.mutants.grpc_encoding import GrpcEncoder
from lepton_conformance.mutants.grpc_messages import Message
from lepton_conformance.mutants.refusal import shown

__all__ = ["SERVICE", "Call", "NaiveGrpc", "Stream", "Unary"]

SERVICE = "inference.GRPCInferenceService"
HEALTH = "grpc.health.v1.Health"
REFLECTIONS = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
#: Values of the status of grpc.health.v1.
SERVING, SERVICE_UNKNOWN = 1, 3
#: The number of the status NOT_FOUND, as an answer of reflection carries it.
NOT_FOUND = 5


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of a call beside its bytes: `seconds` to its deadline, and whether it is over."""

    seconds: float | None = None
    ended: threading.Event = field(default_factory=threading.Event)


#: What answers a method with one request, and one with streams.
Unary = Callable[[bytes, Call], bytes]
Stream = Callable[[Iterator[bytes], Call], Iterator[bytes]]


class NaiveGrpc(GrpcDecoder, GrpcEncoder):
    """The correct server; `id` and `breaks` are what a mutant overrides beside its one step."""

    id: ClassVar[str] = "correct"
    breaks: ClassVar[str] = ""
    #: Beyond it the library itself answers RESOURCE_EXHAUSTED; 64 MiB of data and what stands around it.
    max_message_bytes = 65 * 1024 * 1024

    def __init__(self) -> None:
        self.models = conformance_models()

    # calls

    def unary(self, path: str) -> Unary | None:
        """Return what answers `/SERVICE/METHOD` with one message, None when there is no such method."""
        service, _, method = path.removeprefix("/").partition("/")
        if service == SERVICE:
            return self.methods().get(method)
        if service == HEALTH and method == "Check":
            return self.health_check
        return None

    def stream(self, path: str) -> Stream | None:
        """Return what answers `/SERVICE/METHOD` with a stream."""
        service, _, method = path.removeprefix("/").partition("/")
        if service == HEALTH and method == "Watch":
            return self.health_watch
        if service in REFLECTIONS and method == "ServerReflectionInfo":
            return self.reflection
        return None

    def methods(self) -> dict[str, Unary]:
        return {
            "ServerLive": lambda body, call: self.build("Live", self.live(self.parse_call(body, "Empty"))),
            "ServerReady": lambda body, call: self.build("Ready", self.ready(self.parse_call(body, "Empty"))),
            "ModelReady": lambda body, call: self.build(
                "Ready", self.model_ready(*self.named(self.parse_call(body, "ModelName")))
            ),
            "ServerMetadata": lambda body, call: self.build(
                "ServerMetadata", self.server_metadata(self.parse_call(body, "Empty"))
            ),
            "ModelMetadata": lambda body, call: self.build(
                "ModelMetadata", self.model_metadata(*self.named(self.parse_call(body, "ModelName")))
            ),
            "ModelInfer": self.infer,
        }

    def respond(self, method: Unary, body: bytes, call: Call) -> bytes:
        """Answer one call. Raises: GrpcRefusal, and nothing else."""
        try:
            return method(body, call)
        except GrpcRefusal as refusal:
            raise self.refuse(refusal) from None
        except Exception as error:
            raise self.refuse(self.broken(error)) from None

    def refuse(self, refusal: GrpcRefusal) -> GrpcRefusal:
        return refusal

    def broken(self, error: Exception) -> GrpcRefusal:
        return GrpcRefusal("INTERNAL", f"the server failed: {type(error).__name__}")

    def named(self, message: Message) -> tuple[str, str]:
        return message.get("name", ""), message.get("version", "")

    def find(self, name: str, version: str) -> tuple[Model, str]:
        """Return the model and the version that answers."""
        if name not in self.models:
            raise self.unknown_model(name)
        model = self.models[name]
        if not version:
            return model, model.versions[-1]
        if version not in model.versions:
            raise self.unknown_version(model, version)
        return model, version

    def unknown_model(self, name: str) -> GrpcRefusal:
        return GrpcRefusal("NOT_FOUND", f"unknown model {shown(name)}")

    def unknown_version(self, model: Model, version: str) -> GrpcRefusal:
        return GrpcRefusal(
            "NOT_FOUND", f"model {model.name!r} has no version {shown(version)}, only {list(model.versions)}"
        )

    # health and metadata

    def live(self, message: Message) -> Message:
        return {"live": True}

    def ready(self, message: Message) -> Message:
        return {"ready": True}

    def model_ready(self, name: str, version: str) -> Message:
        self.find(name, version)
        return {"ready": True}

    def server_metadata(self, message: Message) -> Message:
        return {"name": "lepton-naive", "version": "1.0", "extensions": []}

    def model_metadata(self, name: str, version: str) -> Message:
        model, _ = self.find(name, version)
        return {
            "name": model.name,
            "versions": self.list_versions(model),
            "platform": model.platform,
            "inputs": [self.tensor_metadata(spec) for spec in model.inputs],
            "outputs": [self.tensor_metadata(spec) for spec in model.outputs],
        }

    def list_versions(self, model: Model) -> list[str]:
        return list(model.versions)

    def tensor_metadata(self, spec: Spec) -> Message:
        return {"name": spec.name, "datatype": spec.datatype, "shape": spec.published_shape()}

    # inference

    def infer(self, body: bytes, call: Call) -> bytes:
        request = self.read_request(self.parse_call(body, "InferRequest"))
        model, version = self.find(request.model_name, request.model_version)
        arrays = self.decode(model, request)
        return self.encode(model, version, request, self.compute(model, request, arrays))

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        with np.errstate(all="ignore"):
            return model.compute(arrays)

    # grpc.health.v1

    def health_of(self, body: bytes) -> int:
        service = self.parse_call(body, "HealthRequest").get("service", "")
        return SERVING if service in ("", SERVICE) else SERVICE_UNKNOWN

    def health_check(self, body: bytes, call: Call) -> bytes:
        status = self.health_of(body)
        if status == SERVICE_UNKNOWN:
            raise GrpcRefusal("NOT_FOUND", "unknown service")
        return self.build("HealthResponse", {"status": status})

    def health_watch(self, requests: Iterator[bytes], call: Call) -> Iterator[bytes]:
        yield self.build("HealthResponse", {"status": self.health_of(next(requests))})
        call.ended.wait()

    # grpc.reflection

    def reflection(self, requests: Iterator[bytes], call: Call) -> Iterator[bytes]:
        for body in requests:
            request = self.parse_call(body, "ReflectionRequest")
            answer = {"valid_host": request.get("host", ""), "original_request": request}
            yield self.build("ReflectionResponse", answer | self.reflect(request))

    def reflect(self, request: Message) -> Message:
        if "list_services" in request:
            names = (SERVICE, HEALTH, *REFLECTIONS)
            return {"list_services_response": {"service": [{"name": name} for name in names]}}
        symbol = request.get("file_containing_symbol", "")
        if symbol == SERVICE or symbol.startswith("inference.") or request.get("file_by_filename"):
            return {"file_descriptor_response": {"file_descriptor_proto": self.descriptors()}}
        return {"error_response": {"error_code": NOT_FOUND, "error_message": f"unknown: {shown(symbol)}"}}

    def descriptors(self) -> list[bytes]:
        """Return the described service, as the compiler of protocol buffers wrote it."""
        found = self.parse(lepton_spec.path("inference.binpb").read_bytes(), "FileDescriptorSet")
        files: list[bytes] = found["file"]
        return files
