"""A gRPC message as text for people, in the text format of Protocol Buffers, cut where it gets long.

Owns the printing, by the descriptors of `inference.binpb`; a message that cannot be read is shown as bytes.
Leaves the wire to `subject.protobuf`. Serves `conformance`.
"""

import functools
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import lepton_spec
from lepton_conformance.subject.exchange import GrpcExchange
from lepton_conformance.subject.protobuf import (
    FIXED32,
    FIXED64,
    LENGTH,
    VARINT,
    Field,
    NotAMessage,
    last,
    messages,
    read,
    scalars,
    signed,
)

__all__ = ["answer_text", "message_text", "request_text"]

MAX_LINES = 60
MAX_BYTES = 160
#: A message longer than this is not taken apart for printing.
MAX_MESSAGE_BYTES = 1 << 20
#: Types of `google.protobuf.FieldDescriptorProto.Type` that are read in a way of their own.
_DOUBLE, _FLOAT, _INT64, _INT32, _BOOL, _STRING, _MESSAGE, _BYTES, _UINT32 = 1, 2, 3, 5, 8, 9, 11, 12, 13
_WIRE = {_DOUBLE: FIXED64, _FLOAT: FIXED32, _STRING: LENGTH, _MESSAGE: LENGTH, _BYTES: LENGTH}


@dataclass(frozen=True, slots=True)
class _Member:
    """A field of a message: its name, its type and, of a message, that one's name."""

    name: str
    kind: int
    message: str


Schema = Mapping[str, Mapping[int, _Member]]


@functools.cache
def _schema() -> tuple[Schema, Mapping[str, tuple[str, str]]]:
    """Return the fields of each message, and the request and answer of each method's path."""
    found: dict[str, dict[int, _Member]] = {}
    methods: dict[str, tuple[str, str]] = {}
    for file in messages(read(lepton_spec.path("inference.binpb").read_bytes()), 1):
        fields = read(file)
        package = last(fields, 2)
        for message in messages(fields, 4):
            _collect(message, f".{package}", found)
        for service in messages(fields, 6):
            members = read(service)
            for method in messages(members, 2):
                parts = read(method)
                path = f"/{package}.{last(members, 1)}/{last(parts, 1)}"
                methods[path] = last(parts, 2), last(parts, 3)
    return found, methods


def _collect(message: bytes, scope: str, found: dict[str, dict[int, _Member]]) -> None:
    fields = read(message)
    name = f"{scope}.{last(fields, 1)}"
    found[name] = {}
    for member in messages(fields, 2):
        parts = read(member)
        found[name][_integer(parts, 3)] = _Member(last(parts, 1), _integer(parts, 5), last(parts, 6))
    for inner in messages(fields, 3):
        _collect(inner, name, found)


def _integer(fields: tuple[Field, ...], number: int) -> int:
    values = [value for value in scalars(fields, number, VARINT) if isinstance(value, int)]
    return values[-1] if values else 0


def request_text(exchange: GrpcExchange) -> str:
    """Return what was sent: the method and the message."""
    asked = _schema()[1].get(exchange.method, ("", ""))[0]
    deadline = "" if exchange.timeout is None else f" within {exchange.timeout:g} s"
    return f"{exchange.method}{deadline}\n{message_text(exchange.request, asked)}".rstrip()


def answer_text(exchange: GrpcExchange) -> str:
    """Return how the call ended: the code, and the details or the message."""
    if exchange.code != "OK":
        return f"{exchange.code}\n{exchange.details}".rstrip()
    answered = _schema()[1].get(exchange.method, ("", ""))[1]
    return f"OK\n{message_text(exchange.response, answered)}".rstrip()


def message_text(data: bytes, name: str) -> str:
    """Return a message in text format, `name` being its full name; as bytes when it is none."""
    known = _schema()[0]
    if name not in known or len(data) > MAX_MESSAGE_BYTES:
        return f"{len(data)} bytes: {_cut(data)}" if data else ""
    lines: list[str] = []
    try:
        for line in _lines(data, name, ""):
            if len(lines) == MAX_LINES:
                lines.append("...")
                break
            lines.append(line)
    except NotAMessage as error:
        return f"{len(data)} bytes that are no {name[1:]} ({error}): {_cut(data)}"
    return "\n".join(lines)


def _lines(data: bytes, name: str, indent: str) -> Iterator[str]:
    for field in read(data):
        member = _schema()[0][name].get(field.number)
        if member is None or (field.wire_type not in (LENGTH, _WIRE.get(member.kind, VARINT))):
            shown = _cut(field.value) if isinstance(field.value, bytes) else field.value
            yield f"{indent}{field.number}: {shown}"
        elif member.kind == _MESSAGE and isinstance(field.value, bytes):
            yield f"{indent}{member.name} {{"
            yield from _lines(field.value, member.message, indent + "  ")
            yield f"{indent}}}"
        elif member.kind == _BYTES and isinstance(field.value, bytes):
            yield f"{indent}{member.name}: {_cut(field.value)}"
        elif member.kind == _STRING:
            yield f"{indent}{member.name}: {last([field], field.number)!r:.{MAX_BYTES}}"
        else:
            wire = _WIRE.get(member.kind, VARINT)
            for value in scalars([field], field.number, wire):
                yield f"{indent}{member.name}: {_scalar(value, member.kind)}"


def _scalar(value: int | bytes, kind: int) -> str:
    if isinstance(value, bytes):
        (number,) = struct.unpack("<d" if kind == _DOUBLE else "<f", value)
        return f"{number!r}"
    if kind == _BOOL:
        return "true" if value else "false"
    if kind in (_INT32, _INT64):
        return str(signed(value, 32 if kind == _INT32 else 64))
    return str(value & 0xFFFFFFFF if kind == _UINT32 else value)


def _cut(data: bytes) -> str:
    return repr(data) if len(data) <= MAX_BYTES else f"{data[:MAX_BYTES]!r}... ({len(data)} bytes)"
