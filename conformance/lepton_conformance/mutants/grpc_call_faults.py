"""Faults between gRPC calls and in what they say: refusals that stay, deadlines, mixing, unknown fields.

Spec: INF-GRP-33, 37 to 40.
"""

import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from lepton_conformance.mutants.computing import Array, Model
from lepton_conformance.mutants.grpc_decoding import GrpcRefusal, GrpcRequest
from lepton_conformance.mutants.grpc_messages import Message, NotAMessage
from lepton_conformance.mutants.grpc_naive import Call, NaiveGrpc, Unary

__all__ = ["ALL"]

#: How long an answer takes here, so that calls overlap, in seconds.
RACE_SECONDS = 0.005
#: How long an inference takes here, so that a call can end before it, in seconds.
SLOW_SECONDS = 0.05


class ModelFailed(NaiveGrpc):
    """A model that has refused a request is unavailable for the next one."""

    id = "grp-33-model"
    breaks = "INF-GRP-33"

    def __init__(self) -> None:
        super().__init__()
        self.failed: set[str] = set()

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        if model.name in self.failed:
            self.failed.discard(model.name)
            raise GrpcRefusal("UNAVAILABLE", "the model is restarting")
        try:
            return super().decode(model, request)
        except GrpcRefusal:
            self.failed.add(model.name)
            raise


class ThreeStrikes(NaiveGrpc):
    """After three refusals in a row nothing is inferred any more."""

    id = "grp-33-strikes"
    breaks = "INF-GRP-33"
    strikes = 0

    def infer(self, body: bytes, call: Call) -> bytes:
        if self.strikes >= 3:
            raise GrpcRefusal("UNAVAILABLE", "the circuit is open")
        self.strikes += 1
        answer = super().infer(body, call)
        self.strikes = 0
        return answer


class RefusalRepeated(NaiveGrpc):
    """A refusal for its inputs is what the next call gets too."""

    id = "grp-33-repeated"
    breaks = "INF-GRP-33"
    pending: GrpcRefusal | None = None

    def infer(self, body: bytes, call: Call) -> bytes:
        pending, self.pending = self.pending, None
        if pending is not None:
            raise pending
        try:
            return super().infer(body, call)
        except GrpcRefusal as refusal:
            self.pending = refusal if refusal.code == "INVALID_ARGUMENT" else None
            raise


class RefusedTensorsKept(NaiveGrpc):
    """Elements of a refused request are answered to the next one of the same shape."""

    id = "grp-33-kept"
    breaks = "INF-GRP-33"

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, tuple[int, ...]], Array] = {}

    def check_wanted(self, model: Model, request: GrpcRequest) -> None:
        try:
            super().check_wanted(model, request)
        except GrpcRefusal:
            for index, tensor in enumerate(request.inputs):
                array = self.decode_raw(tensor, request.raw[index]) if request.raw else None
                key = (model.name, tensor.shape)
                self.kept[key] = self.decode_typed(tensor) if array is None else array
            raise

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        name = next(iter(arrays))
        kept = self.kept.pop((model.name, arrays[name].shape), None)
        return super().compute(model, request, arrays if kept is None else {**arrays, name: kept})


class _Slow(NaiveGrpc):
    """Takes its time, and learns whether the call ended before its answer."""

    def infer(self, body: bytes, call: Call) -> bytes:
        self.enter()
        answer = super().infer(body, call)
        if call.ended.wait(SLOW_SECONDS):
            return self.abandoned(answer)
        return self.leave(answer)

    def enter(self) -> None:
        return

    def leave(self, answer: bytes) -> bytes:
        return answer

    def abandoned(self, answer: bytes) -> bytes:
        return answer


class AbandonedStops(_Slow):
    """After a call that ended early nothing is inferred any more."""

    id = "grp-37-stops"
    breaks = "INF-GRP-37"
    stopped = False

    def enter(self) -> None:
        if self.stopped:
            raise GrpcRefusal("UNAVAILABLE", "the pipe to the worker is broken")

    def abandoned(self, answer: bytes) -> bytes:
        self.stopped = True
        return answer


class AbandonedDelivered(_Slow):
    """The answer of a call that ended early is given to the next one."""

    id = "grp-37-delivered"
    breaks = "INF-GRP-37"

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[bytes] = []

    def leave(self, answer: bytes) -> bytes:
        self.waiting.append(answer)
        return self.waiting.pop(0)

    def abandoned(self, answer: bytes) -> bytes:
        self.waiting.append(answer)
        return answer


class AbandonedKeepSlots(_Slow):
    """A call that ended early keeps its place among four."""

    id = "grp-37-slots"
    breaks = "INF-GRP-37"

    def __init__(self) -> None:
        super().__init__()
        self.slots = threading.Semaphore(4)

    def enter(self) -> None:
        if not self.slots.acquire(timeout=2.0):
            raise GrpcRefusal("UNAVAILABLE", "every worker is busy")

    def leave(self, answer: bytes) -> bytes:
        self.slots.release()
        return answer

    def infer(self, body: bytes, call: Call) -> bytes:
        try:
            return super().infer(body, call)
        except GrpcRefusal as refusal:
            if refusal.code != "UNAVAILABLE":
                self.slots.release()
            raise


class CancelsNeighbours(_Slow):
    """With a call that ends early those that are being answered end too."""

    id = "grp-37-neighbours"
    breaks = "INF-GRP-37"
    last = 0.0

    def leave(self, answer: bytes) -> bytes:
        if time.monotonic() - self.last < 2 * SLOW_SECONDS:
            raise GrpcRefusal("CANCELLED", "the batch was cancelled")
        return answer

    def abandoned(self, answer: bytes) -> bytes:
        self.last = time.monotonic()
        return answer


class SharedInputs(NaiveGrpc):
    """Inputs wait in a place of the model that the next call overwrites."""

    id = "grp-38-inputs"
    breaks = "INF-GRP-38"

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[str, dict[str, Array]] = {}

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        self.waiting[model.name] = arrays
        time.sleep(RACE_SECONDS)
        return super().compute(model, request, self.waiting[model.name])


class SharedId(NaiveGrpc):
    """The id waits in a place of the server that the next call overwrites."""

    id = "grp-38-id"
    breaks = "INF-GRP-38"
    waiting = ""

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        self.waiting = request.id
        time.sleep(RACE_SECONDS)
        return super().compute(model, request, arrays)

    def answer_id(self, request: GrpcRequest) -> str:
        return self.waiting


class SharedBuffer(NaiveGrpc):
    """Answers of one shape are written into one buffer."""

    id = "grp-38-buffer"
    breaks = "INF-GRP-38"

    def __init__(self) -> None:
        super().__init__()
        self.buffers: dict[tuple[str, str, tuple[int, ...]], Array] = {}

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        shared = {}
        for name, array in super().compute(model, request, arrays).items():
            buffer = self.buffers.setdefault((model.name, name, array.shape), np.empty_like(array))
            np.copyto(buffer, array)
            shared[name] = buffer
        time.sleep(RACE_SECONDS)
        return shared


class Crowd(NaiveGrpc):
    """While four calls are answered, more get the last answer of their model."""

    id = "grp-38-crowd"
    breaks = "INF-GRP-38"

    def __init__(self) -> None:
        super().__init__()
        self.busy = 0
        self.guard = threading.Lock()
        self.latest: dict[str, dict[str, Array]] = {}

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        with self.guard:
            self.busy += 1
            crowded = self.busy > 4
        try:
            time.sleep(RACE_SECONDS)
            if crowded and model.name in self.latest:
                return self.latest[model.name]
            found = super().compute(model, request, arrays)
            self.latest[model.name] = found
            return found
        finally:
            with self.guard:
                self.busy -= 1


class SharedWanted(NaiveGrpc):
    """What outputs are requested waits in a place that the next call overwrites."""

    id = "grp-38-outputs"
    breaks = "INF-GRP-38"
    waiting: Any = None

    def select_outputs(self, model: Model, request: GrpcRequest) -> Any:
        self.waiting = super().select_outputs(model, request)
        time.sleep(RACE_SECONDS)
        return self.waiting if self.waiting[0] in model.outputs else super().select_outputs(model, request)


class UnknownFieldRefused(NaiveGrpc):
    """A request with a field of an unknown number is refused."""

    id = "grp-39-field"
    breaks = "INF-GRP-39"
    kinds: ClassVar[tuple[str, ...]] = ("InferRequest",)

    def unknown_field(self, kind: str, number: int) -> None:
        if kind in self.kinds:
            raise NotAMessage(f"the field {number} is unknown")


class UnknownInputFieldRefused(UnknownFieldRefused):
    """An input, or a requested output, with a field of an unknown number is refused."""

    id = "grp-39-input-field"
    breaks = "INF-GRP-39"
    kinds: ClassVar[tuple[str, ...]] = ("Input", "Wanted", "Contents")


class UnknownFieldEnds(NaiveGrpc):
    """After a field of an unknown number the id is not read."""

    id = "grp-39-id"
    breaks = "INF-GRP-39"
    stray = False

    def parse(self, data: bytes, kind: str) -> Message:
        if kind == "InferRequest":
            self.stray = False
        found = super().parse(data, kind)
        return {**found, "id": ""} if self.stray and kind == "InferRequest" else found

    def unknown_field(self, kind: str, number: int) -> None:
        self.stray |= kind == "InferRequest"


class ParametersRefused(NaiveGrpc):
    """Parameters that the server does not know are refused."""

    id = "grp-39-parameters"
    breaks = "INF-GRP-39"

    def read_parameters(self, message: Message) -> Mapping[str, Message]:
        found = super().read_parameters(message)
        if found:
            raise self.invalid("unknown parameters")
        return found


class NewParametersRefused(NaiveGrpc):
    """Parameters of the kinds that were added later, double and uint64, are refused."""

    id = "grp-39-kinds"
    breaks = "INF-GRP-39"

    def read_parameters(self, message: Message) -> Mapping[str, Message]:
        found = super().read_parameters(message)
        if any("double_param" in value or "uint64_param" in value for value in found.values()):
            raise self.invalid("a parameter is neither bool, int64 nor string")
        return found


class InputParametersRefused(NaiveGrpc):
    """Parameters of inputs are refused."""

    id = "grp-39-input"
    breaks = "INF-GRP-39"

    def read_input(self, entry: Message) -> Any:
        if entry.get("parameters"):
            raise self.invalid("an input has parameters")
        return super().read_input(entry)


class OutputParametersFail(NaiveGrpc):
    """A requested output with parameters is not found."""

    id = "grp-39-output"
    breaks = "INF-GRP-39"

    def read_request(self, message: Message) -> GrpcRequest:
        if any(entry.get("parameters") for entry in message.get("outputs", ())):
            raise self.invalid("a requested output has parameters")
        return super().read_request(message)


class ParametersSelect(NaiveGrpc):
    """A request with parameters is answered with the first output only."""

    id = "grp-39-first"
    breaks = "INF-GRP-39"

    def select_outputs(self, model: Model, request: GrpcRequest) -> Any:
        found = super().select_outputs(model, request)
        return found[:1] if request.parameters else found


class _Says(NaiveGrpc):
    """Says something else when it refuses with some code."""

    code: ClassVar[str] = ""
    text: ClassVar[str] = ""

    def refuse(self, refusal: GrpcRefusal) -> GrpcRefusal:
        return GrpcRefusal(refusal.code, self.text) if refusal.code == self.code else refusal


class SilentNotFound(_Says):
    """What is not found is refused without a word."""

    id = "grp-40-silent"
    breaks = "INF-GRP-40"
    code = "NOT_FOUND"


class SilentInvalid(_Says):
    """An invalid argument is refused without a word."""

    id = "grp-40-silent-invalid"
    breaks = "INF-GRP-40"
    code = "INVALID_ARGUMENT"


class PathOfModel(_Says):
    """An unknown model is looked for in a folder, which the message tells."""

    id = "grp-40-path"
    breaks = "INF-GRP-40"
    code = "NOT_FOUND"
    text = "failed to open /opt/models/repository/unknown/1/model.onnx: No such file or directory"


class Traceback(NaiveGrpc):
    """An invalid argument is explained by the stack."""

    id = "grp-40-traceback"
    breaks = "INF-GRP-40"

    def respond(self, method: Unary, body: bytes, call: Call) -> bytes:
        try:
            return method(body, call)
        except GrpcRefusal as refusal:
            if refusal.code == "INVALID_ARGUMENT":
                raise GrpcRefusal(refusal.code, traceback.format_exc()[-1500:]) from None
            raise


class ShapeTraceback(NaiveGrpc):
    """Only a shape that contradicts the elements is explained by the stack."""

    id = "grp-40-one-traceback"
    breaks = "INF-GRP-40"

    def check_elements(self, tensor: Any, found: int) -> None:
        try:
            super().check_elements(tensor, found)
        except GrpcRefusal as refusal:
            raise GrpcRefusal(refusal.code, traceback.format_exc()[-1500:]) from None


class SourceNamed(NaiveGrpc):
    """A refused datatype names the line of the source that refused it."""

    id = "grp-40-source"
    breaks = "INF-GRP-40"

    def check_datatype(self, tensor: Any, spec: Any) -> None:
        try:
            super().check_datatype(tensor, spec)
        except GrpcRefusal as refusal:
            place = "/usr/lib/python3/dist-packages/server/decoding.py:118"
            raise GrpcRefusal(refusal.code, f"{refusal.message} [{place}]") from None


ALL: tuple[type[NaiveGrpc], ...] = (
    ModelFailed,
    ThreeStrikes,
    RefusalRepeated,
    RefusedTensorsKept,
    AbandonedStops,
    AbandonedDelivered,
    AbandonedKeepSlots,
    CancelsNeighbours,
    SharedInputs,
    SharedId,
    SharedBuffer,
    Crowd,
    SharedWanted,
    UnknownFieldRefused,
    UnknownInputFieldRefused,
    UnknownFieldEnds,
    ParametersRefused,
    NewParametersRefused,
    InputParametersRefused,
    OutputParametersFail,
    ParametersSelect,
    SilentNotFound,
    SilentInvalid,
    PathOfModel,
    Traceback,
    ShapeTraceback,
    SourceNamed,
)
