"""Faults of the elements that a valid request carries (Spec: INF-DAT-01 to 08, 12, 13, 18)."""

import base64
import unicodedata
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array, Model, Spec
from lepton_conformance.mutants.decoding import InferRequest, Tensor
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class NestedRefused(Naive):
    """Nested data is refused."""

    id = "dat-01-nested-refused"
    breaks = "INF-DAT-01"

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        if any(isinstance(item, list) for item in data):
            raise Refusal(400, "data is nested, expected flat")
        return data


class FlatRowsReversed(Naive):
    """The rows of flat data arrive in reverse once there are three."""

    id = "dat-01-flat-reversed"
    breaks = "INF-DAT-01"

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        flat = super().flatten(data, tensor)
        if flat is not data or len(tensor.shape) != 2 or tensor.shape[0] < 3:
            return flat
        rows, columns = tensor.shape
        if rows * columns != len(flat):
            return flat
        return [value for row in range(rows)[::-1] for value in flat[row * columns :][:columns]]


class NestedByColumn(Naive):
    """Nested data is read column by column."""

    id = "dat-01-nested-columns"
    breaks = "INF-DAT-01"

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        flat = super().flatten(data, tensor)
        if flat is data or len(tensor.shape) != 2:
            return flat
        columns = tensor.shape[1]
        return [value for column in range(columns) for value in flat[column::columns]]


class NestedRowsReversed(Naive):
    """The rows of nested data arrive in reverse once there are three."""

    id = "dat-01-rows-reversed"
    breaks = "INF-DAT-01"

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        if len(data) >= 3 and isinstance(data[0], list):
            return super().flatten(data[::-1], tensor)
        return super().flatten(data, tensor)


class ColumnMajor(Naive):
    """Tensors are read and written column by column: copies look right."""

    id = "dat-02-columns"
    breaks = "INF-DAT-02"

    def decode_tensor(self, tensor: Tensor, part: bytes | None) -> Array:
        array = super().decode_tensor(tensor, part)
        return array.ravel().reshape(array.shape, order="F")

    def flat(self, array: Array) -> Array:
        return array.ravel(order="F")


class MemoryOrder(Naive):
    """Outputs are written in the order that they have in memory."""

    id = "dat-02-memory"
    breaks = "INF-DAT-02"

    def flat(self, array: Array) -> Array:
        return array.ravel(order="K")


class TransposeForgotten(Naive):
    """The answer's shape is transposed, its elements are not."""

    id = "dat-02-untransposed"
    breaks = "INF-DAT-02"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        if model.name == "lepton_transpose":
            return {"y": arrays["x"].reshape(3, 2)}
        return super().compute(model, request, arrays)


class IntegersThroughDoubles(Naive):
    """64-bit integers pass through FP64."""

    id = "dat-03-doubles"
    breaks = "INF-DAT-03"

    def encode_exact(self, flat: Array) -> list[Any]:
        values = super().encode_exact(flat)
        return [int(float(value)) for value in values] if flat.dtype.itemsize == 8 else values


class IntegersThroughFloats(Naive):
    """INT32 and UINT32 pass through FP32."""

    id = "dat-03-floats"
    breaks = "INF-DAT-03"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        array = super().decode_integers(flat, kinds, datatype)
        if array.dtype.itemsize != 4:
            return array
        return array.astype(np.float32).astype(np.float64).astype(np.int64).astype(array.dtype)


class UnsignedAsSigned(Naive):
    """UINT64 values from 2^63 on come back negative."""

    id = "dat-03-uint64-signed"
    breaks = "INF-DAT-03"

    def encode_exact(self, flat: Array) -> list[Any]:
        return super().encode_exact(flat.astype(np.int64) if flat.dtype == np.uint64 else flat)


class UnsignedShortRefused(Naive):
    """UINT16 values from 2^15 on are refused."""

    id = "dat-03-uint16-half"
    breaks = "INF-DAT-03"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        array = super().decode_integers(flat, kinds, datatype)
        if datatype == "UINT16" and bool((array >= 2**15).any()):
            raise Refusal(400, "an integer is outside UINT16")
        return array


class LeastByteLost(Naive):
    """The least INT8, -128, becomes -127."""

    id = "dat-03-int8-least"
    breaks = "INF-DAT-03"

    def encode_exact(self, flat: Array) -> list[Any]:
        return super().encode_exact(np.maximum(flat, -127) if flat.dtype == np.int8 else flat)


class LeastLongRefused(Naive):
    """The least INT64 is refused."""

    id = "dat-03-int64-least"
    breaks = "INF-DAT-03"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if datatype == "INT64" and -(2**63) in flat:
            raise Refusal(400, "an integer is outside INT64")
        return super().decode_integers(flat, kinds, datatype)


class _PrintedFloats(Naive):
    """Gives a subclass's printing to the elements of one datatype."""

    printed: np.dtype[Any] = DTYPES["FP32"]

    def encode_floats(self, flat: Array) -> list[Any]:
        values = super().encode_floats(flat)
        if flat.dtype != self.printed:
            return values
        return [self.print_one(value) if isinstance(value, float) else value for value in values]

    def print_one(self, value: float) -> float:
        return value


class SixDigits(_PrintedFloats):
    """FP32 is printed with 6 digits."""

    id = "dat-04-6-digits"
    breaks = "INF-DAT-04"

    def print_one(self, value: float) -> float:
        return float(f"{value:.6g}")


class EightDigits(_PrintedFloats):
    """FP32 is printed with 8 digits."""

    id = "dat-04-8-digits"
    breaks = "INF-DAT-04"

    def print_one(self, value: float) -> float:
        return float(f"{value:.8g}")


class FloatZeroUnsigned(_PrintedFloats):
    """Negative zero in FP32 loses its sign."""

    id = "dat-04-zero"
    breaks = "INF-DAT-04"

    def print_one(self, value: float) -> float:
        return value + 0.0


class FloatSubnormalsFlushed(_PrintedFloats):
    """Subnormal numbers in FP32 become zero."""

    id = "dat-04-subnormal"
    breaks = "INF-DAT-04"

    def print_one(self, value: float) -> float:
        return value if abs(value) >= 2.0**-126 else value * 0.0


class FixedPoint(_PrintedFloats):
    """FP32 is printed with 7 digits after the point."""

    id = "dat-04-fixed"
    breaks = "INF-DAT-04"

    def print_one(self, value: float) -> float:
        return float(f"{value:.7f}")


class FloatLowBitLost(Naive):
    """The lowest bit of FP32 is lost on reading."""

    id = "dat-04-low-bit"
    breaks = "INF-DAT-04"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        array = super().decode_floats(flat, kinds, datatype)
        if datatype != "FP32":
            return array
        return (array.view(np.uint32) & np.uint32(0xFFFFFFFE)).view(np.float32)


class SixteenDigits(_PrintedFloats):
    """FP64 is printed with 16 digits."""

    id = "dat-05-16-digits"
    breaks = "INF-DAT-05"
    printed = DTYPES["FP64"]

    def print_one(self, value: float) -> float:
        rounded = float(f"{value:.15e}")
        return rounded if abs(rounded) != float("inf") else value


class DoublesThroughFloats(Naive):
    """FP64 passes through FP32."""

    id = "dat-05-floats"
    breaks = "INF-DAT-05"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        array = super().decode_floats(flat, kinds, datatype)
        if datatype != "FP64":
            return array
        with np.errstate(over="ignore"):
            narrow = array.astype(np.float32).astype(np.float64)
        return np.where(np.isinf(narrow), array, narrow)


class DoubleZeroUnsigned(_PrintedFloats):
    """Negative zero in FP64 loses its sign."""

    id = "dat-05-zero"
    breaks = "INF-DAT-05"
    printed = DTYPES["FP64"]

    def print_one(self, value: float) -> float:
        return value + 0.0


class DoubleSubnormalsFlushed(_PrintedFloats):
    """Subnormal numbers in FP64 become zero."""

    id = "dat-05-subnormal"
    breaks = "INF-DAT-05"
    printed = DTYPES["FP64"]

    def print_one(self, value: float) -> float:
        return value if abs(value) >= 2.0**-1022 else value * 0.0


class BoolsInverted(Naive):
    """Booleans are inverted."""

    id = "dat-06-inverted"
    breaks = "INF-DAT-06"

    def decode_bools(self, flat: list[Any], kinds: set[type]) -> Array:
        return ~super().decode_bools(flat, kinds)


class BoolsSpread(Naive):
    """Every boolean is the first one."""

    id = "dat-06-first"
    breaks = "INF-DAT-06"

    def decode_bools(self, flat: list[Any], kinds: set[type]) -> Array:
        array = super().decode_bools(flat, kinds)
        array[1:] = array[:1].repeat(max(0, len(array) - 1))
        return array


class BoolsRefused(Naive):
    """A tensor of which every element is false is taken for an empty one and refused."""

    id = "dat-06-refused"
    breaks = "INF-DAT-06"

    def decode_bools(self, flat: list[Any], kinds: set[type]) -> Array:
        if flat and not any(flat):
            raise Refusal(400, "the tensor is empty")
        return super().decode_bools(flat, kinds)


class _ChangedStrings(Naive):
    """Gives the fault of a subclass to each string of a BYTES tensor."""

    def encode_strings(self, flat: Array, spec: Spec) -> list[Any]:
        return [self.change(value) for value in super().encode_strings(flat, spec)]

    def change(self, value: str) -> str:
        return value


class StringsEndAtNul(_ChangedStrings):
    """Strings end at the first NUL."""

    id = "dat-07-nul"
    breaks = "INF-DAT-07"

    def change(self, value: str) -> str:
        return value.split("\0")[0]


class StringsTrailingNulLost(_ChangedStrings):
    """NULs at the end of a string are lost, as in arrays of fixed width."""

    id = "dat-07-trailing-nul"
    breaks = "INF-DAT-07"

    def change(self, value: str) -> str:
        return value.rstrip("\0")


class StringsAscii(_ChangedStrings):
    """Characters beyond ASCII become question marks."""

    id = "dat-07-ascii"
    breaks = "INF-DAT-07"

    def change(self, value: str) -> str:
        return value.encode("ascii", "replace").decode()


class StringsNoAstral(_ChangedStrings):
    """Characters beyond U+FFFF become U+FFFD."""

    id = "dat-07-astral"
    breaks = "INF-DAT-07"

    def change(self, value: str) -> str:
        return "".join(c if ord(c) < 0x10000 else "\ufffd" for c in value)


class StringsNormalized(_ChangedStrings):
    """Strings come back in normal form C."""

    id = "dat-07-normalized"
    breaks = "INF-DAT-07"

    def change(self, value: str) -> str:
        return unicodedata.normalize("NFC", value)


class EmptyStringRefused(Naive):
    """The empty string is refused."""

    id = "dat-07-empty"
    breaks = "INF-DAT-07"

    def decode_strings(self, flat: list[Any], kinds: set[type]) -> Array:
        if "" in flat:
            raise Refusal(400, "an element is empty")
        return super().decode_strings(flat, kinds)


class StringsInBase64(_ChangedStrings):
    """Strings come back in base64."""

    id = "dat-07-base64"
    breaks = "INF-DAT-07"

    def change(self, value: str) -> str:
        return base64.b64encode(value.encode()).decode()


class SpecialRefused(Naive):
    """The strings "NaN", "Infinity" and "-Infinity" are refused."""

    id = "dat-08-refused"
    breaks = "INF-DAT-08"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if str in kinds:
            self.refuse_element(flat, (int, float), "a number")
        return super().decode_floats(flat, kinds, datatype)


class NanIsNull(Naive):
    """NaN comes back as null."""

    id = "dat-08-null"
    breaks = "INF-DAT-08"

    def encode_special(self, value: float) -> Any:
        return None if value != value else super().encode_special(value)


class InfinityIsLargest(Naive):
    """Infinities come back as the largest FP64."""

    id = "dat-08-largest"
    breaks = "INF-DAT-08"

    def encode_special(self, value: float) -> Any:
        found = super().encode_special(value)
        return {"Infinity": 1.7976931348623157e308, "-Infinity": -1.7976931348623157e308}.get(found, found)


class InfinityUnsigned(Naive):
    """Negative infinity comes back positive."""

    id = "dat-08-sign"
    breaks = "INF-DAT-08"

    def encode_special(self, value: float) -> Any:
        found = super().encode_special(value)
        return "Infinity" if found == "-Infinity" else found


class SpecialShort(Naive):
    """Infinities are spelled as Python does."""

    id = "dat-08-inf"
    breaks = "INF-DAT-08"

    def encode_special(self, value: float) -> Any:
        found = super().encode_special(value)
        return str(value) if isinstance(found, str) else found


class EmptyRefused(Naive):
    """Tensors without elements are refused."""

    id = "dat-12-refused"
    breaks = "INF-DAT-12"

    def decode_tensor(self, tensor: Tensor, part: bytes | None) -> Array:
        if part is None and 0 in tensor.shape:
            raise Refusal(400, "a tensor has no elements")
        return super().decode_tensor(tensor, part)


class EmptyDataMissing(Naive):
    """An empty `data` is taken for a missing one."""

    id = "dat-12-missing"
    breaks = "INF-DAT-12"

    def read_input(self, entry: Any) -> Tensor:
        if isinstance(entry, dict) and entry.get("data") == []:
            raise Refusal(400, "member 'data' is missing")
        return super().read_input(entry)


class EmptyShapeLost(Naive):
    """A tensor without elements has the shape [0, 0] in the answer."""

    id = "dat-12-shape"
    breaks = "INF-DAT-12"

    def describe_output(self, spec: Spec, array: Array) -> dict[str, Any]:
        described = super().describe_output(spec, array)
        return described if array.size else {**described, "shape": [0] * array.ndim}


class EmptyHasZero(Naive):
    """A tensor without elements has one in the answer."""

    id = "dat-12-zero"
    breaks = "INF-DAT-12"

    def encode_elements(self, array: Array, spec: Spec) -> list[Any]:
        return super().encode_elements(array, spec) or [0]


class HalfRefused(Naive):
    """FP16 in JSON is refused."""

    id = "dat-13-refused"
    breaks = "INF-DAT-13"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if datatype == "FP16":
            raise Refusal(400, "FP16 in JSON is not supported")
        return super().decode_floats(flat, kinds, datatype)


class HalfAsBits(Naive):
    """FP16 is written as the integers of its bits."""

    id = "dat-13-bits"
    breaks = "INF-DAT-13"

    def encode_floats(self, flat: Array) -> list[Any]:
        return (
            self.encode_exact(flat.view(np.uint16))
            if flat.dtype == np.float16
            else super().encode_floats(flat)
        )


class HalfThreeDigits(_PrintedFloats):
    """FP16 is printed with 3 digits."""

    id = "dat-13-3-digits"
    breaks = "INF-DAT-13"
    printed = DTYPES["FP16"]

    def print_one(self, value: float) -> float:
        return float(f"{value:.3g}")


class HalfSubnormalsFlushed(_PrintedFloats):
    """Subnormal numbers in FP16 become zero."""

    id = "dat-13-subnormal"
    breaks = "INF-DAT-13"
    printed = DTYPES["FP16"]

    def print_one(self, value: float) -> float:
        return value if abs(value) >= 2.0**-14 else value * 0.0


class HalfAsBrain(Naive):
    """FP16 is read with the 8 bits of precision of BF16."""

    id = "dat-13-brain"
    breaks = "INF-DAT-13"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        array = super().decode_floats(flat, kinds, datatype)
        if datatype != "FP16":
            return array
        return (array.view(np.uint16) & np.uint16(0xFFF8)).view(np.float16)


class WholeNumbersRefused(Naive):
    """A floating-point tensor whose numbers are all written as integers is refused."""

    id = "dat-18-refused"
    breaks = "INF-DAT-18"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if kinds == {int}:
            raise Refusal(400, f"the elements are integers, expected numbers of {datatype}")
        return super().decode_floats(flat, kinds, datatype)


class WholeNumbersAsBits(Naive):
    """An integer among the numbers of an FP64 tensor is taken for the bits of one."""

    id = "dat-18-bits"
    breaks = "INF-DAT-18"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        array = super().decode_floats(flat, kinds, datatype)
        for index, value in enumerate(flat):
            if datatype == "FP64" and type(value) is int and 0 <= value < 2**63:
                array[index] = np.array(value, dtype=np.int64).view(np.float64)
        return array


class WholeNumbersOf64Bits(Naive):
    """An integer that 64 bits cannot hold is refused in a floating-point tensor."""

    id = "dat-18-long"
    breaks = "INF-DAT-18"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if any(type(value) is int and not -(2**63) <= value < 2**64 for value in flat):
            raise Refusal(400, "an integer is outside 64 bits")
        return super().decode_floats(flat, kinds, datatype)


ALL: tuple[type[Naive], ...] = (
    NestedRefused,
    FlatRowsReversed,
    NestedByColumn,
    NestedRowsReversed,
    ColumnMajor,
    MemoryOrder,
    TransposeForgotten,
    IntegersThroughDoubles,
    IntegersThroughFloats,
    UnsignedAsSigned,
    UnsignedShortRefused,
    LeastByteLost,
    LeastLongRefused,
    SixDigits,
    EightDigits,
    FloatZeroUnsigned,
    FloatSubnormalsFlushed,
    FixedPoint,
    FloatLowBitLost,
    SixteenDigits,
    DoublesThroughFloats,
    DoubleZeroUnsigned,
    DoubleSubnormalsFlushed,
    BoolsInverted,
    BoolsSpread,
    BoolsRefused,
    StringsEndAtNul,
    StringsTrailingNulLost,
    StringsAscii,
    StringsNoAstral,
    StringsNormalized,
    EmptyStringRefused,
    StringsInBase64,
    SpecialRefused,
    NanIsNull,
    InfinityIsLargest,
    InfinityUnsigned,
    SpecialShort,
    EmptyRefused,
    EmptyDataMissing,
    EmptyShapeLost,
    EmptyHasZero,
    HalfRefused,
    HalfAsBits,
    HalfThreeDigits,
    HalfSubnormalsFlushed,
    HalfAsBrain,
    WholeNumbersRefused,
    WholeNumbersAsBits,
    WholeNumbersOf64Bits,
)
