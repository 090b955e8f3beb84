"""Faults of elements over gRPC: typed values, raw bits, strings, empty tensors (Spec: INF-GRP-16 to 19)."""

from typing import Any, ClassVar

import numpy as np

from lepton_conformance.mutants.computing import Array, Model, Spec
from lepton_conformance.mutants.grpc_decoding import GrpcRefusal, GrpcRequest, GrpcTensor
from lepton_conformance.mutants.grpc_messages import Message
from lepton_conformance.mutants.grpc_naive import NaiveGrpc

__all__ = ["ALL"]


class _Altered(NaiveGrpc):
    """Alters what models of some datatypes answer, to typed or to raw requests."""

    datatypes: ClassVar[tuple[str, ...]] = ()
    raw: ClassVar[bool] = False

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if model.inputs[0].datatype not in self.datatypes or bool(request.raw) != self.raw:
            return found
        with np.errstate(all="ignore"):
            return {name: self.alter(array.copy()) for name, array in found.items()}

    def alter(self, array: Array) -> Array:
        return array


class DoublesThroughFloats(_Altered):
    """Typed FP64 goes through FP32."""

    id = "grp-16-fp64"
    breaks = "INF-GRP-16"
    datatypes = ("FP64",)

    def alter(self, array: Array) -> Array:
        return array.astype(np.float32).astype(np.float64)


class DoublesSixteenDigits(_Altered):
    """Typed FP64 is kept to 16 decimal digits."""

    id = "grp-16-digits"
    breaks = "INF-GRP-16"
    datatypes = ("FP64",)

    def alter(self, array: Array) -> Array:
        return np.array([float(f"{value:.15e}") for value in array.ravel()], np.float64).reshape(array.shape)


class FloatsSixDigits(_Altered):
    """Typed FP32 is kept to 7 decimal digits."""

    id = "grp-16-fp32-digits"
    breaks = "INF-GRP-16"
    datatypes = ("FP32",)

    def alter(self, array: Array) -> Array:
        return np.array([float(f"{value:.6e}") for value in array.ravel()], np.float32).reshape(array.shape)


class LongsThroughDoubles(_Altered):
    """Typed INT64 goes through FP64."""

    id = "grp-16-int64"
    breaks = "INF-GRP-16"
    datatypes = ("INT64",)

    def alter(self, array: Array) -> Array:
        limit = 2**63 - 1
        whole = [max(-limit - 1, min(limit, int(float(value)))) for value in array.ravel().tolist()]
        return np.array(whole, dtype=np.int64).reshape(array.shape)


class UnsignedLongsThroughDoubles(_Altered):
    """Typed UINT64 goes through FP64."""

    id = "grp-16-uint64"
    breaks = "INF-GRP-16"
    datatypes = ("UINT64",)

    def alter(self, array: Array) -> Array:
        whole = [min(2**64 - 1, int(float(value))) for value in array.ravel().tolist()]
        return np.array(whole, dtype=np.uint64).reshape(array.shape)


class _Refused(NaiveGrpc):
    """Refuses legal typed values of one datatype."""

    datatype: ClassVar[str] = ""

    def typed_array(self, tensor: GrpcTensor, values: Any) -> Array:
        found = super().typed_array(tensor, values)
        if tensor.datatype == self.datatype and found.size and bool(self.unwelcome(found).any()):
            raise self.invalid("an element is out of range")
        return found

    def unwelcome(self, array: Array) -> Array:
        return np.zeros(array.shape, dtype=bool)


class UnsignedLongsSigned(_Refused):
    """Typed UINT64 from 2^63 on is refused."""

    id = "grp-16-uint64-sign"
    breaks = "INF-GRP-16"
    datatype = "UINT64"

    def unwelcome(self, array: Array) -> Array:
        return np.greater_equal(array, np.uint64(2**63))


class UnsignedSigned(_Refused):
    """Typed UINT32 from 2^31 on is refused."""

    id = "grp-16-uint32-sign"
    breaks = "INF-GRP-16"
    datatype = "UINT32"

    def unwelcome(self, array: Array) -> Array:
        return np.greater_equal(array, np.uint32(2**31))


class LowestByteRefused(_Refused):
    """Typed INT8 -128 is refused: the range was taken for symmetric."""

    id = "grp-16-int8-lowest"
    breaks = "INF-GRP-16"
    datatype = "INT8"

    def unwelcome(self, array: Array) -> Array:
        return np.equal(array, -128)


class HighestShortRefused(_Refused):
    """Typed UINT16 65535 is refused: the range was taken for exclusive."""

    id = "grp-16-uint16-highest"
    breaks = "INF-GRP-16"
    datatype = "UINT16"

    def unwelcome(self, array: Array) -> Array:
        return np.equal(array, 65535)


class NanRefused(_Refused):
    """Typed NaN is refused."""

    id = "grp-16-nan-refused"
    breaks = "INF-GRP-16"
    datatype = "FP64"

    def unwelcome(self, array: Array) -> Array:
        return np.isnan(array)


class InfinityRefused(_Refused):
    """Typed infinities are refused as overflows."""

    id = "grp-16-inf-refused"
    breaks = "INF-GRP-16"
    datatype = "FP32"

    def unwelcome(self, array: Array) -> Array:
        return np.isinf(array)


class NanZero(_Altered):
    """Typed NaN becomes 0."""

    id = "grp-16-nan-zero"
    breaks = "INF-GRP-16"
    datatypes = ("FP32",)

    def alter(self, array: Array) -> Array:
        return np.where(np.isnan(array), array.dtype.type(0), array)


class InfinityClamped(_Altered):
    """Typed infinities become the largest finite number."""

    id = "grp-16-inf-clamped"
    breaks = "INF-GRP-16"
    datatypes = ("FP64",)

    def alter(self, array: Array) -> Array:
        return np.where(np.isinf(array), np.sign(array) * np.finfo(array.dtype).max, array)


class NegativeZero(_Altered):
    """Typed -0 becomes 0."""

    id = "grp-16-zero"
    breaks = "INF-GRP-16"
    datatypes = ("FP32", "FP64")

    def alter(self, array: Array) -> Array:
        found: Array = array + array.dtype.type(0)
        return found


class SubnormalsFlushed(_Altered):
    """Typed subnormal FP32 numbers become 0."""

    id = "grp-16-subnormal"
    breaks = "INF-GRP-16"
    datatypes = ("FP32",)

    def alter(self, array: Array) -> Array:
        array[np.abs(array) < np.finfo(np.float32).tiny] *= np.float32(0)
        return array


class SubnormalDoublesFlushed(_Altered):
    """Typed subnormal FP64 numbers become 0."""

    id = "grp-16-subnormal-fp64"
    breaks = "INF-GRP-16"
    datatypes = ("FP64",)

    def alter(self, array: Array) -> Array:
        array[np.abs(array) < np.finfo(np.float64).tiny] *= np.float64(0)
        return array


class BytesSigned(_Altered):
    """Typed UINT8 above 127 loses its highest bit."""

    id = "grp-16-uint8"
    breaks = "INF-GRP-16"
    datatypes = ("UINT8",)

    def alter(self, array: Array) -> Array:
        return array & np.uint8(0x7F)


class ShortsSwapped(_Altered):
    """Typed INT16 has its two bytes exchanged."""

    id = "grp-16-int16"
    breaks = "INF-GRP-16"
    datatypes = ("INT16",)

    def alter(self, array: Array) -> Array:
        return array.byteswap()


class LowestIntNegated(_Altered):
    """The lowest typed INT32 becomes the highest."""

    id = "grp-16-int32-lowest"
    breaks = "INF-GRP-16"
    datatypes = ("INT32",)

    def alter(self, array: Array) -> Array:
        array[array == -(2**31)] = 2**31 - 1
        return array


class ColumnMajor(_Altered):
    """Typed INT32 and BOOL leave column by column."""

    id = "grp-16-column-major"
    breaks = "INF-GRP-16"
    datatypes = ("BOOL", "INT32")

    def alter(self, array: Array) -> Array:
        return array.T.reshape(array.shape)


class BoolsInEights(_Altered):
    """Typed BOOL beyond the eighth repeats the first eight: a byte of bits."""

    id = "grp-16-bool"
    breaks = "INF-GRP-16"
    datatypes = ("BOOL",)

    def alter(self, array: Array) -> Array:
        flat = array.ravel()
        return flat[np.arange(flat.size) % 8].reshape(array.shape) if flat.size else array


class OddColumnLost(_Altered):
    """In rows of an odd width above one, the last UINT32 is that before it."""

    id = "grp-16-odd-width"
    breaks = "INF-GRP-16"
    datatypes = ("UINT32",)

    def alter(self, array: Array) -> Array:
        if array.ndim == 2 and array.shape[1] % 2 and array.shape[1] > 1:
            array[:, -1] = array[:, -2]
        return array


class Beyond64(_Altered):
    """Typed elements beyond the 64th are those of the beginning."""

    id = "grp-16-beyond-64"
    breaks = "INF-GRP-16"
    datatypes = ("FP32", "FP64", "INT32", "INT64")

    def alter(self, array: Array) -> Array:
        flat = array.ravel()
        return flat[np.arange(flat.size) % 64].reshape(array.shape) if flat.size else array


class SecondSame(_Altered):
    """The second of two equal typed requests gets its elements moved by one."""

    id = "grp-16-second"
    breaks = "INF-GRP-16"
    datatypes = ("INT32", "INT64")

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, bytes]] = set()

    def alter(self, array: Array) -> Array:
        key = (str(array.dtype), array.tobytes())
        if key in self.seen:
            return np.roll(array, 1)
        self.seen.add(key)
        return array


class ShortenedTail(_Altered):
    """A typed tensor smaller than the last one has the last one's first element at its end."""

    id = "grp-16-stale-tail"
    breaks = "INF-GRP-16"
    datatypes = ("INT32",)

    def __init__(self) -> None:
        super().__init__()
        self.last = np.zeros(0, dtype=np.int32)

    def alter(self, array: Array) -> Array:
        last, self.last = self.last, array.ravel().copy()
        if 1 < array.size < last.size:
            array.reshape(-1)[-1] = last[0]
        return array


class TypedAliased(NaiveGrpc):
    """Of two typed inputs with the same elements in other order, the second is taken for the first."""

    id = "grp-16-aliased"
    breaks = "INF-GRP-16"

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        names = [tensor.name for tensor in request.inputs]
        if len(names) > 1 and not request.raw and arrays[names[0]].size > 1:
            arrays = {**arrays, names[1]: arrays[names[0]]}
        return super().compute(model, request, arrays)


class RawNanFloat(_Altered):
    """Raw FP32 NaNs lose their payloads."""

    id = "grp-17-nan-fp32"
    breaks = "INF-GRP-17"
    datatypes = ("FP32",)
    raw = True

    def alter(self, array: Array) -> Array:
        array[np.isnan(array)] = np.nan
        return array


class RawNanDouble(_Altered):
    """Raw FP64 NaNs lose their payloads."""

    id = "grp-17-nan-fp64"
    breaks = "INF-GRP-17"
    datatypes = ("FP64",)
    raw = True

    def alter(self, array: Array) -> Array:
        array[np.isnan(array)] = np.nan
        return array


class RawNanHalf(_Altered):
    """Raw FP16 NaNs lose their payloads."""

    id = "grp-17-nan-fp16"
    breaks = "INF-GRP-17"
    datatypes = ("FP16",)
    raw = True

    def alter(self, array: Array) -> Array:
        array[np.isnan(array)] = np.nan
        return array


class RawHalfFlushed(_Altered):
    """Raw subnormal FP16 numbers become 0."""

    id = "grp-17-fp16-subnormal"
    breaks = "INF-GRP-17"
    datatypes = ("FP16",)
    raw = True

    def alter(self, array: Array) -> Array:
        array[np.abs(array) < np.finfo(np.float16).tiny] *= np.float16(0)
        return array


class RawHalfZero(_Altered):
    """Raw FP16 -0 becomes 0."""

    id = "grp-17-fp16-zero"
    breaks = "INF-GRP-17"
    datatypes = ("FP16",)
    raw = True

    def alter(self, array: Array) -> Array:
        return array + np.float16(0)


class RawHalfBrain(_Altered):
    """Raw FP16 is computed with 8 bits of precision."""

    id = "grp-17-fp16-bf16"
    breaks = "INF-GRP-17"
    datatypes = ("FP16",)
    raw = True

    def alter(self, array: Array) -> Array:
        bits = array.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
        found = bits.view(np.float32).astype(np.float16)
        found[~np.isfinite(array)] = array[~np.isfinite(array)]
        return found


class RawDoublesThroughFloats(_Altered):
    """Raw FP64 goes through FP32."""

    id = "grp-17-fp64"
    breaks = "INF-GRP-17"
    datatypes = ("FP64",)
    raw = True

    def alter(self, array: Array) -> Array:
        finite = np.isfinite(array) & (np.abs(array) < 3e38)
        array[finite] = array[finite].astype(np.float32)
        return array


class RawLongsThroughDoubles(_Altered):
    """Raw UINT64 goes through FP64."""

    id = "grp-17-uint64"
    breaks = "INF-GRP-17"
    datatypes = ("UINT64",)
    raw = True

    def alter(self, array: Array) -> Array:
        whole = [min(2**64 - 1, int(float(value))) for value in array.ravel().tolist()]
        return np.array(whole, dtype=np.uint64).reshape(array.shape)


class RawShortsBigEndian(NaiveGrpc):
    """Raw UINT16 leaves in big-endian order."""

    id = "grp-17-big-endian"
    breaks = "INF-GRP-17"

    def encode_raw(self, array: Array, spec: Spec) -> bytes:
        return super().encode_raw(array.byteswap() if spec.datatype == "UINT16" else array, spec)


class RawBeyond64(_Altered):
    """Raw elements beyond the 64th are 0."""

    id = "grp-17-beyond-64"
    breaks = "INF-GRP-17"
    datatypes = ("INT8", "UINT8", "FP32")
    raw = True

    def alter(self, array: Array) -> Array:
        array.reshape(-1)[64:] = 0
        return array


class RawColumnMajor(_Altered):
    """Raw INT16 leaves column by column."""

    id = "grp-17-column-major"
    breaks = "INF-GRP-17"
    datatypes = ("INT16",)
    raw = True

    def alter(self, array: Array) -> Array:
        return array.T.reshape(array.shape)


class RawBufferReused(_Altered):
    """Raw answers are written into a buffer that keeps the last element of the longest one."""

    id = "grp-17-stale"
    breaks = "INF-GRP-17"
    datatypes = ("INT64", "UINT32")
    raw = True

    def __init__(self) -> None:
        super().__init__()
        self.longest: dict[str, Array] = {}

    def alter(self, array: Array) -> Array:
        kept = self.longest.get(str(array.dtype), array)
        self.longest[str(array.dtype)] = max(kept, array, key=lambda each: each.size).copy()
        if 0 < array.size < kept.size:
            array.reshape(-1)[-1] = kept.reshape(-1)[-1]
        return array


class RawLowestByte(_Altered):
    """Raw INT8 -128 becomes -127."""

    id = "grp-17-int8"
    breaks = "INF-GRP-17"
    datatypes = ("INT8",)
    raw = True

    def alter(self, array: Array) -> Array:
        return np.maximum(array, np.int8(-127))


class _Strings(_Altered):
    """Alters each element of BYTES."""

    datatypes = ("BYTES",)

    def alter(self, array: Array) -> Array:
        found = np.empty(array.size, dtype=object)
        found[:] = [self.change(value) for value in array.ravel()]
        return found.reshape(array.shape)

    def change(self, value: bytes) -> bytes:
        return value


class StringsDecoded(_Strings):
    """Typed BYTES go through UTF-8, and what is not becomes U+FFFD."""

    id = "grp-18-replaced"
    breaks = "INF-GRP-18"

    def change(self, value: bytes) -> bytes:
        return value.decode("utf-8", "replace").encode()


class StringsTrimmed(_Strings):
    """Typed BYTES lose NULs at their end, as in arrays of fixed width."""

    id = "grp-18-trailing-nul"
    breaks = "INF-GRP-18"

    def change(self, value: bytes) -> bytes:
        return value.rstrip(b"\0")


class StringsCutAtNul(_Strings):
    """Typed BYTES end at their first NUL."""

    id = "grp-18-nul"
    breaks = "INF-GRP-18"

    def change(self, value: bytes) -> bytes:
        return value.split(b"\0")[0]


class StringsNone(_Strings):
    """A typed empty element becomes `None`."""

    id = "grp-18-none"
    breaks = "INF-GRP-18"

    def change(self, value: bytes) -> bytes:
        return value or b"None"


class StringsShort(_Strings):
    """Typed BYTES have at most 255 bytes."""

    id = "grp-18-255"
    breaks = "INF-GRP-18"

    def change(self, value: bytes) -> bytes:
        return value[:255]


class RawStringsTrimmed(_Strings):
    """Raw BYTES lose NULs at their end."""

    id = "grp-18-raw-trailing-nul"
    breaks = "INF-GRP-18"
    raw = True

    def change(self, value: bytes) -> bytes:
        return value.rstrip(b"\0")


class RawStringsLatin(_Strings):
    """Raw BYTES that are not UTF-8 are taken for Latin-1 and answered in UTF-8."""

    id = "grp-18-raw-latin"
    breaks = "INF-GRP-18"
    raw = True

    def change(self, value: bytes) -> bytes:
        try:
            value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1").encode()
        return value


class StringsMustBeText(NaiveGrpc):
    """BYTES that are not UTF-8 are refused."""

    id = "grp-18-refused"
    breaks = "INF-GRP-18"

    def byte_array(self, values: list[bytes]) -> Array:
        try:
            b"\0".join(values).decode("utf-8")
        except UnicodeDecodeError:
            raise self.invalid("an element of BYTES is not UTF-8") from None
        return super().byte_array(values)


class StringsInterned(_Altered):
    """Typed elements of BYTES with the same first four bytes are the first of them."""

    id = "grp-18-interned"
    breaks = "INF-GRP-18"
    datatypes = ("BYTES",)

    def alter(self, array: Array) -> Array:
        known: dict[bytes, bytes] = {}
        found = np.empty(array.size, dtype=object)
        found[:] = [known.setdefault(value[:4], value) if value[4:] else value for value in array.ravel()]
        return found.reshape(array.shape)


class RawStringLengthByte(NaiveGrpc):
    """The length of a raw element of BYTES is written in 2 of its 4 bytes."""

    id = "grp-18-raw-length"
    breaks = "INF-GRP-18"

    def encode_raw(self, array: Array, spec: Spec) -> bytes:
        if spec.datatype != "BYTES":
            return super().encode_raw(array, spec)
        return b"".join((len(v) & 0xFF).to_bytes(4, "little") + v[: len(v) & 0xFF] for v in array.ravel())


class _Empty(NaiveGrpc):
    """Treats tensors without elements in a way of its own."""

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        arrays = super().decode(model, request)
        for tensor in request.inputs:
            if 0 in tensor.shape:
                self.meet(tensor, bool(request.raw))
        return arrays

    def meet(self, tensor: GrpcTensor, raw: bool) -> None:
        return


class EmptyRefused(_Empty):
    """Typed tensors without elements are refused."""

    id = "grp-19-typed"
    breaks = "INF-GRP-19"

    def meet(self, tensor: GrpcTensor, raw: bool) -> None:
        if not raw:
            raise self.invalid("a dimension is 0")


class EmptyRawRefused(_Empty):
    """Raw tensors without elements are refused."""

    id = "grp-19-raw"
    breaks = "INF-GRP-19"

    def meet(self, tensor: GrpcTensor, raw: bool) -> None:
        if raw:
            raise self.invalid("a raw entry is empty")


class EmptyStringsFail(_Empty):
    """BYTES tensors without elements are a fault of the server."""

    id = "grp-19-bytes"
    breaks = "INF-GRP-19"

    def meet(self, tensor: GrpcTensor, raw: bool) -> None:
        if tensor.datatype == "BYTES":
            raise GrpcRefusal("INTERNAL", "the list is empty")


class EmptyWithoutContents(_Empty):
    """Absent contents are refused for a tensor without elements too."""

    id = "grp-19-absent"
    breaks = "INF-GRP-19"

    def meet(self, tensor: GrpcTensor, raw: bool) -> None:
        if not raw and tensor.contents is None:
            raise self.invalid("an input has no contents")


class EmptyWidthRefused(_Empty):
    """Rows of no elements are refused; no rows are not."""

    id = "grp-19-width"
    breaks = "INF-GRP-19"

    def meet(self, tensor: GrpcTensor, raw: bool) -> None:
        if tensor.shape[0] and not tensor.shape[-1]:
            raise self.invalid("the rows are empty")


class EmptyShapeLost(NaiveGrpc):
    """The shape of a tensor without elements is [0]."""

    id = "grp-19-shape"
    breaks = "INF-GRP-19"

    def describe_output(self, spec: Spec, array: Array) -> Message:
        found = super().describe_output(spec, array)
        return found if array.size else {**found, "shape": [0]}


class EmptyShapeZeros(NaiveGrpc):
    """Every size of a tensor without elements is 0."""

    id = "grp-19-zeros"
    breaks = "INF-GRP-19"

    def describe_output(self, spec: Spec, array: Array) -> Message:
        found = super().describe_output(spec, array)
        return found if array.size else {**found, "shape": [0] * array.ndim}


class EmptyEntryDropped(NaiveGrpc):
    """Empty raw entries are left out of the answer."""

    id = "grp-19-dropped"
    breaks = "INF-GRP-19"

    def order_raw(self, parts: list[bytes]) -> list[bytes]:
        return [part for part in parts if part]


class EmptyStringsCounted(NaiveGrpc):
    """A raw BYTES tensor without elements has four bytes: their number."""

    id = "grp-19-counted"
    breaks = "INF-GRP-19"

    def encode_raw(self, array: Array, spec: Spec) -> bytes:
        return super().encode_raw(array, spec) or (bytes(4) if spec.datatype == "BYTES" else b"")


ALL: tuple[type[NaiveGrpc], ...] = (
    DoublesThroughFloats,
    DoublesSixteenDigits,
    FloatsSixDigits,
    LongsThroughDoubles,
    UnsignedLongsThroughDoubles,
    UnsignedLongsSigned,
    UnsignedSigned,
    LowestByteRefused,
    HighestShortRefused,
    NanRefused,
    InfinityRefused,
    NanZero,
    InfinityClamped,
    NegativeZero,
    SubnormalsFlushed,
    SubnormalDoublesFlushed,
    BytesSigned,
    ShortsSwapped,
    LowestIntNegated,
    ColumnMajor,
    BoolsInEights,
    OddColumnLost,
    Beyond64,
    SecondSame,
    ShortenedTail,
    TypedAliased,
    RawNanFloat,
    RawNanDouble,
    RawNanHalf,
    RawHalfFlushed,
    RawHalfZero,
    RawHalfBrain,
    RawDoublesThroughFloats,
    RawLongsThroughDoubles,
    RawShortsBigEndian,
    RawBeyond64,
    RawColumnMajor,
    RawBufferReused,
    RawLowestByte,
    StringsDecoded,
    StringsTrimmed,
    StringsCutAtNul,
    StringsNone,
    StringsShort,
    RawStringsTrimmed,
    RawStringsLatin,
    StringsMustBeText,
    StringsInterned,
    RawStringLengthByte,
    EmptyRefused,
    EmptyRawRefused,
    EmptyStringsFail,
    EmptyWithoutContents,
    EmptyWidthRefused,
    EmptyShapeLost,
    EmptyShapeZeros,
    EmptyEntryDropped,
    EmptyStringsCounted,
)
