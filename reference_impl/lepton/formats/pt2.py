"""Archives of `torch.export.save`, recognised by their members; nothing in them is loaded or evaluated.

Owns what such an archive says about itself. Serves PKG-ART-01 and PKG-ART-02.
"""

from typing import NamedTuple

from lepton.formats.archive import ArchiveError, members, small_member
from lepton.formats.source import Source

__all__ = ["Pt2Archive", "Pt2Error", "read_pt2"]


class Pt2Error(Exception):
    """The file is no archive of `torch.export.save`; the message says found and expected."""


class Pt2Archive(NamedTuple):
    """What a `pt2` archive says about itself."""

    version: str


def read_pt2(source: Source) -> Pt2Archive:
    """Read the names and the two members that identify the format. Raises: Pt2Error, ArchiveLimit."""
    if source.read_at(0, 4) != b"PK\3\4":
        raise Pt2Error("found no zip archive, expected one written by torch.export.save")
    try:
        found = {one.name: one for one in members(source)}
        roots = {name.split(b"/", 1)[0] for name in found}
        if len(roots) != 1:
            raise Pt2Error(f"found {len(roots)} first segments in the archive, expected one")
        if any(one.flags & 1 for one in found.values()):
            raise Pt2Error("found an encrypted member, expected none")
        root = roots.pop()
        for name in (b"archive_format", b"archive_version", b"models/model.json"):
            if root + b"/" + name not in found:
                raise Pt2Error(f"found no member {name.decode()!r}, expected one")
        kind = small_member(source, found[root + b"/archive_format"])
        if kind != b"pt2":
            raise Pt2Error(f"found the archive format {kind[:20]!r}, expected 'pt2'")
        version = small_member(source, found[root + b"/archive_version"])
    except ArchiveError as error:
        raise Pt2Error(f"found an archive that cannot be listed: {error}") from error
    return Pt2Archive(version.decode("utf-8", "replace").strip())
