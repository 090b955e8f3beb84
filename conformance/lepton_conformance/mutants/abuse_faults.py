"""Faults under abuse: half requests, crowds, idle connections, leaving clients (Spec: INF-LIM-05 to 11)."""

import threading
import time
from typing import Any

from lepton_conformance.mutants.computing import Array, Model
from lepton_conformance.mutants.decoding import InferRequest
from lepton_conformance.mutants.listener import Handler, HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal, shown

__all__ = ["ALL"]


class _OneBody(Handler):
    reading = threading.Lock()

    def read_body(self, length: int | None) -> bytes:
        with self.reading:
            return super().read_body(length)


class BodiesOneByOne(Naive):
    """One body is read at a time: the others wait for a slow one."""

    id = "lim-05-lock"
    breaks = "INF-LIM-05"
    handler = _OneBody


class _EightBodies(Handler):
    places = threading.BoundedSemaphore(8)

    def read_body(self, length: int | None) -> bytes:
        with self.places:
            return super().read_body(length)


class BodiesByEight(Naive):
    """Eight bodies are read at a time: the others wait for one that comes or times out."""

    id = "lim-05-eight"
    breaks = "INF-LIM-05"
    handler = _EightBodies


class _EightHeads(Handler):
    places = threading.BoundedSemaphore(8)
    holds = False

    def handle_one_request(self) -> None:
        self.rfile.peek(1)  # type: ignore[attr-defined]
        self.places.acquire()
        self.holds = True
        try:
            super().handle_one_request()
        finally:
            self.let_go()

    def parse_request(self) -> bool:
        try:
            return super().parse_request()
        finally:
            self.let_go()

    def let_go(self) -> None:
        if self.holds:
            self.holds = False
            self.places.release()


class HeadsByEight(Naive):
    """Eight heads are read at a time: the others wait for one that comes or times out."""

    id = "lim-05-heads"
    breaks = "INF-LIM-05"
    handler = _EightHeads


class _Leaks(Handler):
    def read_body(self, length: int | None) -> bytes:
        before = self.server.application
        try:
            return super().read_body(length)
        except (Refusal, OSError):
            if isinstance(before, WorkersLost):
                before.lose()
            raise


class WorkersLost(Naive):
    """A body that ends early costs a worker for good, and there are four."""

    id = "lim-05-leak"
    breaks = "INF-LIM-05"
    handler = _Leaks

    def __init__(self) -> None:
        super().__init__()
        self.left = 4

    def lose(self) -> None:
        self.left -= 1

    def answer(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(0) if self.left <= 0 else super().answer(request)


class _HalfAnswered(Handler):
    def read_body(self, length: int | None) -> bytes:
        application = self.server.application
        try:
            return super().read_body(length)
        except (Refusal, OSError):
            if isinstance(application, HalfRemembered):
                application.half = True
            raise


class HalfRemembered(Naive):
    """After a body that ended early the next request is refused."""

    id = "lim-05-half"
    breaks = "INF-LIM-05"
    handler = _HalfAnswered

    half = False

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        if self.half:
            self.half = False
            raise Refusal(400, "the body ends early")
        return super().infer(model, version, request)


class ManyInputsSlow(Naive):
    """Inputs are compared with each other, which takes half a minute for 100,000, and holds up everybody."""

    id = "lim-06-square"
    breaks = "INF-LIM-06"

    def __init__(self) -> None:
        super().__init__()
        self.busy = threading.Lock()

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        with self.busy:
            return super().infer(model, version, request)

    def read_request(self, document: Any) -> InferRequest:
        found = super().read_request(document)
        if len(found.inputs) > 10_000:
            time.sleep(33)
        return found


class LongNameServerError(Naive):
    """A name of more than a MiB is an error of the server."""

    id = "lim-06-name"
    breaks = "INF-LIM-06"

    def read_string(self, entry: dict[str, Any], member: str, where: str) -> str:
        found = super().read_string(entry, member, where)
        if len(found) > 1 << 20:
            raise Refusal(500, "name too long")
        return found


class LongIdServerError(Naive):
    """An id of more than a MiB is an error of the server."""

    id = "lim-06-id"
    breaks = "INF-LIM-06"

    def read_id(self, document: dict[str, Any]) -> str | None:
        found = super().read_id(document)
        if found is not None and len(found) > 1 << 20:
            raise Refusal(500, "id too long")
        return found


class LongIdCut(Naive):
    """An id of more than a MiB comes back cut."""

    id = "lim-06-cut"
    breaks = "INF-LIM-06"

    def answer_id(self, request: InferRequest) -> dict[str, Any]:
        return {} if request.id is None else {"id": request.id[: 1 << 20]}


class LongParameterDrops(Naive):
    """A parameter of more than a MiB breaks the connection."""

    id = "lim-06-parameter"
    breaks = "INF-LIM-06"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        if len(request.body) > 1 << 20 and b'"parameters"' in request.body:
            document = super().parse_json(request.body)
            if any(len(str(value)) > 1 << 20 for value in document.get("parameters", {}).values()):
                return HttpResponse(0)
        return super().infer(model, version, request)


class ShapesReserved(Naive):
    """Memory is reserved for what a shape says: what does not fit is an error of the server."""

    id = "lim-06-reserved"
    breaks = "INF-LIM-06"

    def read_shape(self, entry: dict[str, Any], where: str) -> tuple[int, ...]:
        shape = super().read_shape(entry, where)
        count = 1
        for size in shape:
            count *= size
        if count > 1 << 38:
            raise Refusal(500, "MemoryError: unable to allocate")
        return shape


class ShapeKills(Naive):
    """After a request that declares 2^60 elements nothing is answered any more."""

    id = "lim-06-dead"
    breaks = "INF-LIM-06"

    dead = False

    def read_shape(self, entry: dict[str, Any], where: str) -> tuple[int, ...]:
        shape = super().read_shape(entry, where)
        count = 1
        for size in shape:
            count *= size
        self.dead = self.dead or count > 1 << 60
        return shape

    def answer(self, request: HttpRequest) -> HttpResponse:
        if self.dead and request.target.endswith("/infer"):
            return HttpResponse(0)
        return super().answer(request)


class _HeadsUnbounded(Handler):
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        super().send_error(500 if code == 431 else code, message, explain)


class HeadServerError(Naive):
    """A header section that is too large is an error of the server."""

    id = "lim-07-section"
    breaks = "INF-LIM-07"
    handler = _HeadsUnbounded


class _HeadsDrop(Handler):
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        if code == 431:
            application = self.server.application
            if isinstance(application, HeadKills):
                application.dead = True
        super().send_error(code, message, explain)


class HeadKills(Naive):
    """A header section that is too large ends the service."""

    id = "lim-07-dead"
    breaks = "INF-LIM-07"
    handler = _HeadsDrop

    dead = False

    def answer(self, request: HttpRequest) -> HttpResponse:
        if sum(len(value) for value in request.headers.values()) > 1 << 15:
            self.dead = True
        return HttpResponse(0) if self.dead else super().answer(request)


class HeadEmptyAnswer(Naive):
    """A request with a header field beyond 16 KiB gets an answer without outputs."""

    id = "lim-07-empty"
    breaks = "INF-LIM-07"

    def answer(self, request: HttpRequest) -> HttpResponse:
        if any(len(value) > 1 << 14 for value in request.headers.values()):
            return self.answer_json({"model_name": "", "outputs": []})
        return super().answer(request)


class CrowdDropped(Naive):
    """Of more than 64 requests at once the rest loses its connection."""

    id = "lim-08-dropped"
    breaks = "INF-LIM-08"

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.lock = threading.Lock()

    most = 16

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        with self.lock:
            self.count += 1
            over = self.count > self.most
        try:
            time.sleep(0.02)
            return self.crowded() if over else super().infer(model, version, request)
        finally:
            with self.lock:
                self.count -= 1

    def crowded(self) -> HttpResponse:
        return HttpResponse(0)


class CrowdServerError(CrowdDropped):
    """Of many requests at once the rest is answered with 500."""

    id = "lim-08-500"
    breaks = "INF-LIM-08"

    def crowded(self) -> HttpResponse:
        raise Refusal(500, "the queue is full")


class CrowdNoRetry(CrowdDropped):
    """Of many requests at once the rest is refused with 503 without Retry-After."""

    id = "lim-08-no-retry"
    breaks = "INF-LIM-08"

    def crowded(self) -> HttpResponse:
        found = self.refuse(Refusal(503, "the queue is full"))
        return HttpResponse(503, found.body, {"Content-Type": self.json_content_type})


class CrowdTooMany(CrowdDropped):
    """Of many requests at once the rest is refused with 429."""

    id = "lim-08-429"
    breaks = "INF-LIM-08"

    def crowded(self) -> HttpResponse:
        raise Refusal(429, "too many requests")


class CrowdZeros(CrowdDropped):
    """Beyond 100 requests at once one gets the answer to another."""

    id = "lim-08-mixed"
    breaks = "INF-LIM-08"

    def __init__(self) -> None:
        super().__init__()
        self.last: HttpResponse | None = None

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        self.last = found = super().infer(model, version, request)
        return found

    def crowded(self) -> HttpResponse:
        if self.last is None:
            raise Refusal(503, "the queue is full")
        return self.last


class _FewConnections(Handler):
    count = threading.BoundedSemaphore(512)

    def handle(self) -> None:
        with self.count:
            super().handle()


class ConnectionsBounded(Naive):
    """512 connections are served; the others wait for one of them to close."""

    id = "lim-09-waits"
    breaks = "INF-LIM-09"
    handler = _FewConnections


class _Refuses(Handler):
    count = threading.BoundedSemaphore(300)

    def handle(self) -> None:
        if not self.count.acquire(blocking=False):
            return
        try:
            super().handle()
        finally:
            self.count.release()


class ConnectionsDropped(Naive):
    """The 301st connection is closed at once."""

    id = "lim-09-closed"
    breaks = "INF-LIM-09"
    handler = _Refuses


class _Unavailable(Handler):
    count = threading.BoundedSemaphore(600)

    def handle(self) -> None:
        if not self.count.acquire(blocking=False):
            self.request_version = "HTTP/1.1"
            self.requestline = ""
            self.send_error(503, "too many connections")
            return
        try:
            super().handle()
        finally:
            self.count.release()


class ConnectionsRefused(Naive):
    """From the 601st connection on everything is refused with 503."""

    id = "lim-09-503"
    breaks = "INF-LIM-09"
    handler = _Unavailable


class _Fragile(Handler):
    def read_body(self, length: int | None) -> bytes:
        try:
            return super().read_body(length)
        except (Refusal, OSError):
            self.broke()
            raise

    def broke(self) -> None:
        application = self.server.application
        if isinstance(application, LeavingKills):
            application.dead = True


class LeavingKills(Naive):
    """A client that leaves while its request is read ends the service."""

    id = "lim-10-reading"
    breaks = "INF-LIM-10"
    handler = _Fragile

    dead = False

    def answer(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(0) if self.dead else super().answer(request)


class _FragileSending(_Fragile):
    def read_body(self, length: int | None) -> bytes:
        return Handler.read_body(self, length)

    def send(self, response: HttpResponse) -> None:
        self.connection.settimeout(0.5)
        try:
            super().send(response)
        except OSError:
            self.broke()
            raise
        finally:
            self.connection.settimeout(self.timeout)


class LeavingSendingKills(LeavingKills):
    """A client that leaves while its answer is sent ends the service."""

    id = "lim-10-sending"
    breaks = "INF-LIM-10"
    handler = _FragileSending


class _Leaves(Handler):
    def send(self, response: HttpResponse) -> None:
        try:
            super().send(response)
        except OSError:
            application = self.server.application
            if isinstance(application, LeavingLeaves):
                application.left = response
            raise


class LeavingLeaves(Naive):
    """The answer that a client did not take is the next one's."""

    id = "lim-10-left"
    breaks = "INF-LIM-10"
    handler = _Leaves

    left: HttpResponse | None = None

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        found = super().infer(model, version, request)
        left, self.left = self.left, None
        return left or found


class RankFour(Naive):
    """Tensors of more than four dimensions are refused."""

    id = "lim-11-rank"
    breaks = "INF-LIM-11"

    def read_shape(self, entry: dict[str, Any], where: str) -> tuple[int, ...]:
        shape = super().read_shape(entry, where)
        if len(shape) > 4:
            raise Refusal(400, f"{where} has more than four dimensions: {shown(list(shape))}")
        return shape


class InputsFew(Naive):
    """More than 32 inputs are refused."""

    id = "lim-11-inputs"
    breaks = "INF-LIM-11"

    def read_request(self, document: Any) -> InferRequest:
        found = super().read_request(document)
        if len(found.inputs) > 32:
            raise Refusal(400, "the request has more than 32 inputs")
        return found


class LastInputLost(Naive):
    """From the 33rd on, inputs are zeros."""

    id = "lim-11-zeros"
    breaks = "INF-LIM-11"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        kept = {
            name: array if index < 32 else array * 0 for index, (name, array) in enumerate(arrays.items())
        }
        return super().compute(model, request, kept)


ALL: tuple[type[Naive], ...] = (
    BodiesOneByOne,
    BodiesByEight,
    HeadsByEight,
    WorkersLost,
    HalfRemembered,
    ManyInputsSlow,
    LongNameServerError,
    LongIdServerError,
    LongIdCut,
    LongParameterDrops,
    ShapesReserved,
    ShapeKills,
    HeadServerError,
    HeadKills,
    HeadEmptyAnswer,
    CrowdDropped,
    CrowdServerError,
    CrowdNoRetry,
    CrowdTooMany,
    CrowdZeros,
    ConnectionsBounded,
    ConnectionsDropped,
    ConnectionsRefused,
    LeavingLeaves,
    LeavingKills,
    LeavingSendingKills,
    RankFour,
    InputsFew,
    LastInputLost,
)
