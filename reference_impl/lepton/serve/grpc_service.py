"""The calls of `GRPCInferenceService`, independent of the transport: a message in, an answer or refusal out.

Owns the answers of every call but inference's elements; what a health or metadata call says is what the REST
route says, in the form of gRPC. Serves `inference` (INF-GRP-01 to INF-GRP-07, INF-GRP-30).
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import orjson
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from lepton.serve.grpc_inference import infer, parse_request
from lepton.serve.grpc_messages import message
from lepton.serve.lanes import Lanes
from lepton.serve.reply import Cause, RequestError, invalid
from lepton.serve.routes import Call, Route, Routes

__all__ = ["InferenceService", "OnStart"]

#: Told of work that a thread will do, so that a client that leaves can take it back.
OnStart = Callable[[Future[bytes]], None]


class InferenceService:
    """Answers calls from `routes`, and computes in `lanes`. Safe in threads."""

    __slots__ = ("_lanes", "_routes", "calls")

    def __init__(self, routes: Routes, lanes: Lanes) -> None:
        """`calls` are the cheap ones, by name: each takes the bytes of a request and returns an answer's."""
        self._routes = routes
        self._lanes = lanes
        self.calls: Mapping[str, Callable[[bytes], bytes]] = {
            "ServerLive": self._server_live,
            "ServerReady": self._server_ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
        }

    def model_infer(self, octets: bytes, on_start: OnStart) -> bytes:
        """Answer one inference. Raises: RequestError. Spec: INF-GRP-08, INF-GRP-30."""
        request = parse_request(octets)
        model = self._routes.repository.find(request.model, request.version)
        key = ("grpc", model.name, model.version, bool(request.raw))
        future = self._lanes.begin(key, len(octets), lambda: infer(model, request))
        on_start(future)
        try:
            return self._lanes.wait(future)
        finally:
            del future  # what it raised refers to this frame, and the request would stay in a cycle

    def _server_live(self, octets: bytes) -> bytes:
        _parsed("ServerLiveRequest", octets)
        return _answer("ServerLiveResponse", self._document(Route(Call.LIVE)))

    def _server_ready(self, octets: bytes) -> bytes:
        _parsed("ServerReadyRequest", octets)
        return _answer("ServerReadyResponse", {"ready": self._is_ready(Route(Call.READY))})

    def _model_ready(self, octets: bytes) -> bytes:
        asked = _parsed("ModelReadyRequest", octets)
        route = Route(Call.MODEL_READY, asked.name, asked.version or None)
        return _answer("ModelReadyResponse", {"ready": self._is_ready(route)})

    def _server_metadata(self, octets: bytes) -> bytes:
        _parsed("ServerMetadataRequest", octets)
        return _answer("ServerMetadataResponse", self._document(Route(Call.SERVER_METADATA)))

    def _model_metadata(self, octets: bytes) -> bytes:
        asked = _parsed("ModelMetadataRequest", octets)
        route = Route(Call.MODEL_METADATA, asked.name, asked.version or None)
        return _answer("ModelMetadataResponse", self._document(route))

    def _document(self, route: Route) -> Any:
        return orjson.loads(self._routes.answer(route).body)

    def _is_ready(self, route: Route) -> bool:
        """Say what a readiness route says; an unknown model is no *no*, but an error. Spec: INF-GRP-04."""
        try:
            self._routes.answer(route)
        except RequestError as refusal:
            if refusal.cause is Cause.UNAVAILABLE:
                return False
            raise
        return True


def _parsed(name: str, octets: bytes) -> Any:
    try:
        return message(name).FromString(octets)
    except DecodeError as error:
        raise invalid(f"found bytes that are no {name}; strings are UTF-8 there") from error


def _answer(name: str, document: Any) -> bytes:
    """Return the members of a document that the message has too."""
    answer = json_format.ParseDict(document, message(name)(), ignore_unknown_fields=True)
    octets: bytes = answer.SerializeToString()
    return octets
