"""From packages on disk to a repository of served models.

Owns finding packages under the given paths and opening each; leaves soundness to `lepton.validate`, computing
to `lepton.runtime`, and coming and going at run time to `lepton.serve.catalogue`. Serves PKG-DIG-04 and
PKG-ART-09 for servers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lepton.errors import LeptonError
from lepton.package.loaded import LoadedPackage
from lepton.runtime import open_pipeline
from lepton.serve.catalogue import Catalogue, listed_packages
from lepton.serve.repository import Repository, ServedModel
from lepton.validate import load

__all__ = ["PackageSource"]

PLATFORM = "lepton"


@dataclass(frozen=True, slots=True)
class PackageSource:
    """What to serve: paths of packages or of folders of packages, and the folder of a repository whose models
    come and go while the server runs. Picklable, so that each worker can load it.

    `artifact` is the artifact's id in every package; None takes the first that may be loaded.
    """

    paths: tuple[Path, ...]
    artifact: str | None = None
    allow_executable: bool = False
    folder: Path | None = None

    def load(self) -> Repository:
        """Load every package.

        A package given by its path must load; one in the repository's folder that does not is listed there
        as unavailable, with the reason. Raises: LeptonError naming the path that cannot be served.
        """
        given: dict[str, list[Path]] = {}
        models = []
        for path in _packages(self.paths):
            model = self._open(path)
            given.setdefault(model.name, []).append(path)
            models.append(model)
        repository = Repository(models)
        if self.folder is not None:
            catalogue = Catalogue(repository, self._open, self.folder, given)
            repository.control = catalogue
            catalogue.load_all()
        return repository

    def _open(self, path: Path) -> ServedModel:
        # Engines keep nothing of the package's files once the model is loaded: they may be gone after this.
        with load(path) as package:
            try:
                pipeline = open_pipeline(
                    package, artifact=self.artifact, allow_executable=self.allow_executable
                )
            except LeptonError as error:
                raise LeptonError(f"{path}: {error}") from error
            manifest = package.manifest
            return ServedModel(manifest.id, manifest.version, PLATFORM, pipeline, _properties(package))


def _properties(package: LoadedPackage) -> dict[str, str]:
    manifest = package.manifest
    return {
        "identity": package.identity,
        "license": manifest.license,
        "title": manifest.title[manifest.language],
    }


def _packages(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the packages; a folder without a manifest stands for the packages directly in it."""
    for path in paths:
        if not path.is_dir() or (path / "lepton.json").exists():
            yield path
            continue
        found = listed_packages(path)
        if not found:
            raise LeptonError(
                f"found no package in {path}, expected lepton.json, or packages (*.lepton or folders with "
                "lepton.json) directly in it"
            )
        yield from found
