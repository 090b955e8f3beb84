"""A small, correct server of the Open Inference Protocol, written apart from the reference.

Owns routes and the order of steps; leaves HTTP to `listener`, bytes to `decoding` and `encoding`, numbers to
`computing`. Every step is a method, so that a mutant is a subclass that changes one of them. Serves
`inference` (profiles oip-rest, inference-rest, inference-binary).
"""

import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import unquote_to_bytes

import numpy as np

from lepton_conformance.mutants.computing import Array, Model, Spec, conformance_models, rare_models
from lepton_conformance.mutants.decoding import Decoder, InferRequest
from lepton_conformance.mutants.encoding import Encoder
from lepton_conformance.mutants.listener import Handler, HttpRequest, HttpResponse
from lepton_conformance.mutants.refusal import Refusal, shown

__all__ = ["Naive", "Route"]

#: A route: the method it takes and what answers it.
Route = tuple[str, Callable[[HttpRequest], HttpResponse]]


class Naive(Decoder, Encoder):
    """The correct server; `id` and `breaks` are what a mutant overrides beside its one step."""

    id: ClassVar[str] = "correct"
    breaks: ClassVar[str] = ""
    max_request_bytes = 64 * 1024 * 1024
    keeps_alive = True
    handler: ClassVar[type[Handler]] = Handler

    def __init__(self) -> None:
        self.models = {**conformance_models(), **rare_models()}
        self.answered: Counter[int] = Counter()

    # HTTP

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request; never raises."""
        response = self.answer(request)
        self.answered[response.status] += 1
        return response

    def answer(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.dispatch(request)
        except Refusal as refusal:
            return self.refuse(refusal)
        except Exception as error:
            return self.refuse(self.broken(error))

    def refuse(self, refusal: Refusal) -> HttpResponse:
        return self.encode_error(refusal)

    def broken(self, error: Exception) -> Refusal:
        return Refusal(500, f"the server failed: {type(error).__name__}")

    def header_map(self, headers: list[tuple[str, str]]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in headers:
            key = name.lower()
            found[key] = f"{found[key]}, {value}" if key in found else value.strip()
        return found

    def body_framing(self, headers: Mapping[str, str]) -> int | None:
        coding = headers.get("transfer-encoding")
        length = headers.get("content-length")
        if coding is not None:
            if length is not None:
                raise Refusal(400, "both Content-Length and Transfer-Encoding are given")
            if coding.lower() != "chunked":
                raise Refusal(501, f"Transfer-Encoding is {shown(coding)}, expected chunked")
            return None
        if length is None:
            return 0
        if not (length.isascii() and length.isdigit()):
            raise Refusal(400, f"Content-Length is {shown(length)}, expected digits")
        self.check_size(length)
        return int(length)

    def check_size(self, digits: str) -> None:
        if len(digits) > 18 or int(digits) > self.max_request_bytes:
            raise Refusal(413, f"the body is larger than {self.max_request_bytes} bytes")

    def join_chunks(self, chunks: list[bytes]) -> bytes:
        return b"".join(chunks)

    # routes

    def dispatch(self, request: HttpRequest) -> HttpResponse:
        method, handler = self.find_route(self.segments(request.target))
        if request.method != method and not (request.method == "HEAD" and method == "GET"):
            raise self.wrong_method(request.method, method)
        return handler(request)

    def wrong_method(self, found: str, expected: str) -> Refusal:
        allow = "GET, HEAD" if expected == "GET" else expected
        return Refusal(405, f"method {shown(found)} is not allowed here, expected {allow}", allow)

    def segments(self, target: str) -> list[str]:
        """Return the decoded path segments; query and a trailing slash mean nothing."""
        path = target.split("?", 1)[0].split("#", 1)[0]
        if path.startswith("http://"):
            path = "/" + path[7:].partition("/")[2]
        try:
            return [self.decode_segment(segment) for segment in path.removesuffix("/").split("/")[1:]]
        except UnicodeDecodeError:
            raise Refusal(404, "the path is not UTF-8") from None

    def decode_segment(self, segment: str) -> str:
        return unquote_to_bytes(segment).decode("utf-8")

    def find_route(self, segments: list[str]) -> Route:
        match segments:
            case ["metrics"]:
                return "GET", lambda request: self.metrics()
            case ["v2"]:
                return "GET", lambda request: self.answer_json(self.server_metadata())
            case ["v2", "health", "live"]:
                return "GET", lambda request: self.live()
            case ["v2", "health", "ready"]:
                return "GET", lambda request: self.ready()
            case ["v2", "models", name]:
                return self.model_route(name, None, [])
            case ["v2", "models", name, "versions", version, *rest]:
                return self.model_route(name, version, rest)
            case ["v2", "models", name, *rest]:
                return self.model_route(name, None, rest)
        raise self.no_route(segments)

    def no_route(self, segments: list[str]) -> Refusal:
        return Refusal(404, f"no route {shown('/'.join(segments))}")

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Route:
        match rest:
            case []:
                return "GET", lambda request: self.answer_json(self.model_metadata(*self.find(name, version)))
            case ["ready"]:
                return "GET", lambda request: self.model_ready(name, version)
            case ["infer"]:
                return "POST", lambda request: self.infer(*self.find(name, version), request)
        raise self.no_route(rest)

    def find(self, name: str, version: str | None) -> tuple[Model, str]:
        """Return the model and the version that answers."""
        if name not in self.models:
            raise self.unknown_model(name)
        model = self.models[name]
        if version is None:
            return model, model.versions[-1]
        if version not in model.versions:
            raise self.unknown_version(model, version)
        return model, version

    def unknown_model(self, name: str) -> Refusal:
        return Refusal(404, f"unknown model {shown(name)}")

    def unknown_version(self, model: Model, version: str) -> Refusal:
        return Refusal(
            404, f"model {model.name!r} has no version {shown(version)}, only {list(model.versions)}"
        )

    # health, metrics and metadata

    def metrics(self) -> HttpResponse:
        lines = ["# TYPE requests_total counter"]
        lines += [f'requests_total{{status="{status}"}} {n}' for status, n in sorted(self.answered.items())]
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return HttpResponse(200, ("\n".join(lines) + "\n").encode(), {"Content-Type": kind})

    def live(self) -> HttpResponse:
        return self.answer_json({"live": True})

    def ready(self) -> HttpResponse:
        return self.answer_json({"ready": True})

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        model, _ = self.find(name, version)
        return self.answer_json({"name": model.name, "ready": True})

    def server_metadata(self) -> dict[str, Any]:
        return {
            "name": "lepton-naive",
            "version": "1.0",
            "extensions": self.extensions(),
            "parameters": {"max_request_bytes": self.max_request_bytes},
        }

    def extensions(self) -> Any:
        return ["binary_tensor_data"]

    def model_metadata(self, model: Model, version: str) -> dict[str, Any]:
        return {
            "name": model.name,
            "versions": list(model.versions),
            "platform": model.platform,
            "inputs": [self.tensor_metadata(spec) for spec in model.inputs],
            "outputs": [self.tensor_metadata(spec) for spec in model.outputs],
        }

    def tensor_metadata(self, spec: Spec) -> dict[str, Any]:
        return {"name": spec.name, "datatype": spec.datatype, "shape": spec.published_shape()}

    def answer_json(self, document: dict[str, Any]) -> HttpResponse:
        return HttpResponse(200, self.encode_json(document), {"Content-Type": self.json_content_type})

    # inference

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        self.check_content(request.headers)
        body = self.plain_body(request.headers, request.body)
        wanted, arrays = self.decode(model, request.headers, body)
        return self.encode(model, version, wanted, self.compute(model, wanted, arrays))

    def check_content(self, headers: Mapping[str, str]) -> None:
        kind = headers.get("content-type", self.json_content_type).split(";")[0].strip().lower()
        if kind not in ("", "application/json", "application/octet-stream"):
            raise Refusal(415, f"Content-Type is {shown(kind)}, expected application/json")

    def plain_body(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Return the body without its content coding."""
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding in ("", "identity"):
            return body
        if coding not in ("gzip", "x-gzip"):
            raise self.unknown_coding(coding)
        return self.expand(body)

    def unknown_coding(self, coding: str) -> Refusal:
        return Refusal(415, f"Content-Encoding is {shown(coding)}, expected gzip or none")

    def expand(self, body: bytes) -> bytes:
        """Return what gzip holds: members one after the other, never more than the limit."""
        parts: list[bytes] = []
        left = self.max_request_bytes
        while body:
            stream = zlib.decompressobj(wbits=31)
            try:
                parts.append(stream.decompress(body, left + 1))
            except zlib.error:
                raise Refusal(400, "the body is not gzip, as Content-Encoding says") from None
            left -= len(parts[-1])
            if left < 0:
                raise self.bomb()
            if not stream.eof:
                raise Refusal(400, "the gzip ends in the middle")
            body = stream.unused_data
        return b"".join(parts)

    def bomb(self) -> Refusal:
        return Refusal(413, f"the body expands to more than {self.max_request_bytes} bytes")

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        with np.errstate(all="ignore"):
            return model.compute(arrays)
