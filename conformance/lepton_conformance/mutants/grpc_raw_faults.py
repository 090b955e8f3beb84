"""Faults of refusals over gRPC: raw contents that contradict the request (Spec: INF-GRP-20 to 22)."""

import dataclasses
import math

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array, Model
from lepton_conformance.mutants.grpc_decoding import GrpcRefusal, GrpcRequest, GrpcTensor
from lepton_conformance.mutants.grpc_naive import NaiveGrpc

__all__ = ["ALL"]


class RawWins(NaiveGrpc):
    """Contents beside raw entries are not looked at."""

    id = "grp-20-raw-wins"
    breaks = "INF-GRP-20"

    def check_one_source(self, request: GrpcRequest) -> None:
        return


class TypedWins(NaiveGrpc):
    """Raw entries beside contents are not looked at."""

    id = "grp-20-typed-wins"
    breaks = "INF-GRP-20"

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        if request.inputs and all(tensor.filled() for tensor in request.inputs):
            request = dataclasses.replace(request, raw=())
        return super().decode(model, request)


class BothPrecondition(NaiveGrpc):
    """Both forms at once are a failed precondition."""

    id = "grp-20-precondition"
    breaks = "INF-GRP-20"

    def check_one_source(self, request: GrpcRequest) -> None:
        if any(tensor.filled() for tensor in request.inputs):
            raise GrpcRefusal("FAILED_PRECONDITION", "contents beside raw_input_contents")


class FirstLookedAt(NaiveGrpc):
    """Only the first input is looked at for contents beside raw entries."""

    id = "grp-20-first"
    breaks = "INF-GRP-20"

    def check_one_source(self, request: GrpcRequest) -> None:
        super().check_one_source(dataclasses.replace(request, inputs=request.inputs[:1]))


class AllFilled(NaiveGrpc):
    """Both forms are refused only when every input has contents."""

    id = "grp-20-all"
    breaks = "INF-GRP-20"

    def check_one_source(self, request: GrpcRequest) -> None:
        if all(tensor.filled() for tensor in request.inputs):
            super().check_one_source(request)


class SpareIgnored(NaiveGrpc):
    """Raw entries beyond the inputs are ignored."""

    id = "grp-21-spare"
    breaks = "INF-GRP-21"

    def check_raw_count(self, request: GrpcRequest) -> None:
        if len(request.raw) < len(request.inputs):
            super().check_raw_count(request)


class EmptySpareIgnored(NaiveGrpc):
    """Empty raw entries beyond the inputs are ignored."""

    id = "grp-21-empty-spare"
    breaks = "INF-GRP-21"

    def check_raw_count(self, request: GrpcRequest) -> None:
        if any(request.raw[len(request.inputs) :]) or len(request.raw) < len(request.inputs):
            super().check_raw_count(request)


class MissingRepeated(NaiveGrpc):
    """Inputs without a raw entry take the last one."""

    id = "grp-21-repeated"
    breaks = "INF-GRP-21"

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        missing = len(request.inputs) - len(request.raw)
        if request.raw and missing > 0:
            request = dataclasses.replace(request, raw=(*request.raw, *request.raw[-1:] * missing))
        return super().decode(model, request)


class CountInternal(NaiveGrpc):
    """Too few raw entries are a fault of the server."""

    id = "grp-21-internal"
    breaks = "INF-GRP-21"

    def check_raw_count(self, request: GrpcRequest) -> None:
        if len(request.raw) < len(request.inputs):
            raise GrpcRefusal("INTERNAL", "IndexError: list index out of range")
        super().check_raw_count(request)


class LongerCut(NaiveGrpc):
    """What a raw entry has beyond its shape is cut off."""

    id = "grp-22-longer"
    breaks = "INF-GRP-22"

    def decode_raw(self, tensor: GrpcTensor, part: bytes) -> Array:
        if tensor.datatype != "BYTES":
            part = part[: math.prod(tensor.shape) * DTYPES[tensor.datatype].itemsize]
        return super().decode_raw(tensor, part)


class ShorterPadded(NaiveGrpc):
    """What a raw entry lacks is 0."""

    id = "grp-22-shorter"
    breaks = "INF-GRP-22"

    def decode_raw(self, tensor: GrpcTensor, part: bytes) -> Array:
        if tensor.datatype != "BYTES":
            size = math.prod(tensor.shape) * DTYPES[tensor.datatype].itemsize
            part = part.ljust(size, b"\0") if size < 1 << 24 else part
        return super().decode_raw(tensor, part)


class WholeElementsOnly(NaiveGrpc):
    """A raw entry of another size is refused only when it ends within an element."""

    id = "grp-22-whole"
    breaks = "INF-GRP-22"

    def check_raw_length(self, tensor: GrpcTensor, expected: int, found: int) -> None:
        if found % DTYPES[tensor.datatype].itemsize:
            super().check_raw_length(tensor, expected, found)

    def decode_raw(self, tensor: GrpcTensor, part: bytes) -> Array:
        try:
            return super().decode_raw(tensor, part)
        except ValueError:
            if math.prod(tensor.shape) > 1 << 20:
                raise
            return np.zeros(tensor.shape, dtype=DTYPES[tensor.datatype])


class NothingIsZeros(NaiveGrpc):
    """An empty raw entry means zeros."""

    id = "grp-22-nothing"
    breaks = "INF-GRP-22"

    def decode_raw(self, tensor: GrpcTensor, part: bytes) -> Array:
        if not part and tensor.datatype != "BYTES" and math.prod(tensor.shape) < 1 << 24:
            return np.zeros(tensor.shape, dtype=DTYPES[tensor.datatype])
        return super().decode_raw(tensor, part)


class HalfAsFloat(NaiveGrpc):
    """A raw FP16 entry of twice the size is read as FP32."""

    id = "grp-22-fp16"
    breaks = "INF-GRP-22"

    def decode_raw(self, tensor: GrpcTensor, part: bytes) -> Array:
        if tensor.datatype == "FP16" and part and len(part) == 4 * math.prod(tensor.shape):
            with np.errstate(all="ignore"):
                part = np.frombuffer(part, np.float32).astype(np.float16).tobytes()
        return super().decode_raw(tensor, part)


class LengthUnknown(NaiveGrpc):
    """A raw entry of the wrong length ends with UNKNOWN: an exception that nobody caught."""

    id = "grp-22-unknown"
    breaks = "INF-GRP-22"

    def check_raw_length(self, tensor: GrpcTensor, expected: int, found: int) -> None:
        if expected != found:
            raise GrpcRefusal("UNKNOWN", "Exception calling application: cannot reshape")


class AnyByteIsTrue(NaiveGrpc):
    """Every byte but 0 is true."""

    id = "grp-22-bool"
    breaks = "INF-GRP-22"

    def raw_bools(self, tensor: GrpcTensor, part: bytes) -> Array:
        return np.not_equal(np.frombuffer(part, dtype=np.uint8), 0)


class LowBitIsTruth(NaiveGrpc):
    """Only bytes with other bits than the lowest set beside it are refused: 2 is false."""

    id = "grp-22-bool-even"
    breaks = "INF-GRP-22"

    def raw_bools(self, tensor: GrpcTensor, part: bytes) -> Array:
        return super().raw_bools(tensor, part.replace(b"\x02", b"\x00"))


class FirstBoolChecked(NaiveGrpc):
    """Only the first byte of a BOOL tensor is checked."""

    id = "grp-22-bool-first"
    breaks = "INF-GRP-22"

    def raw_bools(self, tensor: GrpcTensor, part: bytes) -> Array:
        super().raw_bools(tensor, part[:1])
        return np.not_equal(np.frombuffer(part, dtype=np.uint8), 0)


class OverrunCut(NaiveGrpc):
    """An element of BYTES that runs beyond the entry ends with it."""

    id = "grp-22-overrun"
    breaks = "INF-GRP-22"

    def overrun(self, tensor: GrpcTensor, part: bytes, start: int, found: list[bytes]) -> None:
        if start <= len(part):
            found.append(part[start:])


class RestIgnored(NaiveGrpc):
    """Bytes after the last element of BYTES are ignored when they are no whole length."""

    id = "grp-22-rest"
    breaks = "INF-GRP-22"

    def overrun(self, tensor: GrpcTensor, part: bytes, start: int, found: list[bytes]) -> None:
        if start <= len(part):
            super().overrun(tensor, part, start, found)


class StringsCounted(NaiveGrpc):
    """Raw elements of BYTES beyond the shape are dropped."""

    id = "grp-22-bytes-more"
    breaks = "INF-GRP-22"

    def raw_strings(self, tensor: GrpcTensor, part: bytes) -> list[bytes]:
        count = math.prod(tensor.shape)
        at = 0
        for _ in range(min(count, len(part))):
            at += 4 + int.from_bytes(part[at : at + 4], "little")
        return super().raw_strings(tensor, part[:at] if at <= len(part) else part)


class StringsFilled(NaiveGrpc):
    """Raw elements of BYTES that are missing are empty."""

    id = "grp-22-bytes-fewer"
    breaks = "INF-GRP-22"

    def check_elements(self, tensor: GrpcTensor, found: int) -> None:
        if tensor.datatype != "BYTES" or found > math.prod(tensor.shape):
            super().check_elements(tensor, found)

    def raw_strings(self, tensor: GrpcTensor, part: bytes) -> list[bytes]:
        found = super().raw_strings(tensor, part)
        return found + [b""] * min(math.prod(tensor.shape) - len(found), 1 << 20)

    def decode_typed(self, tensor: GrpcTensor) -> Array:
        if tensor.datatype == "BYTES":
            super().check_elements(tensor, len((tensor.contents or {}).get("bytes_contents", ())))
        return super().decode_typed(tensor)


class LengthSigned(NaiveGrpc):
    """A length of BYTES from 2^31 on is negative and taken for 0."""

    id = "grp-22-signed"
    breaks = "INF-GRP-22"

    def overrun(self, tensor: GrpcTensor, part: bytes, start: int, found: list[bytes]) -> None:
        if part[start - 1 : start] < b"\x80":
            super().overrun(tensor, part, start, found)
        found.append(b"")


ALL: tuple[type[NaiveGrpc], ...] = (
    RawWins,
    TypedWins,
    BothPrecondition,
    FirstLookedAt,
    AllFilled,
    SpareIgnored,
    EmptySpareIgnored,
    MissingRepeated,
    CountInternal,
    LongerCut,
    ShorterPadded,
    WholeElementsOnly,
    NothingIsZeros,
    HalfAsFloat,
    LengthUnknown,
    AnyByteIsTrue,
    LowBitIsTruth,
    FirstBoolChecked,
    OverrunCut,
    RestIgnored,
    StringsCounted,
    StringsFilled,
    LengthSigned,
)
