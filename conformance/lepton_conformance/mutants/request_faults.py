"""Faults of what a request may and may not say, and of HTTP (Spec: INF-ERR-13 to 17, INF-REQ)."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from lepton_conformance.mutants.computing import Array, Model, Spec
from lepton_conformance.mutants.decoding import MAX_SIZE, InferRequest, Tensor, Wanted
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class LastInputWins(Naive):
    """Of two inputs of one name, the last wins."""

    id = "err-13-last"
    breaks = "INF-ERR-13"

    def check_duplicates(self, names: Sequence[str]) -> None:
        return


class FirstInputWins(Naive):
    """Of two inputs of one name, the first wins."""

    id = "err-13-first"
    breaks = "INF-ERR-13"

    def check_duplicates(self, names: Sequence[str]) -> None:
        return

    def decode(
        self, model: Model, headers: Mapping[str, str], body: bytes
    ) -> tuple[InferRequest, dict[str, Array]]:
        request, arrays = super().decode(model, headers, body)
        for tensor in reversed(request.inputs):
            if tensor.data is not None:
                arrays[tensor.name] = self.decode_tensor(tensor, None)
        return request, arrays


class DuplicateOfOneAccepted(Naive):
    """The duplicate of the only input of a model is accepted."""

    id = "err-13-only-input"
    breaks = "INF-ERR-13"

    def check_duplicates(self, names: Sequence[str]) -> None:
        if len(set(names)) > 1:
            super().check_duplicates(names)


class UnknownOutputIgnored(Naive):
    """A requested output that the model does not have is ignored."""

    id = "err-14-ignored"
    breaks = "INF-ERR-14"

    def read_wanted(self, document: dict[str, Any]) -> tuple[Wanted, ...] | None:
        wanted = super().read_wanted(document)
        known = {spec.name for model in self.models.values() for spec in model.outputs}
        return wanted and tuple(entry for entry in wanted if entry.name in known)


class DuplicateOutputAnswered(Naive):
    """An output requested twice is answered twice."""

    id = "err-14-twice"
    breaks = "INF-ERR-14"

    def check_wanted(self, model: Model, request: InferRequest) -> None:
        known = {spec.name for spec in model.outputs}
        if not all(wanted.name in known for wanted in request.outputs or ()):
            super().check_wanted(model, request)


class DuplicateOutputOnce(Naive):
    """An output requested twice is answered once."""

    id = "err-14-once"
    breaks = "INF-ERR-14"

    def read_wanted(self, document: dict[str, Any]) -> tuple[Wanted, ...] | None:
        wanted = super().read_wanted(document)
        return wanted and tuple({entry.name: entry for entry in reversed(wanted)}.values())[::-1]


class _DimensionChanged(Naive):
    """Gives the fault of a subclass to single dimensions."""

    def read_dimension(self, size: Any, where: str) -> int:
        return super().read_dimension(self.change(size), where)

    def change(self, size: Any) -> Any:
        return size


class MinusOneIsWild(Naive):
    """A dimension of -1 is computed from the data."""

    id = "err-15-wild"
    breaks = "INF-ERR-15"

    def read_shape(self, entry: dict[str, Any], where: str) -> tuple[int, ...]:
        shape, data = entry.get("shape"), entry.get("data")
        if isinstance(shape, list) and isinstance(data, list) and shape.count(-1) == 1:
            rest = math.prod(size for size in shape if type(size) is int and size > 0)
            count = len(data) if not any(isinstance(row, list) for row in data) else len(data) * len(data[0])
            entry = {**entry, "shape": [count // rest if size == -1 else size for size in shape]}
        return super().read_shape(entry, where)


class SignsCancel(_DimensionChanged):
    """The sign of a dimension is lost."""

    id = "err-15-sign"
    breaks = "INF-ERR-15"

    def change(self, size: Any) -> Any:
        return -size if type(size) is int and size < 0 else size


class FractionalDimension(_DimensionChanged):
    """Fractional dimensions are truncated."""

    id = "err-15-truncated"
    breaks = "INF-ERR-15"

    def change(self, size: Any) -> Any:
        return int(size) if type(size) is float and math.isfinite(size) else size


class QuotedDimension(_DimensionChanged):
    """Dimensions may be strings of digits."""

    id = "err-15-quoted"
    breaks = "INF-ERR-15"

    def change(self, size: Any) -> Any:
        return int(size) if type(size) is str and size.isdigit() else size


class BooleanDimension(_DimensionChanged):
    """`true` is accepted as the dimension 1."""

    id = "err-15-bool"
    breaks = "INF-ERR-15"

    def change(self, size: Any) -> Any:
        return int(size) if type(size) is bool else size


class DimensionWraps(_DimensionChanged):
    """Dimensions wrap around at 2^64."""

    id = "err-15-wraps"
    breaks = "INF-ERR-15"

    def change(self, size: Any) -> Any:
        return size % 2**64 if type(size) is int and size > MAX_SIZE else size


class HugeDimensionServerError(_DimensionChanged):
    """A dimension of more than 63 bits is an error of the server."""

    id = "err-15-500"
    breaks = "INF-ERR-15"

    def change(self, size: Any) -> Any:
        if type(size) is int and size > MAX_SIZE:
            raise Refusal(500, "OverflowError")
        return size


class TailIgnored(Naive):
    """What follows the JSON is ignored."""

    id = "err-16-ignored"
    breaks = "INF-ERR-16"

    def parse_json(self, body: bytes) -> Any:
        try:
            text = self.decode_text(body).lstrip()
            _, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return super().parse_json(body)
        return super().parse_json(text[:end].encode())


class TrailingBraces(Naive):
    """Superfluous closing brackets at the end are ignored."""

    id = "err-16-braces"
    breaks = "INF-ERR-16"

    def parse_json(self, body: bytes) -> Any:
        text = body.rstrip()
        while text.endswith((b"}", b"]")) and text.count(b"}") > text.count(b"{"):
            text = text[:-1]
        return super().parse_json(text)


class TrailingNul(Naive):
    """NUL bytes at the end are ignored."""

    id = "err-16-nul"
    breaks = "INF-ERR-16"

    def parse_json(self, body: bytes) -> Any:
        return super().parse_json(body.rstrip(b"\0"))


class TrailingDocument(Naive):
    """A second JSON object after the first is ignored."""

    id = "err-16-second"
    breaks = "INF-ERR-16"

    def parse_json(self, body: bytes) -> Any:
        text = body.decode("utf-8", "ignore").lstrip()
        try:
            _, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return super().parse_json(body)
        return super().parse_json(text[:end].encode() if text[end:].lstrip().startswith("{") else body)


class ParametersUnchecked(Naive):
    """Parameters are not looked at."""

    id = "err-17-unchecked"
    breaks = "INF-ERR-17"

    def read_parameters(self, owner: dict[str, Any], where: str) -> dict[str, Any]:
        parameters = owner.get("parameters", {})
        return parameters if isinstance(parameters, dict) else {}


class ParametersNested(Naive):
    """A parameter may be an array or an object."""

    id = "err-17-nested"
    breaks = "INF-ERR-17"

    def read_parameters(self, owner: dict[str, Any], where: str) -> dict[str, Any]:
        parameters = owner.get("parameters", {})
        if isinstance(parameters, dict):
            kept = {key: value for key, value in parameters.items() if not isinstance(value, list | dict)}
            return super().read_parameters({"parameters": kept}, where)
        return super().read_parameters(owner, where)


class ParametersNull(Naive):
    """A parameter may be null."""

    id = "err-17-null"
    breaks = "INF-ERR-17"

    def read_parameters(self, owner: dict[str, Any], where: str) -> dict[str, Any]:
        parameters = owner.get("parameters", {})
        if isinstance(parameters, dict):
            kept = {key: value for key, value in parameters.items() if value is not None}
            return super().read_parameters({"parameters": kept}, where)
        return super().read_parameters(owner, where)


class InputParametersUnchecked(Naive):
    """Parameters of inputs are not looked at, those of the request are."""

    id = "err-17-inputs"
    breaks = "INF-ERR-17"

    def read_parameters(self, owner: dict[str, Any], where: str) -> dict[str, Any]:
        if where.startswith("input"):
            parameters = owner.get("parameters", {})
            return parameters if isinstance(parameters, dict) else {}
        return super().read_parameters(owner, where)


class OutputParametersUnchecked(Naive):
    """Parameters of requested outputs are not looked at."""

    id = "err-17-outputs"
    breaks = "INF-ERR-17"

    def read_parameters(self, owner: dict[str, Any], where: str) -> dict[str, Any]:
        if where.startswith("output"):
            parameters = owner.get("parameters", {})
            return parameters if isinstance(parameters, dict) else {}
        return super().read_parameters(owner, where)


class UnknownMembersRefused(Naive):
    """Unknown members of a request are refused."""

    id = "req-01-request"
    breaks = "INF-REQ-01"

    def read_request(self, document: Any) -> InferRequest:
        if isinstance(document, dict) and set(document) - {"id", "parameters", "inputs", "outputs"}:
            raise Refusal(400, "the request has an unknown member")
        return super().read_request(document)


class UnknownInputMembersRefused(Naive):
    """Unknown members of an input are refused."""

    id = "req-01-input"
    breaks = "INF-REQ-01"

    def read_input(self, entry: Any) -> Tensor:
        known = {"name", "shape", "datatype", "parameters", "data"}
        if isinstance(entry, dict) and set(entry) - known:
            raise Refusal(400, "an input has an unknown member")
        return super().read_input(entry)


class UnknownParametersRefused(Naive):
    """Unknown parameters are refused."""

    id = "req-01-parameters"
    breaks = "INF-REQ-01"

    def read_parameters(self, owner: dict[str, Any], where: str) -> dict[str, Any]:
        parameters = super().read_parameters(owner, where)
        if set(parameters) - {"binary_data", "binary_data_size", "binary_data_output"}:
            raise Refusal(400, "a parameter is unknown")
        return parameters


class UnknownOutputMembersRefused(Naive):
    """Unknown members of a requested output are refused."""

    id = "req-01-output"
    breaks = "INF-REQ-01"

    def read_wanted(self, document: dict[str, Any]) -> tuple[Wanted, ...] | None:
        wanted = super().read_wanted(document)
        if any(set(entry) - {"name", "parameters"} for entry in document.get("outputs") or ()):
            raise Refusal(400, "a requested output has an unknown member")
        return wanted


class InputsByPosition(Naive):
    """Inputs are taken by position once their names are known to be right."""

    id = "req-02-position"
    breaks = "INF-REQ-02"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        values = list(arrays.values())
        named = {spec.name: value for spec, value in zip(model.inputs, values, strict=True)}
        return super().compute(model, request, named)


class InputOrderRefused(Naive):
    """Inputs in another order than the metadata's are refused."""

    id = "req-02-refused"
    breaks = "INF-REQ-02"

    def check_names(self, names: Sequence[str], specs: Mapping[str, Spec]) -> None:
        super().check_names(names, specs)
        if list(names) != list(specs):
            raise Refusal(400, "the inputs are not in the model's order")


class ChunkedRefused(Naive):
    """A request without Content-Length is refused."""

    id = "req-03-411"
    breaks = "INF-REQ-03"

    def body_framing(self, headers: Mapping[str, str]) -> int | None:
        if "transfer-encoding" in headers:
            raise Refusal(411, "Content-Length is missing")
        return super().body_framing(headers)


class FirstChunkOnly(Naive):
    """Only the first chunk of a body is read."""

    id = "req-03-first"
    breaks = "INF-REQ-03"

    def join_chunks(self, chunks: list[bytes]) -> bytes:
        return b"".join(chunks[:1])


class ChunksSpaced(Naive):
    """Chunks are joined with a line end between them."""

    id = "req-03-spaced"
    breaks = "INF-REQ-03"

    def join_chunks(self, chunks: list[bytes]) -> bytes:
        return b"\r\n".join(chunks)


class FieldNamesByCase(Naive):
    """Field names are known in two spellings only."""

    id = "req-04-case"
    breaks = "INF-REQ-04"

    def header_map(self, headers: list[tuple[str, str]]) -> dict[str, str]:
        titled = [(name, value) for name, value in headers if name in (name.title(), name.lower())]
        return super().header_map(titled)


class ContentTypeByCase(Naive):
    """Content-Type is seen in its usual spelling only, and required."""

    id = "req-04-content-type"
    breaks = "INF-REQ-04"

    def header_map(self, headers: list[tuple[str, str]]) -> dict[str, str]:
        for name, _ in headers:
            if name.lower() == "content-type" and name != "Content-Type" and name != "content-type":
                return {**super().header_map(headers), "content-type": "unknown/unknown"}
        return super().header_map(headers)


class ClosesSilently(Naive):
    """Each connection ends after one answer, which does not say so."""

    id = "req-04-closes"
    breaks = "INF-REQ-04"

    keeps_alive = False


class EncodedNames(Naive):
    """Percent-encoded characters in a path are not decoded."""

    id = "req-05-raw"
    breaks = "INF-REQ-05"

    def decode_segment(self, segment: str) -> str:
        return segment


class EncodedLowerCase(Naive):
    """Percent-encoding in small letters is not decoded."""

    id = "req-05-lower-case"
    breaks = "INF-REQ-05"

    def decode_segment(self, segment: str) -> str:
        if any(part[:2] != part[:2].upper() for part in segment.split("%")[1:]):
            return segment
        return super().decode_segment(segment)


class SizesBroadcast(Naive):
    """Sizes of equal symbols are broadcast."""

    id = "req-06-broadcast"
    breaks = "INF-REQ-06"

    def bind_symbols(self, tensor: Tensor, spec: Spec, sizes: dict[str, int]) -> None:
        return


class RowsBroadcast(Naive):
    """One row stands for many; columns are compared."""

    id = "req-06-rows"
    breaks = "INF-REQ-06"

    def bind_symbols(self, tensor: Tensor, spec: Spec, sizes: dict[str, int]) -> None:
        if spec.shape[0] == "N" and 1 in (tensor.shape[0], sizes.get("N")):
            sizes.setdefault("N", tensor.shape[0])
            size = sizes.setdefault("M", tensor.shape[1]) if spec.shape[1] == "M" else tensor.shape[1]
            if size == tensor.shape[1]:
                return
        super().bind_symbols(tensor, spec, sizes)


class SizesServerError(Naive):
    """Unequal sizes of equal symbols are an error of the server."""

    id = "req-06-500"
    breaks = "INF-REQ-06"

    def bind_symbols(self, tensor: Tensor, spec: Spec, sizes: dict[str, int]) -> None:
        try:
            super().bind_symbols(tensor, spec, sizes)
        except Refusal as refusal:
            raise Refusal(500, refusal.message) from None


class CharsetRefused(Naive):
    """A media type with a parameter is refused."""

    id = "req-07-charset"
    breaks = "INF-REQ-07"

    def check_content(self, headers: Mapping[str, str]) -> None:
        if ";" in headers.get("content-type", ""):
            raise Refusal(415, "Content-Type has a parameter")
        super().check_content(headers)


class MediaTypeByCase(Naive):
    """A media type in capitals is refused."""

    id = "req-07-case"
    breaks = "INF-REQ-07"

    def check_content(self, headers: Mapping[str, str]) -> None:
        kind = headers.get("content-type", "").split(";")[0]
        if kind != kind.lower():
            raise Refusal(415, "Content-Type is unknown")
        super().check_content(headers)


class MediaTypeRequired(Naive):
    """A request without a media type is refused."""

    id = "req-07-required"
    breaks = "INF-REQ-07"

    def check_content(self, headers: Mapping[str, str]) -> None:
        if "content-type" not in headers:
            raise Refusal(415, "Content-Type is missing")
        super().check_content(headers)


ALL: tuple[type[Naive], ...] = (
    LastInputWins,
    FirstInputWins,
    DuplicateOfOneAccepted,
    UnknownOutputIgnored,
    DuplicateOutputAnswered,
    DuplicateOutputOnce,
    MinusOneIsWild,
    SignsCancel,
    FractionalDimension,
    QuotedDimension,
    BooleanDimension,
    DimensionWraps,
    HugeDimensionServerError,
    TailIgnored,
    TrailingBraces,
    TrailingNul,
    TrailingDocument,
    ParametersUnchecked,
    ParametersNested,
    ParametersNull,
    InputParametersUnchecked,
    OutputParametersUnchecked,
    UnknownMembersRefused,
    UnknownInputMembersRefused,
    UnknownParametersRefused,
    UnknownOutputMembersRefused,
    InputsByPosition,
    InputOrderRefused,
    ChunkedRefused,
    FirstChunkOnly,
    ChunksSpaced,
    FieldNamesByCase,
    ContentTypeByCase,
    ClosesSilently,
    EncodedNames,
    EncodedLowerCase,
    SizesBroadcast,
    RowsBroadcast,
    SizesServerError,
    CharsetRefused,
    MediaTypeByCase,
    MediaTypeRequired,
)
