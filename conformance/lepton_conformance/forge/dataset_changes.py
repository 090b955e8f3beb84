"""Small changes that most violating data sets are made of.

Owns the ways to change a valid data set before or after its document describes the files; leaves the tables
to `dataset_faults` and `record_faults`. Serves `data`.
"""

import json
from collections.abc import Callable
from typing import Any

from lepton_conformance.forge.dataset_draft import DOCUMENT, DataDraft, as_bytes, rich
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.violation import Forge

__all__ = [
    "Change",
    "changed",
    "field",
    "in_files",
    "in_mapping",
    "in_profile",
    "in_text",
    "nested",
    "replaced",
    "with_content",
    "with_file",
]

Change = Callable[[Any], object]


def changed(change: Change, base: Callable[[], DataDraft] = rich) -> Forge:
    """Return a forge whose document is changed after the digests are in it."""

    def forge(_: object) -> Forged:
        draft = base()
        document = draft.sealed()
        change(document)
        return Forged({DOCUMENT: as_bytes(document), **draft.files})

    return forge


def in_profile(change: Change) -> Forge:
    """Return a forge whose object `lepton` is changed after the digests are in the document."""
    return changed(lambda d: change(d["lepton"]))


def in_text(change: Callable[[bytes], bytes]) -> Forge:
    """Return a forge whose document has other bytes."""

    def forge(_: object) -> Forged:
        draft = rich()
        return Forged({DOCUMENT: change(as_bytes(draft.sealed())), **draft.files})

    return forge


def replaced(old: bytes, new: bytes) -> Forge:
    """Return a forge in whose document one piece of text is another."""

    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return in_text(change)


def in_files(change: Callable[[dict[str, bytes]], object]) -> Forge:
    """Return a forge whose files are changed after the document describes them."""

    def forge(_: object) -> Forged:
        files = dict(rich().directory().files)
        change(files)
        return Forged(files)

    return forge


def with_content(path: str, data: bytes, change: Change = lambda d: None) -> Forge:
    """Return a forge in which a file has other content, which the document describes."""

    def forge(_: object) -> Forged:
        draft = rich()
        draft.files[path] = data
        for node in draft.document["distribution"]:
            if node.get("contentUrl") == path:
                node.pop("md5", None)
        change(draft.document)
        return draft.directory()

    return forge


def in_mapping(change: Change, path: str = "mapping.json") -> Forge:
    """Return a forge with another mapping, which the document describes."""

    def forge(_: object) -> Forged:
        draft = rich()
        document = json.loads(draft.files[path])
        change(document)
        draft.files[path] = as_bytes(document)
        return draft.directory()

    return forge


def with_file(path: str, data: bytes, role: str = "other") -> Forge:
    """Return a forge with one more listed file."""

    def forge(_: object) -> Forged:
        draft = rich()
        draft.files[path] = data
        draft.roles[path] = role
        return draft.directory()

    return forge


def field(document: Any, record_set: int, at: int) -> Any:
    """Return a field of a document, by the places of its record set and itself."""
    return document["recordSet"][record_set]["field"][at]


def nested(depth: int) -> Any:
    """Return arrays inside one another."""
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value
