"""Servers that choose otherwise where the chapter lets them: each passes every profile that it claims.

Owns the choices between which `inference` does not decide (content coding, HTTP/1.0, overload, what an index
says, when a load is shown); leaves those of the published protocol to `lawful`. Serves `inference`.
"""

import gzip
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from lepton_conformance.mutants.computing import Model
from lepton_conformance.mutants.decoding import Tensor
from lepton_conformance.mutants.listener import Handler, HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal, shown
from lepton_conformance.mutants.repository import Entry, NaiveRepository

__all__ = ["ALL", "REPOSITORIES", "SPARING"]


class NoCoding(Naive):
    """Refuses every content coding with 415, and has no metrics."""

    id = "lawful-no-coding"

    def plain_body(self, headers: Mapping[str, str], body: bytes) -> bytes:
        if "content-encoding" in headers:
            raise Refusal(415, f"Content-Encoding is {shown(headers['content-encoding'])}, expected none")
        return body

    def metrics(self) -> HttpResponse:
        raise self.no_route(["metrics"])


class _Modern(Handler):
    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if self.request_version != "HTTP/1.1":
            self.send_error(505, "this server speaks HTTP/1.1")
            return False
        return True

    def closes(self, refused: bool) -> bool:
        return True


class Sparing(Naive):
    """Refuses HTTP/1.0 with 505, and closes after each answer; takes repeated names in JSON."""

    id = "lawful-sparing"
    handler = _Modern

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(pairs)


class Overloaded(Naive):
    """Computes eight requests at a time, and refuses the rest with 503 and Retry-After."""

    id = "lawful-overloaded"

    def __init__(self) -> None:
        super().__init__()
        self.places = threading.BoundedSemaphore(8)

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        if not self.places.acquire(blocking=False):
            raise Refusal(503, "all places are taken")
        try:
            return super().infer(model, version, request)
        finally:
            self.places.release()


class Compresses(Naive):
    """Compresses the answers to clients that list gzip, and keeps a mark of byte order out of the JSON."""

    id = "lawful-compresses"

    def answer(self, request: HttpRequest) -> HttpResponse:
        found = super().answer(request)
        listed = [part.strip().lower() for part in request.headers.get("accept-encoding", "").split(",")]
        if "gzip" not in listed or not found.body:
            return found
        headers = {**found.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return HttpResponse(found.status, gzip.compress(found.body, 1), headers)

    def decode_text(self, body: bytes) -> str:
        return body.decode("utf-8-sig")


#: A JSON string, or a number other than 0 that is whole and has a fraction of zeros.
_STRING_OR_WHOLE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\w.+-])(?P<whole>-?[1-9]\d*)\.0+(?![\d.eE])')


class Tolerant(Naive):
    """Accepts whole numbers with a fraction as integers, and drops an empty id."""

    id = "lawful-tolerant"

    def decode_text(self, body: bytes) -> str:
        # As written, for a double does not say whether a number has a fraction.
        return _STRING_OR_WHOLE.sub(lambda found: found["whole"] or found[0], super().decode_text(body))

    def answer_id(self, request: Any) -> dict[str, Any]:
        return super().answer_id(request) if request.id else {}


class Stern(Naive):
    """Refuses an id of more than a MiB, a lone surrogate anywhere, and more than 1,024 inputs or fields."""

    id = "lawful-stern"

    def parse_json(self, body: bytes) -> Any:
        found = super().parse_json(body)
        if isinstance(found, dict):
            if isinstance(found.get("inputs"), list) and len(found["inputs"]) > 1024:
                raise Refusal(400, "the request has more than 1024 inputs")
            name = found.get("id")
            if isinstance(name, str) and (
                len(name) > 1 << 20 or any("\ud800" <= c <= "\udfff" for c in name)
            ):
                raise Refusal(400, "the id is too long or is no Unicode string")
        return found

    def decode_tensor(self, tensor: Tensor, part: bytes | None) -> Any:
        found = super().decode_tensor(tensor, part)
        found.flags.writeable = False
        return found


class Bare(NaiveRepository):
    """Lists names alone for what is not loaded, and answers 404 to a second unload."""

    id = "lawful-repository-bare"

    def describe_entry(self, entry: Entry) -> dict[str, Any]:
        found = super().describe_entry(entry)
        if entry.state == "READY":
            return {"name": entry.name, "state": "READY"}
        return found if "cannot be loaded" in entry.reason else {"name": entry.name}

    def unloaded_already(self, entry: Entry) -> None:
        raise Refusal(404, f"model {shown(entry.name)} is not loaded")

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        super().answer_load(name, request)
        return self.answer_json({"loaded": name})


class Abrupt(NaiveRepository):
    """Refuses requests in flight at unload with 503, and fails a load with 500."""

    id = "lawful-repository-abrupt"

    def wait_for_flying(self, entry: Entry) -> None:
        return

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        found = super().infer(model, version, request)
        if model.name not in self.models:
            raise Refusal(503, "the model was unloaded in the meantime")
        return found

    def unloadable(self, name: str, error: Exception) -> Refusal:
        return Refusal(500, super().unloadable(name, error).message)


class Slow(NaiveRepository):
    """Starts with nothing loaded, takes time to load and unload, shows LOADING and UNLOADING meanwhile."""

    id = "lawful-repository-slow"
    seconds = 0.05

    def start(self) -> None:
        return

    def read_model(self, name: str) -> Model:
        time.sleep(self.seconds)
        return super().read_model(name)

    def find(self, name: str, version: str | None) -> tuple[Model, str]:
        entry = self.entries.get(name)
        if entry is not None and entry.state == "LOADING":
            raise Refusal(503, f"model {shown(name)} is being loaded")
        return super().find(name, version)

    def wait_for_flying(self, entry: Entry) -> None:
        time.sleep(self.seconds)
        super().wait_for_flying(entry)


ALL: tuple[type[Naive], ...] = (NoCoding, Sparing, Overloaded, Compresses, Tolerant, Stern)
#: Those that pass up a SHOULD.
SPARING: Mapping[str, tuple[str, ...]] = {
    "lawful-no-coding": ("INF-OPS-01",),
    "lawful-sparing": ("INF-REQ-15", "INF-ERR-18"),
}
REPOSITORIES: tuple[type[NaiveRepository], ...] = (Bare, Abrupt, Slow)
