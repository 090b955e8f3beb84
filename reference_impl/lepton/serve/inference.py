"""One inference request, from the bytes of its body to the bytes of its answer.

Owns the rules that hold between the members of a request: where each input's data is, which outputs in which
form; and the assembly of the answer. Leaves the model's signature to `lepton.serve.signature`, elements to
`lepton.serve.elements` and `lepton.serve.binary`. Knows no transport. Serves `inference`
(INF-RSP, INF-ERR, INF-BIN).
"""

from typing import Any, cast

import orjson
from msgspec import UNSET, Raw

from lepton.runtime.protocol import Array
from lepton.serve.binary import pack_tensor, unpack_tensor
from lepton.serve.dimensions import parse_shape
from lepton.serve.elements import parse_elements, print_elements
from lepton.serve.envelope import Input, Parameters, Request, parse_parameters, parse_request
from lepton.serve.reply import JSON_TYPE, OCTETS_TYPE, Reply, RequestError, invalid, shown
from lepton.serve.repository import ServedModel
from lepton.serve.signature import check_input, check_output, check_shapes, compute
from lepton.serve.uniqueness import check_unique

__all__ = ["LENGTH_HEADER", "infer", "parse_header_length"]

#: The length in bytes of the JSON before binary tensors, in requests and answers.
LENGTH_HEADER = "inference-header-content-length"


def parse_header_length(value: str | None, body_length: int) -> int | None:
    """Read the length of the JSON. Raises: RequestError for one that cannot be. Spec: INF-BIN-11."""
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 20) or int(value) > body_length:
        raise invalid(
            f"found {LENGTH_HEADER} {shown(value)}, expected digits, at most {body_length}, the body's length"
        )
    if int(value) == 0:
        raise invalid(f"found {LENGTH_HEADER} 0, expected the length of the JSON that describes the inputs")
    return int(value)


def infer(model: ServedModel, body: bytes, header_length: int | None) -> Reply:
    """Answer one request; `header_length` is the JSON's length where bytes follow. Raises: RequestError."""
    pipeline = model.pipeline
    if header_length is None:
        text, octets = body, memoryview(b"")
    else:
        text, octets = body[:header_length], memoryview(body)[header_length:]
    request = parse_request(text, len(pipeline.inputs), len(pipeline.outputs))
    wanted = _wanted_outputs(model, request)
    check_unique(text, request)
    arrays = _read_inputs(model, request, None if header_length is None else octets)
    computed = compute(model, arrays, list(wanted))
    del arrays  # large ones make room for the answer's text
    return _answer(model, request, wanted, computed)


def _wanted_outputs(model: ServedModel, request: Request) -> dict[str, bool]:
    """Return the outputs to send, in order, and whether each goes in binary. Spec: INF-BIN-03, INF-BIN-04."""
    default = _flag(request.parameters, "binary_data_output", False)
    known = [spec.name for spec in model.pipeline.outputs]
    if not request.outputs:
        return dict.fromkeys(known, default)
    wanted: dict[str, bool] = {}
    for output in request.outputs:
        check_output(output.name, known, wanted)
        wanted[output.name] = _flag(parse_parameters(output.parameters), "binary_data", default)
    return wanted


def _flag(parameters: Parameters, name: str, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise invalid(f"parameter {name!r}: found {shown(str(value))}, expected true or false")
    return value


def _read_inputs(model: ServedModel, request: Request, octets: memoryview | None) -> dict[str, Array]:
    """Match the inputs with the model's, then read their data; shapes are bound before data is read.

    `octets` are the bytes after the JSON, None when the request does not say where they begin.
    """
    specs = {spec.name: spec for spec in model.pipeline.inputs}
    shapes: dict[str, tuple[int, ...]] = {}
    for tensor in request.inputs:
        check_input(tensor.name, tensor.datatype, specs, shapes)
        shapes[tensor.name] = _of(tensor, parse_shape, bytes(tensor.shape))
    check_shapes(model, shapes)
    arrays = {}
    for tensor in request.inputs:
        size = _binary_size(tensor)
        if size is None:
            data = bytes(cast(Raw, tensor.data))
            arrays[tensor.name] = _of(tensor, parse_elements, data, tensor.datatype, shapes[tensor.name])
            continue
        if octets is None:
            raise invalid(
                f"input {tensor.name!r}: found binary_data_size and no {LENGTH_HEADER}, expected both"
            )
        if size > len(octets):
            raise invalid(
                f"input {tensor.name!r}: found binary_data_size {size}, expected at most the {len(octets)} "
                "bytes that are left after the JSON"
            )
        arrays[tensor.name] = _of(tensor, unpack_tensor, octets[:size], tensor.datatype, shapes[tensor.name])
        octets = octets[size:]
    if octets:
        raise invalid(f"found {len(octets)} bytes after the last binary input, expected none")
    return arrays


def _of(tensor: Input, read: Any, *args: Any) -> Any:
    """Call a reader, and name the input in its refusal."""
    try:
        return read(*args)
    except RequestError as refusal:
        raise invalid(f"input {tensor.name!r}: {refusal.message}") from refusal


def _binary_size(tensor: Input) -> int | None:
    """Return how many bytes after the JSON are this input's, or None when its data is in the JSON."""
    size = _of(tensor, parse_parameters, tensor.parameters).get("binary_data_size")
    if size is None:
        if tensor.data is UNSET:
            raise invalid(
                f"input {tensor.name!r}: found neither data nor binary_data_size, expected one of them"
            )
        return None
    if tensor.data is not UNSET:
        raise invalid(f"input {tensor.name!r}: found both data and binary_data_size, expected one of them")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise invalid(
            f"input {tensor.name!r}: found binary_data_size {shown(str(size))}, expected an integer >= 0"
        )
    return size


def _answer(
    model: ServedModel, request: Request, wanted: dict[str, bool], computed: dict[str, Array]
) -> Reply:
    datatypes = {spec.name: spec.datatype for spec in model.pipeline.outputs}
    document: dict[str, object] = {"model_name": model.name, "model_version": model.version}
    if request.id is not None:
        document["id"] = request.id
    parts = [orjson.dumps(document)[:-1]]
    chunks: list[memoryview | bytes] = []
    separator = b',"outputs":['
    for name, binary in wanted.items():
        array = computed[name]
        datatype = datatypes[name]
        tensor: dict[str, object] = {"name": name, "datatype": datatype, "shape": array.shape}
        parts.append(separator)
        separator = b","
        if binary:
            chunk = pack_tensor(array, datatype)
            tensor["parameters"] = {"binary_data_size": len(chunk)}
            chunks.append(chunk)
            parts.append(orjson.dumps(tensor))
        else:
            parts += (orjson.dumps(tensor)[:-1], b',"data":', *print_elements(array, datatype, name), b"}")
    parts.append(b"]}")
    if not chunks:
        return Reply(200, (("content-type", JSON_TYPE),), b"".join(parts))
    length = sum(map(len, parts))
    headers = (("content-type", OCTETS_TYPE), (LENGTH_HEADER, str(length)))
    return Reply(200, headers, b"".join((*parts, *chunks)))
