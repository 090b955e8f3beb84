"""The models that a server answers for, by name and version.

Owns `ServedModel` and `Repository` and the choice of a version when a request names none; leaves computing to
the pipelines and loading from packages to `lepton.serve.loading`. Serves `inference` (INF-HLT, INF-MET-05).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from lepton.errors import LeptonError
from lepton.runtime.protocol import Array
from lepton.serve.reply import Cause, RequestError, shown
from lepton.tensor import Symbol, TensorSpec

__all__ = ["Pipeline", "Repository", "ServedModel"]


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


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One version of one model. `properties` are texts about it for people, shown in its metadata."""

    name: str
    version: str
    platform: str
    pipeline: Pipeline
    properties: Mapping[str, str]


class Repository:
    """A fixed set of models. A name may have several versions; the highest answers unversioned requests."""

    __slots__ = ("_models", "resources")

    def __init__(self, models: Iterable[ServedModel]) -> None:
        """Arrange `models`. `resources` holds what `close` shall free.

        Raises: LeptonError when two models have the same name and version.
        """
        self.resources = ExitStack()
        arranged: dict[str, dict[str, ServedModel]] = {}
        for model in models:
            versions = arranged.setdefault(model.name, {})
            if model.version in versions:
                raise LeptonError(
                    f"found model {model.name!r} version {model.version!r} twice; serve each version once"
                )
            versions[model.version] = model
        self._models = {
            name: dict(sorted(versions.items(), key=lambda item: _precedence(item[0]), reverse=True))
            for name, versions in arranged.items()
        }

    def __len__(self) -> int:
        return sum(len(versions) for versions in self._models.values())

    def all(self) -> list[ServedModel]:
        """Return every model in every version."""
        return [model for versions in self._models.values() for model in versions.values()]

    def find(self, name: str, version: str | None) -> ServedModel:
        """Return the model that answers. Raises: RequestError (404) for an unknown one. Spec: INF-ERR-09."""
        versions = self._models.get(name)
        if versions is None:
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
        """Return the versions of a known model, highest first."""
        return list(self._models[name])

    def close(self) -> None:
        """Free the models; call once nobody computes any more."""
        self.resources.close()


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
