"""What arrives: from the bytes of a request to checked arrays.

Owns JSON, the members of an inference request, binary tensors and every refusal on the way; leaves routes and
computing to `naive` and answers to `encoding`. One overridable method a step. Serves `inference`
(INF-REQ, INF-DAT, INF-ERR, INF-BIN).
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array, Model, Spec, brain_floats
from lepton_conformance.mutants.refusal import Refusal, shown

__all__ = ["Decoder", "InferRequest", "Tensor", "Wanted"]

#: Largest dimension and element count that is looked at.
MAX_SIZE = 2**63 - 1
SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input as it was sent; `data` is None and `binary_size` set for a binary one."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    parameters: dict[str, Any]
    data: list[Any] | None
    binary_size: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One requested output."""

    name: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class InferRequest:
    """An inference request whose members have the right types; `outputs` is None when it was absent."""

    id: str | None
    parameters: dict[str, Any]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Wanted, ...] | None


class Decoder:
    """The steps from body to arrays."""

    def decode(
        self, model: Model, headers: Mapping[str, str], body: bytes
    ) -> tuple[InferRequest, dict[str, Array]]:
        """Return the request and its inputs as arrays by name.

        Raises: Refusal.
        """
        text, tail = self.split_body(headers, body)
        request = self.accept_inputs(model, self.read_request(self.parse_json(text)))
        self.check_wanted(model, request)
        parts = self.split_tail(request.inputs, tail, "inference-header-content-length" in headers)
        arrays = {}
        for tensor, part in zip(request.inputs, parts, strict=True):
            arrays[tensor.name] = self.decode_tensor(tensor, part)
        return request, arrays

    # JSON

    def parse_json(self, body: bytes) -> Any:
        try:
            return json.loads(
                self.decode_text(body), parse_constant=self.bare_constant, object_pairs_hook=self.members
            )
        except RecursionError:
            raise Refusal(400, "the JSON is nested too deeply") from None
        except ValueError as error:
            raise Refusal(400, f"the body is not JSON: {error}") from None

    def decode_text(self, body: bytes) -> str:
        return body.decode("utf-8")

    def bare_constant(self, token: str) -> Any:
        raise Refusal(400, f"the bare token {token} is not JSON; write it as a string")

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise Refusal(400, "a JSON object has two members of one name")
        return found

    # members of a request

    def read_request(self, document: Any) -> InferRequest:
        if not isinstance(document, dict):
            raise Refusal(400, f"the request is {shown(document)}, expected a JSON object")
        inputs = document.get("inputs")
        if not isinstance(inputs, list):
            raise Refusal(400, f"member 'inputs' is {shown(inputs)}, expected an array")
        return InferRequest(
            self.read_id(document),
            self.read_parameters(document, "the request"),
            tuple(self.read_input(entry) for entry in inputs),
            self.read_wanted(document),
        )

    def read_id(self, document: dict[str, Any]) -> str | None:
        if "id" in document and not isinstance(document["id"], str):
            raise Refusal(400, f"member 'id' is {shown(document['id'])}, expected a string")
        return document.get("id")

    def read_parameters(self, owner: dict[str, Any], where: str) -> dict[str, Any]:
        parameters = owner.get("parameters", {})
        if not isinstance(parameters, dict):
            raise Refusal(400, f"parameters of {where} are {shown(parameters)}, expected an object")
        for key, value in parameters.items():
            if not isinstance(value, str | bool | int | float):
                raise Refusal(
                    400, f"parameter {shown(key)} of {where} is {shown(value)}, expected string, number, bool"
                )
        return parameters

    def read_input(self, entry: Any) -> Tensor:
        if not isinstance(entry, dict):
            raise Refusal(400, f"an input is {shown(entry)}, expected an object")
        name = self.read_string(entry, "name", "an input")
        where = f"input {shown(name)}"
        datatype = self.read_string(entry, "datatype", where)
        parameters = self.read_parameters(entry, where)
        size = self.read_binary_size(parameters, where)
        data = entry.get("data")
        if size is None and not isinstance(data, list):
            raise Refusal(400, f"member 'data' of {where} is {shown(data)}, expected an array")
        if size is not None and "data" in entry:
            raise Refusal(400, f"{where} has both 'data' and 'binary_data_size'")
        return Tensor(name, datatype, self.read_shape(entry, where), parameters, data, size)

    def read_string(self, entry: dict[str, Any], member: str, where: str) -> str:
        value = entry.get(member)
        if not isinstance(value, str):
            raise Refusal(400, f"member '{member}' of {where} is {shown(value)}, expected a string")
        return value

    def read_shape(self, entry: dict[str, Any], where: str) -> tuple[int, ...]:
        shape = entry.get("shape")
        if not isinstance(shape, list):
            raise Refusal(400, f"member 'shape' of {where} is {shown(shape)}, expected an array")
        return tuple(self.read_dimension(size, where) for size in shape)

    def read_dimension(self, size: Any, where: str) -> int:
        if type(size) is not int or not 0 <= size <= MAX_SIZE:
            raise Refusal(400, f"a dimension of {where} is {shown(size)}, expected an integer 0..2^63-1")
        return size

    def read_wanted(self, document: dict[str, Any]) -> tuple[Wanted, ...] | None:
        if "outputs" not in document:
            return None
        outputs = document["outputs"]
        if not isinstance(outputs, list):
            raise Refusal(400, f"member 'outputs' is {shown(outputs)}, expected an array")
        wanted = []
        for entry in outputs:
            if not isinstance(entry, dict):
                raise Refusal(400, f"a requested output is {shown(entry)}, expected an object")
            name = self.read_string(entry, "name", "a requested output")
            wanted.append(Wanted(name, self.read_parameters(entry, f"output {shown(name)}")))
        return tuple(wanted)

    # against the model

    def accept_inputs(self, model: Model, request: InferRequest) -> InferRequest:
        """Return the request, whose inputs are the model's."""
        specs = {spec.name: spec for spec in model.inputs}
        self.check_names([tensor.name for tensor in request.inputs], specs)
        sizes: dict[str, int] = {}
        for tensor in request.inputs:
            spec = specs[tensor.name]
            self.check_datatype(tensor, spec)
            self.check_shape(tensor, spec)
            self.bind_symbols(tensor, spec, sizes)
        return request

    def check_names(self, names: Sequence[str], specs: Mapping[str, Spec]) -> None:
        for name in names:
            if name not in specs:
                raise Refusal(400, f"unknown input {shown(name)}, expected {sorted(specs)}")
        self.check_duplicates(names)
        for name in specs:
            if name not in names:
                raise Refusal(400, f"input {shown(name)} is missing")

    def check_duplicates(self, names: Sequence[str]) -> None:
        if len(set(names)) < len(names):
            raise Refusal(400, f"an input is given twice: {shown(list(names))}")

    def check_datatype(self, tensor: Tensor, spec: Spec) -> None:
        if tensor.datatype != spec.datatype:
            raise Refusal(
                400, f"input {shown(tensor.name)} is {shown(tensor.datatype)}, expected {spec.datatype}"
            )

    def check_shape(self, tensor: Tensor, spec: Spec) -> None:
        fits = len(tensor.shape) == len(spec.shape) and all(
            isinstance(dim, str) or dim == size for size, dim in zip(tensor.shape, spec.shape, strict=True)
        )
        if not fits:
            raise Refusal(
                400,
                f"input {shown(tensor.name)} has shape {shown(list(tensor.shape))}, "
                f"expected {spec.published_shape()}",
            )

    def bind_symbols(self, tensor: Tensor, spec: Spec, sizes: dict[str, int]) -> None:
        for size, dim in zip(tensor.shape, spec.shape, strict=True):
            if isinstance(dim, str) and sizes.setdefault(dim, size) != size:
                raise Refusal(
                    400,
                    f"input {shown(tensor.name)} has size {size} where another input has {sizes[dim]}",
                )

    def check_wanted(self, model: Model, request: InferRequest) -> None:
        known = {spec.name for spec in model.outputs}
        names = [wanted.name for wanted in request.outputs or ()]
        for name in names:
            if name not in known:
                raise Refusal(400, f"unknown output {shown(name)}, expected {sorted(known)}")
        if len(set(names)) < len(names):
            raise Refusal(400, f"an output is requested twice: {shown(names)}")

    # tensors in JSON

    def decode_tensor(self, tensor: Tensor, part: bytes | None) -> Array:
        if part is not None:
            return self.decode_binary(tensor, part)
        assert tensor.data is not None
        flat = self.flatten(tensor.data, tensor)
        count = math.prod(tensor.shape)
        if len(flat) != count:
            raise Refusal(
                400,
                f"input {shown(tensor.name)} has {len(flat)} elements, its shape "
                f"{shown(list(tensor.shape))} says {shown(count)}",
            )
        return self.decode_elements(flat, tensor.datatype).reshape(tensor.shape)

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        """Return the elements of `data`, which is flat or nested exactly as the shape."""
        level = data
        if not any(isinstance(item, list) for item in data):
            return data
        for axis, size in enumerate(tensor.shape):
            if axis == 0:
                ragged = len(level) != size
            else:
                ragged = any(not isinstance(item, list) or len(item) != size for item in level)
                level = [] if ragged else [element for item in level for element in item]
            if ragged:
                raise Refusal(
                    400, f"data of input {shown(tensor.name)} is not nested as {shown(list(tensor.shape))}"
                )
        return level

    def decode_elements(self, flat: list[Any], datatype: str) -> Array:
        """Return the elements as a flat array; `datatype` is one of the model's."""
        kinds = set(map(type, flat))
        if datatype == "BOOL":
            return self.decode_bools(flat, kinds)
        if datatype == "BYTES":
            return self.decode_strings(flat, kinds)
        if datatype.startswith("FP"):
            return self.decode_floats(flat, kinds, datatype)
        if datatype == "BF16":
            return self.decode_brain(flat, kinds)
        return self.decode_integers(flat, kinds, datatype)

    def decode_bools(self, flat: list[Any], kinds: set[type]) -> Array:
        if kinds - {bool}:
            self.refuse_element(flat, (bool,), "true or false")
        return np.array(flat, dtype=np.bool_)

    def decode_integers(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if kinds - {int}:
            self.refuse_element(flat, (int,), f"an integer of {datatype}")
        limits = np.iinfo(DTYPES[datatype])
        if flat and not (limits.min <= min(flat) and max(flat) <= limits.max):
            raise Refusal(400, f"an integer is outside {datatype}: {limits.min}..{limits.max}")
        return np.array(flat, dtype=DTYPES[datatype])

    def decode_floats(self, flat: list[Any], kinds: set[type], datatype: str) -> Array:
        if kinds - {int, float}:
            for value in flat:
                if type(value) not in (int, float) and not (type(value) is str and value in SPECIAL):
                    self.refuse_element(flat, (int, float), f"a number of {datatype}, NaN or Infinity")
        named = np.array([type(value) is str for value in flat], dtype=np.bool_)
        try:
            doubles = np.array(
                [SPECIAL[value] if type(value) is str else float(value) for value in flat], dtype=np.float64
            )
        except OverflowError:
            raise Refusal(400, f"a number is outside {datatype}") from None
        with np.errstate(over="ignore"):
            rounded = doubles.astype(DTYPES[datatype])
        if bool((np.isinf(rounded) & ~named).any()):
            raise Refusal(400, f"a number is outside {datatype}")
        return rounded

    def decode_brain(self, flat: list[Any], kinds: set[type]) -> Array:
        doubles = self.decode_floats(flat, kinds, "FP64")
        rounded = brain_floats(doubles)
        if bool((np.isinf(rounded) & ~np.isinf(doubles)).any()):
            raise Refusal(400, "a number is outside BF16")
        return rounded

    def decode_strings(self, flat: list[Any], kinds: set[type]) -> Array:
        if kinds - {str}:
            self.refuse_element(flat, (str,), "a string")
        array = np.empty(len(flat), dtype=object)
        try:
            array[:] = [value.encode("utf-8") for value in flat]
        except UnicodeEncodeError:
            raise Refusal(400, "a string holds a lone surrogate") from None
        return array

    def refuse_element(self, flat: list[Any], kinds: tuple[type, ...], expected: str) -> NoReturn:
        wrong = next((value for value in flat if type(value) not in kinds), None)
        raise Refusal(400, f"an element is {shown(wrong)}, expected {expected}")

    # binary tensors

    def read_binary_size(self, parameters: dict[str, Any], where: str) -> int | None:
        if "binary_data_size" not in parameters:
            return None
        size = parameters["binary_data_size"]
        if type(size) is not int or size < 0:
            raise Refusal(400, f"binary_data_size of {where} is {shown(size)}, expected an integer >= 0")
        return size

    def split_body(self, headers: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
        """Return the JSON and what follows it."""
        text = headers.get("inference-header-content-length")
        if text is None:
            return body, b""
        length = self.header_length(text)
        if length > len(body):
            raise Refusal(
                400, f"Inference-Header-Content-Length is {shown(text)}, the body {len(body)} bytes"
            )
        return body[:length], body[length:]

    def header_length(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise Refusal(400, f"Inference-Header-Content-Length is {shown(text)}, expected digits")
        return int(text)

    def split_tail(self, inputs: Sequence[Tensor], tail: bytes, announced: bool) -> list[bytes | None]:
        """Return the bytes of each input, None for one in JSON."""
        sizes = [tensor.binary_size for tensor in inputs]
        if not announced and any(size is not None for size in sizes):
            raise Refusal(400, "an input is binary, but Inference-Header-Content-Length is missing")
        total = sum(size for size in sizes if size is not None)
        self.check_total(total, len(tail))
        parts: list[bytes | None] = []
        start = 0
        for size in sizes:
            parts.append(None if size is None else tail[start : start + size])
            start += size or 0
        return parts

    def check_total(self, declared: int, found: int) -> None:
        if declared != found:
            raise Refusal(400, f"{found} bytes follow the JSON, the inputs declare {shown(declared)}")

    def decode_binary(self, tensor: Tensor, part: bytes) -> Array:
        if tensor.datatype == "BYTES":
            return self.decode_binary_strings(tensor, part).reshape(tensor.shape)
        if tensor.datatype == "BF16":
            self.check_binary_size(tensor, math.prod(tensor.shape) * 2, len(part))
            return self.decode_binary_brain(part).reshape(tensor.shape)
        dtype = DTYPES[tensor.datatype]
        self.check_binary_size(tensor, math.prod(tensor.shape) * dtype.itemsize, len(part))
        if tensor.datatype == "BOOL":
            return self.decode_binary_bools(part).reshape(tensor.shape)
        return np.frombuffer(part, dtype=dtype).reshape(tensor.shape)

    def check_binary_size(self, tensor: Tensor, expected: int, found: int) -> None:
        if found != expected:
            raise Refusal(
                400, f"input {shown(tensor.name)} has {found} bytes, its shape says {shown(expected)}"
            )

    def decode_binary_brain(self, part: bytes) -> Array:
        halves: Array = np.frombuffer(part, dtype="<u2").astype(np.uint32)
        return (halves << 16).view(np.float32)

    def decode_binary_bools(self, part: bytes) -> Array:
        if part.strip(b"\x00\x01"):
            raise Refusal(400, "a BOOL byte is neither 0 nor 1")
        values: Array = np.frombuffer(part, dtype=np.uint8)
        if bool((values > 1).any()):
            raise Refusal(400, "a BOOL byte is neither 0 nor 1")
        return values.astype(np.bool_)

    def decode_binary_strings(self, tensor: Tensor, part: bytes) -> Array:
        found: list[bytes] = []
        start = 0
        while start < len(part):
            end = start + 4
            length = int.from_bytes(part[start:end], "little")
            if end > len(part) or end + length > len(part):
                self.overrun(tensor, part, end, found)
                break
            found.append(part[end : end + length])
            start = end + length
        count = math.prod(tensor.shape)
        if len(found) != count:
            self.miscounted(tensor, found, count)
        array = np.empty(len(found), dtype=object)
        array[:] = found
        return array

    def overrun(self, tensor: Tensor, part: bytes, end: int, found: list[bytes]) -> None:
        raise Refusal(400, f"an element of input {shown(tensor.name)} is longer than the rest of its bytes")

    def miscounted(self, tensor: Tensor, found: list[bytes], count: int) -> None:
        raise Refusal(
            400, f"input {shown(tensor.name)} holds {len(found)} elements, its shape says {shown(count)}"
        )
