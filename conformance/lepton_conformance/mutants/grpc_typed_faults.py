"""Faults of refusals over gRPC: typed contents (Spec: INF-GRP-23 to 25, 44)."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array
from lepton_conformance.mutants.grpc_decoding import CONTENTS, GrpcRefusal, GrpcTensor
from lepton_conformance.mutants.grpc_naive import NaiveGrpc

__all__ = ["ALL"]


class _Unchecked(NaiveGrpc):
    """Does not refuse what is outside a narrow datatype."""

    datatypes: ClassVar[tuple[str, ...]] = ()

    def check_range(self, tensor: GrpcTensor, array: Array, dtype: np.dtype[Any]) -> None:
        if tensor.datatype not in self.datatypes:
            super().check_range(tensor, array, dtype)


class Int8Wraps(_Unchecked):
    """INT8 takes the low 8 bits."""

    id = "grp-23-int8"
    breaks = "INF-GRP-23"
    datatypes = ("INT8",)


class Int16Wraps(_Unchecked):
    """INT16 takes the low 16 bits."""

    id = "grp-23-int16"
    breaks = "INF-GRP-23"
    datatypes = ("INT16",)


class Uint8Wraps(_Unchecked):
    """UINT8 takes the low 8 bits."""

    id = "grp-23-uint8"
    breaks = "INF-GRP-23"
    datatypes = ("UINT8",)


class Uint16Wraps(_Unchecked):
    """UINT16 takes the low 16 bits."""

    id = "grp-23-uint16"
    breaks = "INF-GRP-23"
    datatypes = ("UINT16",)


class NarrowClamped(NaiveGrpc):
    """Elements outside a narrow datatype become its nearest limit."""

    id = "grp-23-clamped"
    breaks = "INF-GRP-23"

    def typed_array(self, tensor: GrpcTensor, values: Any) -> Array:
        if tensor.datatype in ("INT8", "INT16", "UINT8", "UINT16") and len(values):
            limits = np.iinfo(DTYPES[tensor.datatype])
            values = np.clip(values, limits.min, limits.max)
        return super().typed_array(tensor, values)


class OneBeyond(NaiveGrpc):
    """The first number above a narrow datatype is accepted."""

    id = "grp-23-one-beyond"
    breaks = "INF-GRP-23"

    def check_range(self, tensor: GrpcTensor, array: Array, dtype: np.dtype[Any]) -> None:
        super().check_range(tensor, np.where(array == np.iinfo(dtype).max + 1, 0, array), dtype)


class LowerUnchecked(NaiveGrpc):
    """What is below a narrow datatype is accepted."""

    id = "grp-23-below"
    breaks = "INF-GRP-23"

    def check_range(self, tensor: GrpcTensor, array: Array, dtype: np.dtype[Any]) -> None:
        super().check_range(tensor, np.maximum(array, 0), dtype)


class FirstInRange(NaiveGrpc):
    """Only the first element's range is checked."""

    id = "grp-23-first"
    breaks = "INF-GRP-23"

    def check_range(self, tensor: GrpcTensor, array: Array, dtype: np.dtype[Any]) -> None:
        super().check_range(tensor, array[:1], dtype)


class RangeCode(NaiveGrpc):
    """An element outside a narrow datatype is OUT_OF_RANGE."""

    id = "grp-23-code"
    breaks = "INF-GRP-23"

    def check_range(self, tensor: GrpcTensor, array: Array, dtype: np.dtype[Any]) -> None:
        try:
            super().check_range(tensor, array, dtype)
        except GrpcRefusal as refusal:
            raise GrpcRefusal("OUT_OF_RANGE", refusal.message) from None


class AnyIntegerField(NaiveGrpc):
    """INT32 is read from `int64_contents` too."""

    id = "grp-24-int64"
    breaks = "INF-GRP-24"

    def decode_typed(self, tensor: GrpcTensor) -> Array:
        if tensor.datatype == "INT32" and tensor.filled() == ["int64_contents"]:
            assert tensor.contents is not None
            moved = {"int_contents": tensor.contents["int64_contents"].astype(np.int32)}
            tensor = dataclasses.replace(tensor, contents=moved)
        return super().decode_typed(tensor)


class _FieldTaken(NaiveGrpc):
    """Reads some datatypes from one other field."""

    taken: ClassVar[Mapping[str, str]] = {}

    def decode_typed(self, tensor: GrpcTensor) -> Array:
        other = self.taken.get(tensor.datatype, "")
        if tensor.contents is not None and tensor.filled() == [other]:
            moved = {CONTENTS[tensor.datatype]: tensor.contents[other]}
            tensor = dataclasses.replace(tensor, contents=moved)
        return super().decode_typed(tensor)


class DoublesForFloats(_FieldTaken):
    """FP32 is read from `fp64_contents` too."""

    id = "grp-24-fp64"
    breaks = "INF-GRP-24"
    taken: ClassVar[Mapping[str, str]] = {"FP32": "fp64_contents"}


class SignedForUnsigned(_FieldTaken):
    """UINT8 and UINT16 are read from `int_contents` too."""

    id = "grp-24-uint"
    breaks = "INF-GRP-24"
    taken: ClassVar[Mapping[str, str]] = {"UINT8": "int_contents", "UINT16": "int_contents"}


class IntsForBools(_FieldTaken):
    """BOOL is read from `int_contents` too."""

    id = "grp-24-bool"
    breaks = "INF-GRP-24"
    taken: ClassVar[Mapping[str, str]] = {"BOOL": "int_contents"}


class IntsForLongs(_FieldTaken):
    """INT64 and UINT64 are read from the fields of narrower integers too."""

    id = "grp-24-narrow"
    breaks = "INF-GRP-24"
    taken: ClassVar[Mapping[str, str]] = {"INT64": "int_contents", "UINT64": "uint_contents"}


class OtherFieldsIgnored(NaiveGrpc):
    """Fields beside that of the datatype are not looked at."""

    id = "grp-24-several"
    breaks = "INF-GRP-24"

    def check_field(self, tensor: GrpcTensor) -> None:
        if CONTENTS.get(tensor.datatype, "") not in tensor.filled():
            super().check_field(tensor)


class StringsBesideNumbers(NaiveGrpc):
    """`bytes_contents` beside the field of the datatype is not looked at."""

    id = "grp-24-bytes"
    breaks = "INF-GRP-24"

    def check_field(self, tensor: GrpcTensor) -> None:
        contents = {key: value for key, value in (tensor.contents or {}).items() if key != "bytes_contents"}
        numbers = dataclasses.replace(tensor, contents=contents)
        super().check_field(numbers if numbers.filled() else tensor)


class FieldCode(NaiveGrpc):
    """Another field is not implemented."""

    id = "grp-24-code"
    breaks = "INF-GRP-24"

    def check_field(self, tensor: GrpcTensor) -> None:
        try:
            super().check_field(tensor)
        except GrpcRefusal as refusal:
            if tensor.datatype in CONTENTS:
                raise GrpcRefusal("UNIMPLEMENTED", refusal.message) from None
            raise


class _Counted(NaiveGrpc):
    """Fits the typed elements to the shape."""

    def decode_typed(self, tensor: GrpcTensor) -> Array:
        name = CONTENTS.get(tensor.datatype, "")
        count = math.prod(tensor.shape)
        values = list((tensor.contents or {}).get(name, ()))
        if name and len(values) != count and count < 1 << 20 and set(tensor.filled()) <= {name}:
            fitted: Any = self.fit(values, count, b"" if name == "bytes_contents" else 0)
            tensor = dataclasses.replace(tensor, contents={name: fitted})
        return super().decode_typed(tensor)

    def fit(self, values: list[Any], count: int, nothing: Any) -> list[Any]:
        return values


class FewerPadded(_Counted):
    """Missing elements are 0."""

    id = "grp-25-fewer"
    breaks = "INF-GRP-25"

    def fit(self, values: list[Any], count: int, nothing: Any) -> list[Any]:
        return values + [nothing] * (count - len(values)) if values else values


class MoreCut(_Counted):
    """Elements beyond the shape are dropped."""

    id = "grp-25-more"
    breaks = "INF-GRP-25"

    def fit(self, values: list[Any], count: int, nothing: Any) -> list[Any]:
        return values[:count]


class OneRepeated(_Counted):
    """A single element stands for all."""

    id = "grp-25-one"
    breaks = "INF-GRP-25"

    def fit(self, values: list[Any], count: int, nothing: Any) -> list[Any]:
        return values * count if len(values) == 1 and count else values


class AbsentIsZeros(_Counted):
    """Absent contents mean zeros."""

    id = "grp-25-absent"
    breaks = "INF-GRP-25"

    def fit(self, values: list[Any], count: int, nothing: Any) -> list[Any]:
        return values or [nothing] * count


class RowsAdded(NaiveGrpc):
    """The number of rows is what the elements give; the first dimension is not looked at."""

    id = "grp-25-rows"
    breaks = "INF-GRP-25"

    def decode_typed(self, tensor: GrpcTensor) -> Array:
        values = (tensor.contents or {}).get(CONTENTS.get(tensor.datatype, ""), ())
        row = math.prod(tensor.shape[1:])
        if tensor.shape and len(values) and row and not len(values) % row and tensor.shape != (2, 3):
            tensor = dataclasses.replace(tensor, shape=(len(values) // row, *tensor.shape[1:]))
        return super().decode_typed(tensor)


class CountInternalTyped(NaiveGrpc):
    """Elements that contradict the shape are a fault of the server."""

    id = "grp-25-code"
    breaks = "INF-GRP-25"

    def check_elements(self, tensor: GrpcTensor, found: int) -> None:
        if found != math.prod(tensor.shape):
            raise GrpcRefusal("INTERNAL", f"cannot reshape {found} elements")


class SpareOnEmpty(NaiveGrpc):
    """Elements of a tensor whose shape has none are dropped."""

    id = "grp-25-empty"
    breaks = "INF-GRP-25"

    def decode_typed(self, tensor: GrpcTensor) -> Array:
        empty = 0 in tensor.shape and tensor.datatype in CONTENTS
        return super().decode_typed(dataclasses.replace(tensor, contents=None) if empty else tensor)


class _TypedHalf(NaiveGrpc):
    """Reads FP16 from a typed field."""

    field: ClassVar[str] = ""

    def decode_typed(self, tensor: GrpcTensor) -> Array:
        values: Any = (tensor.contents or {}).get(self.field, ())
        if tensor.datatype != "FP16" or tensor.filled() != [self.field]:
            return super().decode_typed(tensor)
        array = self.halves(values)
        self.check_elements(tensor, array.size)
        return array.reshape(tensor.shape)

    def halves(self, values: Any) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(values).astype(np.float16)


class HalfInFloats(_TypedHalf):
    """FP16 is read from `fp32_contents`."""

    id = "grp-44-fp32"
    breaks = "INF-GRP-44"
    field = "fp32_contents"


class HalfInInts(_TypedHalf):
    """FP16 is read from `uint_contents`, as bits."""

    id = "grp-44-uint"
    breaks = "INF-GRP-44"
    field = "uint_contents"

    def halves(self, values: Any) -> Array:
        return np.asarray(values).astype(np.uint16).view(np.float16)


class HalfInBytes(_TypedHalf):
    """FP16 is read from `bytes_contents`, two bytes an element."""

    id = "grp-44-bytes"
    breaks = "INF-GRP-44"
    field = "bytes_contents"

    def halves(self, values: Any) -> Array:
        joined = b"".join(values)
        return np.frombuffer(joined[: len(joined) // 2 * 2], dtype=np.float16)


class HalfCode(NaiveGrpc):
    """Typed FP16 is not implemented."""

    id = "grp-44-code"
    breaks = "INF-GRP-44"

    def untyped(self, tensor: GrpcTensor) -> GrpcRefusal:
        return GrpcRefusal("UNIMPLEMENTED", super().untyped(tensor).message)


class HalfZeros(NaiveGrpc):
    """Typed FP16 is not read, and computed as zeros."""

    id = "grp-44-zeros"
    breaks = "INF-GRP-44"

    def decode_typed(self, tensor: GrpcTensor) -> Array:
        if tensor.datatype == "FP16" and math.prod(tensor.shape) < 1 << 20:
            return np.zeros(tensor.shape, dtype=np.float16)
        return super().decode_typed(tensor)


ALL: tuple[type[NaiveGrpc], ...] = (
    Int8Wraps,
    Int16Wraps,
    Uint8Wraps,
    Uint16Wraps,
    NarrowClamped,
    OneBeyond,
    LowerUnchecked,
    FirstInRange,
    RangeCode,
    AnyIntegerField,
    DoublesForFloats,
    SignedForUnsigned,
    IntsForBools,
    IntsForLongs,
    OtherFieldsIgnored,
    StringsBesideNumbers,
    FieldCode,
    FewerPadded,
    MoreCut,
    OneRepeated,
    AbsentIsZeros,
    RowsAdded,
    CountInternalTyped,
    SpareOnEmpty,
    HalfInFloats,
    HalfInInts,
    HalfInBytes,
    HalfCode,
    HalfZeros,
)
