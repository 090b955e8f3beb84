"""Files of a package, copied to where a target wants them, verified while they are copied.

Owns the copying of an artifact with its external data, and which facts of a package no target carries; leaves
names and formats to the targets. Serves PKG-DIG-04.
"""

import hashlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from lepton.convert.folder import LICENSES
from lepton.convert.targets.offer import Entry
from lepton.errors import SourceError
from lepton.package.container import CHUNK_BYTES
from lepton.package.loaded import LoadedPackage
from lepton.package.paths import displayed

__all__ = ["copy_artifact", "copy_file", "copy_licenses", "uncarried"]


def copy_artifact(package: LoadedPackage, artifact: Entry, target: Path) -> None:
    """Copy an artifact's entry file to `target`, and its external data to where the entry file says it is."""
    root = package.materialize(artifact["id"])
    copy_file(package, root, artifact["entry"], target)
    beside = PurePosixPath(artifact["entry"]).parent
    for path in artifact.get("external", ()):
        copy_file(package, root, path, target.parent / PurePosixPath(path).relative_to(beside))


def copy_file(package: LoadedPackage, root: Path, path: str, target: Path) -> None:
    """Copy one listed file. Raises: SourceError when its bytes are no longer what the manifest says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (root / path).open("rb") as source, target.open("wb") as out:
        found = _copied(source, out)
    listed = next(one for one in package.manifest.files if one.path == path)
    if found != listed.sha256:
        raise SourceError(f"{displayed(path)!r} was changed after the package was checked")


def _copied(source: BinaryIO, out: BinaryIO) -> str:
    state = hashlib.sha256()
    while piece := source.read(CHUNK_BYTES):
        state.update(piece)
        out.write(piece)
    return state.hexdigest()


def copy_licenses(package: LoadedPackage, folder: Path) -> None:
    """Write the texts of licences beside a converted model."""
    for path in package.files("license"):
        target = folder / LICENSES / PurePosixPath(path).name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(package.read(path))


def uncarried(package: LoadedPackage) -> list[str]:
    """Say what only a package has: vectors and further files. Files of steps go with the steps."""
    vectors = ", ".join(package.document["vectors"])
    lost = [f"vectors ({vectors}): the golden vectors and their controls stay behind"]
    others = [one.path for one in package.manifest.files if one.role in ("documentation", "other")]
    return lost + [f"{path}: the file is not carried" for path in others]
