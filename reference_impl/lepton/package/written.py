"""What this process has just written: digests of the very bytes, so that they are not computed a second time.

Owns the rule when such a digest holds: the file is the one that was written (device and inode), and neither
its size nor its times have changed since the last byte went through the handle that wrote it. Whoever may
write to the place can set times back: only what was written in a folder of this process' own is looked at
in this way. Leaves reading to `lepton.package.read`. Serves PKG-DIG-03.
"""

from collections.abc import Mapping
from typing import NamedTuple

from lepton.formats.source import FileSource, Stamp
from lepton.package.container import Entry, OpenFile
from lepton.package.digests import HEAD_BYTES, Digest

__all__ = ["Written"]


class Written(NamedTuple):
    """A package that this process wrote: its identity, and by path the SHA-256 and the stamp of its file."""

    identity: str
    files: Mapping[str, tuple[str, Stamp]]

    def digest(self, entry: Entry, file: OpenFile) -> Digest | None:
        """Return what digesting would yield; None where the file is not, or no longer, what was written."""
        source = file.source()
        if entry.path not in self.files or not isinstance(source, FileSource):
            return None
        sha256, stamp = self.files[entry.path]
        if source.stamp() != stamp:
            return None
        head = source.read_at(0, HEAD_BYTES)
        last = source.read_at(max(source.size - 1, 0), 1)
        return Digest(sha256, source.size, head, last, None)
