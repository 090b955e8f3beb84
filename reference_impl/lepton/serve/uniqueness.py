"""Names that occur twice in one JSON object: found without reading the tensors again.

Owns that check; leaves the meaning of members to `lepton.serve.envelope`. Serves `inference` (INF-ERR-18).

Each member has one colon outside strings. Where the text has as many as the members that were read, none of
whose strings has a colon, nothing was hidden; that settles nearly every request with a few counts. Otherwise
the text is read by a slow reader, the tensors' data left out.
"""

import json
from collections.abc import Iterable
from typing import Any

from msgspec import UNSET

from lepton.serve.envelope import Request, parse_parameters
from lepton.serve.reply import invalid, shown

__all__ = ["check_names", "check_unique"]

#: The longest text that the slow reader takes; longer ones are not checked. It makes objects of all values.
MAX_CHECKED_BYTES = 1 << 20
#: Shorter data is left where it is: it might stand in a name, too.
MIN_CUT_BYTES = 1 << 10


def check_unique(text: bytes, request: Request) -> None:
    """Refuse a request that has a name twice in an object; `text` is its JSON. Raises: RequestError."""
    tensors = request.inputs
    texts = [
        bytes(tensor.data) for tensor in tensors if tensor.datatype == "BYTES" and tensor.data is not UNSET
    ]
    members, strings = _read_members(request)
    colons = text.count(b":") - sum(data.count(b":") for data in texts)
    if colons != members or any(":" in string for string in strings):
        check_names(text, [bytes(tensor.data) for tensor in tensors if tensor.data is not UNSET])


def _read_members(request: Request) -> tuple[int, list[str]]:
    """Return how many members of all objects were read, and their strings."""
    members = request.members
    strings = [] if request.id is None else [request.id]
    parameters = [request.parameters]
    for tensor in request.inputs:
        members += 3 + (tensor.data is not UNSET)
        strings += (tensor.name, tensor.datatype)
        if tensor.parameters is not UNSET:
            members += 1
            parameters.append(parse_parameters(tensor.parameters))
    for output in request.outputs:
        members += 1
        strings.append(output.name)
        if output.parameters is not UNSET:
            members += 1
            parameters.append(parse_parameters(output.parameters))
    for one in parameters:
        members += len(one)
        strings += one
        strings += [value for value in one.values() if isinstance(value, str)]
    return members, strings


def check_names(text: bytes, data: Iterable[bytes]) -> None:
    """Refuse well-formed JSON in which an object has a name twice. `data` are parts that have no objects.

    Raises: RequestError. Spec: INF-ERR-18.
    """
    for part in data:
        if len(part) > MIN_CUT_BYTES:
            text = text.replace(part, b"0", 1)
    if len(text) > MAX_CHECKED_BYTES:
        return
    try:
        json.loads(text, object_pairs_hook=_unique, parse_int=len, parse_float=len)
    except RecursionError as error:
        raise invalid("found JSON nested too deeply, expected no deeper than a tensor's shape") from error
    except UnicodeDecodeError as error:
        raise invalid(f"found a body that is not UTF-8 ({error.reason}), expected JSON text") from error


def _unique(members: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            raise invalid(f"found the name {shown(name)} twice in one JSON object, expected it once")
        seen.add(name)
