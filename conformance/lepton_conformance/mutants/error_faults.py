"""Faults of refusals: service that ends, wrong statuses, errors that do not help (Spec: INF-ERR-08 to 12)."""

import dataclasses
import math
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from lepton_conformance.mutants.computing import Model, Spec
from lepton_conformance.mutants.decoding import InferRequest, Tensor
from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive, Route
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class _AfterRefusal(Naive):
    """Counts the inference requests that were refused, for what a subclass does after that."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals = 0

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        if self.refusals:
            return self.stumble(model, version, request)
        try:
            return super().infer(model, version, request)
        except Refusal:
            self.refusals += 1
            raise

    def stumble(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        raise Refusal(500, "the model failed before")


class FailsOnceAfterRefusal(_AfterRefusal):
    """The inference after a refusal fails, once."""

    id = "err-08-once"
    breaks = "INF-ERR-08"

    def stumble(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        self.refusals = 0
        return super().stumble(model, version, request)


class DeadAfterRefusal(_AfterRefusal):
    """After a refusal, inference fails for good while health stays good."""

    id = "err-08-dead"
    breaks = "INF-ERR-08"


class ModelDeadAfterWrongShape(Naive):
    """A model that refused an input of a wrong shape or name never answers again."""

    id = "err-08-shape"
    breaks = "INF-ERR-08"

    def __init__(self) -> None:
        super().__init__()
        self.dead: set[str] = set()

    def accept_inputs(self, model: Model, request: InferRequest) -> InferRequest:
        if model.name in self.dead:
            raise Refusal(500, "the model failed before")
        try:
            return super().accept_inputs(model, request)
        except Refusal:
            self.dead.add(model.name)
            raise


class ConnectionsDeadAfterRefusal(_AfterRefusal):
    """The four inference requests after a refusal are not answered, on whatever connection."""

    id = "err-08-connection"
    breaks = "INF-ERR-08"

    def stumble(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        self.refusals = (self.refusals + 1) % 5
        return HttpResponse(0)


class UnknownModelBadRequest(Naive):
    """An unknown model is refused with 400."""

    id = "err-09-model"
    breaks = "INF-ERR-09"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        if name not in self.models:
            raise super().unknown_model(name)
        return super().model_ready(name, version)

    def unknown_model(self, name: str) -> Refusal:
        return Refusal(400, f"unknown model {name!r}")


class UnknownVersionBadRequest(Naive):
    """An unknown version is refused with 400."""

    id = "err-09-version"
    breaks = "INF-ERR-09"

    def unknown_version(self, model: Model, version: str) -> Refusal:
        return Refusal(400, f"unknown version {version!r}")


class UnknownVersionAnswered(Naive):
    """An unknown version is answered by the version there is."""

    id = "err-09-any-version"
    breaks = "INF-ERR-09"

    def find(self, name: str, version: str | None) -> tuple[Model, str]:
        model, newest = super().find(name, None)
        return model, version or newest


class UnknownRouteBadRequest(Naive):
    """An unknown route is refused with 400."""

    id = "err-09-route"
    breaks = "INF-ERR-09"

    def no_route(self, segments: list[str]) -> Refusal:
        return Refusal(400, "no such route")


class UnknownRouteAnswered(Naive):
    """Routes outside the protocol are answered with the server's metadata."""

    id = "err-09-catch-all"
    breaks = "INF-ERR-09"

    def find_route(self, segments: list[str]) -> Route:
        if segments[:1] != ["v2"]:
            return "GET", lambda request: self.answer_json(self.server_metadata())
        return super().find_route(segments)


class Unprocessable(Naive):
    """Whatever is wrong in a request is refused with 422."""

    id = "err-10-422"
    breaks = "INF-ERR-10"

    def read_request(self, document: Any) -> InferRequest:
        try:
            return super().read_request(document)
        except Refusal as refusal:
            raise Refusal(422, refusal.message) from None


class NotJsonServerError(Naive):
    """A body that is not JSON is refused with 500."""

    id = "err-10-json-500"
    breaks = "INF-ERR-10"

    def parse_json(self, body: bytes) -> Any:
        if b"\x00" in body or not body.lstrip().startswith(b"{"):
            raise Refusal(500, "JSONDecodeError")
        return super().parse_json(body)


class ShapeServerError(Naive):
    """A shape that the model cannot take is refused with 500."""

    id = "err-10-shape-500"
    breaks = "INF-ERR-10"

    def check_shape(self, tensor: Tensor, spec: Spec) -> None:
        try:
            super().check_shape(tensor, spec)
        except Refusal as refusal:
            raise Refusal(500, refusal.message) from None


class UnknownInputNotFound(Naive):
    """An unknown input is refused with 404."""

    id = "err-10-input-404"
    breaks = "INF-ERR-10"

    def check_names(self, names: Sequence[str], specs: Mapping[str, Spec]) -> None:
        try:
            super().check_names(names, specs)
        except Refusal as refusal:
            raise Refusal(404 if "unknown" in refusal.message else 400, refusal.message) from None


class CountNotImplemented(Naive):
    """An element count that contradicts the shape is refused with 501."""

    id = "err-10-count-501"
    breaks = "INF-ERR-10"

    def flatten(self, data: list[Any], tensor: Tensor) -> list[Any]:
        flat = super().flatten(data, tensor)
        if len(flat) != math.prod(tensor.shape):
            raise Refusal(501, "broadcasting is not implemented")
        return flat


class WrongMethodNotFound(Naive):
    """A wrong method is answered with 404."""

    id = "err-11-404"
    breaks = "INF-ERR-11"

    def wrong_method(self, found: str, expected: str) -> Refusal:
        return Refusal(404, "no such route")


class WrongMethodNoAllow(Naive):
    """405 comes without `Allow`."""

    id = "err-11-no-allow"
    breaks = "INF-ERR-11"

    def wrong_method(self, found: str, expected: str) -> Refusal:
        return Refusal(405, f"method {found} is not allowed")


class WrongMethodAllowWrong(Naive):
    """`Allow` says GET everywhere."""

    id = "err-11-wrong-allow"
    breaks = "INF-ERR-11"

    def wrong_method(self, found: str, expected: str) -> Refusal:
        return Refusal(405, f"method {found} is not allowed", "GET, HEAD")


class AnyMethod(Naive):
    """Metadata is answered whatever the method."""

    id = "err-11-any"
    breaks = "INF-ERR-11"

    def dispatch(self, request: HttpRequest) -> HttpResponse:
        method, handler = self.find_route(self.segments(request.target))
        return handler(request) if method == "GET" else super().dispatch(request)


class InferByPut(Naive):
    """PUT does inference, too, and `Allow` does not say so."""

    id = "err-11-put"
    breaks = "INF-ERR-11"

    def dispatch(self, request: HttpRequest) -> HttpResponse:
        method, _ = self.find_route(self.segments(request.target))
        if request.method == "PUT" and method == "POST":
            request = dataclasses.replace(request, method="POST")
        return super().dispatch(request)


class ErrorEmpty(Naive):
    """Error messages are empty."""

    id = "err-12-empty"
    breaks = "INF-ERR-12"

    def error_body(self, refusal: Refusal) -> dict[str, Any]:
        return {"error": ""}


class ErrorTraceback(Naive):
    """Errors in a request's tensors carry the server's stack trace."""

    id = "err-12-traceback"
    breaks = "INF-ERR-12"

    def error_body(self, refusal: Refusal) -> dict[str, Any]:
        if refusal.status != 400:
            return super().error_body(refusal)
        trace = "".join(traceback.format_exception(refusal))
        return {"error": trace}


class ErrorPath(Naive):
    """The error for an unknown model names the folder where it was sought."""

    id = "err-12-path"
    breaks = "INF-ERR-12"

    def unknown_model(self, name: str) -> Refusal:
        return Refusal(404, f"no file /opt/serving/models/{name[:40]}/1/model.onnx")


ALL: tuple[type[Naive], ...] = (
    FailsOnceAfterRefusal,
    DeadAfterRefusal,
    ModelDeadAfterWrongShape,
    ConnectionsDeadAfterRefusal,
    UnknownModelBadRequest,
    UnknownVersionBadRequest,
    UnknownVersionAnswered,
    UnknownRouteBadRequest,
    UnknownRouteAnswered,
    Unprocessable,
    NotJsonServerError,
    ShapeServerError,
    UnknownInputNotFound,
    CountNotImplemented,
    WrongMethodNotFound,
    WrongMethodNoAllow,
    WrongMethodAllowWrong,
    AnyMethod,
    InferByPut,
    ErrorEmpty,
    ErrorTraceback,
    ErrorPath,
)
