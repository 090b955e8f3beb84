"""Faults of inference answers: members, id, choice and order of outputs (Spec: INF-RSP)."""

import dataclasses
import itertools
import json
import unicodedata
from collections.abc import Sequence
from typing import Any

from lepton_conformance.mutants.computing import Array, Model, Spec
from lepton_conformance.mutants.decoding import InferRequest, Wanted
from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class Created(Naive):
    """A valid request is answered with 201."""

    id = "rsp-01-201"
    breaks = "INF-RSP-01"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        return dataclasses.replace(super().infer(model, version, request), status=201)


class NoModelName(Naive):
    """The answer has no `model_name`."""

    id = "rsp-01-no-model-name"
    breaks = "INF-RSP-01"

    def encode_json(self, answer: dict[str, Any]) -> bytes:
        return super().encode_json({key: value for key, value in answer.items() if key != "model_name"})


class OutputsAsObject(Naive):
    """`outputs` is an object by name."""

    id = "rsp-01-outputs-object"
    breaks = "INF-RSP-01"

    def encode_json(self, answer: dict[str, Any]) -> bytes:
        if "model_name" in answer:
            answer = {**answer, "outputs": {entry["name"]: entry for entry in answer["outputs"]}}
        return super().encode_json(answer)


class ModelNameUpper(Naive):
    """The model's name comes back in capitals."""

    id = "rsp-02-upper"
    breaks = "INF-RSP-02"

    def answer_name(self, model: Model) -> Any:
        return model.name.upper()


class ModelNameStale(Naive):
    """From the second request on, the name is the first request's."""

    id = "rsp-02-stale"
    breaks = "INF-RSP-02"

    def __init__(self) -> None:
        super().__init__()
        self.first = ""

    def answer_name(self, model: Model) -> Any:
        self.first = self.first or model.name
        return self.first


class ModelVersionNull(Naive):
    """The version is null."""

    id = "rsp-03-null"
    breaks = "INF-RSP-03"

    def answer_version(self, version: str) -> dict[str, Any]:
        return {"model_version": None}


class ModelVersionNumber(Naive):
    """The version is a number."""

    id = "rsp-03-number"
    breaks = "INF-RSP-03"

    def answer_version(self, version: str) -> dict[str, Any]:
        return {"model_version": int(version)}


class ModelVersionOther(Naive):
    """The version in the answer is not the one in the URL."""

    id = "rsp-03-other"
    breaks = "INF-RSP-03"

    def answer_version(self, version: str) -> dict[str, Any]:
        return {"model_version": f"{version}.0"}


class IdStripped(Naive):
    """White space around the id is lost."""

    id = "rsp-04-stripped"
    breaks = "INF-RSP-04"

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {} if request.id is None else {"id": request.id.strip()}


class IdShortened(Naive):
    """Only the first 255 characters of the id come back."""

    id = "rsp-04-shortened"
    breaks = "INF-RSP-04"

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {} if request.id is None else {"id": request.id[:255]}


class IdAscii(Naive):
    """Characters beyond ASCII become question marks."""

    id = "rsp-04-ascii"
    breaks = "INF-RSP-04"

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {} if request.id is None else {"id": request.id.encode("ascii", "replace").decode()}


class IdNoAstral(Naive):
    """Characters outside the basic multilingual plane are lost."""

    id = "rsp-04-astral"
    breaks = "INF-RSP-04"

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {} if request.id is None else {"id": "".join(c for c in request.id if ord(c) < 0x10000)}


class IdNormalized(Naive):
    """The id comes back in normal form C."""

    id = "rsp-04-normalized"
    breaks = "INF-RSP-04"

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {} if request.id is None else {"id": unicodedata.normalize("NFC", request.id)}


class IdLost(Naive):
    """The id never comes back."""

    id = "rsp-04-lost"
    breaks = "INF-RSP-04"

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {}


class IdUnquoted(Naive):
    """Quotes and backslashes in the id are dropped."""

    id = "rsp-04-quotes"
    breaks = "INF-RSP-04"

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        if request.id is None:
            return {}
        return {"id": request.id.replace('"', "").replace("\\", "")}


class OutputRenamed(Naive):
    """An output has the name of the input."""

    id = "rsp-05-name"
    breaks = "INF-RSP-05"

    def describe_output(self, spec: Spec, array: Array) -> dict[str, Any]:
        name = "x" if spec.name == "y" else spec.name
        return {**super().describe_output(spec, array), "name": name}


class OutputWidened(Naive):
    """FP32 outputs are declared FP64."""

    id = "rsp-05-datatype"
    breaks = "INF-RSP-05"

    def describe_output(self, spec: Spec, array: Array) -> dict[str, Any]:
        datatype = "FP64" if spec.datatype == "FP32" else spec.datatype
        return {**super().describe_output(spec, array), "datatype": datatype}


class OutputShapePublished(Naive):
    """The shape in the answer is the one of the metadata, -1 included."""

    id = "rsp-05-minus-one"
    breaks = "INF-RSP-05"

    def describe_output(self, spec: Spec, array: Array) -> dict[str, Any]:
        return {**super().describe_output(spec, array), "shape": spec.published_shape()}


class OutputFlattened(Naive):
    """The shape in the answer is flat."""

    id = "rsp-05-flat"
    breaks = "INF-RSP-05"

    def describe_output(self, spec: Spec, array: Array) -> dict[str, Any]:
        return {**super().describe_output(spec, array), "shape": [array.size]}


class OutputSqueezed(Naive):
    """Leading dimensions of one are dropped from the shape."""

    id = "rsp-05-squeezed"
    breaks = "INF-RSP-05"

    def describe_output(self, spec: Spec, array: Array) -> dict[str, Any]:
        shape = list(itertools.dropwhile(lambda size: size == 1, array.shape))
        return {**super().describe_output(spec, array), "shape": shape}


class LastElementLost(Naive):
    """The last element is missing from `data`."""

    id = "rsp-06-short"
    breaks = "INF-RSP-06"

    def encode_elements(self, array: Array, spec: Spec) -> list[Any]:
        return super().encode_elements(array, spec)[:-1]


class LargeDataCut(Naive):
    """`data` ends after 16 elements."""

    id = "rsp-06-cut"
    breaks = "INF-RSP-06"

    def encode_elements(self, array: Array, spec: Spec) -> list[Any]:
        return super().encode_elements(array, spec)[:16]


class ZeroIsNull(Naive):
    """Integers that are 0 come back as null."""

    id = "rsp-06-null"
    breaks = "INF-RSP-06"

    def encode_exact(self, flat: Array) -> list[Any]:
        return [None if value == 0 and value is not False else value for value in super().encode_exact(flat)]


class WideIntegersQuoted(Naive):
    """64-bit integers come back as strings."""

    id = "rsp-06-quoted"
    breaks = "INF-RSP-06"

    def encode_exact(self, flat: Array) -> list[Any]:
        values = super().encode_exact(flat)
        return [str(value) for value in values] if flat.dtype.itemsize == 8 else values


class BoolsAsIntegers(Naive):
    """Booleans come back as 0 and 1."""

    id = "rsp-06-bool-01"
    breaks = "INF-RSP-06"

    def encode_exact(self, flat: Array) -> list[Any]:
        return [int(value) for value in super().encode_exact(flat)]


class PlainText(Naive):
    """JSON is called text/plain."""

    id = "rsp-07-text-plain"
    breaks = "INF-RSP-07"

    json_content_type = "text/plain"

    def check_content(self, headers: Any) -> None:
        return


class TrailingComma(Naive):
    """The answer ends in a comma before the brace."""

    id = "rsp-07-comma"
    breaks = "INF-RSP-07"

    def encode_json(self, answer: dict[str, Any]) -> bytes:
        text = super().encode_json(answer)
        return text[:-1] + b",}" if "model_name" in answer else text


class PythonRepr(Naive):
    """Inference answers are written with single quotes."""

    id = "rsp-07-repr"
    breaks = "INF-RSP-07"

    def encode_json(self, answer: dict[str, Any]) -> bytes:
        return repr(answer).encode() if "model_name" in answer else super().encode_json(answer)


class Latin1Answer(Naive):
    """Characters up to U+00FF are written as one byte."""

    id = "rsp-07-latin-1"
    breaks = "INF-RSP-07"

    def encode_json(self, answer: dict[str, Any]) -> bytes:
        text = json.dumps(answer, allow_nan=False, ensure_ascii=False)
        return b"".join(c.encode("latin-1" if ord(c) < 256 else "utf-8", "replace") for c in text)


class IdInvented(Naive):
    """An answer without a request's id gets one."""

    id = "rsp-08-invented"
    breaks = "INF-RSP-08"

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {"id": "0f8c1a" if request.id is None else request.id}


class IdNull(Naive):
    """An answer without a request's id has a null one."""

    id = "rsp-08-null"
    breaks = "INF-RSP-08"

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {"id": request.id}


class IdLeaked(Naive):
    """An answer without a request's id gets the previous request's."""

    id = "rsp-08-leaked"
    breaks = "INF-RSP-08"

    def __init__(self) -> None:
        super().__init__()
        self.last: str | None = None

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        self.last = self.last if request.id is None else request.id
        return {} if self.last is None else {"id": self.last}


class AllOutputsAlways(Naive):
    """Every output is answered, whatever was requested."""

    id = "rsp-09-all"
    breaks = "INF-RSP-09"

    def select_outputs(self, model: Model, request: InferRequest) -> Sequence[tuple[Spec, Wanted | None]]:
        chosen = list(super().select_outputs(model, request))
        names = {spec.name for spec, _ in chosen}
        return chosen + [(spec, None) for spec in model.outputs if spec.name not in names]


class OneOutputOnly(Naive):
    """Of several requested outputs, the first is answered."""

    id = "rsp-09-first"
    breaks = "INF-RSP-09"

    def select_outputs(self, model: Model, request: InferRequest) -> Sequence[tuple[Spec, Wanted | None]]:
        chosen = super().select_outputs(model, request)
        return chosen[:1] if request.outputs else chosen


class WrongOutputData(Naive):
    """A requested output carries the elements of the model's first one."""

    id = "rsp-09-wrong-data"
    breaks = "INF-RSP-09"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if request.outputs is not None and len(request.outputs) == 1:
            first = found[model.outputs[0].name]
            return dict.fromkeys(found, first)
        return found


class DefaultIsFirstOutput(Naive):
    """Without `outputs`, only the first output is answered."""

    id = "rsp-10-first"
    breaks = "INF-RSP-10"

    def select_outputs(self, model: Model, request: InferRequest) -> Sequence[tuple[Spec, Wanted | None]]:
        chosen = super().select_outputs(model, request)
        return chosen[:1] if request.outputs is None else chosen


class DefaultLacksLast(Naive):
    """Without `outputs`, the last of several outputs is not answered."""

    id = "rsp-10-last"
    breaks = "INF-RSP-10"

    def select_outputs(self, model: Model, request: InferRequest) -> Sequence[tuple[Spec, Wanted | None]]:
        chosen = super().select_outputs(model, request)
        return chosen[:-1] if request.outputs is None and len(chosen) > 1 else chosen


class MetadataOrder(Naive):
    """Requested outputs come in the order of the metadata."""

    id = "rsp-11-metadata"
    breaks = "INF-RSP-11"

    def select_outputs(self, model: Model, request: InferRequest) -> Sequence[tuple[Spec, Wanted | None]]:
        order = [spec.name for spec in model.outputs]
        return sorted(super().select_outputs(model, request), key=lambda pair: order.index(pair[0].name))


class AlphabeticOrder(Naive):
    """Without a request for outputs, they come in alphabetic order."""

    id = "rsp-11-alphabetic"
    breaks = "INF-RSP-11"

    def select_outputs(self, model: Model, request: InferRequest) -> Sequence[tuple[Spec, Wanted | None]]:
        chosen = super().select_outputs(model, request)
        return chosen if request.outputs else sorted(chosen, key=lambda pair: pair[0].name)


class EmptyListIsNone(Naive):
    """`outputs: []` is answered with no output."""

    id = "rsp-12-none"
    breaks = "INF-RSP-12"

    def select_outputs(self, model: Model, request: InferRequest) -> Sequence[tuple[Spec, Wanted | None]]:
        return [] if request.outputs == () else super().select_outputs(model, request)


class EmptyListRefused(Naive):
    """`outputs: []` is refused."""

    id = "rsp-12-refused"
    breaks = "INF-RSP-12"

    def read_wanted(self, document: dict[str, Any]) -> tuple[Wanted, ...] | None:
        if document.get("outputs") == []:
            raise Refusal(400, "member 'outputs' is empty")
        return super().read_wanted(document)


ALL: tuple[type[Naive], ...] = (
    Created,
    NoModelName,
    OutputsAsObject,
    ModelNameUpper,
    ModelNameStale,
    ModelVersionNull,
    ModelVersionNumber,
    ModelVersionOther,
    IdStripped,
    IdShortened,
    IdAscii,
    IdNoAstral,
    IdNormalized,
    IdLost,
    IdUnquoted,
    OutputRenamed,
    OutputWidened,
    OutputShapePublished,
    OutputFlattened,
    OutputSqueezed,
    LastElementLost,
    LargeDataCut,
    ZeroIsNull,
    WideIntegersQuoted,
    BoolsAsIntegers,
    PlainText,
    TrailingComma,
    PythonRepr,
    Latin1Answer,
    IdInvented,
    IdNull,
    IdLeaked,
    AllOutputsAlways,
    OneOutputOnly,
    WrongOutputData,
    DefaultIsFirstOutput,
    DefaultLacksLast,
    MetadataOrder,
    AlphabeticOrder,
    EmptyListIsNone,
    EmptyListRefused,
)
