"""The JSON envelope of an inference request: well-formed, complete, of the right types.

Owns the members of a request and their types; `data`, `shape` and `parameters` stay raw text until something
knows how much of them to read. Leaves names, datatypes and elements to `lepton.serve.inference`. Serves
`inference` (INF-ERR-02, INF-ERR-03, INF-ERR-16, INF-ERR-17).

A reader is compiled for each number of inputs and outputs, so that a request with a million of them is
refused at the first that is too many, before it takes memory.
"""

import codecs
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from lepton.serve.reply import invalid

__all__ = [
    "Input",
    "Parameter",
    "Parameters",
    "Request",
    "RequestedOutput",
    "check_utf8",
    "parse_parameters",
    "parse_request",
]

Parameter = str | int | float | bool
Parameters = dict[str, Parameter]

#: The longest text of one `parameters` object that is read, in bytes.
MAX_PARAMETERS_BYTES = 1 << 20
_UTF8_PIECE_BYTES = 1 << 20

_PARAMETERS = msgspec.json.Decoder(dict[str, str | int | float | bool])


class Input(msgspec.Struct, frozen=True):
    """One input tensor; `data` is absent when its bytes follow the JSON."""

    name: str
    shape: Raw
    datatype: str
    parameters: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET


class RequestedOutput(msgspec.Struct, frozen=True):
    """One output that the client asks for."""

    name: str
    parameters: Raw | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Request:
    """An inference request, its tensors not yet read.

    `id` is None when the client gave none; `members` is the number of its own members that were read.
    """

    id: str | None
    parameters: Parameters
    inputs: tuple[Input, ...]
    outputs: tuple[RequestedOutput, ...]
    members: int


def parse_request(text: bytes, most_inputs: int, most_outputs: int) -> Request:
    """Read the envelope. Raises: RequestError when it is no JSON, or not of a request's form."""
    check_utf8(text)
    try:
        raw = _reader(most_inputs, most_outputs).decode(text)
    except msgspec.ValidationError as error:
        raise invalid(f"request: {error}" + _too_many(error, most_inputs, most_outputs)) from error
    except msgspec.DecodeError as error:
        raise invalid(f"found a body that is not JSON ({error}), expected one JSON object") from error
    except UnicodeDecodeError as error:
        raise invalid(f"found a string that is not UTF-8 ({error.reason}), expected JSON text") from error
    except RecursionError as error:
        raise invalid(
            "found JSON nested too deeply, expected no deeper than the shape of a tensor"
        ) from error
    return Request(
        None if raw.id is UNSET else raw.id,
        parse_parameters(raw.parameters),
        _present(raw.inputs),
        () if raw.outputs is UNSET else _present(raw.outputs),
        1 + (raw.id is not UNSET) + (raw.parameters is not UNSET) + (raw.outputs is not UNSET),
    )


def parse_parameters(raw: Raw | UnsetType) -> Parameters:
    """Read a `parameters` object: strings, numbers and booleans. Raises: RequestError. Spec: INF-ERR-17."""
    if raw is UNSET:
        return {}
    text = bytes(raw)
    if len(text) > MAX_PARAMETERS_BYTES:
        raise invalid(f"parameters: found {len(text)} bytes of text, expected at most {MAX_PARAMETERS_BYTES}")
    try:
        return _PARAMETERS.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise invalid(
            f"parameters: {error}; expected an object whose values are strings, numbers and booleans"
        ) from error


@functools.lru_cache(maxsize=64)
def _reader(most_inputs: int, most_outputs: int) -> msgspec.json.Decoder[Any]:
    envelope = msgspec.defstruct(
        "Envelope",
        [
            ("inputs", _at_most(Input, most_inputs)),
            ("id", str | UnsetType, UNSET),
            ("parameters", Raw | UnsetType, UNSET),
            ("outputs", _at_most(RequestedOutput, most_outputs) | UnsetType, UNSET),
        ],
    )
    return msgspec.json.Decoder(envelope)


def _at_most(kind: type, most: int) -> Any:
    """Return the type of a JSON array of at most `most` elements of `kind`."""
    fields = [(f"at{index}", kind | UnsetType, UNSET) for index in range(most)]
    return msgspec.defstruct(f"{kind.__name__}s", fields, array_like=True, forbid_unknown_fields=True)


def _present(array: Any) -> tuple[Any, ...]:
    elements: Sequence[Any] = msgspec.structs.astuple(array)
    return tuple(element for element in elements if element is not UNSET)


def _too_many(error: msgspec.ValidationError, most_inputs: int, most_outputs: int) -> str:
    if "of at most length" not in str(error):
        return ""
    return f"; the model has {most_inputs} inputs and {most_outputs} outputs"


def check_utf8(text: bytes) -> None:
    """Refuse text that is not UTF-8 anywhere; the reader itself looks only at what it keeps.

    Raises: RequestError. Spec: INF-ERR-21.
    """
    if text.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(text), _UTF8_PIECE_BYTES):
            decoder.decode(text[start : start + _UTF8_PIECE_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise invalid(f"found a body that is not UTF-8 ({error.reason}), expected JSON text") from error
