"""Faults of binary tensors (Spec: INF-BIN)."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array, Model, Spec
from lepton_conformance.mutants.decoding import InferRequest, Tensor, Wanted
from lepton_conformance.mutants.listener import HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]

LENGTH_FIELD = "inference-header-content-length"


class BinaryInputRefused(Naive):
    """Binary inputs are refused."""

    id = "bin-02-refused"
    breaks = "INF-BIN-02"

    def read_binary_size(self, parameters: dict[str, Any], where: str) -> int | None:
        if "binary_data_size" in parameters:
            raise Refusal(400, "binary tensors are not supported")
        return None


class BinaryInAsksBinaryOut(Naive):
    """A binary input makes the outputs binary."""

    id = "bin-02-answers-binary"
    breaks = "INF-BIN-02"

    def wants_binary(self, request: InferRequest, wanted: Wanted | None) -> bool:
        asked = wanted is not None and "binary_data" in wanted.parameters
        if asked or "binary_data_output" in request.parameters:
            return super().wants_binary(request, wanted)
        return any(tensor.binary_size is not None for tensor in request.inputs)


class BinaryInputOfFloatsOnly(Naive):
    """Binary inputs of 16-bit integers are refused."""

    id = "bin-02-short-integers"
    breaks = "INF-BIN-02"

    def decode_binary(self, tensor: Tensor, part: bytes) -> Array:
        if tensor.datatype in ("INT16", "UINT16"):
            raise Refusal(400, f"{tensor.datatype} in binary is not supported")
        return super().decode_binary(tensor, part)


class BinaryOutputIgnored(Naive):
    """The parameter `binary_data` of a requested output is ignored."""

    id = "bin-03-ignored"
    breaks = "INF-BIN-03"

    def wants_binary(self, request: InferRequest, wanted: Wanted | None) -> bool:
        chosen = super().wants_binary(request, None)
        return chosen and super().wants_binary(request, wanted)


class BinarySizeQuoted(Naive):
    """`binary_data_size` is a string in answers."""

    id = "bin-03-quoted-size"
    breaks = "INF-BIN-03"

    def binary_size(self, array: Array, chunk: bytes) -> Any:
        return str(len(chunk))


class BinarySizeInElements(Naive):
    """`binary_data_size` counts elements."""

    id = "bin-03-elements"
    breaks = "INF-BIN-03"

    def binary_size(self, array: Array, chunk: bytes) -> Any:
        return int(array.size)


class HeaderLengthOfAll(Naive):
    """The header gives the length of the whole answer."""

    id = "bin-03-whole-length"
    breaks = "INF-BIN-03"

    def announced_length(self, text: bytes, chunks: list[bytes]) -> str:
        return str(len(text) + sum(map(len, chunks)))


class HeaderLengthMissing(Naive):
    """Binary answers lack the length of their JSON."""

    id = "bin-03-no-length"
    breaks = "INF-BIN-03"

    def binary_response(self, text: bytes, chunks: list[bytes]) -> HttpResponse:
        response = super().binary_response(text, chunks)
        return dataclasses.replace(response, headers={"Content-Type": self.binary_content_type})


class BinaryAndData(Naive):
    """A binary output has its elements in JSON, too."""

    id = "bin-03-data-too"
    breaks = "INF-BIN-03"

    def encode_output(
        self, request: InferRequest, spec: Spec, wanted: Wanted | None, array: Array
    ) -> tuple[dict[str, Any], bytes | None]:
        entry, chunk = super().encode_output(request, spec, wanted, array)
        if chunk is not None and spec.datatype != "BYTES":
            entry["data"] = self.encode_elements(array, spec)
        return entry, chunk


class AllBinaryIgnored(Naive):
    """The parameter `binary_data_output` is ignored."""

    id = "bin-04-ignored"
    breaks = "INF-BIN-04"

    def wants_binary(self, request: InferRequest, wanted: Wanted | None) -> bool:
        return super().wants_binary(dataclasses.replace(request, parameters={}), wanted)


class AllBinaryWins(Naive):
    """`binary_data_output` wins over `binary_data: false`."""

    id = "bin-04-wins"
    breaks = "INF-BIN-04"

    def wants_binary(self, request: InferRequest, wanted: Wanted | None) -> bool:
        return super().wants_binary(request, None) or super().wants_binary(request, wanted)


class AllJsonWins(Naive):
    """`binary_data_output: false` wins over `binary_data: true`."""

    id = "bin-04-json-wins"
    breaks = "INF-BIN-04"

    def wants_binary(self, request: InferRequest, wanted: Wanted | None) -> bool:
        if request.parameters.get("binary_data_output") is False:
            return False
        return super().wants_binary(request, wanted)


class AllBinaryUnnamed(Naive):
    """`binary_data_output` holds only when no outputs are named."""

    id = "bin-04-unnamed"
    breaks = "INF-BIN-04"

    def wants_binary(self, request: InferRequest, wanted: Wanted | None) -> bool:
        if wanted is not None:
            request = dataclasses.replace(request, parameters={})
        return super().wants_binary(request, wanted)


class MixedInputsRefused(Naive):
    """JSON and binary inputs in one request are refused."""

    id = "bin-05-refused"
    breaks = "INF-BIN-05"

    def split_tail(self, inputs: Sequence[Tensor], tail: bytes, announced: bool) -> list[bytes | None]:
        if len({tensor.binary_size is None for tensor in inputs}) > 1:
            raise Refusal(400, "inputs are partly binary")
        return super().split_tail(inputs, tail, announced)


class MixedOutputsBinary(Naive):
    """One binary output makes all outputs binary."""

    id = "bin-05-all-binary"
    breaks = "INF-BIN-05"

    def wants_binary(self, request: InferRequest, wanted: Wanted | None) -> bool:
        if request.outputs and "binary_data_output" not in request.parameters:
            return any(
                super(MixedOutputsBinary, self).wants_binary(request, other) for other in request.outputs
            )
        return super().wants_binary(request, wanted)


class MixedInputsShifted(Naive):
    """After a binary input, JSON inputs are read from the binary part, too."""

    id = "bin-05-shifted"
    breaks = "INF-BIN-05"

    def split_tail(self, inputs: Sequence[Tensor], tail: bytes, announced: bool) -> list[bytes | None]:
        parts = super().split_tail(inputs, tail, announced)
        if len(parts) == 2 and parts[0] is not None and parts[1] is None:
            return [parts[0], parts[0]]
        return parts


class _BinaryChanged(Naive):
    """Gives the fault of a subclass to numbers that are sent in binary."""

    def encode_binary(self, array: Array, datatype: str) -> bytes:
        if datatype in ("BOOL", "BYTES"):
            return super().encode_binary(array, datatype)
        return super().encode_binary(self.change(array, datatype), datatype)

    def change(self, array: Array, datatype: str) -> Array:
        return array


class NanCanonical(Naive):
    """Payloads of NaN are lost."""

    id = "bin-06-nan"
    breaks = "INF-BIN-06"

    def decode_binary(self, tensor: Tensor, part: bytes) -> Array:
        array = super().decode_binary(tensor, part)
        if not tensor.datatype.startswith("FP"):
            return array
        return np.where(np.isnan(array), DTYPES[tensor.datatype].type(math.nan), array)


class BinaryZeroUnsigned(_BinaryChanged):
    """Negative zeros lose their sign."""

    id = "bin-06-zero"
    breaks = "INF-BIN-06"

    def change(self, array: Array, datatype: str) -> Array:
        return np.where(array == 0, array.dtype.type(0), array) if datatype.startswith("FP") else array


class BinarySubnormalsFlushed(_BinaryChanged):
    """Subnormal numbers in FP64 become zero."""

    id = "bin-06-subnormal"
    breaks = "INF-BIN-06"

    def change(self, array: Array, datatype: str) -> Array:
        if datatype != "FP64":
            return array
        small = np.abs(array) < np.finfo(np.float64).tiny
        return np.where(small, np.copysign(np.float64(0), array), array)


class BinaryHalfSubnormals(_BinaryChanged):
    """Subnormal numbers in FP16 become zero."""

    id = "bin-06-half"
    breaks = "INF-BIN-06"

    def change(self, array: Array, datatype: str) -> Array:
        if datatype != "FP16":
            return array
        small = np.abs(array) < np.finfo(np.float16).tiny
        return np.where(small, np.copysign(np.float16(0), array), array)


class BinaryThroughDoubles(_BinaryChanged):
    """INT64 passes through FP64."""

    id = "bin-06-int64"
    breaks = "INF-BIN-06"

    def change(self, array: Array, datatype: str) -> Array:
        if datatype != "INT64":
            return array
        kept = np.clip(array.astype(np.float64), -(2.0**63), 2.0**63 - 1024)
        return kept.astype(np.int64)


class NanUnsigned(Naive):
    """The sign of NaN is lost."""

    id = "bin-06-nan-sign"
    breaks = "INF-BIN-06"

    def decode_binary(self, tensor: Tensor, part: bytes) -> Array:
        array = super().decode_binary(tensor, part)
        return np.where(np.isnan(array), np.abs(array), array) if array.dtype.kind == "f" else array


class BinaryUnsignedThroughDoubles(_BinaryChanged):
    """UINT64 passes through FP64."""

    id = "bin-06-uint64"
    breaks = "INF-BIN-06"

    def change(self, array: Array, datatype: str) -> Array:
        if datatype != "UINT64":
            return array
        return np.minimum(array.astype(np.float64), 2.0**64 - 2048).astype(np.uint64)


class BoolByteTwo(Naive):
    """Any byte but 0 is true."""

    id = "bin-07-any"
    breaks = "INF-BIN-07"

    def decode_binary_bools(self, part: bytes) -> Array:
        found: Array = np.frombuffer(part, dtype=np.uint8) != 0
        return found


class BoolByteMinusOne(Naive):
    """The byte 255 is true, as in some languages."""

    id = "bin-07-255"
    breaks = "INF-BIN-07"

    def decode_binary_bools(self, part: bytes) -> Array:
        return super().decode_binary_bools(part.replace(b"\xff", b"\x01"))


class BoolLowBit(Naive):
    """The lowest bit of a byte is its truth."""

    id = "bin-07-low-bit"
    breaks = "INF-BIN-07"

    def decode_binary_bools(self, part: bytes) -> Array:
        return (np.frombuffer(part, dtype=np.uint8) & 1).astype(np.bool_)


class BoolWritten255(Naive):
    """The last true of a tensor is written as 255 when it comes after the eighth element."""

    id = "bin-07-writes-255"
    breaks = "INF-BIN-07"

    def encode_binary(self, array: Array, datatype: str) -> bytes:
        chunk = super().encode_binary(array, datatype)
        last = chunk.rfind(b"\x01")
        return chunk[:last] + b"\xff" + chunk[last + 1 :] if datatype == "BOOL" and last >= 8 else chunk


class StringLengthOneByte(Naive):
    """Lengths of strings are written modulo 256."""

    id = "bin-08-one-byte"
    breaks = "INF-BIN-08"

    def encode_binary(self, array: Array, datatype: str) -> bytes:
        if datatype != "BYTES":
            return super().encode_binary(array, datatype)
        return b"".join((len(value) % 256).to_bytes(4, "little") + value for value in array.ravel())


class StringOverrunCut(Naive):
    """A string that is longer than the rest of its bytes is cut."""

    id = "bin-08-overrun"
    breaks = "INF-BIN-08"

    def overrun(self, tensor: Tensor, part: bytes, end: int, found: list[bytes]) -> None:
        found.append(part[end:])


class StringRestIgnored(Naive):
    """Up to three bytes after the last string are ignored."""

    id = "bin-08-rest"
    breaks = "INF-BIN-08"

    def overrun(self, tensor: Tensor, part: bytes, end: int, found: list[bytes]) -> None:
        if end <= len(part):
            super().overrun(tensor, part, end, found)


class StringExcessIgnored(Naive):
    """Strings beyond the shape are ignored."""

    id = "bin-08-excess"
    breaks = "INF-BIN-08"

    def miscounted(self, tensor: Tensor, found: list[bytes], count: int) -> None:
        if len(found) < count:
            super().miscounted(tensor, found, count)
        del found[count:]


class StringLackFilled(Naive):
    """Missing strings are empty."""

    id = "bin-08-lack"
    breaks = "INF-BIN-08"

    def miscounted(self, tensor: Tensor, found: list[bytes], count: int) -> None:
        if len(found) > count or count > 10**6:
            super().miscounted(tensor, found, count)
        found.extend([b""] * (count - len(found)))


class StringTextOnly(Naive):
    """Bytes that are not UTF-8 are replaced in binary strings."""

    id = "bin-08-utf-8"
    breaks = "INF-BIN-08"

    def decode_binary_strings(self, tensor: Tensor, part: bytes) -> Array:
        array = super().decode_binary_strings(tensor, part)
        array[:] = [value.decode("utf-8", "replace").encode() for value in array]
        return array


class SizeExcessIgnored(Naive):
    """Bytes beyond the shape are ignored."""

    id = "bin-09-excess"
    breaks = "INF-BIN-09"

    def decode_binary(self, tensor: Tensor, part: bytes) -> Array:
        if tensor.datatype != "BYTES":
            part = part[: math.prod(tensor.shape) * DTYPES[tensor.datatype].itemsize]
        return super().decode_binary(tensor, part)


class SizeLackFilled(Naive):
    """Missing bytes are zero."""

    id = "bin-09-lack"
    breaks = "INF-BIN-09"

    def decode_binary(self, tensor: Tensor, part: bytes) -> Array:
        if tensor.datatype != "BYTES":
            size = math.prod(tensor.shape) * DTYPES[tensor.datatype].itemsize
            part = part.ljust(size, b"\0") if size < 2**20 else part
        return super().decode_binary(tensor, part)


class SizeAsText(Naive):
    """`binary_data_size` may be a string or a whole float."""

    id = "bin-09-text"
    breaks = "INF-BIN-09"

    def read_binary_size(self, parameters: dict[str, Any], where: str) -> int | None:
        size = parameters.get("binary_data_size")
        if (type(size) is str and size.isdigit()) or (
            type(size) is float and size >= 0 and size.is_integer()
        ):
            parameters = {**parameters, "binary_data_size": int(size)}
        return super().read_binary_size(parameters, where)


class SizeServerError(Naive):
    """A size that contradicts the shape is an error of the server."""

    id = "bin-09-500"
    breaks = "INF-BIN-09"

    def check_binary_size(self, tensor: Tensor, expected: int, found: int) -> None:
        if found != expected:
            raise Refusal(500, "cannot reshape the buffer")


class BodyExcessIgnored(Naive):
    """Bytes after the last tensor are ignored."""

    id = "bin-10-excess"
    breaks = "INF-BIN-10"

    def check_total(self, declared: int, found: int) -> None:
        super().check_total(declared, min(found, declared))


class BodyLackFilled(Naive):
    """A body that ends early is filled with zeros."""

    id = "bin-10-lack"
    breaks = "INF-BIN-10"

    def split_tail(self, inputs: Sequence[Tensor], tail: bytes, announced: bool) -> list[bytes | None]:
        total = sum(tensor.binary_size or 0 for tensor in inputs)
        if len(tail) < total < 2**20:
            tail = tail.ljust(total, b"\0")
        return super().split_tail(inputs, tail, announced)


class BodyOneByteMore(Naive):
    """A line end after the last tensor is ignored."""

    id = "bin-10-line-end"
    breaks = "INF-BIN-10"

    def check_total(self, declared: int, found: int) -> None:
        super().check_total(declared, declared if found in (declared + 1, declared + 2) else found)


class HeaderBeyondBody(Naive):
    """A length of the JSON beyond the body means the whole body."""

    id = "bin-11-beyond"
    breaks = "INF-BIN-11"

    def split_body(self, headers: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
        text = headers.get(LENGTH_FIELD, "")
        if text.isdigit() and len(text) < 20 and int(text) > len(body):
            headers = {**headers, LENGTH_FIELD: str(len(body))}
        return super().split_body(headers, body)


class HeaderNotNumeric(Naive):
    """A length of the JSON that is not a number is taken for none."""

    id = "bin-11-not-numeric"
    breaks = "INF-BIN-11"

    def split_body(self, headers: Mapping[str, str], body: bytes) -> tuple[bytes, bytes]:
        text = headers.get(LENGTH_FIELD, "0")
        return super().split_body(headers, body) if text.isdigit() else (body, b"")


class HeaderNegative(Naive):
    """A negative length of the JSON counts from the end."""

    id = "bin-11-negative"
    breaks = "INF-BIN-11"

    def header_length(self, text: str) -> int:
        return int(text) if text[:1] == "-" and text[1:].isdigit() else super().header_length(text)


class HeaderLenient(Naive):
    """The length of the JSON may have a sign, a fraction of zero, or underscores."""

    id = "bin-11-lenient"
    breaks = "INF-BIN-11"

    def header_length(self, text: str) -> int:
        try:
            found = float(text)
        except ValueError:
            return super().header_length(text)
        return int(found) if found >= 0 and found.is_integer() else super().header_length(text)


class DataWins(Naive):
    """Of `data` and `binary_data_size`, `data` wins."""

    id = "bin-12-data"
    breaks = "INF-BIN-12"

    def read_input(self, entry: Any) -> Tensor:
        if isinstance(entry, dict) and "data" in entry and isinstance(entry.get("parameters"), dict):
            kept = {key: value for key, value in entry["parameters"].items() if key != "binary_data_size"}
            entry = {**entry, "parameters": kept}
        return super().read_input(entry)

    def check_total(self, declared: int, found: int) -> None:
        if declared:
            super().check_total(declared, found)


class BinaryWins(Naive):
    """Of `data` and `binary_data_size`, the latter wins."""

    id = "bin-12-binary"
    breaks = "INF-BIN-12"

    def read_input(self, entry: Any) -> Tensor:
        parameters = entry.get("parameters") if isinstance(entry, dict) else None
        if isinstance(parameters, dict) and "binary_data_size" in parameters:
            entry = {key: value for key, value in entry.items() if key != "data"}
        return super().read_input(entry)


class NeitherIsZero(Naive):
    """Beside the length of the JSON, an input without data of any kind is zero."""

    id = "bin-12-neither"
    breaks = "INF-BIN-12"

    def decode(
        self, model: Model, headers: Mapping[str, str], body: bytes
    ) -> tuple[InferRequest, dict[str, Array]]:
        if LENGTH_FIELD in headers:
            text, tail = self.split_body(headers, body)
            document = self.parse_json(text)
            for entry in document["inputs"] if isinstance(document, dict) else ():
                if "data" not in entry and "binary_data_size" not in entry.get("parameters", {}):
                    zero: Any = {"BYTES": "", "BOOL": False}.get(entry["datatype"], 0)
                    entry["data"] = [zero] * min(math.prod(self.read_shape(entry, "it")), 1000)
            text = self.encode_json(document)
            headers, body = {**headers, LENGTH_FIELD: str(len(text))}, text + tail
        return super().decode(model, headers, body)


class ChunksReversed(Naive):
    """Chunks are sent last output first."""

    id = "bin-13-reversed"
    breaks = "INF-BIN-13"

    def order_chunks(self, chunks: list[bytes]) -> list[bytes]:
        return chunks[::-1]


class ChunksByMetadata(Naive):
    """Chunks are sent in the order of the metadata, whatever was requested."""

    id = "bin-13-metadata"
    breaks = "INF-BIN-13"

    def encode(
        self, model: Model, version: str, request: InferRequest, arrays: Mapping[str, Array]
    ) -> HttpResponse:
        order = [spec.name for spec in model.outputs]
        asked = [wanted.name for wanted in request.outputs or () if self.wants_binary(request, wanted)]
        self.ranks = [order.index(name) for name in asked]
        return super().encode(model, version, request, arrays)

    def order_chunks(self, chunks: list[bytes]) -> list[bytes]:
        if len(self.ranks) != len(chunks):
            return chunks
        return [chunk for _, chunk in sorted(zip(self.ranks, chunks, strict=True), key=lambda pair: pair[0])]


class EmptyBinaryRefused(Naive):
    """A binary input without bytes is refused."""

    id = "bin-14-refused"
    breaks = "INF-BIN-14"

    def read_binary_size(self, parameters: dict[str, Any], where: str) -> int | None:
        return super().read_binary_size(parameters, where) or None


class EmptyBinaryAsJson(Naive):
    """A binary output without bytes is sent in JSON."""

    id = "bin-14-json"
    breaks = "INF-BIN-14"

    def encode_output(
        self, request: InferRequest, spec: Spec, wanted: Wanted | None, array: Array
    ) -> tuple[dict[str, Any], bytes | None]:
        if not array.size:
            request = dataclasses.replace(request, parameters={})
            wanted = None
        return super().encode_output(request, spec, wanted, array)


class EmptyBinarySizeMissing(Naive):
    """A binary output without bytes has no size."""

    id = "bin-14-no-size"
    breaks = "INF-BIN-14"

    def encode_output(
        self, request: InferRequest, spec: Spec, wanted: Wanted | None, array: Array
    ) -> tuple[dict[str, Any], bytes | None]:
        entry, chunk = super().encode_output(request, spec, wanted, array)
        if chunk == b"":
            entry["parameters"] = {}
        return entry, chunk


class BinaryAsJson(Naive):
    """Binary answers are called application/json."""

    id = "bin-15-json"
    breaks = "INF-BIN-15"

    binary_content_type = "application/json"


class BinaryAsText(Naive):
    """Binary answers are called text/plain."""

    id = "bin-15-text"
    breaks = "INF-BIN-15"

    binary_content_type = "text/plain"


ALL: tuple[type[Naive], ...] = (
    BinaryInputRefused,
    BinaryInAsksBinaryOut,
    BinaryInputOfFloatsOnly,
    BinaryOutputIgnored,
    BinarySizeQuoted,
    BinarySizeInElements,
    HeaderLengthOfAll,
    HeaderLengthMissing,
    BinaryAndData,
    AllBinaryIgnored,
    AllBinaryWins,
    AllJsonWins,
    AllBinaryUnnamed,
    MixedInputsRefused,
    MixedOutputsBinary,
    MixedInputsShifted,
    NanCanonical,
    BinaryZeroUnsigned,
    BinarySubnormalsFlushed,
    BinaryHalfSubnormals,
    BinaryThroughDoubles,
    NanUnsigned,
    BinaryUnsignedThroughDoubles,
    BoolByteTwo,
    BoolByteMinusOne,
    BoolLowBit,
    BoolWritten255,
    StringLengthOneByte,
    StringOverrunCut,
    StringRestIgnored,
    StringExcessIgnored,
    StringLackFilled,
    StringTextOnly,
    SizeExcessIgnored,
    SizeLackFilled,
    SizeAsText,
    SizeServerError,
    BodyExcessIgnored,
    BodyLackFilled,
    BodyOneByteMore,
    HeaderBeyondBody,
    HeaderNotNumeric,
    HeaderNegative,
    HeaderLenient,
    DataWins,
    BinaryWins,
    NeitherIsZero,
    ChunksReversed,
    ChunksByMetadata,
    EmptyBinaryRefused,
    EmptyBinaryAsJson,
    EmptyBinarySizeMissing,
    BinaryAsJson,
    BinaryAsText,
)
