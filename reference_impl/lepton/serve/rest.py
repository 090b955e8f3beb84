"""The REST transport: HTTP requests of granian's RSGI interface, to the core and back.

Owns the way of a request through the server; leaves header fields to `lepton.serve.fields`, reading bodies to
`lepton.serve.body`, and every rule about the protocol's documents to the core. Serves `inference` (INF-REQ).
"""

import sys
import traceback
from typing import Protocol

from lepton.serve.body import Bodies, Framing, Incoming
from lepton.serve.fields import Headers, check_media_type, check_message, field, framing
from lepton.serve.inference import LENGTH_HEADER, infer, parse_header_length
from lepton.serve.lanes import Lanes
from lepton.serve.management import Management
from lepton.serve.metrics import METRICS_TYPE, Metrics, Observation
from lepton.serve.reply import Cause, Reply, RequestError
from lepton.serve.repository import ServedModel
from lepton.serve.routes import MANAGED, Call, Route, Routes, check_method, parse_route

__all__ = ["RestTransport"]


class Scope(Protocol):
    """The part of an RSGI scope that is used. `path` is percent-decoded."""

    http_version: str
    method: str
    path: str

    @property
    def headers(self) -> Headers:
        """Return the request's header fields."""
        ...


class Exchange(Incoming, Protocol):
    """The part of an RSGI protocol that is used."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer."""
        ...


class RestTransport:
    """The RSGI application of one worker process."""

    __slots__ = ("_bodies", "_lanes", "_management", "_metrics", "_routes")

    def __init__(
        self, routes: Routes, lanes: Lanes, bodies: Bodies, metrics: Metrics, management: Management | None
    ) -> None:
        """Serve `routes`, `metrics`, and the repository API where there is one."""
        self._metrics = metrics
        self._management = management
        self._routes = routes
        self._lanes = lanes
        self._bodies = bodies

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        """Answer one request, whatever happens."""
        seen = self._metrics.begin()
        try:
            reply = await self._answer(scope, scope.headers, exchange, seen)
        except RequestError as refusal:
            reply = refusal.reply()
        except Exception as error:
            traceback.print_exception(error, file=sys.stderr)
            reply = RequestError(Cause.FAULT, "found a fault of the server; its log says more").reply()
        except BaseException:  # the server ends
            self._metrics.end(seen, 503, 0)
            raise
        self._metrics.end(seen, reply.status, len(reply.body))
        exchange.response_bytes(reply.status, list(reply.headers), reply.body)

    async def _answer(self, scope: Scope, headers: Headers, exchange: Exchange, seen: Observation) -> Reply:
        try:
            check_message(scope.http_version, headers)
            taker = self._taker(scope, headers, seen)
            if isinstance(taker, Reply):
                return taker
            framed = framing(headers)
        except RequestError as refusal:
            if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
                raise
            size = headers.get("content-length")
            sent = Framing(None if size is None else int(size), "expect" in headers)
            raise await self._bodies.unwanted(refusal, exchange, sent) from None
        body = await self._bodies.read(exchange, framed)
        seen.taken = len(body)
        try:
            if isinstance(taker, Route):
                return await self._manage(taker, body)
            length = parse_header_length(field(headers, LENGTH_HEADER), len(body))
            key = (taker.name, taker.version, length is None)
            return await self._lanes.run(key, len(body), lambda: infer(taker, body, length))
        finally:
            self._bodies.release(len(body))

    def _taker(self, scope: Scope, headers: Headers, seen: Observation) -> ServedModel | Route | Reply:
        """Return what takes the request's body: a model, or a route of the repository API. Where nothing
        does, return the answer."""
        route = parse_route(scope.path)
        call = route.call
        managed = call in MANAGED
        if managed and self._management is None:
            raise RequestError(
                Cause.UNKNOWN, "this server has no repository API; it starts with `lepton serve --repository`"
            )
        seen.route = call.value[1]
        check_method(call, scope.method)
        if call is Call.INFER:
            model = self._routes.repository.find(route.model, route.version)
            seen.model = model.name
            check_media_type(headers)
            return model
        if managed:
            check_media_type(headers)
            return route
        if call is Call.METRICS:
            return self._measured()
        return self._routes.answer(route)

    def _measured(self) -> Reply:
        models = self._routes.repository.index()
        return Reply(
            200, (("content-type", METRICS_TYPE),), self._metrics.text(models, self._bodies.held_bytes)
        )

    async def _manage(self, route: Route, body: bytes) -> Reply:
        assert self._management is not None
        if route.call is Call.REPOSITORY_INDEX:
            return self._management.index(body)
        if route.call is Call.LOAD:
            return await self._management.load(route.model, body)
        return await self._management.unload(route.model, body)
