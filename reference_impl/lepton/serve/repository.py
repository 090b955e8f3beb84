"""The models that a server answers for, by name and version.

Owns `ServedModel` and `Repository` and the choice of a version when a request names none; leaves computing to
the pipelines, and when models come and go to a `Control` such as `lepton.serve.catalogue`. Serves `inference`
(INF-HLT, INF-MET-05, INF-REP).

Every change is one assignment of a new table, so that a reader in any thread sees the table before or after
it. A request keeps the `ServedModel` that it found; a model that left the table is freed when the last
request lets go of it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from lepton.errors import LeptonError
from lepton.runtime.protocol import Array
from lepton.serve.reply import Cause, RequestError, shown
from lepton.tensor import Symbol, TensorSpec

__all__ = ["Control", "IndexEntry", "Pipeline", "Repository", "ServedModel", "State"]


class Pipeline(Protocol):
    """What a server asks of a model: `lepton.runtime.Pipeline` has this form. `infer` is safe in threads."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Return the input specs, in the package's order."""
        ...

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Return the output specs, in the package's order."""
        ...

    @property
    def symbols(self) -> Mapping[str, Symbol]:
        """Return the bounds of every named dimension."""
        ...

    def infer(self, inputs: Mapping[str, Array], outputs: Sequence[str] | None = None) -> dict[str, Array]:
        """Compute `outputs` (all when None). Raises: BindError, RuntimeRefusal."""
        ...


class State(Enum):
    """What the repository API says of a model. Spec: INF-REP-06."""

    READY = "READY"
    LOADING = "LOADING"
    UNLOADING = "UNLOADING"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One line of the repository's index; `version` is None when no version is loaded."""

    name: str
    version: str | None
    state: State
    reason: str


class Control(Protocol):
    """What lets models come and go while a server runs. `load` and `unload` are called one at a time."""

    def load(self, name: str) -> None:
        """Load or reload a model; return when it answers. Raises: RequestError with the reason."""
        ...

    def unload(self, name: str) -> None:
        """Let a model go; requests that found it finish. Raises: RequestError (404) for an unknown name."""
        ...

    def index(self) -> list[IndexEntry]:
        """Return what can be loaded and what is, by name."""
        ...


@dataclass(frozen=True, slots=True, weakref_slot=True)
class ServedModel:
    """One version of one model. `properties` are texts about it for people, shown in its metadata."""

    name: str
    version: str
    platform: str
    pipeline: Pipeline
    properties: Mapping[str, str]
    #: The inputs whose elements are BYTES.
    texts: tuple[TensorSpec, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Sort out once what every request asks."""
        texts = tuple(spec for spec in self.pipeline.inputs if spec.datatype == "BYTES")
        object.__setattr__(self, "texts", texts)


class Repository:
    """A table of models. A name may have several versions; the highest answers unversioned requests.

    `control` is what the repository API asks, None where models do not come and go.
    """

    __slots__ = ("_loading", "_models", "control")

    def __init__(self, models: Iterable[ServedModel] = (), control: Control | None = None) -> None:
        """Arrange `models`. Raises: LeptonError when two of them have the same name and version."""
        self.control = control
        self._loading: frozenset[str] = frozenset()
        named: dict[str, list[ServedModel]] = {}
        for model in models:
            named.setdefault(model.name, []).append(model)
        self._models: Mapping[str, Mapping[str, ServedModel]] = {
            name: _arranged(versions) for name, versions in named.items()
        }

    def __len__(self) -> int:
        return sum(len(versions) for versions in self._models.values())

    def all(self) -> list[ServedModel]:
        """Return every model in every version."""
        return [model for versions in self._models.values() for model in versions.values()]

    def find(self, name: str, version: str | None) -> ServedModel:
        """Return the model that answers. Raises: RequestError: 404 for an unknown one, 503 for one that is
        being loaded for the first time. Spec: INF-ERR-09."""
        versions = self._models.get(name)
        if versions is None:
            if name in self._loading:
                raise RequestError(
                    Cause.UNAVAILABLE, f"model {name!r} is being loaded", (("retry-after", "1"),)
                )
            raise RequestError(Cause.UNKNOWN, f"found no model named {shown(name)} on this server")
        if version is None:
            return next(iter(versions.values()))
        if version not in versions:
            raise RequestError(
                Cause.UNKNOWN,
                f"found no version {shown(version)} of model {name!r}, expected one of {list(versions)}",
            )
        return versions[version]

    def versions(self, name: str) -> list[str]:
        """Return the versions of a model, highest first; none when it is not loaded."""
        return list(self._models.get(name, ()))

    def index(self) -> list[IndexEntry]:
        """Return every model that is known, with its state."""
        if self.control is not None:
            return self.control.index()
        return [IndexEntry(model.name, model.version, State.READY, "") for model in self.all()]

    def replace(self, name: str, models: Sequence[ServedModel]) -> None:
        """Let `models`, one or several versions, answer for `name` from now on.

        Raises: LeptonError when two of them have the same version.
        """
        self._models = {**self._models, name: _arranged(models)}
        self._loading -= {name}

    def remove(self, name: str) -> None:
        """Let nothing answer for `name` any more."""
        self._models = {known: versions for known, versions in self._models.items() if known != name}

    def expect(self, name: str, *, coming: bool) -> None:
        """Answer 503 rather than 404 for a model that is being loaded for the first time."""
        self._loading = self._loading | {name} if coming else self._loading - {name}

    def is_expected(self, name: str) -> bool:
        """Say whether a model is being loaded for the first time."""
        return name in self._loading


def _arranged(models: Sequence[ServedModel]) -> dict[str, ServedModel]:
    """Return the versions of one model, highest first."""
    versions: dict[str, ServedModel] = {}
    for model in sorted(models, key=lambda model: _precedence(model.version), reverse=True):
        if model.version in versions:
            raise LeptonError(
                f"found model {model.name!r} version {model.version!r} twice; serve each version once"
            )
        versions[model.version] = model
    return versions


_CORE = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+.*)?")


def _precedence(version: str) -> tuple[object, ...]:
    """Order versions as Semantic Versioning 2.0.0 section 11 does; other texts come below all of those."""
    match = _CORE.fullmatch(version)
    if match is None:
        return (0, version)
    major, minor, patch, pre = match.groups()
    identifiers = tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in (pre.split(".") if pre else ())
    )
    return (1, int(major), int(minor), int(patch), pre is None, identifiers, version)
