"""Faults of health and metadata (Spec: INF-HLT, INF-MET)."""

from typing import Any

from lepton_conformance.mutants.computing import Model, Spec
from lepton_conformance.mutants.listener import HttpResponse
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.refusal import Refusal

__all__ = ["ALL"]


class LiveUnavailable(Naive):
    """The live probe answers 503."""

    id = "hlt-01-503"
    breaks = "INF-HLT-01"

    def live(self) -> HttpResponse:
        return HttpResponse(503)


class LiveMissing(Naive):
    """There is no live probe."""

    id = "hlt-01-404"
    breaks = "INF-HLT-01"

    def live(self) -> HttpResponse:
        raise Refusal(404, "no route 'v2/health/live'")


class ReadyUnavailable(Naive):
    """The server never says that it is ready."""

    id = "hlt-02-503"
    breaks = "INF-HLT-02"

    def ready(self) -> HttpResponse:
        return HttpResponse(503)


class ReadyRedirects(Naive):
    """The ready probe redirects to the live one."""

    id = "hlt-02-302"
    breaks = "INF-HLT-02"

    def ready(self) -> HttpResponse:
        return HttpResponse(302, b"", {"Location": "/v2/health/live"})


class ModelReadyUnavailable(Naive):
    """A model that answers is called not ready."""

    id = "hlt-03-503"
    breaks = "INF-HLT-03"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        self.find(name, version)
        raise Refusal(503, "loading")


class OneModelNotReady(Naive):
    """One model of many is called not ready."""

    id = "hlt-03-one-model"
    breaks = "INF-HLT-03"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        if name == "lepton_split":
            raise Refusal(503, "loading")
        return super().model_ready(name, version)


class UnknownModelReady(Naive):
    """Every name is a ready model."""

    id = "hlt-04-200"
    breaks = "INF-HLT-04"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        return self.answer_json({"name": name, "ready": True})


class UnknownModelReadyFalse(Naive):
    """An unknown model is called not ready in the body, under the status 200."""

    id = "hlt-04-200-false"
    breaks = "INF-HLT-04"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        return self.answer_json({"name": name, "ready": name in self.models})


class UnknownModelReadyRefused(Naive):
    """Readiness of an unknown model is refused as a bad request."""

    id = "hlt-05-400"
    breaks = "INF-HLT-05"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        if name not in self.models:
            raise Refusal(400, f"unknown model {name!r}")
        return super().model_ready(name, version)


class UnknownModelReadyUnavailable(Naive):
    """An unknown model is not ready yet."""

    id = "hlt-05-503"
    breaks = "INF-HLT-05"

    def model_ready(self, name: str, version: str | None) -> HttpResponse:
        if name not in self.models:
            raise Refusal(503, f"model {name!r} is not ready")
        return super().model_ready(name, version)


class NoExtensions(Naive):
    """Server metadata lacks `extensions`."""

    id = "met-01-no-extensions"
    breaks = "INF-MET-01"

    def server_metadata(self) -> dict[str, Any]:
        return {key: value for key, value in super().server_metadata().items() if key != "extensions"}


class NumericServerVersion(Naive):
    """The server's version is a number."""

    id = "met-01-numeric-version"
    breaks = "INF-MET-01"

    def server_metadata(self) -> dict[str, Any]:
        return {**super().server_metadata(), "version": 1.0}


class NullServerName(Naive):
    """The server's name is null."""

    id = "met-01-null-name"
    breaks = "INF-MET-01"

    def server_metadata(self) -> dict[str, Any]:
        return {**super().server_metadata(), "name": None}


class NoOutputsInMetadata(Naive):
    """Model metadata lacks `outputs`."""

    id = "met-02-no-outputs"
    breaks = "INF-MET-02"

    def model_metadata(self, model: Model, version: str) -> dict[str, Any]:
        return {
            key: value for key, value in super().model_metadata(model, version).items() if key != "outputs"
        }


class NoPlatform(Naive):
    """Metadata of one model has no platform."""

    id = "met-02-no-platform"
    breaks = "INF-MET-02"

    def model_metadata(self, model: Model, version: str) -> dict[str, Any]:
        metadata = super().model_metadata(model, version)
        if model.name == "lepton_affine":
            del metadata["platform"]
        return metadata


class NumericVersions(Naive):
    """Versions are numbers."""

    id = "met-02-numeric-versions"
    breaks = "INF-MET-02"

    def model_metadata(self, model: Model, version: str) -> dict[str, Any]:
        return {**super().model_metadata(model, version), "versions": [1]}


class LowerCaseDatatypes(Naive):
    """Datatypes are spelled in small letters."""

    id = "met-03-lower-case"
    breaks = "INF-MET-03"

    def tensor_metadata(self, spec: Spec) -> dict[str, Any]:
        return {**super().tensor_metadata(spec), "datatype": spec.datatype.lower()}


class StringDatatype(Naive):
    """BYTES is called STRING."""

    id = "met-03-string"
    breaks = "INF-MET-03"

    def tensor_metadata(self, spec: Spec) -> dict[str, Any]:
        datatype = "STRING" if spec.datatype == "BYTES" else spec.datatype
        return {**super().tensor_metadata(spec), "datatype": datatype}


class MinusTwo(Naive):
    """The second free dimension of a tensor is -2."""

    id = "met-03-minus-two"
    breaks = "INF-MET-03"

    def tensor_metadata(self, spec: Spec) -> dict[str, Any]:
        shape = [-2 if axis and size == -1 else size for axis, size in enumerate(spec.published_shape())]
        return {**super().tensor_metadata(spec), "shape": shape}


class NamedDimensions(Naive):
    """Free dimensions are published by name."""

    id = "met-03-named"
    breaks = "INF-MET-03"

    def tensor_metadata(self, spec: Spec) -> dict[str, Any]:
        return {**super().tensor_metadata(spec), "shape": list(spec.shape)}


class _UnknownModelMetadata(Naive):
    """Gives the fault of a subclass to the metadata route alone."""

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Any:
        if not rest and name not in self.models:
            return "GET", lambda request: self.unknown_metadata(name)
        return super().model_route(name, version, rest)

    def unknown_metadata(self, name: str) -> HttpResponse:
        raise self.unknown_model(name)


class UnknownModelDescribed(_UnknownModelMetadata):
    """An unknown model has metadata without tensors."""

    id = "met-04-200"
    breaks = "INF-MET-04"

    def unknown_metadata(self, name: str) -> HttpResponse:
        return self.answer_json({"name": name, "platform": "", "inputs": [], "outputs": []})


class UnknownModelErrorText(_UnknownModelMetadata):
    """The error for unknown metadata is plain text."""

    id = "met-04-text"
    breaks = "INF-MET-04"

    def unknown_metadata(self, name: str) -> HttpResponse:
        return HttpResponse(404, b"not found", {"Content-Type": "text/plain"})


class UnknownModelErrorDetail(_UnknownModelMetadata):
    """The error for unknown metadata is called `detail`."""

    id = "met-04-detail"
    breaks = "INF-MET-04"

    def unknown_metadata(self, name: str) -> HttpResponse:
        body = self.encode_json({"detail": "Not Found"})
        return HttpResponse(404, body, {"Content-Type": self.json_content_type})


class PhantomVersion(Naive):
    """Metadata lists a version that no route reaches."""

    id = "met-05-phantom"
    breaks = "INF-MET-05"

    def model_metadata(self, model: Model, version: str) -> dict[str, Any]:
        return {**super().model_metadata(model, version), "versions": ["1", "2"]}


class VersionedInferMissing(Naive):
    """Versioned metadata is there, versioned inference is not."""

    id = "met-05-infer"
    breaks = "INF-MET-05"

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Any:
        if version is not None and rest == ["infer"]:
            raise self.no_route(rest)
        return super().model_route(name, version, rest)


class VersionedReadyMissing(Naive):
    """The versioned ready route is not there."""

    id = "met-05-ready"
    breaks = "INF-MET-05"

    def model_route(self, name: str, version: str | None, rest: list[str]) -> Any:
        if version is not None and rest == ["ready"]:
            raise self.no_route(rest)
        return super().model_route(name, version, rest)


class BinaryUnannounced(Naive):
    """The binary extension works and is not announced."""

    id = "met-06-unannounced"
    breaks = "INF-MET-06"

    def extensions(self) -> Any:
        return []


class BinaryMisspelt(Naive):
    """The binary extension is announced under another name."""

    id = "met-06-misspelt"
    breaks = "INF-MET-06"

    def extensions(self) -> Any:
        return ["binary_data"]


ALL: tuple[type[Naive], ...] = (
    LiveUnavailable,
    LiveMissing,
    ReadyUnavailable,
    ReadyRedirects,
    ModelReadyUnavailable,
    OneModelNotReady,
    UnknownModelReady,
    UnknownModelReadyFalse,
    UnknownModelReadyRefused,
    UnknownModelReadyUnavailable,
    NoExtensions,
    NumericServerVersion,
    NullServerName,
    NoOutputsInMetadata,
    NoPlatform,
    NumericVersions,
    LowerCaseDatatypes,
    StringDatatype,
    MinusTwo,
    NamedDimensions,
    UnknownModelDescribed,
    UnknownModelErrorText,
    UnknownModelErrorDetail,
    PhantomVersion,
    VersionedInferMissing,
    VersionedReadyMissing,
    BinaryUnannounced,
    BinaryMisspelt,
)
