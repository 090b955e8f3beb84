"""Bytes of requests and answers as text for people: JSON laid out, binary tensors taken apart.

Owns the layout; leaves escaping for HTML to `report.html`. Nothing is repaired: tokens stand as they were
sent, and what is no JSON is shown as it is. Serves `conformance` (CNF-REP-03).
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import lepton_spec
from lepton_conformance.oracle.elements import WrongData, from_binary

__all__ = ["body_text", "laid_out"]

#: How much of a body and how many elements of a tensor are shown.
MAX_SHOWN_BYTES = 3000
MAX_SHOWN_ELEMENTS = 24
MAX_HEX_BYTES = 48
#: An array or object no longer than this stays on one line.
MAX_LINE_CHARACTERS = 96
MAX_DEPTH = 40
LENGTH_FIELD = "inference-header-content-length"
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')
_CLOSING = {"[": "]", "{": "}"}


def body_text(body: bytes, headers: Sequence[tuple[str, str]]) -> str:
    """Return a body for people, bounded."""
    size = next((value for name, value in headers if name.lower() == LENGTH_FIELD), "")
    if size.isascii() and size.isdigit() and int(size[:12]) <= len(body):
        head, tail = body[: int(size[:12])], body[int(size[:12]) :]
        return "\n".join([_bounded(head), *_parts(head, tail)])
    return _bounded(body)


def laid_out(text: str) -> str | None:
    """Return JSON laid out over lines, its tokens as they are; None for what is no JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    tokens = _TOKEN.findall(text)
    if max((depth for _, depth in _depths(tokens)), default=0) > MAX_DEPTH:
        return None
    lines, end = _value(tokens, 0, 0)
    return lines if end == len(tokens) else None


def _depths(tokens: Sequence[str]) -> Iterator[tuple[str, int]]:
    depth = 0
    for token in tokens:
        depth += (token in _CLOSING) - (token in "]}")
        yield token, depth


def _value(tokens: Sequence[str], at: int, indent: int) -> tuple[str, int]:
    """Return the text of the value that begins at a token, and where the next one begins."""
    opening = tokens[at]
    if opening not in _CLOSING:
        return opening, at + 1
    at += 1
    items: list[str] = []
    while tokens[at] != _CLOSING[opening]:
        if tokens[at] == ",":
            at += 1
        name = ""
        if opening == "{":
            name = f"{tokens[at]}: "
            at += 2
        item, at = _value(tokens, at, indent + 1)
        items.append(name + item)
    line = opening + ", ".join(items) + _CLOSING[opening]
    if len(line) + 2 * indent <= MAX_LINE_CHARACTERS and "\n" not in line:
        return line, at + 1
    inner = "\n" + "  " * (indent + 1)
    return opening + inner + f",{inner}".join(items) + "\n" + "  " * indent + _CLOSING[opening], at + 1


def _bounded(data: bytes) -> str:
    """Return text as JSON or as it is, other bytes with escapes; cut where it is too long."""
    part = data[:MAX_SHOWN_BYTES]
    more = f"\n... {len(data) - len(part)} more bytes" if len(data) > len(part) else ""
    try:
        text = part.decode("utf-8")
    except UnicodeDecodeError:
        return (
            "".join(chr(byte) if 32 <= byte < 127 or byte == 10 else f"\\x{byte:02x}" for byte in part) + more
        )
    pretty = None if more else laid_out(text)
    return (text.replace("\r\n", "\n") if pretty is None else pretty) + more


def _parts(head: bytes, tail: bytes) -> Iterator[str]:
    """Yield one line for each binary tensor: its bytes and what they say."""
    try:
        value = json.loads(head)
    except (ValueError, RecursionError):
        value = None
    at = 0
    for entry in _tensors(value):
        parameters = entry.get("parameters")
        size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
        if type(size) is not int or size < 0:
            continue
        part = tail[at : at + size]
        at += size
        yield f"{entry.get('name')}: {_hex(part)}{_elements(entry, part)}"
    if at < len(tail):
        yield f"after the tensors: {_hex(tail[at:])}"


def _tensors(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, dict):
        return []
    listed = value.get("inputs", value.get("outputs"))
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _elements(entry: dict[str, Any], part: bytes) -> str:
    """Return the elements that bytes stand for, nothing where they stand for none."""
    datatype, shape = entry.get("datatype"), entry.get("shape")
    right = isinstance(shape, list) and all(type(size) is int and 0 <= size < 2**31 for size in shape)
    if not right or datatype not in lepton_spec.datatypes():
        return ""
    try:
        flat = from_binary(str(datatype), shape or [], part).reshape(-1)
    except (WrongData, ValueError):
        return ""
    more = ", ..." if flat.size > MAX_SHOWN_ELEMENTS else ""
    return f" = [{', '.join(str(element) for element in flat[:MAX_SHOWN_ELEMENTS].tolist())}{more}]"


def _hex(data: bytes) -> str:
    more = f" ... ({len(data)} bytes)" if len(data) > MAX_HEX_BYTES else ""
    return (data[:MAX_HEX_BYTES].hex(" ") or "no bytes") + more
