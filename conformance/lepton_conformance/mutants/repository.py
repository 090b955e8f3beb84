"""A naive server whose models come from a folder, and are loaded and unloaded on request.

Owns the table of models, their states, and the routes of the repository; leaves reading files to `engine` and
everything else to `naive`. One overridable method a step. Serves `inference` (INF-REP).
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array, Model
from lepton_conformance.mutants.engine import DATATYPES, OPERATORS, Engine, Loaded
from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive, Route
from lepton_conformance.mutants.refusal import Refusal, shown

__all__ = ["Entry", "FolderEngine", "NaiveRepository"]

OVERRIDES = "model_repository(overrides)"
READY, LOADING, UNLOADING, UNAVAILABLE = "READY", "LOADING", "UNLOADING", "UNAVAILABLE"
#: How long an unload waits for requests in flight, in seconds.
DRAIN_SECONDS = 10.0


class FolderEngine(Engine):
    """The engine with the operator and the datatype of the rare models."""

    def describe(self, value: Any) -> Any:
        # 16 is BF16 in ONNX; its arrays are held as FP32.
        if value.type.tensor_type.elem_type == 16:
            clone = type(value)()
            clone.CopyFrom(value)
            clone.type.tensor_type.elem_type = 1
            spec = super().describe(clone)
            return type(spec)(spec.name, "BF16", spec.shape)
        return super().describe(value)

    def apply(self, operator: str, values: list[Array]) -> Array:
        if operator == "Sum":
            total = values[0]
            for value in values[1:]:
                total = total + value
            return total
        return super().apply(operator, values)

    def build(self, model: Any) -> Loaded:
        for node in model.graph.node:
            if node.op_type not in (*OPERATORS, "Sum"):
                raise ValueError(f"operator {node.op_type} is not known")
        for value in (*model.graph.input, *model.graph.output):
            if value.type.tensor_type.elem_type not in (*DATATYPES, 16):
                raise ValueError(f"tensor {value.name} has a datatype that is not known")
        return super().build(model)


@dataclass(slots=True)
class Entry:
    """One model of the folder: `model` is None unless it serves; `flying` counts its requests in flight."""

    name: str
    model: Model | None = None
    state: str = UNAVAILABLE
    reason: str = "not loaded"
    flying: int = 0
    changing: threading.Lock = field(default_factory=threading.Lock)


class NaiveRepository(Naive):
    """The correct server with a repository; all loadable models are loaded at start."""

    id = "correct-repository"
    #: In which layout the folder has to be written.
    layout = "plain"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.models = {}
        self.folder = folder
        self.engine = FolderEngine()
        self.idle = threading.Condition()
        self.entries = {name: Entry(name) for name in self.known_names()}
        self.start()

    def start(self) -> None:
        """Load what can be loaded."""
        for entry in self.entries.values():
            with contextlib.suppress(Refusal):
                self.load(entry)

    # the folder

    def known_names(self) -> list[str]:
        return sorted(path.parent.parent.name for path in self.folder.glob("*/1/model.onnx"))

    def file_of(self, name: str) -> Path:
        return self.folder / name / "1" / "model.onnx"

    def read_model(self, name: str) -> Model:
        """Return the model of a file. Raises: Refusal with the reason."""
        try:
            loaded = self.engine.load(str(self.file_of(name)))
        except Exception as error:
            raise self.unloadable(name, error) from None
        return Model(name, loaded.inputs, loaded.outputs, lambda given: self.run(loaded, given))

    def run(self, loaded: Loaded, given: dict[str, Array]) -> dict[str, Array]:
        with np.errstate(all="ignore"):
            return self.engine.compute(loaded, given)

    def unloadable(self, name: str, error: Exception) -> Refusal:
        return Refusal(400, f"model {shown(name)}: model.onnx cannot be loaded ({type(error).__name__})")

    # load and unload

    def load(self, entry: Entry) -> None:
        """Load a model, or load it anew beside the old one. Raises: Refusal; the old one goes on."""
        with entry.changing:
            if entry.model is None:
                entry.state, entry.reason = LOADING, ""
            try:
                model = self.read_model(entry.name)
            except Refusal as refusal:
                self.load_failed(entry, refusal)
                raise
            self.install(entry, model)

    def load_failed(self, entry: Entry, refusal: Refusal) -> None:
        if entry.model is None:
            entry.state, entry.reason = UNAVAILABLE, self.reason_of(refusal)

    def reason_of(self, refusal: Refusal) -> str:
        return refusal.message

    def install(self, entry: Entry, model: Model) -> None:
        entry.model, entry.state, entry.reason = model, READY, ""
        self.models[entry.name] = model

    def unload(self, entry: Entry) -> None:
        with entry.changing:
            if entry.model is None:
                self.unloaded_already(entry)
                return
            entry.state = UNLOADING
            self.withdraw(entry)
            self.wait_for_flying(entry)
            entry.state, entry.reason = UNAVAILABLE, "unloaded"

    def unloaded_already(self, entry: Entry) -> None:
        """Nothing is left to do."""

    def withdraw(self, entry: Entry) -> None:
        self.models.pop(entry.name, None)
        entry.model = None

    def wait_for_flying(self, entry: Entry) -> None:
        with self.idle:
            self.idle.wait_for(lambda: entry.flying == 0, DRAIN_SECONDS)

    @contextlib.contextmanager
    def flight(self, name: str) -> Iterator[None]:
        """Count a request in flight."""
        entry = self.entries[name]
        with self.idle:
            entry.flying += 1
        try:
            yield
        finally:
            with self.idle:
                entry.flying -= 1
                self.idle.notify_all()

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        with self.flight(model.name):
            return super().infer(model, version, request)

    def find(self, name: str, version: str | None) -> tuple[Model, str]:
        """Return the model as it is at this moment, for the whole request."""
        model = self.models.get(name)
        if model is None:
            raise self.unknown_model(name)
        if version is not None and version not in model.versions:
            raise self.unknown_version(model, version)
        return model, version or model.versions[-1]

    # routes

    def extensions(self) -> Any:
        return [*super().extensions(), "model_repository"]

    def find_route(self, segments: list[str]) -> Route:
        match segments:
            case ["v2", "repository", "index"]:
                return "POST", self.answer_index
            case ["v2", "repository", "models", name, "load"]:
                return "POST", lambda request: self.answer_load(name, request)
            case ["v2", "repository", "models", name, "unload"]:
                return "POST", lambda request: self.answer_unload(name, request)
        return super().find_route(segments)

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        parameters = self.repository_parameters(request)
        self.check_overrides(parameters)
        self.load(self.known(name))
        return HttpResponse(200)

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        self.repository_parameters(request)
        self.unload(self.known(name))
        return HttpResponse(200)

    def known(self, name: str) -> Entry:
        if name not in self.entries:
            raise self.unknown_entry(name)
        return self.entries[name]

    def unknown_entry(self, name: str) -> Refusal:
        return Refusal(404, f"the repository has no model {shown(name)}")

    def repository_document(self, request: HttpRequest) -> dict[str, Any]:
        self.check_content(request.headers)
        body = self.plain_body(request.headers, request.body)
        if not body:
            return self.empty_document()
        document = self.parse_json(body)
        if not isinstance(document, dict):
            raise Refusal(400, f"the request is {shown(document)}, expected a JSON object")
        return document

    def empty_document(self) -> dict[str, Any]:
        return {}

    def repository_parameters(self, request: HttpRequest) -> Mapping[str, Any]:
        return self.read_parameters(self.repository_document(request), "the request")

    def check_overrides(self, parameters: Mapping[str, Any]) -> None:
        for key in parameters:
            if key == "config" or key.startswith("file:"):
                raise Refusal(400, f"parameter {shown(key)} would change the model: no {OVERRIDES}")

    def read_only_ready(self, request: HttpRequest) -> bool:
        chosen = self.repository_document(request).get("ready", False)
        if not isinstance(chosen, bool):
            raise Refusal(400, f"member 'ready' is {shown(chosen)}, expected true or false")
        return chosen

    def answer_index(self, request: HttpRequest) -> HttpResponse:
        only_ready = self.read_only_ready(request)
        listed = [entry for entry in self.listed() if self.lists(entry, only_ready)]
        return self.answer_entries([self.describe_entry(entry) for entry in listed])

    def listed(self) -> list[Entry]:
        return list(self.entries.values())

    def lists(self, entry: Entry, only_ready: bool) -> bool:
        return not only_ready or entry.state == READY

    def answer_entries(self, entries: list[dict[str, Any]]) -> HttpResponse:
        return HttpResponse(200, self.encode_list(entries), {"Content-Type": self.json_content_type})

    def encode_list(self, entries: list[dict[str, Any]]) -> bytes:
        return b"[" + b", ".join(self.encode_json(entry) for entry in entries) + b"]"

    def describe_entry(self, entry: Entry) -> dict[str, Any]:
        described: dict[str, Any] = {"name": entry.name, "version": "1", "state": self.state_of(entry)}
        if entry.reason:
            described["reason"] = entry.reason
        return described

    def state_of(self, entry: Entry) -> Any:
        return entry.state
