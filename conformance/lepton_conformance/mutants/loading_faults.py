"""Faults of loading, unloading and loading anew (Spec: INF-REP-07, 09, 10, 12 to 16, 20)."""

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

from lepton_conformance.mutants.computing import Array, Model
from lepton_conformance.mutants.decoding import InferRequest
from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Route
from lepton_conformance.mutants.refusal import Refusal
from lepton_conformance.mutants.repository import Entry, NaiveRepository

__all__ = ["ALL"]

#: How long a mutant leaves its window open, in seconds.
WINDOW_SECONDS = 0.05


class LoadLate(NaiveRepository):
    """A load request is answered before the model is there."""

    id = "rep-07-early"
    breaks = "INF-REP-07"

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        entry = self.known(name)
        if entry.model is not None:
            return super().answer_load(name, request)
        timer = threading.Timer(0.5, self.load_later, [entry])
        timer.daemon = True
        timer.start()
        return HttpResponse(200)

    def load_later(self, entry: Entry) -> None:
        with contextlib.suppress(Refusal):
            self.load(entry)


class LoadAccepted(NaiveRepository):
    """A load request is answered with 202."""

    id = "rep-07-202"
    breaks = "INF-REP-07"

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(202, b"", super().answer_load(name, request).headers)


class LoadNothing(NaiveRepository):
    """A load request for an unloaded model is answered with 200 and does nothing."""

    id = "rep-07-nothing"
    breaks = "INF-REP-07"

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200) if self.known(name).model is None else super().answer_load(name, request)


class LoadsNone(NaiveRepository):
    """Nothing is loaded at start, and no load succeeds."""

    id = "rep-07-none"
    breaks = "INF-REP-07"

    def start(self) -> None:
        return

    def read_model(self, name: str) -> Model:
        raise Refusal(400, f"model {name} cannot be loaded")


class LoadOnce(NaiveRepository):
    """A model that was unloaded cannot be loaded again."""

    id = "rep-07-once"
    breaks = "INF-REP-07"

    def load(self, entry: Entry) -> None:
        if entry.reason == "unloaded":
            raise Refusal(400, "the model was unloaded")
        super().load(entry)


class LoadNotReady(NaiveRepository):
    """After a load the readiness route says no, while inference works."""

    id = "rep-07-ready"
    breaks = "INF-REP-07"

    def __init__(self, folder: Path) -> None:
        self.gone: set[str] = set()
        super().__init__(folder)

    def withdraw(self, entry: Entry) -> None:
        self.gone.add(entry.name)
        super().withdraw(entry)

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        if name in self.gone and name in self.models:
            raise Refusal(503, "the model is not ready")
        return super().model_ready(name, version)


class LoadNoMetadata(LoadNotReady):
    """After a load the metadata are not found."""

    id = "rep-07-metadata"
    breaks = "INF-REP-07"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        return super(LoadNotReady, self).model_ready(name, version)

    def model_metadata(self, model: Model, version: str) -> dict[str, Any]:
        if model.name in self.gone:
            raise self.unknown_model(model.name)
        return super().model_metadata(model, version)


class LoadNoInfer(LoadNotReady):
    """After a load the model is ready and refuses inference."""

    id = "rep-07-infer"
    breaks = "INF-REP-07"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        return super(LoadNotReady, self).model_ready(name, version)

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        if model.name in self.gone:
            raise Refusal(503, "the model has no worker")
        return super().infer(model, version, request)


class LoadWrongModel(LoadNotReady):
    """After a load the model computes what another one does."""

    id = "rep-07-zeros"
    breaks = "INF-REP-07"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        return super(LoadNotReady, self).model_ready(name, version)

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if model.name in self.gone:
            found = {name: array[::-1].copy() for name, array in found.items()}
            for array in found.values():
                array.fill(b"" if array.dtype == object else 0)
        return found


class UnloadKeepsInfer(NaiveRepository):
    """After an unload inference goes on; metadata and readiness are gone."""

    id = "rep-09-infer"
    breaks = "INF-REP-09"

    def __init__(self, folder: Path) -> None:
        self.kept: dict[str, Model] = {}
        super().__init__(folder)

    def withdraw(self, entry: Entry) -> None:
        self.kept[entry.name] = self.models[entry.name]
        super().withdraw(entry)

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Route:
        if rest == ["infer"] and name in self.kept and name not in self.models:
            model = self.kept[name]
            return "POST", lambda request: self.infer(model, "1", request)
        return super().model_route(name, version, rest)


class UnloadKeepsMetadata(UnloadKeepsInfer):
    """After an unload the metadata are still answered."""

    id = "rep-09-metadata"
    breaks = "INF-REP-09"

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Route:
        if not rest and name in self.kept and name not in self.models:
            model = self.kept[name]
            return "GET", lambda request: self.answer_json(self.model_metadata(model, "1"))
        return super(UnloadKeepsInfer, self).model_route(name, version, rest)


class UnloadKeepsReady(UnloadKeepsInfer):
    """After an unload the model is still ready."""

    id = "rep-09-ready"
    breaks = "INF-REP-09"

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Route:
        return super(UnloadKeepsInfer, self).model_route(name, version, rest)

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        if name in self.kept:
            return self.answer_json({"name": name, "ready": True})
        return super().model_ready(name, version)


class UnloadReadyFalse(UnloadKeepsInfer):
    """After an unload the readiness route answers 200 with `ready` false."""

    id = "rep-09-false"
    breaks = "INF-REP-09"

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Route:
        return super(UnloadKeepsInfer, self).model_route(name, version, rest)

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        if name in self.kept and name not in self.models:
            return self.answer_json({"name": name, "ready": False})
        return super().model_ready(name, version)


class UnloadVersioned(UnloadKeepsInfer):
    """After an unload the route with the version still answers inference."""

    id = "rep-09-versioned"
    breaks = "INF-REP-09"

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Route:
        if version is None:
            return super(UnloadKeepsInfer, self).model_route(name, version, rest)
        return super().model_route(name, version, rest)


class UnloadBad(NaiveRepository):
    """Inference on an unloaded model is refused with 400."""

    id = "rep-09-400"
    breaks = "INF-REP-09"

    def unknown_model(self, name: str) -> Refusal:
        found = super().unknown_model(name)
        return Refusal(400, found.message) if name in self.entries else found


class UnloadUnavailable(NaiveRepository):
    """Inference on an unloaded model is refused with 503 for good."""

    id = "rep-09-503"
    breaks = "INF-REP-09"

    def unknown_model(self, name: str) -> Refusal:
        found = super().unknown_model(name)
        return Refusal(503, found.message) if name in self.entries else found


class UnloadNoContent(NaiveRepository):
    """An unload request is answered with 204."""

    id = "rep-09-204"
    breaks = "INF-REP-09"

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        super().answer_unload(name, request)
        return HttpResponse(204)


class UnloadLate(NaiveRepository):
    """An unload request is answered while new requests still reach the model."""

    id = "rep-09-late"
    breaks = "INF-REP-09"

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        self.repository_parameters(request)
        timer = threading.Timer(0.3, self.unload, [self.known(name)])
        timer.daemon = True
        timer.start()
        return HttpResponse(200)


class UnloadNotReady(NaiveRepository):
    """The server is not ready while a model is unloaded."""

    id = "rep-10-ready"
    breaks = "INF-REP-10"

    def ready(self) -> HttpResponse:
        if any(entry.reason == "unloaded" for entry in self.entries.values()):
            raise Refusal(503, "a model is not ready")
        return super().ready()


class UnloadAll(NaiveRepository):
    """Unloading a model unloads its successor in the index, too."""

    id = "rep-10-next"
    breaks = "INF-REP-10"

    def unload(self, entry: Entry) -> None:
        super().unload(entry)
        names = list(self.entries)
        other = self.entries[names[(names.index(entry.name) + 1) % len(names)]]
        if other.model is not None:
            super().unload(other)


class UnloadPrefix(NaiveRepository):
    """Unloading a model unloads the models whose names begin alike."""

    id = "rep-10-prefix"
    breaks = "INF-REP-10"

    def unload(self, entry: Entry) -> None:
        stem = entry.name[: len("lepton_") + 1]
        for other in list(self.entries.values()):
            if other.name.startswith(stem):
                super().unload(other)


class UnloadRefusesInfer(NaiveRepository):
    """While a model is unloaded, inference on the others is refused."""

    id = "rep-10-infer"
    breaks = "INF-REP-10"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        if any(entry.reason == "unloaded" for entry in self.entries.values()):
            raise Refusal(503, "the repository is changing")
        return super().infer(model, version, request)


class UnloadMixes(NaiveRepository):
    """While a model is unloaded, the others answer ones for elements that are numbers."""

    id = "rep-10-wrong"
    breaks = "INF-REP-10"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if any(entry.reason == "unloaded" for entry in self.entries.values()):
            found = {name: array * 0 + 1 if array.dtype != object else array for name, array in found.items()}
        return found


class ReloadGap(NaiveRepository):
    """Loading a ready model anew takes the old one away first."""

    id = "rep-12-gap"
    breaks = "INF-REP-12"

    def load(self, entry: Entry) -> None:
        if entry.model is not None:
            self.models.pop(entry.name, None)
            time.sleep(WINDOW_SECONDS)
        super().load(entry)


class ReloadBusy(NaiveRepository):
    """Requests are refused with 503 while their model is loaded anew."""

    id = "rep-12-busy"
    breaks = "INF-REP-12"

    def __init__(self, folder: Path) -> None:
        self.reloading: set[str] = set()
        super().__init__(folder)

    def load(self, entry: Entry) -> None:
        if entry.model is None:
            super().load(entry)
            return
        self.reloading.add(entry.name)
        try:
            time.sleep(WINDOW_SECONDS)
            super().load(entry)
        finally:
            self.reloading.discard(entry.name)

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        if model.name in self.reloading:
            raise Refusal(503, "the model is being loaded")
        return super().infer(model, version, request)


class ReloadWrong(ReloadBusy):
    """Requests that arrive while their model is loaded anew are computed with empty weights."""

    id = "rep-12-wrong"
    breaks = "INF-REP-12"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        return super(ReloadBusy, self).infer(model, version, request)

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if model.name in self.reloading:
            return {name: array * 0 if array.dtype != object else array for name, array in found.items()}
        return found


class ReloadDrops(ReloadBusy):
    """A request that is in flight when its model is exchanged loses its connection."""

    id = "rep-12-dropped"
    breaks = "INF-REP-12"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        found = super(ReloadBusy, self).infer(model, version, request)
        return HttpResponse(0) if model.name in self.reloading else found


class ReloadRefused(NaiveRepository):
    """Loading a ready model anew is refused."""

    id = "rep-07-refused"
    breaks = "INF-REP-07"

    def load(self, entry: Entry) -> None:
        if entry.model is not None:
            raise Refusal(409, "the model is loaded")
        super().load(entry)


class InFlightDropped(NaiveRepository):
    """A request that is in flight when its model is unloaded loses its connection."""

    id = "rep-13-dropped"
    breaks = "INF-REP-13"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        found = super().infer(model, version, request)
        time.sleep(WINDOW_SECONDS)
        return found if model.name in self.models else HttpResponse(0)


class InFlightServerError(NaiveRepository):
    """A request that is in flight when its model is unloaded is an error of the server."""

    id = "rep-13-500"
    breaks = "INF-REP-13"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        found = super().infer(model, version, request)
        time.sleep(WINDOW_SECONDS)
        if model.name not in self.models:
            raise Refusal(500, "the session is closed")
        return found


class InFlightWrong(NaiveRepository):
    """A request that is in flight when its model is unloaded is answered from freed memory."""

    id = "rep-13-wrong"
    breaks = "INF-REP-13"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        time.sleep(WINDOW_SECONDS)
        if model.name not in self.models:
            return {name: array * 0 if array.dtype != object else array for name, array in found.items()}
        return found


class InFlightEmpty(NaiveRepository):
    """A request that is in flight when its model is unloaded is answered without outputs."""

    id = "rep-13-empty"
    breaks = "INF-REP-13"

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        found = super().infer(model, version, request)
        time.sleep(WINDOW_SECONDS)
        if model.name not in self.models:
            return self.answer_json({"model_name": model.name, "outputs": []})
        return found


class BrokenLoads(NaiveRepository):
    """Loading a broken file is answered with 200; the model stays away."""

    id = "rep-14-200"
    breaks = "INF-REP-14"

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        try:
            return super().answer_load(name, request)
        except Refusal as refusal:
            if "cannot be loaded" in refusal.message:
                return HttpResponse(200)
            raise


class BrokenNoReason(NaiveRepository):
    """The index has no reason for a model that failed to load."""

    id = "rep-14-reasonless"
    breaks = "INF-REP-14"

    def describe_entry(self, entry: Entry) -> dict[str, Any]:
        found = super().describe_entry(entry)
        if "cannot be loaded" in found.get("reason", ""):
            del found["reason"]
        return found


class BrokenReasonEmpty(NaiveRepository):
    """The reason of a model that failed to load is empty."""

    id = "rep-14-empty"
    breaks = "INF-REP-14"

    def describe_entry(self, entry: Entry) -> dict[str, Any]:
        found = super().describe_entry(entry)
        return {**found, "reason": ""} if "cannot be loaded" in found.get("reason", "") else found


class BrokenLoading(NaiveRepository):
    """A model that failed to load stays in the state LOADING."""

    id = "rep-14-loading"
    breaks = "INF-REP-14"

    def load_failed(self, entry: Entry, refusal: Refusal) -> None:
        entry.reason = refusal.message


class BrokenForgotten(NaiveRepository):
    """A model that failed to load is no longer in the index."""

    id = "rep-14-gone"
    breaks = "INF-REP-14"

    def lists(self, entry: Entry, only_ready: bool) -> bool:
        return super().lists(entry, only_ready) and "cannot be loaded" not in entry.reason


class BrokenBare(NaiveRepository):
    """A failed load is refused without an error object."""

    id = "rep-14-bare"
    breaks = "INF-REP-14"

    def refuse(self, refusal: Refusal) -> HttpResponse:
        return HttpResponse(400) if "cannot be loaded" in refusal.message else super().refuse(refusal)


class BrokenReady(NaiveRepository):
    """A file that cannot be loaded makes an empty model that is ready, if the file has any bytes."""

    id = "rep-14-ready"
    breaks = "INF-REP-14"

    def read_model(self, name: str) -> Model:
        try:
            return super().read_model(name)
        except Refusal:
            if self.file_of(name).stat().st_size == 0:
                raise
            return Model(name, (), (), lambda given: {})


class BrokenTakesOld(NaiveRepository):
    """A failed reload takes the old model away."""

    id = "rep-15-gone"
    breaks = "INF-REP-15"

    def load_failed(self, entry: Entry, refusal: Refusal) -> None:
        entry.model = None
        self.models.pop(entry.name, None)
        super().load_failed(entry, refusal)


class BrokenUnavailable(NaiveRepository):
    """After a failed reload the index says UNAVAILABLE, while the old model serves."""

    id = "rep-15-index"
    breaks = "INF-REP-15"

    def load_failed(self, entry: Entry, refusal: Refusal) -> None:
        entry.state, entry.reason = "UNAVAILABLE", refusal.message


class BrokenReloadSilent(NaiveRepository):
    """A failed reload is answered with 200; the old model goes on."""

    id = "rep-15-200"
    breaks = "INF-REP-15"

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        try:
            return super().answer_load(name, request)
        except Refusal:
            if name in self.models:
                return HttpResponse(200)
            raise


class BrokenReloadNotReady(NaiveRepository):
    """After a failed reload the model is not ready; it answers inference."""

    id = "rep-15-ready"
    breaks = "INF-REP-15"

    def __init__(self, folder: Path) -> None:
        self.failed: set[str] = set()
        super().__init__(folder)

    def load_failed(self, entry: Entry, refusal: Refusal) -> None:
        self.failed.add(entry.name)
        super().load_failed(entry, refusal)

    def install(self, entry: Entry, model: Model) -> None:
        self.failed.discard(entry.name)
        super().install(entry, model)

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        if name in self.failed and name in self.models:
            raise Refusal(503, "the last load failed")
        return super().model_ready(name, version)


class BrokenReloadWrong(BrokenReloadNotReady):
    """After a failed reload the old model answers zeros."""

    id = "rep-15-wrong"
    breaks = "INF-REP-15"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        return super(BrokenReloadNotReady, self).model_ready(name, version)

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        if model.name in self.failed:
            return {name: array * 0 if array.dtype != object else array for name, array in found.items()}
        return found


class ReloadKeepsOld(NaiveRepository):
    """Loading a ready model anew is answered with 200, and the old one goes on."""

    id = "rep-16-old"
    breaks = "INF-REP-16"

    def install(self, entry: Entry, model: Model) -> None:
        super().install(entry, entry.model or model)


class ReloadCached(NaiveRepository):
    """A file is read once; an unload and a load bring the same model back."""

    id = "rep-16-cached"
    breaks = "INF-REP-16"

    def __init__(self, folder: Path) -> None:
        self.cache: dict[str, Model] = {}
        super().__init__(folder)

    def read_model(self, name: str) -> Model:
        if name not in self.cache:
            self.cache[name] = super().read_model(name)
        return self.cache[name]


class ReloadLate(NaiveRepository):
    """A load request is answered, and the old model is exchanged a little later."""

    id = "rep-16-late"
    breaks = "INF-REP-16"

    def install(self, entry: Entry, model: Model) -> None:
        if entry.model is None:
            super().install(entry, model)
            return
        timer = threading.Timer(0.2, super().install, [entry, model])
        timer.daemon = True
        timer.start()


class ReloadMixes(NaiveRepository):
    """Each output of a request is computed by the model that is there at that moment."""

    id = "rep-16-mixed"
    breaks = "INF-REP-16"

    def compute(self, model: Model, request: InferRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = super().compute(model, request, arrays)
        last = model.outputs[-1].name
        if len(found) > 1:
            time.sleep(WINDOW_SECONDS)
            now = self.models.get(model.name, model)
            found[last] = super().compute(now, request, arrays)[last]
        return found


class ReloadOtherConnections(NaiveRepository):
    """Every other answer after a reload is the old model's, until ten were given."""

    id = "rep-16-worker"
    breaks = "INF-REP-16"

    def __init__(self, folder: Path) -> None:
        self.old: dict[str, Model] = {}
        self.turns = 0
        super().__init__(folder)

    def install(self, entry: Entry, model: Model) -> None:
        if entry.model is not None:
            self.old[entry.name], self.turns = entry.model, 10
        super().install(entry, model)

    def find(self, name: str, version: str | None) -> tuple[Model, str]:
        model, found = super().find(name, version)
        if self.turns > 0 and name in self.old:
            self.turns -= 1
            if self.turns % 2:
                return self.old[name], found
        return model, found


class SecondUnloadLoads(NaiveRepository):
    """Unloading a model twice brings it back for inference, not in the index."""

    id = "rep-20-twice"
    breaks = "INF-REP-20"

    def unloaded_already(self, entry: Entry) -> None:
        self.models[entry.name] = self.read_model(entry.name)


class DoubleLoadCounts(NaiveRepository):
    """Loads are counted: a model that was loaded twice stays after one unload, unlisted."""

    id = "rep-20-counts"
    breaks = "INF-REP-20"

    def __init__(self, folder: Path) -> None:
        self.count: dict[str, int] = {}
        super().__init__(folder)

    def install(self, entry: Entry, model: Model) -> None:
        self.count[entry.name] = self.count.get(entry.name, 0) + 1
        super().install(entry, model)

    def withdraw(self, entry: Entry) -> None:
        self.count[entry.name] -= 1
        if self.count[entry.name] > 0:
            entry.model = None
        else:
            super().withdraw(entry)


class UnloadTwoKeeps(NaiveRepository):
    """While two models are unloaded, the one that was unloaded first is ready again."""

    id = "rep-20-two"
    breaks = "INF-REP-20"

    def unload(self, entry: Entry) -> None:
        super().unload(entry)
        away = [other for other in self.entries.values() if other.reason == "unloaded" and other is not entry]
        for other in away:
            self.models[other.name] = self.read_model(other.name)


ALL: tuple[type[NaiveRepository], ...] = (
    LoadLate,
    LoadAccepted,
    LoadNothing,
    LoadsNone,
    LoadOnce,
    LoadNotReady,
    LoadNoMetadata,
    LoadNoInfer,
    LoadWrongModel,
    UnloadKeepsInfer,
    UnloadKeepsMetadata,
    UnloadKeepsReady,
    UnloadReadyFalse,
    UnloadVersioned,
    UnloadBad,
    UnloadUnavailable,
    UnloadNoContent,
    UnloadLate,
    UnloadNotReady,
    UnloadAll,
    UnloadPrefix,
    UnloadRefusesInfer,
    UnloadMixes,
    ReloadGap,
    ReloadBusy,
    ReloadWrong,
    ReloadDrops,
    ReloadRefused,
    InFlightDropped,
    InFlightServerError,
    InFlightWrong,
    InFlightEmpty,
    BrokenLoads,
    BrokenNoReason,
    BrokenReasonEmpty,
    BrokenLoading,
    BrokenForgotten,
    BrokenBare,
    BrokenReady,
    BrokenTakesOld,
    BrokenUnavailable,
    BrokenReloadSilent,
    BrokenReloadNotReady,
    BrokenReloadWrong,
    ReloadKeepsOld,
    ReloadCached,
    ReloadLate,
    ReloadMixes,
    ReloadOtherConnections,
    SecondUnloadLoads,
    DoubleLoadCounts,
    UnloadTwoKeeps,
)
