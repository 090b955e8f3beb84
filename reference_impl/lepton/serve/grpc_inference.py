"""One ModelInfer call, from the bytes of its request to the bytes of its answer.

Owns the rules that hold between the fields of a request: tensors raw or typed, never both, and the answer in
the same form; and the assembly of the answer. Leaves the model's signature to `lepton.serve.signature`, and
elements to `lepton.serve.binary` and `lepton.serve.grpc_contents`. Knows no transport. Serves `inference`
(INF-GRP-08 to INF-GRP-29).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from lepton.runtime.protocol import Array
from lepton.serve.binary import pack_tensor, unpack_tensor
from lepton.serve.grpc_contents import has_contents, read_contents, write_contents
from lepton.serve.grpc_messages import message
from lepton.serve.grpc_wire import LENGTH_DELIMITED, FieldCount, fields, length_delimited
from lepton.serve.reply import Cause, RequestError, invalid
from lepton.serve.repository import ServedModel
from lepton.serve.signature import check_input, check_output, check_shapes, compute
from lepton.tensor import element_count

__all__ = ["InferRequest", "infer", "parse_request"]

#: The most bytes of a request that are not elements: names, shapes, parameters, the id.
MAX_ENVELOPE_BYTES = 16 << 20

#: An empty element of BYTES takes its length, or a field's tag and length.
LEAST_RAW_BYTES = 4
LEAST_TYPED_BYTES = 2

# Numbers of fields in inference.proto.
_INPUTS = 5
_CONTENTS = 5
_RAW_INPUTS = 7
_OUTPUTS = 5
_RAW_OUTPUTS = 6


@dataclass(frozen=True, slots=True)
class _Input:
    """One input; `contents` are the parts of its typed elements, none where it has none."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    contents: tuple[memoryview, ...]


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A request, its tensors not yet read. `version` is None when the client leaves it to the server."""

    model: str
    version: str | None
    id: str
    inputs: tuple[_Input, ...]
    outputs: tuple[str, ...]
    raw: tuple[memoryview, ...]


def parse_request(octets: bytes) -> InferRequest:
    """Read all but the elements of a ModelInferRequest. Raises: RequestError. Spec: INF-GRP-32."""
    envelope: list[bytes | memoryview] = []
    contents: list[tuple[memoryview, ...]] = []
    raw: list[memoryview] = []
    view = memoryview(octets)
    count = FieldCount()
    for field in fields(octets, 0, len(octets), count):
        if field.wire_type == LENGTH_DELIMITED and field.number == _RAW_INPUTS:
            raw.append(view[field.value : field.end])
        elif field.wire_type == LENGTH_DELIMITED and field.number == _INPUTS:
            rest: list[bytes | memoryview] = []
            parts: list[memoryview] = []
            for inner in fields(octets, field.value, field.end, count):
                if inner.wire_type == LENGTH_DELIMITED and inner.number == _CONTENTS:
                    parts.append(view[inner.value : inner.end])
                else:
                    rest.append(view[inner.start : inner.end])
            contents.append(tuple(part for part in parts if len(part)))
            envelope += length_delimited(_INPUTS, *rest)
        else:
            envelope.append(view[field.start : field.end])
    size = sum(map(len, envelope))
    if size > MAX_ENVELOPE_BYTES:
        raise RequestError(
            Cause.TOO_LARGE,
            f"found {size} bytes of names, shapes and parameters, expected at most {MAX_ENVELOPE_BYTES}",
        )
    try:
        read = message("ModelInferRequest").FromString(b"".join(envelope))
    except DecodeError as error:
        raise invalid("found bytes that are no ModelInferRequest; strings are UTF-8 there") from error
    inputs = tuple(
        _Input(tensor.name, tensor.datatype, tuple(tensor.shape), parts)
        for tensor, parts in zip(read.inputs, contents, strict=True)
    )
    outputs = tuple(output.name for output in read.outputs)
    return InferRequest(read.model_name, read.model_version or None, read.id, inputs, outputs, tuple(raw))


def infer(model: ServedModel, request: InferRequest) -> bytes:
    """Answer one request with a serialized ModelInferResponse. Raises: RequestError."""
    wanted = _wanted_outputs(model, request)
    arrays = _read_inputs(model, request)
    computed = compute(model, arrays, wanted)
    return _answer(model, request, {name: computed[name] for name in wanted})


def _wanted_outputs(model: ServedModel, request: InferRequest) -> list[str]:
    known = [spec.name for spec in model.pipeline.outputs]
    if not request.outputs:
        return known
    wanted: dict[str, None] = {}
    for name in request.outputs:
        check_output(name, known, wanted)
        wanted[name] = None
    return list(wanted)


def _read_inputs(model: ServedModel, request: InferRequest) -> dict[str, Array]:
    """Match the inputs with the model's, then read their elements; shapes are bound before that."""
    specs = {spec.name: spec for spec in model.pipeline.inputs}
    shapes: dict[str, tuple[int, ...]] = {}
    for tensor in request.inputs:
        check_input(tensor.name, tensor.datatype, specs, shapes)
        if min(tensor.shape, default=0) < 0:
            raise invalid(
                f"input {tensor.name!r}: found dimension {min(tensor.shape)}, expected none below 0: a "
                "request says the size that it sends"
            )
        shapes[tensor.name] = tensor.shape
    _check_forms(request)
    check_shapes(model, shapes)
    if not request.raw:
        return {tensor.name: _of(tensor, read_contents, tensor.contents) for tensor in request.inputs}
    return {
        tensor.name: _of(tensor, unpack_tensor, octets)
        for tensor, octets in zip(request.inputs, request.raw, strict=True)
    }


def _check_forms(request: InferRequest) -> None:
    """Refuse tensors both typed and raw, and strings that are fewer than their shape says, whatever the bound
    on their number. Raises: RequestError. Spec: INF-GRP-20, INF-GRP-21, INF-GRP-25."""
    if request.raw:
        for tensor in request.inputs:
            if tensor.contents:
                raise invalid(
                    f"input {tensor.name!r}: found both contents and raw_input_contents, expected one of "
                    "them in a request"
                )
        if len(request.raw) != len(request.inputs):
            raise invalid(
                f"found {len(request.raw)} raw_input_contents, expected {len(request.inputs)}: one for each "
                "input"
            )
    for index, tensor in enumerate(request.inputs):
        if tensor.datatype != "BYTES":
            continue
        found = len(request.raw[index]) if request.raw else sum(map(len, tensor.contents))
        least = element_count(tensor.shape) * (LEAST_RAW_BYTES if request.raw else LEAST_TYPED_BYTES)
        if found < least:
            raise invalid(
                f"input {tensor.name!r}: found {found} bytes, expected at least {least}: BYTES of shape "
                f"{list(tensor.shape)}"
            )


def _of(tensor: _Input, read: Callable[[Any, str, Sequence[int]], Array], elements: Any) -> Array:
    """Call a reader, and name the input in its refusal."""
    try:
        return read(elements, tensor.datatype, tensor.shape)
    except RequestError as refusal:
        raise invalid(f"input {tensor.name!r}: {refusal.message}") from refusal


def _answer(model: ServedModel, request: InferRequest, arrays: dict[str, Array]) -> bytes:
    """Assemble the answer: raw where the request was, or where a datatype has no typed field.

    Spec: INF-GRP-08, INF-GRP-10, INF-GRP-11, INF-GRP-12, INF-GRP-13.
    """
    datatypes = {spec.name: spec.datatype for spec in model.pipeline.outputs}
    raw = bool(request.raw) or not all(has_contents(datatypes[name]) for name in arrays)
    head = message("ModelInferResponse")(model_name=model.name, model_version=model.version, id=request.id)
    pieces: list[bytes | memoryview] = [head.SerializeToString()]
    chunks: list[bytes | memoryview] = []
    tensor_class = message("ModelInferResponse.InferOutputTensor")
    for name, array in arrays.items():
        tensor = tensor_class(name=name, datatype=datatypes[name], shape=array.shape).SerializeToString()
        if raw:
            pieces += length_delimited(_OUTPUTS, tensor)
            chunks += length_delimited(_RAW_OUTPUTS, pack_tensor(array, datatypes[name]))
        else:
            contents = length_delimited(_CONTENTS, *write_contents(array, datatypes[name]))
            pieces += length_delimited(_OUTPUTS, tensor, *contents)
    return b"".join((*pieces, *chunks))
