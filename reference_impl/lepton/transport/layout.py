"""A package as an OCI image layout: a folder that registry tools push, copy and read.

Owns the folder; leaves what the artifacts say to `modelpack`. Serves PKG-OCI-01 and PKG-OCI-06.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lepton.errors import LeptonError, SourceError
from lepton.package.canonical import canonical
from lepton.package.paths import displayed
from lepton.transport.carried import Carried
from lepton.transport.modelpack import Artifact, Descriptor, descriptor_of
from lepton.transport.reference import tag_of

__all__ = ["write_layout"]

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


def write_layout(package: Path, out: Path) -> str:
    """Write the package at `package` as a new OCI image layout `out`; return the digest of its OCI manifest.

    The same package gives the same bytes. Raises: LeptonError when the package is not sound or `out` is there
    or cannot be written; nothing is then left behind.
    """
    if out.exists() or out.is_symlink():
        raise LeptonError(f"{displayed(str(out))!r} is there already; remove it or choose another name")
    with Carried(package) as carried:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        except OSError as error:
            raise LeptonError(f"cannot write {displayed(str(out))!r}: {error.strerror}") from error
        try:
            _fill(beside, carried)
            beside.chmod(0o755)
            beside.rename(out)
        except OSError as error:
            raise LeptonError(f"cannot write {displayed(str(out))!r}: {error.strerror}") from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return carried.artifact.descriptor.digest


def _fill(folder: Path, carried: Carried) -> None:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for layer in carried.artifact.layers:
        _write(blobs, layer, carried.pieces(layer))
    _write_artifact(blobs, carried.artifact)
    listed = [
        {
            **carried.artifact.descriptor.document,
            "artifactType": carried.artifact.kind,
            "annotations": {"org.opencontainers.image.ref.name": tag_of(carried.document["version"])},
        }
    ]
    for one in carried.referring:
        _write(blobs, one.artifact.layers[0], [one.data])
        _write_artifact(blobs, one.artifact)
        listed.append({**one.artifact.descriptor.document, "artifactType": one.artifact.kind})
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": listed}
    (folder / "index.json").write_bytes(canonical(index))
    (folder / "oci-layout").write_bytes(canonical({"imageLayoutVersion": "1.0.0"}))


def _write_artifact(blobs: Path, artifact: Artifact) -> None:
    _write(blobs, descriptor_of("", artifact.config), [artifact.config])
    _write(blobs, artifact.descriptor, [artifact.data])


def _write(blobs: Path, blob: Descriptor, data: Iterable[bytes | memoryview]) -> None:
    target = blobs / blob.digest.removeprefix("sha256:")
    if target.exists():
        return
    state = hashlib.sha256()
    with target.open("wb") as file:
        for piece in data:
            state.update(piece)
            file.write(piece)
    if f"sha256:{state.hexdigest()}" != blob.digest:
        raise SourceError(f"{displayed(blob.path)!r} was changed while it was read")
