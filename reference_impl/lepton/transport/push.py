"""Send a package to a registry: its blobs, its OCI manifest, and what refers to it.

Owns the order (nothing is named before what it names is there) and the fallback tag of referrers; leaves the
protocol to `registry`. Serves PKG-OCI-01, PKG-OCI-02 and PKG-OCI-05.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lepton.errors import LeptonError
from lepton.package.canonical import canonical
from lepton.transport.carried import Carried, Referring
from lepton.transport.modelpack import EMPTY, EMPTY_TYPE, TITLE, Descriptor, descriptor_of
from lepton.transport.reference import Reference, tag_of
from lepton.transport.registry import INDEX_TYPE, Registry

__all__ = ["Progress", "Pushed", "push"]

#: Called with a path and the bytes of it that have travelled so far.
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was stored: `reference` by tag, `digest` of the OCI manifest, how many blobs went and were there.

    `fallback` is the tag that lists the referrers, empty when the registry keeps them itself.
    """

    reference: Reference
    digest: str
    identity: str
    sent: int
    present: int
    attached: tuple[str, ...]
    fallback: str


def push(
    carried: Carried,
    registry: Registry,
    *,
    replace: bool = False,
    progress: Progress = lambda _path, _done: None,
) -> Pushed:
    """Send a package. A blob that the registry has is not sent again, so that a broken push goes on.

    Raises: LeptonError when the tag names another package already and `replace` is not given; SourceError.
    """
    asked = registry.reference
    artifact = carried.artifact
    digest = artifact.descriptor.digest
    if asked.digest and asked.digest != digest:
        raise LeptonError(f"found {digest} as the digest of the package, expected {asked.digest} as named")
    tag = asked.tag or ("" if asked.digest else tag_of(carried.document["version"]))
    there = registry.manifest(tag) if tag else None
    if there is not None and descriptor_of("", there).digest != digest and not replace:
        raise LeptonError(
            f"the tag {tag!r} names another package; raise its version, or give --replace to move the tag"
        )
    sent = _blobs(carried, registry, progress)
    if (tag and there is None) or not tag or replace:
        registry.put_manifest(artifact.data, tag or digest)
    fallback = _attach(carried, registry)
    return Pushed(
        Reference(asked.host, asked.name, tag, "" if tag else digest),
        digest,
        carried.identity,
        sent,
        len({one.digest for one in artifact.layers}) + 1 - sent,
        tuple(one.path for one in carried.referring),
        fallback,
    )


def _blobs(carried: Carried, registry: Registry, progress: Progress) -> int:
    sent = 0
    for digest, layer in {one.digest: one for one in carried.artifact.layers}.items():
        assert digest == layer.digest

        def tell(done: int, path: str = layer.path) -> None:
            progress(path, done)

        sent += registry.put_blob(layer, lambda layer=layer: carried.pieces(layer), tell)  # type: ignore[misc]
    config = descriptor_of("", carried.artifact.config)
    return sent + registry.put_blob(config, lambda: [carried.artifact.config])


def _attach(carried: Carried, registry: Registry) -> str:
    """Store the referrers; return the fallback tag if one was needed. Spec: PKG-OCI-05."""
    if not carried.referring:
        return ""
    registry.put_blob(descriptor_of(EMPTY_TYPE, EMPTY), lambda: [EMPTY])
    for one in carried.referring:
        registry.put_blob(one.artifact.layers[0], lambda data=one.data: [data])  # type: ignore[misc]
        registry.put_manifest(one.artifact.data, one.artifact.descriptor.digest)
    subject = carried.artifact.descriptor
    listed, kept = registry.referrers(subject.digest)
    if kept:
        return ""
    tag = subject.digest.replace(":", "-")
    index = canonical(_index(listed, carried.referring))
    registry.put_manifest(index, tag, INDEX_TYPE)
    return tag


def _index(listed: list[dict[str, Any]], referring: tuple[Referring, ...]) -> dict[str, Any]:
    """Return the index of referrers: those there were, and ours in place of older ones for the same path."""
    ours = [_entry(one.artifact.descriptor, one.artifact.kind, one.path) for one in referring]
    paths = {one.path for one in referring}
    digests = {one["digest"] for one in ours}
    others = [
        one
        for one in listed
        if one.get("digest") not in digests
        and not (isinstance(one.get("annotations"), dict) and one["annotations"].get(TITLE) in paths)
    ]
    return {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [*others, *ours]}


def _entry(descriptor: Descriptor, kind: str, path: str) -> dict[str, Any]:
    return {**descriptor.document, "artifactType": kind, "annotations": {TITLE: path}}
