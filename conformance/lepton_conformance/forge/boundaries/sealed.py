"""A valid package that was sealed once, from which packages with one thing other are cut cheaply.

Owns `Sealed` and the two shapes that boundary packages have; leaves what is other to the modules beside it.
A manifest is described anew only as far as a file is other, and the mutation score is left as it is. Serves
`package`.
"""

import copy
import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from lepton_conformance.forge.archive import Entry, Layout
from lepton_conformance.forge.draft import MANIFEST, Draft, Forged, Member
from lepton_conformance.forge.valid import ValidPackage
from lepton_conformance.forge.violation import Violation

__all__ = ["Change", "Sealed", "broken", "document_of", "manifest_of", "sealed", "sound", "written", "zipped"]

#: Changes a JSON document in place.
Change = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Sealed:
    """The manifest and every file of a valid package; neither is changed."""

    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]

    def with_manifest(self, change: Change) -> Forged:
        """Return the package with another manifest."""
        manifest = copy.deepcopy(self.manifest)
        change(manifest)
        return self.with_text(written(manifest))

    def with_text(self, data: bytes) -> Forged:
        """Return the package with other bytes as its manifest."""
        return Forged({**self.files, MANIFEST: data})

    def with_file(self, path: str, data: bytes, change: Change | None = None) -> Forged:
        """Return the package with another file, which the manifest describes."""
        files = {**self.files, path: data}

        def describe(manifest: Any) -> None:
            entry = next(one for one in manifest["files"] if one["path"] == path)
            entry.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
            if change is not None:
                change(manifest)

        return Sealed(self.manifest, files).with_manifest(describe)

    def with_document(self, path: str, change: Change) -> Forged:
        """Return the package with another JSON document, the manifest or one that it lists."""
        if path == MANIFEST:
            return self.with_manifest(change)
        document = json.loads(self.files[path])
        change(document)
        return self.with_file(path, written(document))

    def with_members(self, *members: Member, unlisted: Mapping[str, bytes] | None = None) -> Forged:
        """Return the package with more files, listed and not."""
        return Forged(self.draft(*members, unlisted=unlisted).files())

    def draft(self, *members: Member, unlisted: Mapping[str, bytes] | None = None) -> Draft:
        """Return a draft of the package with more files, listed and not."""
        listed = {one["path"]: one for one in self.manifest["files"]}
        kept = [Member(path, self.files[path], one["mediaType"], one["role"]) for path, one in listed.items()]
        manifest = {key: copy.deepcopy(one) for key, one in self.manifest.items() if key != "files"}
        others = {path: data for path, data in self.files.items() if path not in listed and path != MANIFEST}
        return Draft(manifest, [*kept, *members], {**others, **(unlisted or {})})

    def zip_entries(self) -> list[Entry]:
        """Return the entries of the canonical container."""
        return self.draft().zip_entries()


def sealed(make: Callable[[], Draft]) -> Sealed:
    """Return the sealed form of a draft; it is sealed once."""
    return _sealed(make)


@functools.cache
def _sealed(make: Callable[[], Draft]) -> Sealed:
    draft = make()
    files = draft.files()
    return Sealed(json.loads(files[MANIFEST]), files)


def manifest_of(make: Callable[[], Draft], change: Change) -> Forged:
    """Return a package with another manifest."""
    return sealed(make).with_manifest(change)


def document_of(make: Callable[[], Draft], path: str, change: Change) -> Forged:
    """Return a package with another JSON document."""
    return sealed(make).with_document(path, change)


def written(value: Any) -> bytes:
    """Return the canonical form of a value, or a form like it of a value that has none."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def broken(requirement: str, name: str, make: Callable[..., Forged], *arguments: Any) -> Violation:
    """Return a package that violates a requirement, in a form that does not vary."""
    return Violation(requirement, name, lambda bases: make(*arguments), varies=False)


def sound(name: str, make: Callable[..., Forged], *arguments: Any) -> ValidPackage:
    """Return a valid package, or one that violates another requirement than the one it is made for."""
    return ValidPackage(name, lambda: make(*arguments))


def zipped(entries: Sequence[Entry], layout: Layout | None = None) -> Forged:
    """Return a container of entries."""
    return Draft.zipped(entries, layout)
