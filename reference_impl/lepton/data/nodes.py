"""The nodes of a Croissant document: files, file sets, record sets, fields, and which paths are listed.

Owns looking things up by `@id`, patterns of file sets, and where a file of the document stands in the folder.
Leaves what is wrong with them to the checks. Serves DAT-REF and the definitions of DAT-LAY.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lepton.errors import LeptonError

__all__ = [
    "FIELD",
    "FILE",
    "FILES",
    "RECORDS",
    "BeyondLimit",
    "Field",
    "Nodes",
    "as_list",
    "is_address",
    "references",
]

#: Characters of patterns times paths that are compared for one data set.
MAX_COMPARED = 50_000_000

FILE, FILES, RECORDS, FIELD = "FileObject", "FileSet", "RecordSet", "Field"


class BeyondLimit(LeptonError):
    """A data set goes beyond a limit of this implementation: what depends on it is not checked."""


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
        self._included: dict[str, list[str]] = {}
        self._compared = 0
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
        return self._by_digest.get(entry["sha256"])

    @functools.cached_property
    def _by_digest(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in self.profile.get("files", []):
            found.setdefault(one["sha256"], one["path"])
        return found

    def included(self, identifier: str) -> list[str]:
        """Return the listed paths that a FileSet without a container includes, in their order.

        Raises: BeyondLimit when all patterns together take more comparisons than this implementation makes.
        """
        known = self._included.get(identifier)
        if known is not None:
            return known
        entry = self.entries[identifier]
        wanted = [_Pattern(one) for one in as_list(entry["includes"])]
        unwanted = [_Pattern(one) for one in as_list(entry.get("excludes"))]
        paths = {one["path"]: one["path"].split("/") for one in self.profile.get("files", [])}
        length = sum(map(len, as_list(entry["includes"]))) + sum(map(len, as_list(entry.get("excludes"))))
        self._compared += length * len(paths)
        if self._compared > MAX_COMPARED:
            raise BeyondLimit(
                f"the patterns take more than {MAX_COMPARED} comparisons, a limit of this validator"
            )
        found = (
            path
            for path, segments in paths.items()
            if any(one.matches(segments) for one in wanted)
            and not any(one.matches(segments) for one in unwanted)
        )
        self._included[identifier] = sorted(found, key=str.encode)
        return self._included[identifier]

    def mappings(self) -> Iterator[tuple[str, str]]:
        """Yield path and pointer of each file of the role `mapping`."""
        for at, one in enumerate(self.profile.get("files", [])):
            if one["role"] == "mapping":
                yield one["path"], f"/lepton/files/{at}"


class _Pattern:
    """A pattern of DAT-REF-04, compared in time linear in both texts for each star: no text makes it slow."""

    def __init__(self, text: str) -> None:
        self._segments = text.split("/")

    def matches(self, path: list[str]) -> bool:
        """Say whether the pattern stands for a whole path, given by its segments."""
        # Which numbers of segments of the path the pattern has reached so far.
        reached = {0}
        for at, segment in enumerate(self._segments):
            if segment == "**" and at + 1 < len(self._segments):
                reached = set(range(min(reached), len(path) + 1))
            else:
                reached = {n + 1 for n in reached if n < len(path) and _like(segment, path[n])}
            if not reached:
                return False
        return len(path) in reached


def _like(pattern: str, text: str) -> bool:
    """Say whether one segment fits: `*` any characters, `?` one, the rest itself."""
    at = place = 0
    star = -1
    resume = 0
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[place]):
            at += 1
            place += 1
        elif star >= 0:
            resume += 1
            at, place = star + 1, resume
        else:
            return False
    return all(mark == "*" for mark in pattern[at:])
