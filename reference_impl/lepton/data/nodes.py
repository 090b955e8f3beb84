"""The nodes of a Croissant document: files, file sets, record sets, fields, and which paths are listed.

Owns looking things up by `@id`, patterns of file sets, and where a file of the document stands in the folder.
Leaves what is wrong with them to the checks. Serves DAT-REF and the definitions of DAT-LAY.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["FIELD", "FILE", "FILES", "RECORDS", "Field", "Nodes", "as_list", "is_address", "references"]

FILE, FILES, RECORDS, FIELD = "FileObject", "FileSet", "RecordSet", "Field"


class Field(NamedTuple):
    """One field: its entry, where it stands, and the `@id` of its record set."""

    entry: Mapping[str, Any]
    pointer: str
    record_set: str


def as_list(value: Any) -> list[Any]:
    """Return a value that may be one or several as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def is_address(url: str) -> bool:
    """Say whether a `contentUrl` has a scheme: it is no path then."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url) is not None


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the `@id` of one reference or several, each with the end of its pointer."""
    if isinstance(value, list):
        for at, one in enumerate(value):
            yield one["@id"], f"/{at}/@id"
    elif value is not None:
        yield value["@id"], "/@id"


class Nodes:
    """What a valid document says, by `@id`. Of two nodes with one `@id`, the first counts."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.profile: Mapping[str, Any] = document["lepton"]
        self.kinds: dict[str, str] = {}
        self.twice: list[tuple[str, str]] = []
        self.entries: dict[str, Mapping[str, Any]] = {}
        self.pointers: dict[str, str] = {}
        self.fields: dict[str, Field] = {}
        self.record_sets: dict[str, list[Field]] = {}
        for at, one in enumerate(document["distribution"]):
            kind = FILES if one["@type"] == "cr:FileSet" else FILE
            self._add(one, kind, f"/distribution/{at}")
        for at, one in enumerate(document["recordSet"]):
            pointer = f"/recordSet/{at}"
            self._add(one, RECORDS, pointer)
            fields = list(self._fields(one["field"], f"{pointer}/field", one["@id"]))
            self.record_sets.setdefault(one["@id"], fields)

    def _add(self, entry: Mapping[str, Any], kind: str, pointer: str) -> None:
        identifier = entry["@id"]
        if identifier in self.kinds:
            self.twice.append((identifier, f"{pointer}/@id"))
            return
        self.kinds[identifier] = kind
        self.entries[identifier] = entry
        self.pointers[identifier] = pointer

    def _fields(self, entries: list[Any], pointer: str, owner: str) -> Iterator[Field]:
        for at, entry in enumerate(entries):
            field = Field(entry, f"{pointer}/{at}", owner)
            self._add(entry, FIELD, field.pointer)
            self.fields.setdefault(entry["@id"], field)
            yield field
            yield from self._fields(entry.get("subField", []), f"{field.pointer}/subField", owner)

    def of_kind(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
        """Yield `@id`, entry and pointer of each node of a kind."""
        for identifier, found in self.kinds.items():
            if found == kind:
                yield identifier, self.entries[identifier], self.pointers[identifier]

    @functools.cached_property
    def listed(self) -> list[tuple[str, str]]:
        """Return every listed path with the pointer of its place, as often as it is listed."""
        found = []
        for _, entry, pointer in self.of_kind(FILE):
            if "containedIn" not in entry and not is_address(entry["contentUrl"]):
                found.append((entry["contentUrl"], f"{pointer}/contentUrl"))
        for at, one in enumerate(self.profile.get("files", [])):
            found.append((one["path"], f"/lepton/files/{at}/path"))
        return found

    @functools.cached_property
    def expected(self) -> dict[str, tuple[int | None, str]]:
        """Return size (None where none is given) and SHA-256 that the document states of each listed path."""
        found: dict[str, tuple[int | None, str]] = {}
        for _, entry, _ in self.of_kind(FILE):
            if "containedIn" not in entry and not is_address(entry["contentUrl"]):
                found.setdefault(entry["contentUrl"], (None, entry["sha256"]))
        for one in self.profile.get("files", []):
            found.setdefault(one["path"], (one["size"], one["sha256"]))
        return found

    def place(self, identifier: str) -> str | None:
        """Return the path at which a FileObject is present, or None."""
        entry = self.entries[identifier]
        if "containedIn" in entry:
            return None
        if not is_address(entry["contentUrl"]):
            return str(entry["contentUrl"])
        same = (one["path"] for one in self.profile.get("files", []) if one["sha256"] == entry["sha256"])
        return next(same, None)

    def included(self, identifier: str) -> list[str]:
        """Return the listed paths that a FileSet without a container includes, in their order."""
        entry = self.entries[identifier]
        wanted = [_pattern(one) for one in as_list(entry["includes"])]
        unwanted = [_pattern(one) for one in as_list(entry.get("excludes"))]
        paths = {one["path"] for one in self.profile.get("files", [])}
        found = (
            path
            for path in paths
            if any(one.fullmatch(path) for one in wanted) and not any(one.fullmatch(path) for one in unwanted)
        )
        return sorted(found, key=str.encode)

    def mappings(self) -> Iterator[tuple[str, str]]:
        """Yield path and pointer of each file of the role `mapping`."""
        for at, one in enumerate(self.profile.get("files", [])):
            if one["role"] == "mapping":
                yield one["path"], f"/lepton/files/{at}"


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    """Return a pattern of DAT-REF-04. Runs of stars are one, so that no text takes long to compare."""
    parts = []
    at = 0
    while at < len(text):
        begins = at == 0 or text[at - 1] == "/"
        if begins and text.startswith("**/", at):
            while text.startswith("**/", at):
                at += 3
            parts.append("(?:[^/]+/)*+")
        elif text[at] == "*":
            while at < len(text) and text[at] == "*":
                at += 1
            parts.append("[^/]*")
        else:
            parts.append("[^/]" if text[at] == "?" else re.escape(text[at]))
            at += 1
    return re.compile("".join(parts), re.DOTALL)
