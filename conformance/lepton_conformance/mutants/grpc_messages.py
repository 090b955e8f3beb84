"""Protocol buffers for the naive gRPC server: the bytes of a message, read and written by hand.

Owns the wire format, for the messages of the service, of health checking and of reflection; leaves their
meaning to `grpc_decoding` and `grpc_naive`. A message is a dict of the fields that were there: a repeated
number is a numpy array, every other repeated field a list. Written apart from the library that the suite and
the reference use. Serves `inference` (INF-GRP).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array

__all__ = ["SCHEMA", "Field", "Message", "NotAMessage", "Wire"]

Message = dict[str, Any]
#: A varint has at most this many bytes.
MAX_VARINT_BYTES = 10
MAX_GROUP_DEPTH = 64
MAX_FIELD_NUMBER = 2**29 - 1

VARINTS = {"bool": "?", "int32": "<i4", "int64": "<i8", "uint32": "<u4", "uint64": "<u8"}
FIXED: dict[str, np.dtype[Any]] = {"float": np.dtype("<f4"), "double": np.dtype("<f8")}


class NotAMessage(ValueError):
    """The bytes are not a message of the expected type."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `kind` is a scalar type, or the name of a message in `SCHEMA`."""

    number: int
    name: str
    kind: str
    repeated: bool = False

    @property
    def wire_type(self) -> int:
        """Return the wire type of one unpacked element."""
        if self.kind in VARINTS:
            return 0
        if self.kind in FIXED:
            return 5 if self.kind == "float" else 1
        return 2


def _fields(*described: str) -> tuple[Field, ...]:
    """Return fields from `NUMBER NAME KIND` or `NUMBER NAME KIND*`, the star for a repeated one."""
    found = []
    for line in described:
        number, name, kind = line.split()
        found.append(Field(int(number), name, kind.rstrip("*"), kind.endswith("*")))
    return tuple(found)


_NAMED = _fields("1 name string", "2 version string")
_TENSOR = _fields("1 name string", "2 datatype string", "3 shape int64*")
_LOADED = (*_TENSOR, *_fields("4 parameters Entry*", "5 contents Contents"))

SCHEMA: dict[str, tuple[Field, ...]] = {
    "Empty": (),
    "Live": _fields("1 live bool"),
    "Ready": _fields("1 ready bool"),
    "ModelName": _NAMED,
    "ServerMetadata": (*_NAMED, *_fields("3 extensions string*")),
    "TensorMetadata": _TENSOR,
    "ModelMetadata": _fields(
        "1 name string",
        "2 versions string*",
        "3 platform string",
        "4 inputs TensorMetadata*",
        "5 outputs TensorMetadata*",
        "6 properties Property*",
    ),
    "Property": _fields("1 key string", "2 value string"),
    "Parameter": _fields(
        "1 bool_param bool",
        "2 int64_param int64",
        "3 string_param string",
        "4 double_param double",
        "5 uint64_param uint64",
    ),
    "Entry": _fields("1 key string", "2 value Parameter"),
    "Contents": _fields(
        "1 bool_contents bool*",
        "2 int_contents int32*",
        "3 int64_contents int64*",
        "4 uint_contents uint32*",
        "5 uint64_contents uint64*",
        "6 fp32_contents float*",
        "7 fp64_contents double*",
        "8 bytes_contents bytes*",
    ),
    "Input": _LOADED,
    "Wanted": _fields("1 name string", "2 parameters Entry*"),
    "InferRequest": _fields(
        "1 model_name string",
        "2 model_version string",
        "3 id string",
        "4 parameters Entry*",
        "5 inputs Input*",
        "6 outputs Wanted*",
        "7 raw_input_contents bytes*",
    ),
    "Output": _LOADED,
    "InferResponse": _fields(
        "1 model_name string",
        "2 model_version string",
        "3 id string",
        "4 parameters Entry*",
        "5 outputs Output*",
        "6 raw_output_contents bytes*",
    ),
    # grpc.health.v1
    "HealthRequest": _fields("1 service string"),
    "HealthResponse": _fields("1 status int32"),
    # grpc.reflection.v1 and v1alpha
    "ReflectionRequest": _fields(
        "1 host string",
        "3 file_by_filename string",
        "4 file_containing_symbol string",
        "6 all_extension_numbers_of_type string",
        "7 list_services string",
    ),
    "ReflectionResponse": _fields(
        "1 valid_host string",
        "2 original_request ReflectionRequest",
        "4 file_descriptor_response Files",
        "6 list_services_response Services",
        "7 error_response ReflectionError",
    ),
    "Files": _fields("1 file_descriptor_proto bytes*"),
    "Services": _fields("1 service Service*"),
    "Service": _fields("1 name string"),
    "ReflectionError": _fields("1 error_code int32", "2 error_message string"),
    # google.protobuf
    "FileDescriptorSet": _fields("1 file bytes*"),
}


class Wire:
    """The steps between bytes and messages; what a lawful variant writes otherwise is a method or a flag."""

    packs = True
    writes_defaults = False

    # reading

    def parse(self, data: bytes, kind: str) -> Message:
        """Return a message from its bytes; fields of other numbers or wire types are passed over.

        Raises: NotAMessage.
        """
        known = {field.number: field for field in SCHEMA[kind]}
        numbers: dict[str, list[Array]] = {}
        nested: dict[str, list[bytes]] = {}
        message: Message = {}
        for number, wire_type, value in self.records(data):
            field = known.get(number)
            if field is None:
                self.unknown_field(kind, number)
            elif field.kind in VARINTS or field.kind in FIXED:
                array = self.read_numbers(field, wire_type, value)
                if array is None:
                    self.unknown_field(kind, number)
                elif field.repeated:
                    numbers.setdefault(field.name, []).append(array)
                else:
                    message[field.name] = array[-1].item()
            elif wire_type != 2:
                self.unknown_field(kind, number)
            elif field.kind == "bytes" or field.kind == "string":
                read = value if field.kind == "bytes" else self.read_text(value)
                if field.repeated:
                    message.setdefault(field.name, []).append(read)
                else:
                    message[field.name] = read
            elif field.repeated:
                message.setdefault(field.name, []).append(self.parse(value, field.kind))
            else:
                nested.setdefault(field.name, []).append(value)
        for field in known.values():
            # A singular message that came in pieces is their merger, which is what the pieces in a row say.
            if field.name in nested:
                message[field.name] = self.parse(b"".join(nested[field.name]), field.kind)
            if field.name in numbers:
                found = numbers[field.name]
                message[field.name] = found[0] if len(found) == 1 else np.concatenate(found)
        return message

    def unknown_field(self, kind: str, number: int) -> None:
        return

    def records(self, data: bytes) -> Iterable[tuple[int, int, Any]]:
        """Yield number, wire type and payload of each field."""
        at = 0
        while at < len(data):
            number, wire_type, at = self.read_tag(data, at)
            if wire_type == 3:
                at = self.skip_group(data, at, number, 1)
                continue
            value, at = self.read_payload(data, at, wire_type)
            yield number, wire_type, value

    def read_tag(self, data: bytes, at: int) -> tuple[int, int, int]:
        tag, at = self.read_varint(data, at)
        if not 1 <= tag >> 3 <= MAX_FIELD_NUMBER:
            raise NotAMessage(f"a field has the number {tag >> 3}")
        return tag >> 3, tag & 7, at

    def read_varint(self, data: bytes, at: int) -> tuple[int, int]:
        value = 0
        for index, byte in enumerate(data[at : at + MAX_VARINT_BYTES]):
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value % 2**64, at + index + 1
        raise NotAMessage("a varint does not end")

    def read_payload(self, data: bytes, at: int, wire_type: int) -> tuple[Any, int]:
        if wire_type == 0:
            return self.read_varint(data, at)
        if wire_type == 2:
            length, at = self.read_varint(data, at)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise NotAMessage(f"a field has the wire type {wire_type}")
        if length > len(data) - at:
            raise NotAMessage("a field is longer than the rest of the message")
        return data[at : at + length], at + length

    def skip_group(self, data: bytes, at: int, number: int, depth: int) -> int:
        if depth > MAX_GROUP_DEPTH:
            raise NotAMessage("groups are nested too deeply")
        while at < len(data):
            inner, wire_type, at = self.read_tag(data, at)
            if wire_type == 4:
                if inner != number:
                    raise NotAMessage("a group ends that did not begin")
                return at
            if wire_type == 3:
                at = self.skip_group(data, at, inner, depth + 1)
            else:
                _, at = self.read_payload(data, at, wire_type)
        raise NotAMessage("a group does not end")

    def read_text(self, value: bytes) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise NotAMessage("a string is not UTF-8") from None

    def read_numbers(self, field: Field, wire_type: int, value: Any) -> Array | None:
        """Return one element or a packed array; None when the wire type is another one."""
        if field.kind in VARINTS:
            if wire_type == 0:
                return self.narrow(np.array([value], dtype=np.uint64), field.kind)
            if wire_type == 2 and field.repeated:
                return self.narrow(self.unpack_varints(value), field.kind)
            return None
        dtype = FIXED[field.kind]
        if wire_type == field.wire_type or (wire_type == 2 and field.repeated):
            if len(value) % dtype.itemsize:
                raise NotAMessage("packed numbers end in the middle of one")
            return np.frombuffer(value, dtype=dtype)
        return None

    def narrow(self, values: Array, kind: str) -> Array:
        """Return varints as the field's type: the low bits, as protocol buffers say."""
        if kind == "bool":
            return np.not_equal(values, 0)
        dtype: np.dtype[Any] = np.dtype(VARINTS[kind])
        return values.astype(np.dtype(f"<u{dtype.itemsize}")).view(dtype)

    def unpack_varints(self, data: bytes) -> Array:
        """Return packed varints as uint64."""
        octets: Array = np.frombuffer(data, dtype=np.uint8)
        ends = np.flatnonzero(octets < 0x80)
        if not len(octets):
            return np.zeros(0, dtype=np.uint64)
        if not len(ends) or ends[-1] != len(octets) - 1:
            raise NotAMessage("a packed varint does not end")
        starts = np.concatenate([[0], ends[:-1] + 1])
        longest = int((ends - starts).max()) + 1
        if longest > MAX_VARINT_BYTES:
            raise NotAMessage("a packed varint does not end")
        found = np.zeros(len(ends), dtype=np.uint64)
        for index in range(longest):
            there = starts + index <= ends
            piece = octets[starts[there] + index] & np.uint8(0x7F)
            found[there] |= piece.astype(np.uint64) << np.uint64(7 * index)
        return found

    # writing

    def build(self, kind: str, message: Mapping[str, Any]) -> bytes:
        """Return the bytes of a message; a field that is absent or has its default is not written."""
        return b"".join(
            self.write_field(field, message.get(field.name)) for field in self.field_order(SCHEMA[kind])
        )

    def field_order(self, fields: Sequence[Field]) -> Sequence[Field]:
        return fields

    def write_field(self, field: Field, value: Any) -> bytes:
        if field.repeated:
            return b"" if value is None or not len(value) else self.write_repeated(field, value)
        if field.kind in SCHEMA:
            return b"" if value is None else self.write_bytes(field, self.build(field.kind, value))
        default: Any = {"string": "", "bytes": b""}.get(field.kind, 0)
        value = default if value is None else value
        return b"" if value == default and not self.writes_defaults else self.write_one(field, value)

    def write_repeated(self, field: Field, values: Any) -> bytes:
        if field.kind in SCHEMA:
            return b"".join(self.write_bytes(field, self.build(field.kind, value)) for value in values)
        if field.wire_type == 2 or not self.packs:
            return b"".join(self.write_one(field, value) for value in values)
        if field.kind in FIXED:
            return self.write_bytes(field, np.asarray(values, dtype=FIXED[field.kind]).tobytes())
        return self.write_bytes(field, self.pack_varints(self.widened(values, field.kind)))

    def write_one(self, field: Field, value: Any) -> bytes:
        if field.kind == "string":
            return self.write_bytes(field, value.encode("utf-8"))
        if field.kind == "bytes":
            return self.write_bytes(field, value)
        tag = self.varint(field.number << 3 | field.wire_type)
        if field.kind in FIXED:
            return tag + np.asarray(value, dtype=FIXED[field.kind]).tobytes()
        return tag + self.pack_varints(self.widened([value], field.kind))

    def write_bytes(self, field: Field, payload: bytes) -> bytes:
        return self.varint(field.number << 3 | 2) + self.varint(len(payload)) + payload

    def varint(self, value: int) -> bytes:
        found = bytearray()
        while value > 0x7F:
            found.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([*found, value])

    def widened(self, values: Any, kind: str) -> Array:
        """Return numbers as the 64 bits of their varints: negative ones are sign-extended."""
        signed = kind in ("int32", "int64")
        return np.asarray(values, dtype=np.int64 if signed else np.uint64).view(np.uint64)

    def pack_varints(self, values: Array) -> bytes:
        """Return uint64 numbers as varints in a row."""
        table = np.zeros((len(values), MAX_VARINT_BYTES), dtype=np.uint8)
        lengths = np.ones(len(values), dtype=np.int64)
        for index in range(MAX_VARINT_BYTES):
            piece = values >> np.uint64(7 * index)
            table[:, index] = (piece & np.uint64(0x7F)).astype(np.uint8)
            more = piece > np.uint64(0x7F)
            table[more, index] |= np.uint8(0x80)
            lengths += more
        return table[np.arange(MAX_VARINT_BYTES) < lengths[:, None]].tobytes()
