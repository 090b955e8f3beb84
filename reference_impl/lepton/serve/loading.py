"""From packages on disk to a repository of served models.

Owns finding packages under the given paths, loading each, and freeing what that held; leaves soundness to
`lepton.validate` and computing to `lepton.runtime`. Serves PKG-DIG-04 and PKG-ART-09 for servers.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lepton.errors import LeptonError
from lepton.package.loaded import LoadedPackage
from lepton.runtime import open_pipeline
from lepton.serve.repository import Repository, ServedModel
from lepton.validate import load

__all__ = ["PackageSource"]

PLATFORM = "lepton"


@dataclass(frozen=True, slots=True)
class PackageSource:
    """What to serve: paths of packages or of folders of packages. Picklable, so that each worker can load it.

    `artifact` is the artifact's id in every package; None takes the first that may be loaded.
    """

    paths: tuple[Path, ...]
    artifact: str | None = None
    allow_executable: bool = False

    def load(self) -> Repository:
        """Load every package. Raises: LeptonError naming the path that cannot be served."""
        with ExitStack() as stack:
            models = [self._open(path, stack) for path in _packages(self.paths)]
            repository = Repository(models)
            repository.resources.push(stack.pop_all())
            return repository

    def _open(self, path: Path, stack: ExitStack) -> ServedModel:
        package = stack.enter_context(load(path))
        try:
            pipeline = open_pipeline(package, artifact=self.artifact, allow_executable=self.allow_executable)
        except LeptonError as error:
            raise LeptonError(f"{path}: {error}") from error
        stack.callback(pipeline.close)
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
        found = sorted(
            child
            for child in path.iterdir()
            if (child / "lepton.json").is_file() or (child.suffix == ".lepton" and child.is_file())
        )
        if not found:
            raise LeptonError(
                f"found no package in {path}, expected lepton.json, or packages (*.lepton or folders with "
                "lepton.json) directly in it"
            )
        yield from found
