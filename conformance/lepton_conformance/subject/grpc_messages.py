"""The messages of `inference.GRPCInferenceService`: requests as bytes, answers as values.

Owns field numbers and names as `inference.proto` has them; leaves the wire to `subject.protobuf` and elements
to `oracle.contents`. Requests may be wrong in any way. Serves `inference` (INF-GRP).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lepton_conformance.subject.protobuf import (
    FIXED32,
    FIXED64,
    LENGTH,
    PLAIN,
    VARINT,
    Field,
    Piece,
    Style,
    assemble,
    bounded,
    last,
    messages,
    read,
    repeated,
    scalars,
    signed,
    text,
    varint,
)

__all__ = [
    "CONTENTS",
    "Contents",
    "Input",
    "ModelMetadata",
    "Output",
    "Request",
    "Response",
    "ServerMetadata",
    "TensorMetadata",
    "model_query",
    "read_model_metadata",
    "read_response",
    "read_server_metadata",
]

#: The fields of InferTensorContents by name: number and wire type.
CONTENTS: Mapping[str, tuple[int, int]] = {
    "bool_contents": (1, VARINT),
    "int_contents": (2, VARINT),
    "int64_contents": (3, VARINT),
    "uint_contents": (4, VARINT),
    "uint64_contents": (5, VARINT),
    "fp32_contents": (6, FIXED32),
    "fp64_contents": (7, FIXED64),
    "bytes_contents": (8, LENGTH),
}

#: Elements by field: encoded ones to send, integers and bytes when received.
Contents = tuple[tuple[str, Sequence[bytes]], ...]


@dataclass(frozen=True, slots=True)
class Input:
    """An InferInputTensor to send; `contents` None leaves the field out. `extra` are more fields."""

    name: str
    datatype: str
    shape: Sequence[int]
    contents: Contents | None = None
    extra: tuple[Piece, ...] = ()

    def encode(self, style: Style = PLAIN) -> bytes:
        """Return the submessage."""
        sizes = [varint(size) for size in self.shape]
        pieces = [*text(1, self.name, style), *text(2, self.datatype, style)]
        pieces += repeated(3, VARINT, sizes, style)
        if self.contents is not None:
            inner = [
                piece
                for field, elements in self.contents
                for piece in repeated(*CONTENTS[field], elements, style)
            ]
            if style.divided and len(inner) > 1:
                pieces += [bounded(5, assemble(inner[:1])), bounded(5, assemble(inner[1:]))]
            elif style.divided:
                pieces += [bounded(5, b""), bounded(5, assemble(inner))]
            else:
                pieces.append(bounded(5, assemble(inner, style)))
        return assemble([*pieces, *self.extra], style)


@dataclass(frozen=True, slots=True)
class Request:
    """A ModelInferRequest to send. `extra` are more fields of it, `output_extra` of each requested output."""

    model_name: str
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...] = ()
    raw: tuple[bytes, ...] = ()
    model_version: str = ""
    identifier: str = ""
    extra: tuple[Piece, ...] = ()
    output_extra: tuple[Piece, ...] = ()

    def encode(self, style: Style = PLAIN) -> bytes:
        """Return the message."""
        pieces = [
            *text(1, self.model_name, style),
            *text(2, self.model_version, style),
            *text(3, self.identifier, style),
        ]
        pieces += [bounded(5, entry.encode(style)) for entry in self.inputs]
        pieces += [
            bounded(6, assemble([*text(1, name, style), *self.output_extra], style)) for name in self.outputs
        ]
        pieces += [bounded(7, part) for part in self.raw]
        return assemble([*pieces, *self.extra], style)

    def with_input(self, index: int, **changes: object) -> "Request":
        """Return the request with one input changed."""
        inputs = list(self.inputs)
        inputs[index] = dataclasses.replace(inputs[index], **changes)  # type: ignore[arg-type]
        return dataclasses.replace(self, inputs=tuple(inputs))


def model_query(name: str, version: str = "") -> bytes:
    """Return a ModelReadyRequest or ModelMetadataRequest: they have the same fields."""
    return assemble([*text(1, name), *text(2, version)])


# -- answers ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TensorMetadata:
    """What metadata say of one tensor."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """A ModelMetadataResponse."""

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]


@dataclass(frozen=True, slots=True)
class ServerMetadata:
    """A ServerMetadataResponse."""

    name: str
    version: str
    extensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """An InferOutputTensor as it was received; `contents` has the fields that are not empty."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    contents: Mapping[str, Sequence[int | bytes]]


@dataclass(frozen=True, slots=True)
class Response:
    """A ModelInferResponse as it was received."""

    model_name: str
    model_version: str
    identifier: str
    outputs: tuple[Output, ...]
    raw: tuple[bytes, ...]


def _shape(fields: Sequence[Field]) -> tuple[int, ...]:
    return tuple(signed(int(size)) for size in scalars(fields, 3, VARINT) if isinstance(size, int))


def _texts(fields: Sequence[Field], field: int) -> tuple[str, ...]:
    return tuple(last([Field(1, LENGTH, value)], 1) for value in messages(fields, field))


def read_server_metadata(data: bytes) -> ServerMetadata:
    """Read a ServerMetadataResponse. Raises: NotAMessage."""
    fields = read(data)
    return ServerMetadata(last(fields, 1), last(fields, 2), _texts(fields, 3))


def read_model_metadata(data: bytes) -> ModelMetadata:
    """Read a ModelMetadataResponse. Raises: NotAMessage."""
    fields = read(data)
    tensors = []
    for number in (4, 5):
        parts = [read(part) for part in messages(fields, number)]
        tensors.append(tuple(TensorMetadata(last(part, 1), last(part, 2), _shape(part)) for part in parts))
    return ModelMetadata(last(fields, 1), _texts(fields, 2), last(fields, 3), tensors[0], tensors[1])


def read_response(data: bytes) -> Response:
    """Read a ModelInferResponse. Raises: NotAMessage."""
    fields = read(data)
    outputs = []
    for part in messages(fields, 5):
        inner = read(part)
        # Several occurrences of a submessage are merged.
        contents = read(b"".join(messages(inner, 5)))
        found = {
            name: tuple(messages(contents, number) if kind == LENGTH else scalars(contents, number, kind))
            for name, (number, kind) in CONTENTS.items()
        }
        outputs.append(
            Output(
                last(inner, 1),
                last(inner, 2),
                _shape(inner),
                {name: elements for name, elements in found.items() if elements},
            )
        )
    return Response(
        last(fields, 1), last(fields, 2), last(fields, 3), tuple(outputs), tuple(messages(fields, 6))
    )
