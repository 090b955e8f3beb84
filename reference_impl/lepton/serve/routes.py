"""The routes of the protocol, independent of the transport.

Owns paths, the methods that each allows, and the answers of every route but inference's computing. Serves
`inference` (section Routes, INF-HLT, INF-ERR-09, INF-ERR-11).
"""

from dataclasses import dataclass
from enum import Enum

from lepton.serve.metadata import model_metadata, server_metadata
from lepton.serve.reply import Cause, Reply, RequestError, json_reply, shown
from lepton.serve.repository import Repository

__all__ = ["MANAGED", "Call", "Route", "Routes", "check_method", "parse_route"]


class Call(Enum):
    """What a route asks for; the value is the method that it allows."""

    LIVE = ("GET", "live")
    READY = ("GET", "ready")
    SERVER_METADATA = ("GET", "server metadata")
    MODEL_READY = ("GET", "model ready")
    MODEL_METADATA = ("GET", "model metadata")
    INFER = ("POST", "infer")
    METRICS = ("GET", "metrics")
    REPOSITORY_INDEX = ("POST", "repository index")
    LOAD = ("POST", "load")
    UNLOAD = ("POST", "unload")

    @property
    def methods(self) -> tuple[str, ...]:
        """Return the methods that the route answers."""
        method = self.value[0]
        return ("GET", "HEAD") if method == "GET" else (method,)


#: The calls of the repository API.
MANAGED = frozenset((Call.REPOSITORY_INDEX, Call.LOAD, Call.UNLOAD))


@dataclass(frozen=True, slots=True)
class Route:
    """One parsed path."""

    call: Call
    model: str = ""
    version: str | None = None


def parse_route(path: str) -> Route:
    """Parse a decoded path; one slash at its end is ignored. Raises: RequestError (404). Spec: INF-ERR-09."""
    match path.removesuffix("/").split("/"):
        case ["", "v2"]:
            return Route(Call.SERVER_METADATA)
        case ["", "metrics"]:
            return Route(Call.METRICS)
        case ["", "v2", "health", "live"]:
            return Route(Call.LIVE)
        case ["", "v2", "health", "ready"]:
            return Route(Call.READY)
        case ["", "v2", "models", name, "versions", version, *rest]:
            return Route(_model_call(rest, path), name, version)
        case ["", "v2", "models", name, *rest]:
            return Route(_model_call(rest, path), name)
        case ["", "v2", "repository", "index"]:
            return Route(Call.REPOSITORY_INDEX)
        case ["", "v2", "repository", "models", name, "load"]:
            return Route(Call.LOAD, name)
        case ["", "v2", "repository", "models", name, "unload"]:
            return Route(Call.UNLOAD, name)
    raise _no_route(path)


def _model_call(rest: list[str], path: str) -> Call:
    match rest:
        case []:
            return Call.MODEL_METADATA
        case ["ready"]:
            return Call.MODEL_READY
        case ["infer"]:
            return Call.INFER
    raise _no_route(path)


def _no_route(path: str) -> RequestError:
    return RequestError(Cause.UNKNOWN, f"found no route {shown(path)}; GET /v2 describes this server")


class Routes:
    """Answers the GET routes for one repository. `draining` turns readiness off.

    A server is ready once it has tried every package and until it is told to stop. A package that could not
    be loaded, or a model that was unloaded, makes that model not ready, and no other.
    """

    __slots__ = ("_server", "draining", "repository")

    def __init__(self, repository: Repository, version: str, max_request_bytes: int) -> None:
        """Describe the server once; `version` is the server's own."""
        self.repository = repository
        self.draining = False
        managed = repository.control is not None
        self._server = json_reply(server_metadata(version, max_request_bytes, managed=managed))

    def answer(self, route: Route) -> Reply:
        """Answer a GET route. Raises: RequestError. Spec: INF-HLT, INF-MET."""
        if route.call is Call.SERVER_METADATA:
            return self._server
        if route.call is Call.LIVE:
            return json_reply({"live": True})
        if route.call is Call.READY:
            self._check_ready()
            return json_reply({"ready": True})
        model = self.repository.find(route.model, route.version)
        if route.call is Call.MODEL_METADATA:
            return json_reply(model_metadata(self.repository, model))
        self._check_ready()
        return json_reply({"name": model.name, "ready": True})

    def _check_ready(self) -> None:
        if self.draining:
            raise RequestError(Cause.UNAVAILABLE, "the server is shutting down", (("retry-after", "1"),))


def check_method(call: Call, method: str) -> None:
    """Refuse a method that the route has not. Raises: RequestError (405). Spec: INF-ERR-11."""
    if method not in call.methods:
        allow = ", ".join(call.methods)
        raise RequestError(
            Cause.METHOD, f"found method {shown(method)}, expected {allow} on this route", (("allow", allow),)
        )
