"""How many values a failing request has: what a person has to look at.

Owns the count; leaves requests to `lepton_conformance`.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from lepton_conformance.subject.exchange import Exchange, GrpcExchange, HttpExchange, LineExchange
from lepton_conformance.subject.protobuf import VARINT, NotAMessage, messages, read, scalars, signed

__all__ = ["values"]

#: Field numbers of `inference.proto`: the inputs of a request, and the shape of an input.
INPUTS, SHAPE = 5, 3
LENGTH_FIELD = "inference-header-content-length"


def values(exchanges: Sequence[Exchange]) -> int:
    """Return the number of tensor elements in the last request, 0 where it has no tensors."""
    if not exchanges:
        return 0
    last = exchanges[-1]
    if isinstance(last, HttpExchange):
        size = next((v for k, v in last.request_headers if k.lower() == LENGTH_FIELD), "")
        body = last.request_body or last.wire.partition(b"\r\n\r\n")[2]
        return _in_json(body[: int(size)] if size.isascii() and size.isdigit() else body)
    if isinstance(last, LineExchange):
        return _in_json(last.sent.encode())
    if isinstance(last, GrpcExchange) and last.method.endswith("/ModelInfer"):
        return _in_message(last.request)
    return 0


def _in_message(request: bytes) -> int:
    """Return the sum of the products of shapes; 0 for bytes that are no message or promise too much."""
    try:
        shapes = [
            [signed(size) for size in scalars(read(each), SHAPE, VARINT) if isinstance(size, int)]
            for each in messages(read(request), INPUTS)
        ]
    except NotAMessage:
        return 0
    counts = [math.prod(shape) for shape in shapes if all(size >= 0 for size in shape)]
    return sum(count for count in counts if count <= len(request))


def _in_json(text: bytes) -> int:
    try:
        request = json.loads(text)
    except (ValueError, RecursionError):
        return 0
    inputs = request.get("inputs") if isinstance(request, dict) else None
    if not isinstance(inputs, list):
        return 0
    return sum(_elements(entry) for entry in inputs if isinstance(entry, dict))


def _elements(entry: dict[str, Any]) -> int:
    data, shape = entry.get("data"), entry.get("shape")
    if isinstance(data, list):
        return _leaves(data)
    sizes = [size for size in shape if type(size) is int and size >= 0] if isinstance(shape, list) else [0]
    return math.prod(sizes)


def _leaves(data: Any) -> int:
    return sum(map(_leaves, data)) if isinstance(data, list) else 1
