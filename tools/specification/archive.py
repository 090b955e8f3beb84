"""One ZIP file that holds a whole edition: its prose, its schemas, its manifest and, if wanted, its pages.

Owns the archive's bytes, which depend on its content alone, and reading one back only after its digest was
verified. This is how older editions stay readable without a branch that grows (decision 0017).
"""

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from specification.edition import EDITIONS, INDEX, digest, encode

__all__ = ["ArchiveError", "archive_name", "pack_archive", "unpack_archives"]

#: The oldest time that a ZIP file can state: the archive says nothing of when it was made.
_TIME = (1980, 1, 1, 0, 0, 0)
_PAGES = "site/"


class ArchiveError(Exception):
    """An archive cannot be made or believed; the message says why and what to do."""


def archive_name(edition: str) -> str:
    """Return the file name of an edition's archive."""
    return f"lepton-standard-{edition}.zip"


def pack_archive(root: Path, edition: str, pages: Path | None, folder: Path) -> Path:
    """Write the archive of a frozen edition into `folder`, and its digest into the index; return its path.

    Every file is compared with the edition's manifest first: an archive is made from the commit that froze
    the edition. Raises: ArchiveError.
    """
    manifest = json.loads((root / EDITIONS / edition / "edition.json").read_bytes())
    content: dict[str, bytes] = {}
    for entry in manifest["files"]:
        path = root / entry["path"]
        data = path.read_bytes() if path.is_file() else b""
        if digest(data) != entry["sha256"]:
            raise ArchiveError(
                f"found another {entry['path']} than edition {edition} froze; "
                "check out the commit that froze it, and make the archive there"
            )
        content[entry["path"]] = data
    name = f"{EDITIONS}/{edition}/edition.json"
    content[name] = (root / name).read_bytes()
    for path in sorted(pages.rglob("*")) if pages else ():
        if path.is_file():
            content[_PAGES + path.relative_to(pages or path).as_posix()] = path.read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / archive_name(edition)
    beside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path_in, data in sorted(content.items()):
            archive.writestr(zipfile.ZipInfo(path_in, _TIME), data, zipfile.ZIP_DEFLATED, 9)
    beside.replace(target)
    _record(root, edition, target)
    return target


def _record(root: Path, edition: str, archive: Path) -> None:
    index = json.loads((root / INDEX).read_bytes())
    data = archive.read_bytes()
    entry = next(each for each in index["editions"] if each["edition"] == edition)
    entry["archive"] = {"name": archive.name, "size": len(data), "sha256": digest(data)}
    path = root / INDEX
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    beside.write_bytes(encode(index))
    beside.replace(path)


def unpack_archives(index: Mapping[str, Any], archives: Path, site: Path) -> list[str]:
    """Write the pages of each archived edition below `site/<edition>/` and return their names.

    An archive that is not there is left out; one whose bytes are not those of the index is refused. Raises:
    ArchiveError.
    """
    done = []
    for entry in index["editions"]:
        path = archives / archive_name(entry["edition"])
        if "archive" not in entry or not path.is_file():
            continue
        if digest(path.read_bytes()) != entry["archive"]["sha256"]:
            raise ArchiveError(
                f"found {path} with other bytes than {INDEX} states; fetch the published archive again"
            )
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                inner = PurePosixPath(member.removeprefix(_PAGES))
                if not member.startswith(_PAGES) or member.endswith("/") or ".." in inner.parts:
                    continue
                target = site / entry["edition"] / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))
        done.append(entry["edition"])
    return done
