"""Put files into signatures/ or attestations/ of a package that exists; its identity stays what it is.

Owns the writing, all or nothing: a directory gets new files, a zip is written again in the canonical layout.
Serves PKG-LAY-06 and PKG-ZIP-10.
"""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lepton.errors import LeptonError
from lepton.package.paths import displayed, is_unlisted_area
from lepton.package.read import Package
from lepton.package.whole import listed_of, members_of
from lepton.package.write import Member, refuse_bad_paths, write_verbatim

__all__ = ["attach"]


def attach(package: Package, files: Mapping[str, bytes]) -> None:
    """Write `files` into an open package that is whole. Raises: LeptonError, nothing is then changed."""
    assert all(is_unlisted_area(path) for path in files)
    assert package.manifest_bytes is not None
    others = [one for one in members_of(package) if one.path not in files]
    refuse_bad_paths([*(one.path for one in others), *files])
    if package.container.kind == "directory":
        for path, data in files.items():
            _into_directory(package.path, path, data)
        return
    if package.path.suffix != ".lepton":
        raise LeptonError(f"found {displayed(package.path.name)!r}, expected a name that ends in .lepton")
    added = [Member(path, data, "application/json", "other") for path, data in files.items()]
    write_verbatim([*others, *added], package.manifest_bytes, listed_of(package), package.path.resolve())


def _into_directory(root: Path, path: str, data: bytes) -> None:
    target = root / path
    beside = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent.resolve() != root.resolve() / Path(path).parent:
            raise LeptonError(f"{displayed(str(target.parent))!r} is a link, expected a directory")
        handle, beside = tempfile.mkstemp(prefix=".", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        Path(beside).chmod(0o666 & ~mask)
        Path(beside).replace(target)
        beside = ""
    except OSError as error:
        raise LeptonError(f"cannot write {displayed(str(target))!r}: {error.strerror}") from error
    finally:
        if beside:
            with contextlib.suppress(OSError):
                Path(beside).unlink()
