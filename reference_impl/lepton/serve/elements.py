"""The elements of a tensor in JSON text: read exactly, print exactly.

Owns the JSON spelling of each datatype in both directions: integers exact over their whole range, decimals
rounded to nearest (through binary64), NaN and the infinities as strings, BYTES as the UTF-8 of strings; the
match of nesting against the shape; nothing is ever coerced. Leaves requests and answers as wholes to
`lepton.serve.envelope` and `lepton.serve.inference`. Serves `inference` (INF-DAT).

Numbers are read in pieces, so that a large tensor never stands in memory as Python objects.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import orjson

from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array
from lepton.serve.dimensions import shaped
from lepton.serve.reply import invalid
from lepton.tensor import datatype, element_count

__all__ = ["parse_elements", "print_elements"]

#: Numbers are read from pieces of about this many bytes of text.
PIECE_BYTES = 1 << 18
#: Elements are printed in runs of this many: what is made on the way takes many times their size.
PRINTED_AT_ONCE = 1 << 16
#: The longest text of one number, in bytes. Any float is told from its neighbours by 1,100.
MAX_NUMBER_BYTES = 4096

_NOT_STRUCTURE = bytes(set(range(256)) - set(b"[],"))
_BRACKETS_TO_SPACES = bytes.maketrans(b"[]", b"  ")
_NESTED = re.compile(rb"[ \t\r\n]*\[[ \t\r\n]*\[")
#: Possessive: nothing is kept for going back, which would cost more memory than the text.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_NEGATIVE_ZERO = re.compile(rb"(?<![eE])-0(?=[ \t\r\n,]|$)")
_ELEMENT_PATH = re.compile(r"\$\[(\d+)\]")

_NON_FINITE: dict[Any, float] = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
_FLOATS = msgspec.json.Decoder(list[float])
_SPELLED_FLOATS = msgspec.json.Decoder(list[float | Literal["NaN", "Infinity", "-Infinity"]])
_INTEGERS = msgspec.json.Decoder(list[int])
_STRINGS = msgspec.json.Decoder(list[str])
_BOOLEANS = msgspec.json.Decoder(list[bool])
#: The element types that orjson prints itself; others are widened to FP32, which holds them exactly.
_PRINTED_TYPES = frozenset("?bBhHiIlLqQefd")


def parse_elements(text: bytes, datatype_name: str, shape: Sequence[int]) -> Array:
    """Read the JSON array `text`, flat or nested as `shape`, into an array of `shape`.

    `text` is the value of `data` in a document that is well-formed JSON.
    Raises: RequestError. Spec: INF-DAT.
    """
    count = element_count(shape)
    kind = datatype(datatype_name).kind
    try:
        if kind == "bytes":
            flat = _parse_strings(text, count, shape)
        else:
            flat = _parse_numbers(*_flattened(text, count, shape), datatype_name, kind, count)
    except msgspec.ValidationError as error:
        raise invalid(f"data: {error}; expected elements of {datatype_name}") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise invalid(f"data: {error}; expected a JSON array of {datatype_name} elements") from error
    return shaped(flat, shape)


def print_elements(array: Array, datatype_name: str, output: str) -> list[bytes]:
    """Print the elements of `array` in row-major order as one flat JSON array, in parts to be joined.

    Raises: RequestError when BYTES are not UTF-8: JSON cannot carry them. Spec: INF-DAT-07, INF-DAT-08.
    """
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.size <= PRINTED_AT_ONCE:
        return [_printed(flat, datatype_name, output)]
    parts = [b"["]
    for start in range(0, flat.size, PRINTED_AT_ONCE):
        parts.append(_printed(flat[start : start + PRINTED_AT_ONCE], datatype_name, output)[1:-1])
        parts.append(b",")
    parts[-1] = b"]"
    return parts


def _printed(flat: Array, datatype_name: str, output: str) -> bytes:
    if datatype_name == "BYTES":
        return _print_strings(flat, output)
    if flat.dtype.char not in _PRINTED_TYPES:
        flat = flat.astype(np.float32)
    text = orjson.dumps(flat, option=orjson.OPT_SERIALIZE_NUMPY)
    if flat.dtype.kind == "f":
        finite = np.isfinite(flat)
        if not finite.all():
            return _spell_non_finite(text, flat[~finite])
    return text


def _flattened(text: bytes, count: int, shape: Sequence[int]) -> tuple[bytes, int, int]:
    """Return a text, and where in it the elements begin and end, without a bracket between them.

    The nesting is flat or that of `shape`. A flat array is not copied.
    """
    commas = text.count(b",")
    lists = text.count(b"[")
    if lists == 1:
        # In well-formed JSON these are the elements of one flat array, or the typed reader refuses them.
        start, end = text.find(b"[") + 1, text.rfind(b"]")
        found = commas + 1 if commas or text[start:end].strip() else 0
        if found != count:
            raise invalid(f"data: found {found} elements, expected {count} as shape {list(shape)} says")
        return text, start, end
    if lists == 0:
        raise invalid("data: found no JSON array, expected an array of elements, flat or nested as the shape")
    # The length is compared first: a shape like [2^40, 0] asks for a structure that nobody sent.
    if _nesting_length(shape) != commas + 2 * lists or text.translate(None, _NOT_STRUCTURE) != _nesting(
        shape
    ):
        raise invalid(f"data: found arrays that are neither flat nor nested as shape {list(shape)}")
    return text.translate(_BRACKETS_TO_SPACES), 0, len(text)


def _nesting_length(shape: Sequence[int]) -> int:
    length = 0
    for size in reversed(_nested_sizes(shape)):
        length = 2 if size == 0 else 2 + size * length + size - 1
    return length


def _nesting(shape: Sequence[int]) -> bytes:
    """Return the brackets and commas of an array nested as `shape`, and nothing else."""
    structure = b""
    for size in reversed(_nested_sizes(shape)):
        # Repeated, not joined: joining takes 80 bytes for each part.
        structure = b"[%b%b]" % ((structure + b",") * (size - 1), structure) if size else b"[]"
    return structure


def _pieces(text: bytes, start: int, end: int) -> Iterator[bytes]:
    """Cut comma-separated elements into runs of whole elements."""
    while True:
        cut = text.find(b",", start + PIECE_BYTES, end)
        if cut < 0:
            yield text[start:end]
            return
        yield text[start:cut]
        start = cut + 1


def _bound_numbers(text: bytes, start: int, end: int) -> None:
    """Refuse a number of absurd length, which is slow to read and carries nothing. Spec: INF-LIM-03."""
    while end - start > MAX_NUMBER_BYTES:
        comma = text.rfind(b",", start, start + MAX_NUMBER_BYTES)
        if comma < 0:
            comma = text.find(b",", start, end)
            comma = end if comma < 0 else comma
            if len(text[start:comma].strip()) > MAX_NUMBER_BYTES:
                raise invalid(
                    f"data: found a number of {comma - start} bytes, expected at most {MAX_NUMBER_BYTES}"
                )
        start = comma + 1


def _parse_numbers(text: bytes, start: int, end: int, datatype_name: str, kind: str, count: int) -> Array:
    flat = np.empty(count, dtype=numpy_dtype(datatype_name))
    if count == 0:
        if text[start:end].strip(b" \t\r\n,"):
            raise invalid("data: found elements, expected none as the shape says")
        return flat
    _bound_numbers(text, start, end)
    filled = 0
    for piece in _pieces(text, start, end):
        try:
            values = _piece_values(piece, datatype_name, kind)
        except msgspec.ValidationError as error:
            raise msgspec.ValidationError(_counted_from(filled, str(error))) from error
        if filled + len(values) > count:
            break
        flat[filled : filled + len(values)] = values
        filled += len(values)
    if filled != count:
        raise invalid(f"data: found other than {count} elements")
    return flat


def _counted_from(start: int, message: str) -> str:
    """Turn the reader's `$[5]`, which counts from the piece, into a count from the whole."""
    return _ELEMENT_PATH.sub(lambda match: f"element {start + int(match[1])}", message)


def _piece_values(piece: bytes, datatype_name: str, kind: str) -> Array:
    if kind == "float":
        return _parse_floats(piece, datatype_name)
    array = b"[%b]" % piece
    if kind == "boolean":
        return np.array(_BOOLEANS.decode(array), dtype=np.bool_)
    integers = _INTEGERS.decode(array)
    try:
        return np.array(integers, dtype=numpy_dtype(datatype_name))
    except OverflowError as error:
        limits = np.iinfo(numpy_dtype(datatype_name))  # type: ignore[type-var]  # an integer kind
        worst = next(value for value in integers if not limits.min <= value <= limits.max)
        raise invalid(
            f"data: found {worst}, expected integers in {limits.min}..{limits.max} for {datatype_name}"
        ) from error


def _parse_floats(piece: bytes, datatype_name: str) -> Array:
    if b"-0" in piece:
        # The reader takes `-0` for an integer, which has no negative zero.
        piece = _NEGATIVE_ZERO.sub(b"-0.0", piece)
    array = b"[%b]" % piece
    values: list[Any]
    if b'"' in piece:
        spelled: list[Any] = _SPELLED_FLOATS.decode(array)
        values = [_NON_FINITE.get(value, value) for value in spelled]
    else:
        values = _FLOATS.decode(array)
    wide = np.array(values, dtype=np.float64)
    if datatype_name == "FP64":
        return wide
    with np.errstate(over="ignore", under="ignore"):
        narrow = wide.astype(numpy_dtype(datatype_name))
    overflown = np.isinf(narrow) & np.isfinite(wide)
    if overflown.any():
        raise invalid(
            f"data: found {float(wide[overflown][0])!r}, expected numbers within the range of {datatype_name}"
        )
    return narrow


def _parse_strings(text: bytes, count: int, shape: Sequence[int]) -> Array:
    """Read strings into an object array of their UTF-8 bytes.

    Strings are counted before they become objects: a string of one byte takes sixty as an object.
    """
    quotes = text.count(b'"')
    if quotes < 2 * count:
        raise invalid(f"data: found fewer strings than the {count} that shape {list(shape)} asks for")
    if quotes - text.count(b'\\"') > 2 * count:
        raise invalid(f"data: found more strings than the {count} that shape {list(shape)} asks for")
    if _NESTED.match(text):
        structure = _STRING.sub(b"", text).translate(None, b" \t\r\n")
        if len(structure) != _nesting_length(shape) or structure != _nesting(shape):
            raise invalid(f"data: found strings that are neither flat nor nested as shape {list(shape)}")
        text = b"[%b]" % b",".join(_STRING.findall(text))
    flat = np.empty(count, dtype=object)
    strings = _STRINGS.decode(text)
    if len(strings) != count:
        raise invalid(f"data: found {len(strings)} strings, expected {count} as shape {list(shape)} says")
    flat[:] = [string.encode() for string in strings]
    return flat


def _nested_sizes(shape: Sequence[int]) -> Sequence[int]:
    """Return the sizes of the levels of nesting: below a dimension of size 0 there is none."""
    return shape[: shape.index(0) + 1] if 0 in shape else shape


def _spell_non_finite(text: bytes, values: Array) -> bytes:
    """Put the strings of NaN and the infinities where orjson printed `null`."""
    parts = [b""] * (2 * len(values) + 1)
    parts[::2] = text.split(b"null")
    parts[1::2] = [
        b'"NaN"' if value != value else b'"Infinity"' if value > 0 else b'"-Infinity"'
        for value in values.tolist()
    ]
    return b"".join(parts)


def _print_strings(flat: Array, output: str) -> bytes:
    try:
        return orjson.dumps([element.decode() for element in flat])
    except UnicodeDecodeError as error:
        raise invalid(
            f"output {output!r}: found bytes that are not UTF-8 ({error.reason}), which JSON cannot carry; "
            'ask for it with "parameters": {"binary_data": true}'
        ) from error
