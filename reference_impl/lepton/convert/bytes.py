"""The first bytes and the archive names of a source: what it is recognised by, and never more than that.

Owns looking into a file that nobody has judged yet; leaves what is seen there to the kinds.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lepton.errors import RecipeError
from lepton.formats.archive import ArchiveError, ArchiveLimit, member_names
from lepton.formats.source import FileSource

__all__ = ["archive_names", "head", "opened"]

#: Bytes of a file that tell its kind.
HEAD_BYTES = 64 * 1024


@contextmanager
def opened(path: Path) -> Iterator[FileSource]:
    """Open a file for random access. Raises: RecipeError when it cannot be read."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise RecipeError(f"{path}: cannot read it ({error.strerror})") from error
    with file:
        yield FileSource(file.fileno(), os.fstat(file.fileno()).st_size)


def head(path: Path, length: int = HEAD_BYTES) -> bytes:
    """Return the first bytes of a file, none of a folder."""
    if not path.is_file():
        return b""
    with opened(path) as source:
        return source.read_at(0, length)


def archive_names(path: Path) -> list[str]:
    """Return the names in a zip archive, none for any other file."""
    if head(path, 4) != b"PK\3\4":
        return []
    try:
        with opened(path) as source:
            return [name.decode("utf-8", "replace") for name in member_names(source)]
    except (ArchiveError, ArchiveLimit):
        return []
