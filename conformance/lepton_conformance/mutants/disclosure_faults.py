"""Faults of what a server shows of earlier requests (Spec: ASR-LOG-01)."""

from collections import Counter
from typing import Any

from lepton_conformance.mutants.computing import Array, Model
from lepton_conformance.mutants.decoding import InferRequest
from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class MetricsByPath(Naive):
    """Metrics have a label with the path that was asked for."""

    id = "asr-log-01-metrics-by-path"
    breaks = "ASR-LOG-01"

    def __init__(self) -> None:
        super().__init__()
        self.paths: Counter[str] = Counter()

    def respond(self, request: HttpRequest) -> HttpResponse:
        self.paths[request.target.partition("?")[0]] += 1
        return super().respond(request)

    def metrics(self) -> HttpResponse:
        lines = [f'requests_by_path{{path="{path}"}} {n}' for path, n in self.paths.items()]
        found = super().metrics()
        body = found.body + b"# TYPE requests_by_path counter\n" + "\n".join(lines).encode() + b"\n"
        return HttpResponse(200, body, found.headers)


class LastErrorInMetadata(Naive):
    """The metadata of the server show the last error."""

    id = "asr-log-01-last-error"
    breaks = "ASR-LOG-01"

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def refuse(self, refusal: Refusal) -> HttpResponse:
        self.last = str(refusal.message)
        return super().refuse(refusal)

    def server_metadata(self) -> dict[str, Any]:
        return {**super().server_metadata(), "last_error": self.last}


class LastId(Naive):
    """Each answer names the id of the request before it."""

    id = "asr-log-01-last-id"
    breaks = "ASR-LOG-01"

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        if request.id is not None and request.id.isascii() and request.id.isprintable():
            self.last = request.id[:200]
        return super().compute(model, request, arrays)

    def live(self) -> HttpResponse:
        found = super().live()
        return HttpResponse(found.status, found.body, {**found.headers, "X-Last-Request": self.last})


class ClientsInMetrics(Naive):
    """Metrics count clients by what they call themselves."""

    id = "asr-log-01-clients"
    breaks = "ASR-LOG-01"

    def __init__(self) -> None:
        super().__init__()
        self.clients: Counter[str] = Counter()

    def respond(self, request: HttpRequest) -> HttpResponse:
        self.clients[request.headers.get("user-agent", "")] += 1
        return super().respond(request)

    def metrics(self) -> HttpResponse:
        found = super().metrics()
        lines = [f'clients{{agent="{agent}"}} {n}' for agent, n in self.clients.items()]
        return HttpResponse(200, found.body + ("\n".join(lines) + "\n").encode(), found.headers)


class StringsRemembered(Naive):
    """A body that cannot be read is answered with the last string that could."""

    id = "asr-log-01-last-string"
    breaks = "ASR-LOG-01"

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        for array in arrays.values():
            if array.dtype == object and array.size:
                self.last = bytes(array.reshape(-1)[0])[:64].decode("utf-8", "replace")
        return super().compute(model, request, arrays)

    def refuse(self, refusal: Refusal) -> HttpResponse:
        if refusal.status == 400 and self.last.isascii() and self.last.isalnum():
            refusal = Refusal(400, f"{refusal.message}, after {self.last}")
        return super().refuse(refusal)


ALL: tuple[type[Naive], ...] = (
    MetricsByPath,
    LastErrorInMetadata,
    LastId,
    ClientsInMetrics,
    StringsRemembered,
)
