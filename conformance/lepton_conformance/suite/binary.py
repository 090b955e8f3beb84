"""Requests and answers of the binary tensor extension, put together and taken apart.

Owns the two-part body; leaves single rules to the test modules. Serves `inference` (INF-BIN).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import WrongData, from_binary, to_binary
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.requests import PLAIN_ID, tensor_entry
from lepton_conformance.strategies.tensors import Given
from lepton_conformance.subject import strict_json
from lepton_conformance.subject.http import Answer, Headers, HttpSubject, encode
from lepton_conformance.suite.protocol import accepted, array_of, outputs_of, sent

__all__ = [
    "BINARY_OUTPUT",
    "LENGTH_FIELD",
    "Parts",
    "ask",
    "composed",
    "headers_for",
    "take_apart",
    "value_of",
]

LENGTH_FIELD = "Inference-Header-Content-Length"
MEDIA_TYPE = "application/octet-stream"
SIZE = "binary_data_size"
#: The request's parameters that ask for every output in binary.
BINARY_OUTPUT: Mapping[str, Any] = {"binary_data_output": True}


@dataclass(frozen=True, slots=True)
class Parts:
    """An answer: its outputs by name, in order, and the bytes of those that came in binary.

    `left_over` counts the bytes that belong to no output; negative, the bytes that are missing.
    """

    outputs: dict[str, dict[str, Any]]
    binary: dict[str, bytes]
    in_two_parts: bool
    left_over: int = 0


def composed(
    case: Given,
    *,
    binary: Collection[str] | None = None,
    outputs: Sequence[Mapping[str, Any]] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], bytes]:
    """Return a request whose inputs (all, or those in `binary`) are binary: the JSON value and the tail."""
    request: dict[str, Any] = {"id": PLAIN_ID, "inputs": []}
    tail = b""
    for tensor in case.model.inputs:
        array = case.inputs[tensor.name]
        if binary is not None and tensor.name not in binary:
            request["inputs"].append(tensor_entry(tensor.name, tensor.datatype, array))
            continue
        part = to_binary(array)
        tail += part
        request["inputs"].append(
            {
                "name": tensor.name,
                "shape": list(array.shape),
                "datatype": tensor.datatype,
                "parameters": {SIZE: len(part)},
            }
        )
    if outputs is not None:
        request["outputs"] = [dict(output) for output in outputs]
    if parameters is not None:
        request["parameters"] = dict(parameters)
    return request, tail


def headers_for(text: bytes) -> Headers:
    """Return the header fields of a request whose JSON is `text`."""
    return (("Content-Type", MEDIA_TYPE), (LENGTH_FIELD, str(len(text))))


def ask(http: HttpSubject, case: Given, request: Any, tail: bytes) -> Answer:
    """Send a request in two parts."""
    text = encode(request)
    return http.infer(case.model.name, text + tail, headers=headers_for(text))


def take_apart(answer: Answer, case: Given) -> Parts:
    """Return the outputs of a successful answer, in JSON or in two parts. Raises: SubjectFault."""
    length = answer.header(LENGTH_FIELD)
    if answer.status != 200 or length is None:
        outputs = outputs_of(accepted(answer, sent(case)))
        _no_sizes(outputs)
        return Parts(outputs, {}, False)
    if not (length.isascii() and length.isdigit()) or int(length[:20]) > len(answer.body):
        raise SubjectFault(f"found {LENGTH_FIELD} {length!r} for a body of {len(answer.body)} bytes")
    size = int(length)
    try:
        value = strict_json.parse_leniently(answer.body[:size])
    except strict_json.NotJson as error:
        raise SubjectFault(f"found no JSON in the first {size} bytes of the answer: {error}") from error
    if not isinstance(value, dict):
        raise SubjectFault("found another JSON value than an object before the binary parts")
    outputs = outputs_of(value)
    binary = {}
    at = size
    for name, output in outputs.items():
        part = _size(output)
        if part is None:
            continue
        binary[name] = answer.body[at : at + part]
        at += part
    return Parts(outputs, binary, True, len(answer.body) - at)


def _size(output: Mapping[str, Any]) -> int | None:
    parameters = output.get("parameters")
    size = parameters.get(SIZE) if isinstance(parameters, dict) else None
    if size is None:
        return None
    if type(size) is not int or size < 0:
        raise SubjectFault(f"output {output['name']}: found {SIZE} {size!r:.40}, expected an integer >= 0")
    return size


def _no_sizes(outputs: Mapping[str, Mapping[str, Any]]) -> None:
    for name, output in outputs.items():
        if _size(output) is not None:
            raise SubjectFault(
                f"output {name}: found {SIZE} in an answer without {LENGTH_FIELD}, expected the field with it"
            )


def value_of(parts: Parts, case: Given, output: str) -> Array:
    """Return the elements of an output, wherever they came. Raises: SubjectFault."""
    tensor = next(tensor for tensor in case.model.outputs if tensor.name == output)
    if output not in parts.outputs:
        raise SubjectFault(f"sent {sent(case)}; found no output {output}")
    entry = parts.outputs[output]
    if output not in parts.binary:
        return array_of(entry, tensor.datatype)
    shape = entry.get("shape")
    if not isinstance(shape, list) or not all(type(size) is int and 0 <= size < 2**31 for size in shape):
        raise SubjectFault(f"output {output}: found shape {shape!r:.80}, expected an array of sizes")
    try:
        return from_binary(tensor.datatype, shape, parts.binary[output])
    except WrongData as error:
        raise SubjectFault(f"output {output}: {error}") from error
