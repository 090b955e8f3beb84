"""A data set in a folder: its files, its document, and what both say of each other.

Owns the facts; reads each file once to digest it, through handles that follow no link. Leaves the nodes of
the document to `nodes`, records to `records`, judging to `lepton.checks.datasets`. Serves DAT-LAY, DAT-DOC
and DAT-DST.
"""

import functools
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from lepton.data.nodes import Nodes
from lepton.errors import SourceError
from lepton.package.container import OpenFile
from lepton.package.directory import DirectoryContainer
from lepton.package.jsontext import JsonFault, JsonText, Kind, read_json
from lepton.package.limits import MAX_DOCUMENT_BYTES, MAX_MANIFEST_BYTES
from lepton.package.schema import SchemaFault, schema_faults

__all__ = ["DOCUMENT", "Dataset", "Digests", "MappingDocument", "open_dataset"]

DOCUMENT = "croissant.json"
_SCHEMA = "dataset.schema.json"


class Digests(NamedTuple):
    """What was read of one file. `md5` is empty unless it was asked for."""

    size: int
    sha256: str
    md5: str


class MappingDocument(NamedTuple):
    """A file of the role `mapping`: its text, and how it breaks its schema."""

    path: str
    text: JsonText
    faults: tuple[SchemaFault, ...]


class Dataset:
    """The files below one folder and the document at its root. Facts are worked out when first asked for."""

    def __init__(self, path: Path) -> None:
        """Walk the folder and read the document.

        Raises: SourceError when the folder cannot be read.
        """
        self.path = path
        self.container = DirectoryContainer(path)
        self.identity: str | None = None
        self.text: JsonText | None = None
        self._digests: dict[str, Digests] = {}
        try:
            self._read_document()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the handle of the folder back."""
        self.container.close()

    def __enter__(self) -> "Dataset":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_document(self) -> None:
        entry = self.container.entries.get(DOCUMENT)
        if entry is None:
            return
        if entry.size > MAX_MANIFEST_BYTES:
            message = f"found {entry.size} bytes, expected at most {MAX_MANIFEST_BYTES}"
            self.text = JsonText(None, JsonFault(Kind.SIZE, "", message))
            return
        data = self.read(DOCUMENT)
        self.identity = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.text = read_json(data, max_bytes=MAX_MANIFEST_BYTES)

    @property
    def value(self) -> Any:
        """Return the document's value; None when there is none."""
        return None if self.text is None or self.text.fault is not None else self.text.value

    @functools.cached_property
    def schema_faults(self) -> tuple[SchemaFault, ...]:
        """Return how the document breaks its schema."""
        return schema_faults(self.value, _SCHEMA)

    @functools.cached_property
    def nodes(self) -> Nodes:
        """Return the nodes of a document that is valid against its schema."""
        return Nodes(self.value)

    def open(self, path: str) -> OpenFile:
        """Open a file of the folder. Raises: SourceError."""
        return self.container.open(self.container.entries[path])

    def read(self, path: str) -> bytes:
        """Return the bytes of a file. Raises: SourceError, also when it changed meanwhile."""
        size = self.container.entries[path].size
        opened = self.open(path)
        try:
            data = b"".join(bytes(chunk) for chunk in opened.chunks())
            if opened.changed() or len(data) != size:
                raise SourceError(f"{path!r} was written to while it was read")
        finally:
            opened.close()
        return data

    def digests(self, path: str, *, md5: bool = False) -> Digests:
        """Return size and digests of a file of the folder, read once. Raises: SourceError."""
        known = self._digests.get(path)
        if known is not None and (known.md5 or not md5):
            return known
        strong = hashlib.sha256()
        weak = hashlib.md5(usedforsecurity=False) if md5 else None
        size = 0
        opened = self.open(path)
        try:
            for chunk in opened.chunks():
                strong.update(chunk)
                if weak is not None:
                    weak.update(chunk)
                size += len(chunk)
        finally:
            opened.close()
        found = Digests(size, strong.hexdigest(), weak.hexdigest() if weak is not None else "")
        self._digests[path] = found
        return found

    def sound(self, path: str) -> bool:
        """Say whether a listed file is there and is what the document says."""
        expected = self.nodes.expected.get(path)
        if expected is None or path not in self.container.entries:
            return False
        size, sha256 = expected
        found = self.digests(path)
        return found.sha256 == sha256 and (size is None or found.size == size)

    def mapping(self, path: str) -> MappingDocument:
        """Read a mapping document. Raises: SourceError."""
        entry = self.container.entries[path]
        if entry.size > MAX_DOCUMENT_BYTES:
            message = f"found {entry.size} bytes, expected at most {MAX_DOCUMENT_BYTES}"
            return MappingDocument(path, JsonText(None, JsonFault(Kind.SIZE, "", message)), ())
        text = read_json(self.read(path), max_bytes=MAX_DOCUMENT_BYTES)
        faults = () if text.fault is not None else schema_faults(text.value, "mapping.schema.json")
        return MappingDocument(path, text, faults)


def open_dataset(path: Path) -> Dataset:
    """Open the data set in a folder.

    Raises: SourceError when there is no folder, or it cannot be read.
    """
    if not path.exists():
        raise SourceError(f"cannot read {str(path)!r}: there is nothing")
    if not path.is_dir():
        raise SourceError(f"cannot read {str(path)!r}: a data set is a folder with {DOCUMENT}")
    return Dataset(path)
