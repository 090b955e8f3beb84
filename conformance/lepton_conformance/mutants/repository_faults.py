"""Faults of index, load and unload requests and of what they say (Spec: INF-REP-01 to 08, 11, 17 to 19)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Route
from lepton_conformance.mutants.refusal import Refusal, shown
from lepton_conformance.mutants.repository import Entry, NaiveRepository

__all__ = ["ALL"]


class NotAnnounced(NaiveRepository):
    """The extension is not listed."""

    id = "rep-01-silent"
    breaks = "INF-REP-01"

    def extensions(self) -> Any:
        return ["binary_tensor_data"]


class AnnouncedOtherwise(NaiveRepository):
    """The extension is listed under another name."""

    id = "rep-01-hyphen"
    breaks = "INF-REP-01"

    def extensions(self) -> Any:
        return ["binary_tensor_data", "model-repository"]


class AnnouncedWithSuffix(NaiveRepository):
    """Only a qualified form of the extension is listed."""

    id = "rep-01-suffix"
    breaks = "INF-REP-01"

    def extensions(self) -> Any:
        return ["binary_tensor_data", "model_repository(unload_dependents)"]


class IndexWrapped(NaiveRepository):
    """The index is an object with the entries in a member."""

    id = "rep-02-object"
    breaks = "INF-REP-02"

    def encode_list(self, entries: list[dict[str, Any]]) -> bytes:
        return self.encode_json({"models": entries})


class IndexByGet(NaiveRepository):
    """The index is answered to GET only."""

    id = "rep-02-get"
    breaks = "INF-REP-02"

    def find_route(self, segments: list[str]) -> Route:
        method, handler = super().find_route(segments)
        return ("GET", handler) if segments[-1] == "index" else (method, handler)


class IndexVersionNumber(NaiveRepository):
    """Versions in the index are numbers."""

    id = "rep-02-number"
    breaks = "INF-REP-02"

    def describe_entry(self, entry: Entry) -> dict[str, Any]:
        return {**super().describe_entry(entry), "version": 1}


class IndexReasonNull(NaiveRepository):
    """An entry without a reason has null."""

    id = "rep-02-null"
    breaks = "INF-REP-02"

    def describe_entry(self, entry: Entry) -> dict[str, Any]:
        return {"reason": None, **super().describe_entry(entry)}


class IndexVersionNullUnloaded(NaiveRepository):
    """The version of a model that is not loaded is null."""

    id = "rep-02-unloaded-null"
    breaks = "INF-REP-02"

    def describe_entry(self, entry: Entry) -> dict[str, Any]:
        found = super().describe_entry(entry)
        return found if entry.model is not None else {**found, "version": None}


class IndexNames(NaiveRepository):
    """The index is an array of names."""

    id = "rep-02-names"
    breaks = "INF-REP-02"

    def encode_list(self, entries: list[dict[str, Any]]) -> bytes:
        names = ",".join(f'"{entry["name"]}"' for entry in entries)
        return f"[{names}]".encode()


class IndexCreated(NaiveRepository):
    """The index is answered with 201."""

    id = "rep-02-201"
    breaks = "INF-REP-02"

    def answer_entries(self, entries: list[dict[str, Any]]) -> HttpResponse:
        found = super().answer_entries(entries)
        return HttpResponse(201, found.body, found.headers)


class IndexLacksOne(NaiveRepository):
    """The last model of the folder is not in the index."""

    id = "rep-03-last"
    breaks = "INF-REP-03"

    def listed(self) -> list[Entry]:
        return super().listed()[:-1]


class IndexOfStart(NaiveRepository):
    """The index shows the states that the models had at start; here all unloaded models are ready again."""

    id = "rep-03-stale"
    breaks = "INF-REP-03"

    def __init__(self, folder: Path) -> None:
        self.seen: dict[str, str] = {}
        super().__init__(folder)

    def state_of(self, entry: Entry) -> Any:
        # An unload is seen at once, a later load never.
        if entry.state != "READY" or entry.name in self.seen:
            self.seen[entry.name] = "UNAVAILABLE"
        return self.seen.get(entry.name, entry.state)


class IndexNoState(NaiveRepository):
    """Ready models have no state in the index."""

    id = "rep-03-stateless"
    breaks = "INF-REP-03"

    def describe_entry(self, entry: Entry) -> dict[str, Any]:
        found = super().describe_entry(entry)
        del found["state"]
        return found


class IndexForgetsReloaded(NaiveRepository):
    """A model that was loaded a second time is listed as loading."""

    id = "rep-03-reloaded"
    breaks = "INF-REP-03"

    def __init__(self, folder: Path) -> None:
        self.loads: dict[str, int] = {}
        super().__init__(folder)

    def load(self, entry: Entry) -> None:
        self.loads[entry.name] = self.loads.get(entry.name, 0) + 1
        super().load(entry)

    def state_of(self, entry: Entry) -> Any:
        again = self.loads[entry.name] > 1 and entry.state == "READY"
        return "LOADING" if again else entry.state


class ReadyUnread(NaiveRepository):
    """The member `ready` is not looked at."""

    id = "rep-04-unread"
    breaks = "INF-REP-04"

    def lists(self, entry: Entry, only_ready: bool) -> bool:
        return True


class ReadyInverted(NaiveRepository):
    """With `ready` the models that are not ready are listed."""

    id = "rep-04-inverted"
    breaks = "INF-REP-04"

    def lists(self, entry: Entry, only_ready: bool) -> bool:
        return not only_ready or entry.state != "READY"


class ReadyKnown(NaiveRepository):
    """With `ready` every model that was ever ready is listed."""

    id = "rep-04-ever"
    breaks = "INF-REP-04"

    def lists(self, entry: Entry, only_ready: bool) -> bool:
        return not only_ready or entry.reason in ("", "unloaded")


class ReadyLacksOne(NaiveRepository):
    """With `ready` the first ready model is left out."""

    id = "rep-04-first"
    breaks = "INF-REP-04"

    def lists(self, entry: Entry, only_ready: bool) -> bool:
        first = next((each for each in self.listed() if each.state == "READY"), None)
        return super().lists(entry, only_ready) and not (only_ready and entry is first)


class ReadyFalseFilters(NaiveRepository):
    """`ready` false lists the ready models only, as true does."""

    id = "rep-04-false"
    breaks = "INF-REP-04"

    def read_only_ready(self, request: HttpRequest) -> bool:
        super().read_only_ready(request)
        return "ready" in self.repository_document(request)


class EmptyRefused(NaiveRepository):
    """An empty body is refused."""

    id = "rep-05-refused"
    breaks = "INF-REP-05"

    def empty_document(self) -> dict[str, Any]:
        raise Refusal(400, "the body is empty, expected a JSON object")


class EmptyListsReady(NaiveRepository):
    """An index request with an empty body lists the ready models only."""

    id = "rep-05-ready"
    breaks = "INF-REP-05"

    def empty_document(self) -> dict[str, Any]:
        return {"ready": True}


class EmptyLoadIgnored(NaiveRepository):
    """A load request with an empty body is answered with 200, and nothing is loaded."""

    id = "rep-05-load"
    breaks = "INF-REP-05"

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        if not request.body:
            self.known(name)
            return HttpResponse(200)
        return super().answer_load(name, request)


class EmptyUnloadIgnored(NaiveRepository):
    """An unload request with an empty body is answered with 200, and nothing is unloaded."""

    id = "rep-05-unload"
    breaks = "INF-REP-05"

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        if not request.body:
            self.known(name)
            return HttpResponse(200)
        return super().answer_unload(name, request)


class EmptyUnloadRefused(NaiveRepository):
    """An unload request with an empty body is refused; load and index take one."""

    id = "rep-05-unload-refused"
    breaks = "INF-REP-05"

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        if not request.body:
            raise Refusal(400, "the body is empty, expected a JSON object")
        return super().answer_unload(name, request)


class StatesLower(NaiveRepository):
    """States are written in small letters where a model is not ready."""

    id = "rep-06-lower"
    breaks = "INF-REP-06"

    def state_of(self, entry: Entry) -> Any:
        return entry.state if entry.state == "READY" else entry.state.lower()


class StateUnknown(NaiveRepository):
    """An unloaded model has a state of the server's own."""

    id = "rep-06-unloaded"
    breaks = "INF-REP-06"

    def state_of(self, entry: Entry) -> Any:
        return "UNLOADED" if entry.reason == "unloaded" else entry.state


class StateEmpty(NaiveRepository):
    """The state of a model that is not loaded is an empty string."""

    id = "rep-06-empty"
    breaks = "INF-REP-06"

    def state_of(self, entry: Entry) -> Any:
        return entry.state if entry.state == "READY" else ""


class LoadUnknownMade(NaiveRepository):
    """Loading a name that nothing has succeeds."""

    id = "rep-08-made"
    breaks = "INF-REP-08"

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        return super().answer_load(name, request) if name in self.entries else HttpResponse(200)


class LoadUnknownBad(NaiveRepository):
    """An unknown name is refused with 400."""

    id = "rep-08-400"
    breaks = "INF-REP-08"

    def unknown_entry(self, name: str) -> Refusal:
        return Refusal(400, f"failed to load {shown(name)}")


class LoadUnknownServerError(NaiveRepository):
    """Loading an unknown name is an error of the server; unloading one is not."""

    id = "rep-08-500"
    breaks = "INF-REP-08"

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        if name not in self.entries:
            raise Refusal(500, f"polling failed for {shown(name)}")
        return super().answer_load(name, request)


class UnloadUnknownDone(NaiveRepository):
    """Unloading a name that nothing has succeeds."""

    id = "rep-08-unload"
    breaks = "INF-REP-08"

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        return super().answer_unload(name, request) if name in self.entries else HttpResponse(200)


class LoadUnknownBare(NaiveRepository):
    """An unknown name is refused with 404 and no error object."""

    id = "rep-08-bare"
    breaks = "INF-REP-08"

    def refuse(self, refusal: Refusal) -> HttpResponse:
        if refusal.message.startswith("the repository has no model"):
            return HttpResponse(404, b"not found", {"Content-Type": "text/plain"})
        return super().refuse(refusal)


class LoadAnyCase(NaiveRepository):
    """Names are compared without regard to case."""

    id = "rep-08-case"
    breaks = "INF-REP-08"

    def known(self, name: str) -> Entry:
        return super().known(name if name in self.entries else name.lower())


class LoadAnySpace(NaiveRepository):
    """Spaces around a name are taken off."""

    id = "rep-08-space"
    breaks = "INF-REP-08"

    def known(self, name: str) -> Entry:
        return super().known(name.strip(" "))


class LoadPrefix(NaiveRepository):
    """The beginning of one model's name is enough."""

    id = "rep-08-prefix"
    breaks = "INF-REP-08"

    def known(self, name: str) -> Entry:
        found = [known for known in self.entries if name and known.startswith(name)]
        return super().known(found[0] if found and name not in self.entries else name)


class UnloadTwiceServerError(NaiveRepository):
    """Unloading a model that is not loaded is an error of the server."""

    id = "rep-11-500"
    breaks = "INF-REP-11"

    def unloaded_already(self, entry: Entry) -> None:
        raise Refusal(500, f"model {shown(entry.name)} is not loaded")


class UnloadTwiceBad(NaiveRepository):
    """Unloading a model that is not loaded is refused with 400."""

    id = "rep-11-400"
    breaks = "INF-REP-11"

    def unloaded_already(self, entry: Entry) -> None:
        raise Refusal(400, f"model {shown(entry.name)} is not loaded")


class UnloadTwiceConflict(NaiveRepository):
    """Unloading a model that is not loaded is refused with 409."""

    id = "rep-11-409"
    breaks = "INF-REP-11"

    def unloaded_already(self, entry: Entry) -> None:
        raise Refusal(409, f"model {shown(entry.name)} is not loaded")


class UnloadTwiceDropped(NaiveRepository):
    """Unloading a model that is not loaded breaks the connection."""

    id = "rep-11-dropped"
    breaks = "INF-REP-11"

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        if name in self.entries and name not in self.models:
            return HttpResponse(0)
        return super().answer_unload(name, request)


class OverridesIgnored(NaiveRepository):
    """Parameters that would replace configuration and files are ignored."""

    id = "rep-17-ignored"
    breaks = "INF-REP-17"

    def check_overrides(self, parameters: Mapping[str, Any]) -> None:
        return


class ConfigIgnored(NaiveRepository):
    """`config` is ignored, files are refused."""

    id = "rep-17-config"
    breaks = "INF-REP-17"

    def check_overrides(self, parameters: Mapping[str, Any]) -> None:
        super().check_overrides({key: value for key, value in parameters.items() if key != "config"})


class OneFileRefused(NaiveRepository):
    """Only a parameter that is called `file:` and nothing more is refused as a file."""

    id = "rep-17-file"
    breaks = "INF-REP-17"

    def check_overrides(self, parameters: Mapping[str, Any]) -> None:
        super().check_overrides(
            {key: value for key, value in parameters.items() if key in ("config", "file:")}
        )


class OverridesNotImplemented(NaiveRepository):
    """Parameters that would replace configuration and files are refused with 501."""

    id = "rep-17-501"
    breaks = "INF-REP-17"

    def check_overrides(self, parameters: Mapping[str, Any]) -> None:
        try:
            super().check_overrides(parameters)
        except Refusal as refusal:
            raise Refusal(501, refusal.message) from None


class OverridesLoadFirst(NaiveRepository):
    """Parameters that would replace files are refused when the model is loaded already, else ignored."""

    id = "rep-17-loaded"
    breaks = "INF-REP-17"

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        if name in self.models:
            return super().answer_load(name, request)
        self.repository_parameters(request)
        self.load(self.known(name))
        return HttpResponse(200)


class PathsAsNames(NaiveRepository):
    """A name is joined to the folder: what is there is looked at, and a failure is the server's."""

    id = "rep-18-joined"
    breaks = "INF-REP-18"

    def known(self, name: str) -> Entry:
        if name in self.entries:
            return self.entries[name]
        try:
            exists = (self.folder / name).exists()
        except ValueError:
            raise Refusal(500, "embedded null byte") from None
        if exists:
            raise Refusal(500, f"{shown(name)} holds no model")
        raise self.unknown_entry(name)


class DotsResolved(NaiveRepository):
    """`NAME/../NAME` and `./NAME` in one encoded segment are resolved to the model."""

    id = "rep-18-resolved"
    breaks = "INF-REP-18"

    def known(self, name: str) -> Entry:
        parts: list[str] = []
        for part in name.replace("\\", "/").split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part)
        return super().known("/".join(parts))


class NulCut(NaiveRepository):
    """A name ends at NUL."""

    id = "rep-18-nul"
    breaks = "INF-REP-18"

    def known(self, name: str) -> Entry:
        return super().known(name.split("\0")[0])


class BaseName(NaiveRepository):
    """Only what follows the last separator is looked at."""

    id = "rep-18-base"
    breaks = "INF-REP-18"

    def known(self, name: str) -> Entry:
        return super().known(name.replace("\\", "/").rpartition("/")[2])


class DecodedTwice(NaiveRepository):
    """A name that has a separator after a second decoding is an error of the server."""

    id = "rep-18-twice"
    breaks = "INF-REP-18"

    def known(self, name: str) -> Entry:
        if name not in self.entries and unquote(name).startswith(("/", "..")):
            raise Refusal(500, "OSError")
        return super().known(name)


class UnloadDots(NaiveRepository):
    """Unloading `.` or `..` succeeds."""

    id = "rep-18-unload"
    breaks = "INF-REP-18"

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200) if name in (".", "..") else super().answer_unload(name, request)


class RepositoryJsonServerError(NaiveRepository):
    """A body that is no JSON is an error of the server."""

    id = "rep-19-500"
    breaks = "INF-REP-19"

    def repository_document(self, request: HttpRequest) -> dict[str, Any]:
        try:
            return super().repository_document(request)
        except Refusal as refusal:
            raise Refusal(500, refusal.message) from None


class RepositoryBodyUnread(NaiveRepository):
    """The bodies of load and unload requests are not read."""

    id = "rep-19-unread"
    breaks = "INF-REP-19"

    def repository_parameters(self, request: HttpRequest) -> Mapping[str, Any]:
        return {}


class UnloadBodyUnread(NaiveRepository):
    """The body of an unload request is not read."""

    id = "rep-19-unload"
    breaks = "INF-REP-19"

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        self.unload(self.known(name))
        return HttpResponse(200)


class IndexBodyUnread(NaiveRepository):
    """An index request whose body is no JSON lists everything."""

    id = "rep-19-index"
    breaks = "INF-REP-19"

    def read_only_ready(self, request: HttpRequest) -> bool:
        try:
            self.repository_document(request)
        except Refusal:
            return False
        return super().read_only_ready(request)


class ReadyTruthy(NaiveRepository):
    """`ready` is taken for true when Python does."""

    id = "rep-19-truthy"
    breaks = "INF-REP-19"

    def read_only_ready(self, request: HttpRequest) -> bool:
        return bool(self.repository_document(request).get("ready", False))


class ReadyNull(NaiveRepository):
    """`ready` null is taken for false."""

    id = "rep-19-null"
    breaks = "INF-REP-19"

    def read_only_ready(self, request: HttpRequest) -> bool:
        if self.repository_document(request).get("ready", False) is None:
            return False
        return super().read_only_ready(request)


class RepositoryArray(NaiveRepository):
    """A body that is an empty array is taken for an empty object."""

    id = "rep-19-array"
    breaks = "INF-REP-19"

    def parse_json(self, body: bytes) -> Any:
        found = super().parse_json(body)
        return {} if found == [] else found


class RepositoryParametersUnchecked(NaiveRepository):
    """The types of the values of parameters are not checked."""

    id = "rep-19-values"
    breaks = "INF-REP-19"

    def repository_parameters(self, request: HttpRequest) -> Mapping[str, Any]:
        parameters = self.repository_document(request).get("parameters", {})
        if not isinstance(parameters, dict):
            raise Refusal(400, f"parameters are {shown(parameters)}, expected an object")
        return parameters


class RepositoryParametersList(NaiveRepository):
    """`parameters` that is no object is taken for none."""

    id = "rep-19-parameters"
    breaks = "INF-REP-19"

    def repository_parameters(self, request: HttpRequest) -> Mapping[str, Any]:
        document = self.repository_document(request)
        if not isinstance(document.get("parameters", {}), dict):
            return {}
        return super().repository_parameters(request)


class MalformedUnloads(NaiveRepository):
    """An unload request with a wrong body is refused, after the model has been unloaded."""

    id = "rep-19-late"
    breaks = "INF-REP-19"

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        self.unload(self.known(name))
        self.repository_parameters(request)
        return HttpResponse(200)


class UnknownParametersRefused(NaiveRepository):
    """Parameters of a load request that the server does not know are refused."""

    id = "rep-21-load"
    breaks = "INF-REP-21"

    def check_overrides(self, parameters: Mapping[str, Any]) -> None:
        super().check_overrides(parameters)
        for key in parameters:
            raise Refusal(400, f"parameter {shown(key)} is unknown")


class UnknownParametersNothing(NaiveRepository):
    """An unload request with a parameter that the server does not know does nothing."""

    id = "rep-21-unload"
    breaks = "INF-REP-21"

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        if set(self.repository_parameters(request)) - {"unload_dependents"}:
            self.known(name)
            return HttpResponse(200)
        return super().answer_unload(name, request)


ALL: tuple[type[NaiveRepository], ...] = (
    NotAnnounced,
    AnnouncedOtherwise,
    AnnouncedWithSuffix,
    IndexWrapped,
    IndexByGet,
    IndexVersionNumber,
    IndexReasonNull,
    IndexVersionNullUnloaded,
    IndexNames,
    IndexCreated,
    IndexLacksOne,
    IndexOfStart,
    IndexNoState,
    IndexForgetsReloaded,
    ReadyUnread,
    ReadyInverted,
    ReadyKnown,
    ReadyLacksOne,
    ReadyFalseFilters,
    EmptyRefused,
    EmptyListsReady,
    EmptyLoadIgnored,
    EmptyUnloadIgnored,
    EmptyUnloadRefused,
    StatesLower,
    StateUnknown,
    StateEmpty,
    LoadUnknownMade,
    LoadUnknownBad,
    LoadUnknownServerError,
    UnloadUnknownDone,
    LoadUnknownBare,
    LoadAnyCase,
    LoadAnySpace,
    LoadPrefix,
    UnloadTwiceServerError,
    UnloadTwiceBad,
    UnloadTwiceConflict,
    UnloadTwiceDropped,
    OverridesIgnored,
    ConfigIgnored,
    OneFileRefused,
    OverridesNotImplemented,
    OverridesLoadFirst,
    PathsAsNames,
    DotsResolved,
    NulCut,
    BaseName,
    DecodedTwice,
    UnloadDots,
    RepositoryJsonServerError,
    RepositoryBodyUnread,
    UnloadBodyUnread,
    IndexBodyUnread,
    ReadyTruthy,
    ReadyNull,
    RepositoryArray,
    RepositoryParametersUnchecked,
    RepositoryParametersList,
    MalformedUnloads,
    UnknownParametersRefused,
    UnknownParametersNothing,
)
