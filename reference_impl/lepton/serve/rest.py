"""The REST transport: HTTP requests of granian's RSGI interface, to the core and back.

Owns what is HTTP's: methods, header fields, media types; leaves reading bodies to `lepton.serve.body` and
every rule about the protocol's documents to the core. Serves `inference` (INF-REQ).
"""

import sys
import traceback
from typing import Protocol

from lepton.serve.body import Bodies, Framing, Incoming
from lepton.serve.coding import Coding, parse_codings
from lepton.serve.inference import LENGTH_HEADER, infer, parse_header_length
from lepton.serve.lanes import Lanes
from lepton.serve.management import Management
from lepton.serve.reply import JSON_TYPE, OCTETS_TYPE, Cause, Reply, RequestError, shown
from lepton.serve.repository import ServedModel
from lepton.serve.routes import MANAGED, Call, Route, Routes, check_method, parse_route

__all__ = ["RestTransport"]


class Headers(Protocol):
    """Header fields as RSGI has them: looked up in lower case."""

    def get(self, key: str, default: str | None = None) -> str | None:
        """Return a field's value."""
        ...

    def get_all(self, key: str) -> list[str]:
        """Return the values of a field that may come several times."""
        ...


class Scope(Protocol):
    """The part of an RSGI scope that is used. `path` is percent-decoded."""

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

    __slots__ = ("_bodies", "_lanes", "_management", "_routes")

    def __init__(self, routes: Routes, lanes: Lanes, bodies: Bodies, management: Management | None) -> None:
        """Serve `routes`, and the repository API where there is one."""
        self._management = management
        self._routes = routes
        self._lanes = lanes
        self._bodies = bodies

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        """Answer one request, whatever happens."""
        headers = scope.headers
        try:
            reply = await self._answer(scope, headers, exchange)
        except RequestError as refusal:
            reply = refusal.reply()
        except Exception as error:
            traceback.print_exception(error, file=sys.stderr)
            reply = RequestError(Cause.FAULT, "found a fault of the server; its log says more").reply()
        exchange.response_bytes(reply.status, list(reply.headers), reply.body)

    async def _answer(self, scope: Scope, headers: Headers, exchange: Exchange) -> Reply:
        try:
            taker = self._taker(scope, headers)
            framing = _framing(headers, parse_codings(headers.get_all("content-encoding")))
        except RequestError as refusal:
            if headers.get("content-length", "0") == "0" and headers.get("transfer-encoding") is None:
                raise
            raise await self._bodies.unwanted(refusal, exchange, _framing(headers, None)) from None
        if isinstance(taker, Reply):
            return taker
        body = await self._bodies.read(exchange, framing)
        try:
            if isinstance(taker, Route):
                return await self._manage(taker, body)
            model = taker
            length = parse_header_length(headers.get(LENGTH_HEADER), len(body))
            key = (model.name, model.version, length is None)
            return await self._lanes.run(key, len(body), lambda: infer(model, body, length))
        finally:
            self._bodies.release(len(body))

    def _taker(self, scope: Scope, headers: Headers) -> ServedModel | Route | Reply:
        """Return what takes the request's body: a model, or a route of the repository API. Where nothing
        does, return the answer."""
        route = parse_route(scope.path)
        managed = route.call in MANAGED
        if managed and self._management is None:
            raise RequestError(
                Cause.UNKNOWN, "this server has no repository API; it starts with `lepton serve --repository`"
            )
        check_method(route.call, scope.method)
        if route.call is not Call.INFER and not managed:
            return self._routes.answer(route)
        model = None if managed else self._routes.repository.find(route.model, route.version)
        _check_media_type(headers)
        return model or route

    async def _manage(self, route: Route, body: bytes) -> Reply:
        assert self._management is not None
        if route.call is Call.REPOSITORY_INDEX:
            return self._management.index(body)
        if route.call is Call.LOAD:
            return await self._management.load(route.model, body)
        return await self._management.unload(route.model, body)


def _framing(headers: Headers, coding: Coding | None) -> Framing:
    length = headers.get("content-length")
    return Framing(int(length) if length is not None else None, headers.get("expect") is not None, coding)


def _check_media_type(headers: Headers) -> None:
    """Refuse what is neither JSON nor binary tensors (415). Spec: INF-REQ-07."""
    value = headers.get("content-type")
    if value is None or value == JSON_TYPE:
        return
    media_type, *parameters = (part.strip().lower() for part in value.split(";"))
    if media_type not in (JSON_TYPE, OCTETS_TYPE):
        raise RequestError(
            Cause.ENCODING, f"found content-type {shown(value)}, expected {JSON_TYPE} or {OCTETS_TYPE}"
        )
    for parameter in parameters:
        name, _, charset = parameter.partition("=")
        if name.strip() == "charset" and charset.strip().strip('"') not in ("utf-8", "utf8", "us-ascii"):
            raise RequestError(Cause.ENCODING, f"found charset {shown(charset)}, expected utf-8")
