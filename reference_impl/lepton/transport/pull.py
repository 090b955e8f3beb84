"""Fetch a package from a registry, verify every byte, and only then give it a path.

Owns the order of distrust: the OCI manifest within bounds, then lepton.json, then that both list the same
files under paths that every system can hold, then the blobs, each by size and digest under the name of its
digest. A pull that broke off goes on. Serves PKG-OCI-03, PKG-OCI-04 and PKG-OCI-05.
"""

import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lepton.errors import LeptonError, SourceError
from lepton.package.jsontext import read_json
from lepton.package.limits import MAX_DOCUMENT_BYTES, MAX_MANIFEST_BYTES
from lepton.package.paths import MANIFEST, displayed
from lepton.package.schema import schema_faults
from lepton.package.write import Member, refuse_bad_paths, write_verbatim
from lepton.transport.fetch import Store
from lepton.transport.modelpack import Descriptor, artifact, descriptor_of, is_attached, is_digest, layers_of
from lepton.transport.push import Progress
from lepton.transport.registry import Registry

__all__ = ["Pulled", "Remote", "pull", "read_remote"]

#: Referrers that are looked at; a registry may be open to strangers.
MAX_REFERRERS = 64


@dataclass(frozen=True, slots=True)
class Remote:
    """A package in a registry whose manifests agree; the blobs of `layers` are claimed, not verified."""

    digest: str
    manifest: bytes
    document: dict[str, Any]
    layers: tuple[Descriptor, ...]

    @property
    def identity(self) -> str:
        """Return the identity that the verified manifest gives."""
        return descriptor_of("", self.manifest).digest

    @property
    def listed(self) -> dict[str, tuple[int, str]]:
        """Return size and SHA-256 of each listed file by path."""
        return {one["path"]: (one["size"], one["sha256"]) for one in self.document["files"]}


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was written: where, the digest of the OCI manifest, the identity; `ignored` says what was not."""

    out: Path
    digest: str
    identity: str
    files: int
    attached: tuple[str, ...]
    ignored: tuple[str, ...]


def pull(
    registry: Registry,
    out: Path,
    *,
    identity: str = "",
    progress: Progress = lambda _path, _done: None,
) -> Pulled:
    """Fetch a package to `out`: a zip if the name ends in `.lepton`, else a new directory.

    With `identity`, refuse any other package. What was fetched before a break is kept beside `out`, in a
    folder that only the owner can read, and used when the same is asked again. Raises: LeptonError.
    """
    if out.suffix == ".lepton" and out.is_dir():
        raise LeptonError(f"{displayed(str(out))!r} is a directory; choose another name")
    if out.suffix != ".lepton" and (out.exists() or out.is_symlink()):
        raise LeptonError(f"{displayed(str(out))!r} is there already; remove it or choose another name")
    remote = read_remote(registry)
    if identity and remote.identity != identity:
        raise LeptonError(f"found the identity {remote.identity}, expected {identity}; nothing was fetched")
    with _staging(out) as folder:
        store = Store(folder, registry)
        wanted = [one for one in remote.layers if one.path != MANIFEST]
        _refuse_too_large(wanted, folder, out)
        for layer in wanted:
            store.fetch(layer, progress)
        extra, ignored = _attached(registry, remote, store)
        roles = {one["path"]: one for one in remote.document["files"]}
        members = [_member(one, roles.get(one.path), store) for one in (*wanted, *extra)]
        found = write_verbatim(members, remote.manifest, remote.listed, out)
        assert found == remote.identity
    attached = tuple(one.path for one in extra)
    return Pulled(out, remote.digest, remote.identity, len(members) + 1, attached, ignored)


def read_remote(registry: Registry) -> Remote:
    """Read the two manifests of a package in a registry and hold them against each other.

    Raises: SourceError when there is none, LeptonError when they contradict each other or name bad paths.
    """
    reference = registry.reference
    if not reference.target:
        tags = ", ".join(displayed(one) for one in registry.tags()) or "none"
        raise LeptonError(f"found no tag in {reference}, expected one, for example of: {tags}")
    data = registry.manifest(reference.target)
    if data is None:
        tags = ", ".join(displayed(one) for one in registry.tags()) or "none"
        raise SourceError(f"found nothing at {reference}; tags there: {tags}")
    layers = layers_of(artifact(data))
    refuse_bad_paths([one.path for one in layers if one.path != MANIFEST])
    first = [one for one in layers if one.path == MANIFEST]
    if len(first) != 1:
        raise LeptonError(f"found {len(first)} layers with the path {MANIFEST}, expected one")
    manifest = _small(registry, first[0], MAX_MANIFEST_BYTES)
    document = _document(manifest)
    _compare(document, layers)
    return Remote(descriptor_of("", data).digest, manifest, document, layers)


def _small(registry: Registry, layer: Descriptor, limit: int) -> bytes:
    if layer.size > limit:
        raise SourceError(f"found {layer.size} bytes of {displayed(layer.path)!r}, expected at most {limit}")
    with registry.blob(layer) as (_, pieces):
        data = b"".join(pieces)
    found = descriptor_of("", data)
    if (found.size, found.digest) != (layer.size, layer.digest):
        raise SourceError(
            f"found {found.size} bytes with the digest {found.digest} for {displayed(layer.path)!r}, "
            f"expected {layer.size} with {layer.digest}"
        )
    return data


def _document(manifest: bytes) -> dict[str, Any]:
    text = read_json(manifest, max_bytes=MAX_MANIFEST_BYTES)
    if text.fault is not None:
        raise LeptonError(f"found a {MANIFEST} that cannot be read: {text.fault.message}")
    faults = schema_faults(text.value, "manifest.schema.json")
    if faults:
        raise LeptonError(f"found a {MANIFEST} that is not valid at {faults[0].pointer or 'its top'!r}")
    value: dict[str, Any] = text.value
    return value


def _compare(document: Mapping[str, Any], layers: Sequence[Descriptor]) -> None:
    """Refuse an artifact whose layers are not the package's files. Spec: PKG-OCI-02."""
    held = {one.path: one for one in layers}
    refuse_bad_paths([one["path"] for one in document["files"]])
    for one in document["files"]:
        layer = held.pop(one["path"], None)
        shown = displayed(one["path"])
        if layer is None:
            raise LeptonError(f"found no layer for {shown!r}, which {MANIFEST} lists")
        if (layer.size, layer.digest) != (one["size"], f"sha256:{one['sha256']}"):
            raise LeptonError(f"found a layer of another size or digest for {shown!r} than {MANIFEST} lists")
    strangers = [path for path in held if path != MANIFEST]
    if strangers:
        raise LeptonError(f"found the layer {displayed(strangers[0])!r}, which {MANIFEST} does not list")


def _attached(
    registry: Registry, remote: Remote, store: Store
) -> tuple[tuple[Descriptor, ...], tuple[str, ...]]:
    """Fetch what refers to the package and belongs into it; say why the rest was left."""
    taken: dict[str, str] = {}
    found: list[Descriptor] = []
    ignored: list[str] = []
    listed, _ = registry.referrers(remote.digest)
    if len(listed) > MAX_REFERRERS:
        ignored.append(f"{len(listed) - MAX_REFERRERS} referrers beyond the first {MAX_REFERRERS}")
    for one in listed[:MAX_REFERRERS]:
        digest = one.get("digest")
        if not isinstance(digest, str) or not is_digest(digest):
            ignored.append("a referrer without a SHA-256 digest")
            continue
        try:
            layer = _referring(registry, digest, remote.digest)
            if layer.path not in taken:
                refuse_bad_paths([*taken, layer.path])
        except LeptonError as error:
            ignored.append(f"{digest}: {error}")
            continue
        if layer.path in taken:
            if taken[layer.path] != layer.digest:
                ignored.append(f"{digest}: a second file for {displayed(layer.path)!r}")
            continue
        taken[layer.path] = layer.digest
        store.fetch(layer, lambda _path, _done: None)
        found.append(layer)
    return tuple(found), tuple(ignored)


def _referring(registry: Registry, digest: str, subject: str) -> Descriptor:
    data = registry.manifest(digest)
    if data is None:
        raise SourceError("the registry lists this referrer and does not have it")
    document = artifact(data)
    about = document.get("subject")
    if not isinstance(about, dict) or about.get("digest") != subject:
        raise LeptonError("found a referrer to something else")
    layers = layers_of(document)
    if len(layers) != 1 or not is_attached(layers[0].path) or layers[0].size > MAX_DOCUMENT_BYTES:
        raise LeptonError("found no single small file for signatures/ or attestations/ in it")
    return layers[0]


def _member(layer: Descriptor, listed: Mapping[str, Any] | None, store: Store) -> Member:
    role = "other" if listed is None else listed["role"]
    return Member(layer.path, store.path(layer), layer.media_type, role)


def _refuse_too_large(layers: Sequence[Descriptor], folder: Path, out: Path) -> None:
    size = sum(one.size for one in layers)
    free = shutil.disk_usage(folder).free
    if 2 * size > free:
        raise LeptonError(
            f"found {size} bytes to fetch, and {free} free beside {displayed(str(out))!r}, "
            "expected twice the size"
        )


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """Hand out a private folder beside `out` that outlives a failure, to one process at a time."""
    import fcntl

    folder = out.parent / f".{out.name}.pull"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise LeptonError(f"cannot write {displayed(str(folder))!r}: {error.strerror}") from error
    try:
        status = os.fstat(handle)
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise LeptonError(f"{displayed(str(folder))!r} belongs to others; remove it")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LeptonError(f"another process is pulling to {displayed(str(out))!r}") from error
        try:
            yield folder
        except OSError as error:
            raise LeptonError(f"cannot write {displayed(str(folder))!r}: {error.strerror}") from error
        except LeptonError as error:
            if any(folder.iterdir()):
                raise type(error)(f"{error} (what was fetched is kept; the same command goes on)") from error
            folder.rmdir()
            raise
        shutil.rmtree(folder)
    finally:
        os.close(handle)
