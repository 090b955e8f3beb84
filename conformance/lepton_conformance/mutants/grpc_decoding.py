"""What arrives over gRPC: from the bytes of a ModelInferRequest to checked arrays.

Owns typed contents, raw contents and every refusal on the way; leaves the wire format to `grpc_messages`,
calls and computing to `grpc_naive`. One overridable method a step. Serves `inference` (INF-GRP).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array, Model, Spec
from lepton_conformance.mutants.grpc_messages import Message, NotAMessage, Wire
from lepton_conformance.mutants.refusal import shown

__all__ = ["CONTENTS", "RAW_ONLY", "GrpcDecoder", "GrpcRefusal", "GrpcRequest", "GrpcTensor"]

#: Largest element count that is looked at.
MAX_SIZE = 2**63 - 1
#: Datatypes that have no typed contents.
RAW_ONLY = ("FP16", "BF16")
#: Datatype -> the field of its elements.
CONTENTS: dict[str, str] = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


@dataclass(slots=True)
class GrpcRefusal(Exception):
    """The call cannot be answered: the name of the status, and why."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class GrpcTensor:
    """One input as it was sent; `contents` is None where the field was absent."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    contents: Message | None

    def filled(self) -> list[str]:
        """Return the names of the typed fields that have elements."""
        return [name for name, values in (self.contents or {}).items() if len(values)]


@dataclass(frozen=True, slots=True)
class GrpcRequest:
    """An inference request; `wanted` are the names of the requested outputs, `raw` the raw contents."""

    model_name: str
    model_version: str
    id: str
    parameters: Mapping[str, Message]
    inputs: tuple[GrpcTensor, ...]
    wanted: tuple[str, ...]
    raw: tuple[bytes, ...]


class GrpcDecoder(Wire):
    """The steps from bytes to arrays."""

    def parse_call(self, body: bytes, kind: str) -> Message:
        try:
            return self.parse(body, kind)
        except NotAMessage as error:
            raise self.unreadable(error) from None

    def unreadable(self, error: NotAMessage) -> GrpcRefusal:
        return GrpcRefusal("INVALID_ARGUMENT", f"the bytes are not the message of this method: {error}")

    def invalid(self, message: str) -> GrpcRefusal:
        return GrpcRefusal("INVALID_ARGUMENT", message)

    def read_request(self, message: Message) -> GrpcRequest:
        return GrpcRequest(
            message.get("model_name", ""),
            message.get("model_version", ""),
            message.get("id", ""),
            self.read_parameters(message),
            tuple(self.read_input(entry) for entry in message.get("inputs", ())),
            tuple(entry.get("name", "") for entry in message.get("outputs", ())),
            tuple(message.get("raw_input_contents", ())),
        )

    def read_parameters(self, message: Message) -> Mapping[str, Message]:
        return {entry.get("key", ""): entry.get("value", {}) for entry in message.get("parameters", ())}

    def read_input(self, entry: Message) -> GrpcTensor:
        shape: Any = entry.get("shape", np.zeros(0, dtype=np.int64))
        return GrpcTensor(
            entry.get("name", ""), entry.get("datatype", ""), tuple(shape.tolist()), entry.get("contents")
        )

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        """Return the inputs of a request as arrays by name.

        Raises: GrpcRefusal.
        """
        self.check_sources(request)
        self.check_inputs(model, request)
        self.check_wanted(model, request)
        arrays = {}
        for index, tensor in enumerate(request.inputs):
            if self.is_raw(request):
                arrays[tensor.name] = self.decode_raw(tensor, request.raw[index])
            else:
                arrays[tensor.name] = self.decode_typed(tensor)
        return arrays

    def is_raw(self, request: GrpcRequest) -> bool:
        return bool(request.raw)

    def check_sources(self, request: GrpcRequest) -> None:
        if not self.is_raw(request):
            return
        self.check_one_source(request)
        self.check_raw_count(request)

    def check_one_source(self, request: GrpcRequest) -> None:
        for tensor in request.inputs:
            if tensor.filled():
                raise self.invalid(f"input {shown(tensor.name)} has contents beside raw_input_contents")

    def check_raw_count(self, request: GrpcRequest) -> None:
        if len(request.raw) != len(request.inputs):
            raise self.invalid(
                f"raw_input_contents has {len(request.raw)} entries for {len(request.inputs)} inputs"
            )

    # against the model

    def check_inputs(self, model: Model, request: GrpcRequest) -> None:
        specs = {spec.name: spec for spec in model.inputs}
        names = [tensor.name for tensor in request.inputs]
        self.check_unknown(names, specs)
        self.check_duplicates(names)
        self.check_missing(names, specs)
        sizes: dict[str, int] = {}
        for tensor in request.inputs:
            if tensor.name in specs:
                spec = specs[tensor.name]
                self.check_datatype(tensor, spec)
                self.check_shape(tensor, spec)
                self.check_count(tensor)
                self.bind_symbols(tensor, spec, sizes)

    def check_unknown(self, names: Sequence[str], specs: Mapping[str, Spec]) -> None:
        for name in names:
            if name not in specs:
                raise self.invalid(f"unknown input {shown(name)}, expected {sorted(specs)}")

    def check_duplicates(self, names: Sequence[str]) -> None:
        if len(set(names)) < len(names):
            raise self.invalid(f"an input is given twice: {shown(list(names))}")

    def check_missing(self, names: Sequence[str], specs: Mapping[str, Spec]) -> None:
        for name in specs:
            if name not in names:
                raise self.invalid(f"input {shown(name)} is missing")

    def check_datatype(self, tensor: GrpcTensor, spec: Spec) -> None:
        if tensor.datatype != spec.datatype:
            raise self.invalid(
                f"input {shown(tensor.name)} is {shown(tensor.datatype)}, expected {spec.datatype}"
            )

    def check_shape(self, tensor: GrpcTensor, spec: Spec) -> None:
        if len(tensor.shape) != len(spec.shape) or not all(
            self.fits(size, dim) for size, dim in zip(tensor.shape, spec.shape, strict=True)
        ):
            raise self.invalid(
                f"input {shown(tensor.name)} has shape {shown(list(tensor.shape))}, "
                f"expected {spec.published_shape()}"
            )

    def fits(self, size: int, dim: int | str) -> bool:
        return size >= 0 if isinstance(dim, str) else size == dim

    def check_count(self, tensor: GrpcTensor) -> None:
        if math.prod(tensor.shape) > MAX_SIZE:
            raise self.invalid(f"the shape of input {shown(tensor.name)} has more than 2^63-1 elements")

    def bind_symbols(self, tensor: GrpcTensor, spec: Spec, sizes: dict[str, int]) -> None:
        for size, dim in zip(tensor.shape, spec.shape, strict=True):
            if isinstance(dim, str) and sizes.setdefault(dim, size) != size:
                raise self.invalid(
                    f"input {shown(tensor.name)} has size {size} where another input has {sizes[dim]}"
                )

    def check_wanted(self, model: Model, request: GrpcRequest) -> None:
        known = {spec.name for spec in model.outputs}
        for name in request.wanted:
            if name not in known:
                raise self.invalid(f"unknown output {shown(name)}, expected {sorted(known)}")
        if len(set(request.wanted)) < len(request.wanted):
            raise self.invalid(f"an output is requested twice: {shown(list(request.wanted))}")

    # typed contents

    def decode_typed(self, tensor: GrpcTensor) -> Array:
        self.check_field(tensor)
        values: Any = (tensor.contents or {}).get(CONTENTS.get(tensor.datatype, ""), ())
        self.check_elements(tensor, len(values))
        return self.typed_array(tensor, values).reshape(tensor.shape)

    def check_field(self, tensor: GrpcTensor) -> None:
        filled = tensor.filled()
        if tensor.datatype in RAW_ONLY and filled:
            raise self.untyped(tensor)
        expected = CONTENTS.get(tensor.datatype, "")
        for name in filled:
            if name != expected:
                raise self.invalid(
                    f"input {shown(tensor.name)} of {tensor.datatype} has {name}, expected {expected}"
                )

    def untyped(self, tensor: GrpcTensor) -> GrpcRefusal:
        return self.invalid(
            f"input {shown(tensor.name)} is {tensor.datatype}, which has no typed contents; send it raw"
        )

    def check_elements(self, tensor: GrpcTensor, found: int) -> None:
        count = math.prod(tensor.shape)
        if found != count:
            raise self.invalid(
                f"input {shown(tensor.name)} has {found} elements, its shape "
                f"{shown(list(tensor.shape))} says {count}"
            )

    def typed_array(self, tensor: GrpcTensor, values: Any) -> Array:
        if tensor.datatype == "BYTES":
            return self.byte_array(list(values))
        dtype = DTYPES[tensor.datatype]
        array: Array = np.asarray(values, dtype=None if len(values) else dtype)
        if dtype.kind in "iu" and len(values):
            self.check_range(tensor, array, dtype)
        return array.astype(dtype)

    def check_range(self, tensor: GrpcTensor, array: Array, dtype: np.dtype[Any]) -> None:
        limits = np.iinfo(dtype)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise self.invalid(
                f"an element of input {shown(tensor.name)} is outside {tensor.datatype}: "
                f"{limits.min}..{limits.max}"
            )

    def byte_array(self, values: list[bytes]) -> Array:
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array

    # raw contents

    def decode_raw(self, tensor: GrpcTensor, part: bytes) -> Array:
        if tensor.datatype == "BYTES":
            return self.byte_array(self.raw_strings(tensor, part)).reshape(tensor.shape)
        dtype = DTYPES[tensor.datatype]
        self.check_raw_length(tensor, math.prod(tensor.shape) * dtype.itemsize, len(part))
        if tensor.datatype == "BOOL":
            return self.raw_bools(tensor, part).reshape(tensor.shape)
        return np.frombuffer(part, dtype=dtype).reshape(tensor.shape)

    def check_raw_length(self, tensor: GrpcTensor, expected: int, found: int) -> None:
        if found != expected:
            raise self.invalid(f"input {shown(tensor.name)} has {found} bytes, its shape says {expected}")

    def raw_bools(self, tensor: GrpcTensor, part: bytes) -> Array:
        octets: Array = np.frombuffer(part, dtype=np.uint8)
        if bool((octets > 1).any()):
            raise self.invalid(f"a byte of input {shown(tensor.name)} is neither 0 nor 1")
        return octets.astype(np.bool_)

    def raw_strings(self, tensor: GrpcTensor, part: bytes) -> list[bytes]:
        found: list[bytes] = []
        at = 0
        while at < len(part):
            start = at + 4
            at = start + int.from_bytes(part[at:start], "little")
            if at > len(part) or start > len(part):
                self.overrun(tensor, part, start, found)
                break
            found.append(part[start:at])
        self.check_elements(tensor, len(found))
        return found

    def overrun(self, tensor: GrpcTensor, part: bytes, start: int, found: list[bytes]) -> None:
        raise self.invalid(f"an element of input {shown(tensor.name)} is longer than the rest of its bytes")
