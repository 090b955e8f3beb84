"""A package on the workbench, and the package that leaves it.

Owns `Draft`, which is changed at will and then sealed (sizes and digests computed, the manifest written in
its canonical form), and `Forged`, the finished bytes. Leaves what is in a package to `package`. Serves the
chapter `package`.
"""

import copy
import functools
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import rfc8785

from lepton_conformance.forge.archive import DEFLATED, STORED, Entry, Layout, write_archive

__all__ = ["MANIFEST", "Draft", "Forged", "Member", "Score", "kept"]

MANIFEST = "lepton.json"
#: Brings the mutation score of a draft up to date with a manifest.
Score = Callable[["Draft", Mapping[str, Any]], None]
_ALIGNED_ROLES = ("artifact", "weights")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a package and what the manifest says of it."""

    path: str
    data: bytes
    media_type: str
    role: str


@dataclass(frozen=True, slots=True)
class Forged:
    """A finished package: the files of a directory, or the bytes of a ZIP container.

    `links` maps a path to the target of a symbolic link, `pipes` are paths of FIFOs; directories only.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    archive: bytes | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    pipes: tuple[str, ...] = ()

    def write(self, folder: Path, name: str = "package") -> Path:
        """Write the package into `folder` and return its path: `name`, with `.lepton` for a ZIP container."""
        if self.archive is not None:
            target = folder / f"{name}.lepton"
            target.write_bytes(self.archive)
            return target
        root = folder / name
        root.mkdir(parents=True)
        for path, data in self.files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for path, destination in self.links.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).symlink_to(destination)
        for path in self.pipes:
            os.mkfifo(root / path)
        return root


@dataclass(slots=True)
class Draft:
    """A package that is still being made. `manifest` lacks `files` until it is sealed.

    `score` brings the mutation score in the vectors up to date with a manifest; sealing calls it.
    """

    manifest: dict[str, Any]
    members: list[Member]
    unlisted: dict[str, bytes] = field(default_factory=dict)
    score: "Score | None" = None

    def copied(self) -> "Draft":
        """Return a draft that can be changed by itself."""
        return replace(
            self,
            manifest=copy.deepcopy(self.manifest),
            members=list(self.members),
            unlisted=dict(self.unlisted),
        )

    def member(self, path: str) -> Member:
        """Return a member by its path. Raises: KeyError."""
        return {member.path: member for member in self.members}[path]

    def add(self, path: str, data: bytes, media_type: str, role: str) -> "Draft":
        """Add a listed file."""
        self.members.append(Member(path, data, media_type, role))
        return self

    def put(self, path: str, data: bytes) -> "Draft":
        """Give a member other bytes, which sealing will describe."""
        self.members = [replace(m, data=data) if m.path == path else m for m in self.members]
        return self

    def edit(self, path: str, change: Callable[[Any], object]) -> "Draft":
        """Change a JSON member in place, or the manifest, and keep it well formed."""
        if path == MANIFEST:
            change(self.manifest)
            return self
        document = json.loads(self.member(path).data)
        change(document)
        return self.put(path, rfc8785.dumps(document))

    def entries(self) -> list[dict[str, Any]]:
        """Return the manifest's `files`, computed from the members."""
        return [
            {
                "path": member.path,
                "size": len(member.data),
                "sha256": hashlib.sha256(member.data).hexdigest(),
                "mediaType": member.media_type,
                "role": member.role,
            }
            for member in sorted(self.members, key=lambda member: member.path.encode())
        ]

    def rescore(self, manifest: Mapping[str, Any]) -> None:
        """Bring the mutation score up to date with a manifest, which may be another one than the draft's."""
        if self.score is not None:
            self.score(self, manifest)

    def sealed(self) -> dict[str, Any]:
        """Return the whole manifest: as it stands, with `files` computed unless it has been set."""
        if "files" not in self.manifest:
            self.rescore(self.manifest)
        return {"files": self.entries(), **self.manifest}

    def files(self, manifest: bytes | None = None) -> dict[str, bytes]:
        """Return every file by path, the manifest first; `manifest` replaces its canonical bytes."""
        first = {MANIFEST: rfc8785.dumps(self.sealed()) if manifest is None else manifest}
        return first | {member.path: member.data for member in self.members} | self.unlisted

    def directory(self, manifest: bytes | None = None) -> Forged:
        """Finish the package as a directory."""
        return Forged(self.files(manifest))

    def zip_entries(self, *, deflated: Sequence[str] = (), manifest: bytes | None = None) -> list[Entry]:
        """Return the entries of the canonical container; those named in `deflated` are compressed."""
        roles = {member.path: member.role for member in self.members}
        files = self.files(manifest)
        order = [MANIFEST, *sorted((path for path in files if path != MANIFEST), key=str.encode)]
        return [
            Entry(
                path.encode(),
                files[path],
                DEFLATED if path in deflated else STORED,
                roles.get(path) in _ALIGNED_ROLES,
            )
            for path in order
        ]

    def archive(self, *, deflated: Sequence[str] = (), manifest: bytes | None = None) -> Forged:
        """Finish the package as a ZIP container."""
        return Forged(archive=write_archive(self.zip_entries(deflated=deflated, manifest=manifest)))

    @staticmethod
    def zipped(entries: Sequence[Entry], layout: Layout | None = None) -> Forged:
        """Finish a package from entries that were tampered with."""
        return Forged(archive=write_archive(entries, layout or Layout()))


def kept(make: Callable[[], Draft]) -> Callable[[], Draft]:
    """Decorate a function that makes a draft: it is made once, and each caller gets a copy."""
    once = functools.cache(make)
    return functools.wraps(make)(lambda: once().copied())
