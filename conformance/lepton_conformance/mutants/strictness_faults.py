"""Faults of strictness: what must be refused is coerced (Spec: INF-DAT-09 to 11, 14, 15)."""

import math
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array
from lepton_conformance.mutants.decoding import Tensor
from lepton_conformance.mutants.naive import Naive

__all__ = ["ALL"]


class FractionsTruncated(Naive):
    """Fractional numbers are truncated to integers."""

    id = "dat-09-truncated"
    breaks = "INF-DAT-09"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        whole = [int(value) if type(value) is float else value for value in flat]
        return super().decode_integers(whole, set(map(type, whole)), datatype)


class IntegersWrap(Naive):
    """Integers out of range wrap around."""

    id = "dat-09-wraps"
    breaks = "INF-DAT-09"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if kinds - {int}:
            return super().decode_integers(flat, kinds, datatype)
        limits = np.iinfo(DTYPES[datatype])
        span = int(limits.max) - int(limits.min) + 1
        wrapped = [(value - int(limits.min)) % span + int(limits.min) for value in flat]
        return super().decode_integers(wrapped, kinds, datatype)


class IntegersSaturate(Naive):
    """INT8 and UINT8 saturate."""

    id = "dat-09-saturates"
    breaks = "INF-DAT-09"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if datatype in ("INT8", "UINT8") and not kinds - {int}:
            limits = np.iinfo(DTYPES[datatype])
            flat = [min(max(value, int(limits.min)), int(limits.max)) for value in flat]
        return super().decode_integers(flat, kinds, datatype)


class NegativeUnsigned(Naive):
    """Negative numbers in UINT64 wrap around."""

    id = "dat-09-negative-uint64"
    breaks = "INF-DAT-09"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if datatype == "UINT64" and not kinds - {int}:
            flat = [value % 2**64 if value < 0 else value for value in flat]
        return super().decode_integers(flat, kinds, datatype)


class IntegersParsed(Naive):
    """Strings of digits are accepted as integers."""

    id = "dat-09-strings"
    breaks = "INF-DAT-09"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if str in kinds and all(type(value) is not str or value.lstrip("-").isdigit() for value in flat):
            flat = [int(value) if type(value) is str else value for value in flat]
        return super().decode_integers(flat, set(map(type, flat)), datatype)


class BoolsAsNumbers(Naive):
    """`true` and `false` are accepted as integers."""

    id = "dat-09-bools"
    breaks = "INF-DAT-09"

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        flat = [int(value) if type(value) is bool else value for value in flat]
        return super().decode_integers(flat, set(map(type, flat)), datatype)


class _OverflowAccepted(Naive):
    """Gives the fault of a subclass to numbers beyond the datatype."""

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        largest = float(np.finfo(DTYPES[datatype]).max)
        with np.errstate(over="ignore"):
            changed = [
                self.beyond(value, datatype, largest)
                if type(value) is float and math.isinf(float(DTYPES[datatype].type(value)))
                else value
                for value in flat
            ]
        return super().decode_floats(changed, set(map(type, changed)), datatype)

    def beyond(self, value: float, datatype: str, largest: float) -> Any:
        return value


class OverflowIsInfinity(_OverflowAccepted):
    """Numbers beyond the datatype become infinities."""

    id = "dat-10-infinity"
    breaks = "INF-DAT-10"

    def beyond(self, value: float, datatype: str, largest: float) -> Any:
        return "Infinity" if value > 0 else "-Infinity"


class HalfOverflow(_OverflowAccepted):
    """Numbers beyond FP16 become infinities; wider types are checked."""

    id = "dat-10-half"
    breaks = "INF-DAT-10"

    def beyond(self, value: float, datatype: str, largest: float) -> Any:
        if datatype != "FP16":
            return value
        return "Infinity" if value > 0 else "-Infinity"


class DoubleOverflow(_OverflowAccepted):
    """Decimals that overflow the JSON reader itself become infinities in FP64."""

    id = "dat-10-double"
    breaks = "INF-DAT-10"

    def beyond(self, value: float, datatype: str, largest: float) -> Any:
        if datatype != "FP64":
            return value
        return "Infinity" if value > 0 else "-Infinity"


class OverflowSaturates(_OverflowAccepted):
    """Numbers beyond FP32 become its largest number."""

    id = "dat-10-saturates"
    breaks = "INF-DAT-10"

    def beyond(self, value: float, datatype: str, largest: float) -> Any:
        return math.copysign(largest, value) if datatype == "FP32" else value


class _BoolsCoerced(Naive):
    """Gives the fault of a subclass to elements of BOOL that are not booleans."""

    def decode_bools(self, flat: list[Any], kinds: set[type]) -> Array:
        changed = [value if type(value) is bool else self.coerce(value) for value in flat]
        return super().decode_bools(changed, set(map(type, changed)))

    def coerce(self, value: Any) -> Any:
        return value


class BoolsFromNumbers(_BoolsCoerced):
    """0 and 1 are accepted as booleans."""

    id = "dat-11-numbers"
    breaks = "INF-DAT-11"

    def coerce(self, value: Any) -> Any:
        return bool(value) if value in (0, 1) else value


class BoolsFromStrings(_BoolsCoerced):
    """The strings "true" and "false" are accepted as booleans."""

    id = "dat-11-strings"
    breaks = "INF-DAT-11"

    def coerce(self, value: Any) -> Any:
        return value == "true" if value in ("true", "false") else value


class BoolsByTruth(_BoolsCoerced):
    """Whatever is true in the server's language is true."""

    id = "dat-11-truth"
    breaks = "INF-DAT-11"

    def coerce(self, value: Any) -> Any:
        return value if value is None else bool(value)


class BareTokens(Naive):
    """Bare NaN and Infinity are accepted."""

    id = "dat-14-bare"
    breaks = "INF-DAT-14"

    def bare_constant(self, token: str) -> Any:
        return token


class BareNegativeInfinity(Naive):
    """Bare -Infinity alone is accepted."""

    id = "dat-14-negative"
    breaks = "INF-DAT-14"

    def bare_constant(self, token: str) -> Any:
        return token if token == "-Infinity" else super().bare_constant(token)


class NullIsZero(Naive):
    """Null is read as zero in numbers."""

    id = "dat-14-null-zero"
    breaks = "INF-DAT-14"

    def decode_elements(self, flat: list[Any], datatype: str) -> Array:
        if datatype not in ("BOOL", "BYTES"):
            flat = [0 if value is None else value for value in flat]
        return super().decode_elements(flat, datatype)


class NullIsNan(Naive):
    """Null is read as NaN in floating-point tensors."""

    id = "dat-14-null-nan"
    breaks = "INF-DAT-14"

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        flat = ["NaN" if value is None else value for value in flat]
        return super().decode_floats(flat, set(map(type, flat)), datatype)


class NullIsEmpty(Naive):
    """Null is read as the empty string, and as false."""

    id = "dat-14-null-empty"
    breaks = "INF-DAT-14"

    def decode_elements(self, flat: list[Any], datatype: str) -> Array:
        empty = {"BYTES": "", "BOOL": False}.get(datatype)
        return super().decode_elements([empty if value is None else value for value in flat], datatype)


def _leaves(data: Any) -> list[Any]:
    return [leaf for item in data for leaf in _leaves(item)] if isinstance(data, list) else [data]


class NestingIgnored(Naive):
    """Nested data is flattened without a look at its nesting."""

    id = "dat-15-ignored"
    breaks = "INF-DAT-15"

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        return _leaves(data)


class RaggedAccepted(Naive):
    """The number of rows is checked, their length is not."""

    id = "dat-15-ragged"
    breaks = "INF-DAT-15"

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        rows = [item for item in data if isinstance(item, list)]
        flat_rows = all(not isinstance(value, list) for row in rows for value in row)
        if rows and len(rows) == len(data) == tensor.shape[0] and flat_rows:
            return _leaves(data)
        return super().flatten(data, tensor)


class TransposedAccepted(Naive):
    """Data nested as the transposed shape is accepted."""

    id = "dat-15-transposed"
    breaks = "INF-DAT-15"

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        if len(tensor.shape) == 2 and data and all(isinstance(row, list) for row in data):
            columns = {len(row) for row in data}
            if (columns, len(data)) == ({tensor.shape[0]}, tensor.shape[1]):
                return _leaves(data)
        return super().flatten(data, tensor)


class TooDeepAccepted(Naive):
    """Superfluous brackets around an element are accepted."""

    id = "dat-15-too-deep"
    breaks = "INF-DAT-15"

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        flat = super().flatten(data, tensor)
        return [value[0] if isinstance(value, list) and len(value) == 1 else value for value in flat]


class PartlyNestedAccepted(Naive):
    """Flat data may have arrays in between."""

    id = "dat-15-partly"
    breaks = "INF-DAT-15"

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        kinds = {isinstance(item, list) for item in data}
        return _leaves(data) if len(kinds) == 2 else super().flatten(data, tensor)


ALL: tuple[type[Naive], ...] = (
    FractionsTruncated,
    IntegersWrap,
    IntegersSaturate,
    NegativeUnsigned,
    IntegersParsed,
    BoolsAsNumbers,
    OverflowIsInfinity,
    HalfOverflow,
    DoubleOverflow,
    OverflowSaturates,
    BoolsFromNumbers,
    BoolsFromStrings,
    BoolsByTruth,
    BareTokens,
    BareNegativeInfinity,
    NullIsZero,
    NullIsNan,
    NullIsEmpty,
    NestingIgnored,
    RaggedAccepted,
    TransposedAccepted,
    TooDeepAccepted,
    PartlyNestedAccepted,
)
