"""Faults of acceptance: requests that must be refused and are answered (Spec: INF-ERR-01 to 07)."""

import dataclasses
import math
from typing import Any

from lepton_conformance.mutants.computing import DTYPES, Array, Model, Spec
from lepton_conformance.mutants.decoding import InferRequest, Tensor
from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive, Route
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class _UnknownModelInfer(Naive):
    """Gives the fault of a subclass to inference with an unknown model."""

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Route:
        if rest == ["infer"] and name not in self.models:
            return "POST", lambda request: self.unknown_infer(name)
        return super().model_route(name, version, rest)

    def unknown_infer(self, name: str) -> HttpResponse:
        raise self.unknown_model(name)


class UnknownModelAnswered(_UnknownModelInfer):
    """An unknown model answers no outputs."""

    id = "err-01-200"
    breaks = "INF-ERR-01"

    def unknown_infer(self, name: str) -> HttpResponse:
        return self.answer_json({"model_name": name, "outputs": []})


class UnknownModelPage(_UnknownModelInfer):
    """Inference with an unknown model is refused by the framework's own page."""

    id = "err-01-detail"
    breaks = "INF-ERR-01"

    def unknown_infer(self, name: str) -> HttpResponse:
        return HttpResponse(404, b'{"detail":"Not Found"}', {"Content-Type": "application/json"})


class UnknownModelObject(_UnknownModelInfer):
    """The member `error` is an object."""

    id = "err-01-object"
    breaks = "INF-ERR-01"

    def unknown_infer(self, name: str) -> HttpResponse:
        body = self.encode_json({"error": {"code": 404, "message": "unknown model"}})
        return HttpResponse(404, body, {"Content-Type": "application/json"})


class UnknownModelErrorIn200(_UnknownModelInfer):
    """The error object comes with status 200."""

    id = "err-01-error-200"
    breaks = "INF-ERR-01"

    def unknown_infer(self, name: str) -> HttpResponse:
        return self.answer_json({"error": f"unknown model {name!r}"})


class NotJsonAnswered(Naive):
    """A body that is not JSON is answered without outputs."""

    id = "err-02-200"
    breaks = "INF-ERR-02"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        try:
            if isinstance(self.parse_json(self.split_body(request.headers, request.body)[0]), dict):
                return super().infer(model, version, request)
        except Refusal:
            if request.body.lstrip().startswith(b"{"):
                raise
        return self.answer_json({"model_name": model.name, "outputs": []})


class TruncatedJsonRepaired(Naive):
    """Brackets that are missing at the end are added."""

    id = "err-02-repaired"
    breaks = "INF-ERR-02"

    def decode_text(self, body: bytes) -> str:
        text = super().decode_text(body)
        for end in ("", "}", "]}", "]}]}"):
            if text.count("{") + text.count("[") == (text + end).count("}") + (text + end).count("]"):
                return text + end
        return text


class NotJsonErrorText(Naive):
    """A body that is not JSON is refused in plain text."""

    id = "err-02-text"
    breaks = "INF-ERR-02"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        try:
            self.parse_json(self.split_body(request.headers, request.body)[0])
        except Refusal as refusal:
            return HttpResponse(400, refusal.message.encode(), {"Content-Type": "text/plain"})
        return super().infer(model, version, request)


class DatatypeAssumed(Naive):
    """A missing `datatype` is taken from the model."""

    id = "err-03-datatype"
    breaks = "INF-ERR-03"

    def read_string(self, entry: dict[str, Any], member: str, where: str) -> str:
        missing = member == "datatype" and member not in entry
        return "" if missing else super().read_string(entry, member, where)

    def accept_inputs(self, model: Model, request: InferRequest) -> InferRequest:
        assumed = model.inputs[0].datatype
        inputs = (
            tensor if tensor.datatype else dataclasses.replace(tensor, datatype=assumed)
            for tensor in request.inputs
        )
        return super().accept_inputs(model, dataclasses.replace(request, inputs=tuple(inputs)))


class ShapeInferred(Naive):
    """A missing `shape` is inferred from the data."""

    id = "err-03-shape"
    breaks = "INF-ERR-03"

    def read_shape(self, entry: dict[str, Any], where: str) -> tuple[int, ...]:
        data = entry.get("data")
        if "shape" not in entry and isinstance(data, list) and data:
            nested = isinstance(data[0], list)
            return (len(data), len(data[0])) if nested else (1, len(data))
        return super().read_shape(entry, where)


class NameAssumed(Naive):
    """A missing `name` is taken for `x`."""

    id = "err-03-name"
    breaks = "INF-ERR-03"

    def read_string(self, entry: dict[str, Any], member: str, where: str) -> str:
        if member == "name" and member not in entry and where == "an input":
            return "x"
        return super().read_string(entry, member, where)


class DataAssumed(Naive):
    """Missing `data` is filled with zeros."""

    id = "err-03-data"
    breaks = "INF-ERR-03"

    def read_input(self, entry: Any) -> Tensor:
        if isinstance(entry, dict) and "data" not in entry and "parameters" not in entry:
            zero: Any = {"BYTES": "", "BOOL": False}.get(entry.get("datatype", ""), 0)
            entry = {**entry, "data": [zero] * min(math.prod(self.read_shape(entry, "it")), 1000)}
        return super().read_input(entry)


class InputsMissing(Naive):
    """A request without `inputs` is answered without outputs."""

    id = "err-03-inputs"
    breaks = "INF-ERR-03"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        document = self.parse_json(self.split_body(request.headers, request.body)[0])
        if isinstance(document, dict) and "inputs" not in document:
            return self.answer_json({"model_name": model.name, "outputs": []})
        return super().infer(model, version, request)


class InputsAsObject(Naive):
    """`inputs` may be a single object instead of an array."""

    id = "err-03-inputs-object"
    breaks = "INF-ERR-03"

    def read_request(self, document: Any) -> InferRequest:
        if isinstance(document, dict) and isinstance(document.get("inputs"), dict):
            document = {**document, "inputs": [document["inputs"]]}
        return super().read_request(document)


class ScalarData(Naive):
    """`data` may be a bare element instead of an array."""

    id = "err-03-scalar"
    breaks = "INF-ERR-03"

    def read_input(self, entry: Any) -> Tensor:
        if isinstance(entry, dict) and "data" in entry and not isinstance(entry["data"], list | dict):
            entry = {**entry, "data": [entry["data"]] * min(math.prod(self.read_shape(entry, "it")), 1000)}
        return super().read_input(entry)


class UnknownInputIgnored(Naive):
    """An input that the model does not have is ignored."""

    id = "err-04-ignored"
    breaks = "INF-ERR-04"

    def accept_inputs(self, model: Model, request: InferRequest) -> InferRequest:
        known = {spec.name for spec in model.inputs}
        kept = tuple(tensor for tensor in request.inputs if tensor.name in known)
        return super().accept_inputs(model, dataclasses.replace(request, inputs=kept))


class MissingInputZero(Naive):
    """A second input that is missing is taken to be all zeros."""

    id = "err-04-zero"
    breaks = "INF-ERR-04"

    def accept_inputs(self, model: Model, request: InferRequest) -> InferRequest:
        given = {tensor.name for tensor in request.inputs}
        lacking = [spec.name for spec in model.inputs if spec.name not in given]
        if len(lacking) != 1 or len(request.inputs) != 1 or not request.inputs[0].data:
            return super().accept_inputs(model, request)
        first = request.inputs[0]
        zeros = dataclasses.replace(first, name=lacking[0], data=[0] * math.prod(first.shape))
        return super().accept_inputs(model, dataclasses.replace(request, inputs=(first, zeros)))


class NamesByPosition(Naive):
    """The name of the only input of a model does not matter."""

    id = "err-04-position"
    breaks = "INF-ERR-04"

    def accept_inputs(self, model: Model, request: InferRequest) -> InferRequest:
        if len(model.inputs) == len(request.inputs) == 1:
            only = dataclasses.replace(request.inputs[0], name=model.inputs[0].name)
            request = dataclasses.replace(request, inputs=(only,))
        return super().accept_inputs(model, request)


class NamesWithoutCase(Naive):
    """Names of inputs are compared without case."""

    id = "err-04-case"
    breaks = "INF-ERR-04"

    def read_input(self, entry: Any) -> Tensor:
        tensor = super().read_input(entry)
        return dataclasses.replace(tensor, name=tensor.name.lower())


class _DatatypesReplaced(Naive):
    """Gives the fault of a subclass to inputs of another datatype than the model's."""

    def accept_inputs(self, model: Model, request: InferRequest) -> InferRequest:
        specs = {spec.name: spec.datatype for spec in model.inputs}
        inputs = []
        for tensor in request.inputs:
            expected = specs.get(tensor.name, tensor.datatype)
            forgiven = self.forgives(tensor.datatype, expected)
            inputs.append(dataclasses.replace(tensor, datatype=expected) if forgiven else tensor)
        return super().accept_inputs(model, dataclasses.replace(request, inputs=tuple(inputs)))

    def forgives(self, found: str, expected: str) -> bool:
        return False


class DatatypeIgnored(_DatatypesReplaced):
    """The request's datatype is ignored: the model's is used."""

    id = "err-05-ignored"
    breaks = "INF-ERR-05"

    def forgives(self, found: str, expected: str) -> bool:
        return True


class FloatsConverted(_DatatypesReplaced):
    """FP64 is converted for a model that takes FP32."""

    id = "err-05-floats"
    breaks = "INF-ERR-05"

    def forgives(self, found: str, expected: str) -> bool:
        return (found, expected) == ("FP64", "FP32")


class UnsignedConverted(_DatatypesReplaced):
    """UINT32 is accepted for INT32."""

    id = "err-05-unsigned"
    breaks = "INF-ERR-05"

    def forgives(self, found: str, expected: str) -> bool:
        return (found, expected) == ("UINT32", "INT32")


class DatatypeLowerCase(_DatatypesReplaced):
    """Datatypes are accepted in small letters."""

    id = "err-05-lower-case"
    breaks = "INF-ERR-05"

    def forgives(self, found: str, expected: str) -> bool:
        return found == expected.lower()


class DatatypeUnregistered(_DatatypesReplaced):
    """A datatype that is not registered is taken for the model's."""

    id = "err-05-unregistered"
    breaks = "INF-ERR-05"

    def forgives(self, found: str, expected: str) -> bool:
        return found not in DTYPES and found.upper() not in DTYPES


class _MiscountedData(Naive):
    """Gives the fault of a subclass to flat data of another length than the shape says."""

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        flat = super().flatten(data, tensor)
        count = math.prod(tensor.shape)
        return flat if len(flat) == count or count > 10**6 else self.fit(flat, count)

    def fit(self, flat: list[Any], count: int) -> list[Any]:
        return flat


class ExcessIgnored(_MiscountedData):
    """Elements beyond the shape are ignored."""

    id = "err-06-excess"
    breaks = "INF-ERR-06"

    def fit(self, flat: list[Any], count: int) -> list[Any]:
        return flat[:count]


class OneTooMany(_MiscountedData):
    """One element too many is ignored, more are refused."""

    id = "err-06-one-more"
    breaks = "INF-ERR-06"

    def fit(self, flat: list[Any], count: int) -> list[Any]:
        return flat[:count] if len(flat) == count + 1 else flat


class LackFilled(_MiscountedData):
    """Missing elements repeat the last one."""

    id = "err-06-lack"
    breaks = "INF-ERR-06"

    def fit(self, flat: list[Any], count: int) -> list[Any]:
        return flat + flat[-1:] * (count - len(flat)) if flat else flat


class OneElementSpread(_MiscountedData):
    """A single element stands for the whole tensor."""

    id = "err-06-spread"
    breaks = "INF-ERR-06"

    def fit(self, flat: list[Any], count: int) -> list[Any]:
        return flat * count if len(flat) == 1 and count > 1 else flat


class EmptyDataFilled(_MiscountedData):
    """An empty `data` stands for zeros."""

    id = "err-06-empty"
    breaks = "INF-ERR-06"

    def fit(self, flat: list[Any], count: int) -> list[Any]:
        return flat or [None] * count

    def decode_elements(self, flat: list[Any], datatype: str) -> Array:
        if flat and flat == [None] * len(flat):
            flat = [{"BYTES": "", "BOOL": False}.get(datatype, 0)] * len(flat)
        return super().decode_elements(flat, datatype)


class RankForgiven(Naive):
    """A tensor of another rank is reshaped when it fits."""

    id = "err-07-rank"
    breaks = "INF-ERR-07"

    def read_input(self, entry: Any) -> Tensor:
        tensor = super().read_input(entry)
        rank = len(tensor.shape)
        if rank == 1:
            return dataclasses.replace(tensor, shape=(1, *tensor.shape))
        if rank == 3 and 1 in tensor.shape:
            shape = list(tensor.shape)
            shape.remove(1)
            return dataclasses.replace(tensor, shape=tuple(shape))
        return tensor


class FixedSizesReshaped(Naive):
    """Fixed sizes are not compared: what has the right count is reshaped."""

    id = "err-07-reshaped"
    breaks = "INF-ERR-07"

    def accept_inputs(self, model: Model, request: InferRequest) -> InferRequest:
        inputs = request.inputs
        if model.name == "lepton_transpose" and [math.prod(tensor.shape) for tensor in inputs] == [6]:
            reshaped = dataclasses.replace(inputs[0], shape=(2, 3), data=_leaves(inputs[0].data))
            request = dataclasses.replace(request, inputs=(reshaped,))
        return super().accept_inputs(model, request)


def _leaves(data: Any) -> list[Any]:
    return [leaf for item in data for leaf in _leaves(item)] if isinstance(data, list) else [data]


class ColumnsCut(Naive):
    """Columns beyond the model's are cut off."""

    id = "err-07-cut"
    breaks = "INF-ERR-07"

    def check_shape(self, tensor: Tensor, spec: Spec) -> None:
        if spec.shape != ("N", 4) or len(tensor.shape) != 2 or tensor.shape[1] < 4:
            super().check_shape(tensor, spec)

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        if model.name == "lepton_affine":
            arrays = {"x": arrays["x"][:, :4]}
        return super().compute(model, request, arrays)


ALL: tuple[type[Naive], ...] = (
    UnknownModelAnswered,
    UnknownModelPage,
    UnknownModelObject,
    UnknownModelErrorIn200,
    NotJsonAnswered,
    TruncatedJsonRepaired,
    NotJsonErrorText,
    DatatypeAssumed,
    ShapeInferred,
    NameAssumed,
    DataAssumed,
    InputsMissing,
    InputsAsObject,
    ScalarData,
    UnknownInputIgnored,
    MissingInputZero,
    NamesByPosition,
    NamesWithoutCase,
    DatatypeIgnored,
    FloatsConverted,
    UnsignedConverted,
    DatatypeLowerCase,
    DatatypeUnregistered,
    ExcessIgnored,
    OneTooMany,
    LackFilled,
    OneElementSpread,
    EmptyDataFilled,
    RankForgiven,
    FixedSizesReshaped,
    ColumnsCut,
)
