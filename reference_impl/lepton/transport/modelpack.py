"""A package as an OCI artifact in the form of CNCF ModelPack: the manifest, its configuration, its layers.

Owns the deterministic mapping, and reading such a manifest back with distrust; leaves moving bytes to the
other modules of this room. Serves PKG-OCI-01, PKG-OCI-02, PKG-OCI-03 and PKG-OCI-06.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lepton.errors import LeptonError
from lepton.package.canonical import canonical
from lepton.package.jsontext import read_json
from lepton.package.limits import MAX_FILES, MAX_MANIFEST_BYTES
from lepton.package.paths import MANIFEST, displayed, is_unlisted_area

__all__ = [
    "EMPTY",
    "EMPTY_TYPE",
    "MANIFEST_TYPE",
    "MAX_OCI_MANIFEST_BYTES",
    "TITLE",
    "Artifact",
    "Descriptor",
    "artifact",
    "descriptor_of",
    "is_attached",
    "is_digest",
    "layers_of",
    "model",
    "referrer",
]

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
MODEL_TYPE = "application/vnd.cncf.model.manifest.v1+json"
CONFIG_TYPE = "application/vnd.cncf.model.config.v1+json"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
EMPTY = b"{}"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
STATEMENT_TYPE = "application/vnd.in-toto+json"
OTHER_TYPE = "application/octet-stream"

FILEPATH = "org.cncf.model.filepath"
TITLE = "org.opencontainers.image.title"

#: Bytes of an OCI manifest that registries accept at least (OCI distribution 1.1) and we read at most.
MAX_OCI_MANIFEST_BYTES = 4 * 1024 * 1024

_LAYER = "application/vnd.cncf.model.{}.v1.raw"
_KINDS = {
    "artifact": "weight",
    "weights": "weight",
    "graph": "weight",
    "tokenizer": "weight.config",
    "vocabulary": "weight.config",
    "vectors": "dataset",
}
_PRECISIONS = {"FP64": "float64", "FP32": "float32", "FP16": "float16", "BF16": "bfloat16", "INT8": "int8"}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Content by digest (`sha256:` and lowercase hex); `path` is where it lies in a package, if anywhere."""

    media_type: str
    digest: str
    size: int
    path: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """Return the descriptor as OCI writes it."""
        named = {"annotations": {FILEPATH: self.path, TITLE: self.path}} if self.path else {}
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size, **named}


@dataclass(frozen=True, slots=True)
class Artifact:
    """An OCI manifest to write: its bytes and what it refers to. `config` are the bytes of its config."""

    data: bytes
    kind: str
    config: bytes
    layers: tuple[Descriptor, ...]

    @property
    def descriptor(self) -> Descriptor:
        """Return what a subject or an index says of this manifest."""
        return descriptor_of(MANIFEST_TYPE, self.data)


def descriptor_of(media_type: str, data: bytes, path: str = "") -> Descriptor:
    """Return the descriptor of bytes."""
    return Descriptor(media_type, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data), path)


def model(manifest: bytes, document: Mapping[str, Any]) -> Artifact:
    """Return the artifact of a package: its manifest's bytes, and the same as valid JSON.

    The same manifest gives the same bytes. Raises: LeptonError when it names more files than a registry
    takes.
    """
    files = sorted(document["files"], key=lambda one: one["path"].encode())
    layers = (
        descriptor_of(_LAYER.format("weight.config"), manifest, MANIFEST),
        *(
            Descriptor(
                _LAYER.format(_KINDS.get(one["role"], "doc")),
                f"sha256:{one['sha256']}",
                one["size"],
                one["path"],
            )
            for one in files
        ),
    )
    annotations = {
        "org.opencontainers.image.licenses": document["license"],
        TITLE: document["id"],
        "org.opencontainers.image.version": document["version"],
    }
    config = canonical(_config(document, layers))
    return _manifest(MODEL_TYPE, CONFIG_TYPE, config, layers, {"annotations": annotations})


def referrer(data: bytes, path: str, subject: Descriptor) -> Artifact:
    """Return the artifact that attaches one file of signatures/ or attestations/ to `subject`."""
    kind = OTHER_TYPE
    if path.endswith(".sigstore.json"):
        kind = BUNDLE_TYPE
    elif path.endswith(".dsse.json"):
        kind = STATEMENT_TYPE
    more = {"subject": subject.document, "annotations": {TITLE: path}}
    return _manifest(kind, EMPTY_TYPE, EMPTY, (descriptor_of(kind, data, path),), more)


def _manifest(
    kind: str, config_type: str, config: bytes, layers: Sequence[Descriptor], more: Mapping[str, Any]
) -> Artifact:
    data = canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": kind,
            "config": descriptor_of(config_type, config).document,
            "layers": [one.document for one in layers],
            **more,
        }
    )
    if len(data) > MAX_OCI_MANIFEST_BYTES:
        raise LeptonError(
            f"found {len(layers)} files, whose OCI manifest has {len(data)} bytes, expected at most "
            f"{MAX_OCI_MANIFEST_BYTES}; join small files into one"
        )
    return Artifact(data, kind, config, tuple(layers))


def _config(document: Mapping[str, Any], layers: Sequence[Descriptor]) -> dict[str, Any]:
    language = document["language"]
    descriptor = {
        "name": document["id"],
        "version": document["version"],
        "title": document["title"][language],
        "licenses": [document["license"]],
    }
    if "description" in document:
        descriptor["description"] = document["description"][language]
    if "supplier" in document:
        descriptor["vendor"] = document["supplier"]["name"]
    artifacts = document["artifacts"]
    config = {"format": ",".join(dict.fromkeys(one["format"] for one in artifacts))}
    if artifacts[0]["precision"] in _PRECISIONS:
        config["precision"] = _PRECISIONS[artifacts[0]["precision"]]
    return {
        "descriptor": descriptor,
        "config": config,
        "modelfs": {"type": "layers", "diffIds": [one.digest for one in layers]},
    }


def artifact(data: bytes) -> dict[str, Any]:
    """Read an OCI manifest of a stranger. Raises: LeptonError when it is none that holds raw files."""
    text = read_json(data, max_bytes=MAX_OCI_MANIFEST_BYTES)
    if text.fault is not None:
        raise LeptonError(f"found an OCI manifest that is no JSON: {text.fault.message}")
    document = text.value
    if not isinstance(document, dict) or document.get("schemaVersion") != 2:
        raise LeptonError("found no OCI image manifest (schemaVersion 2), expected one")
    kind = document.get("mediaType", MANIFEST_TYPE)
    if kind != MANIFEST_TYPE:
        raise LeptonError(f"found a document of the type {str(kind)[:100]!r}, expected {MANIFEST_TYPE!r}")
    return document


def layers_of(document: Mapping[str, Any]) -> tuple[Descriptor, ...]:
    """Return the layers of a manifest, each with its path, none of them believed yet.

    Raises: LeptonError when one is no raw file with a path, a SHA-256 digest and a size.
    """
    layers = document.get("layers")
    if not isinstance(layers, list) or not layers:
        raise LeptonError("found an OCI manifest without layers, expected one for each file of a package")
    if len(layers) > MAX_FILES:
        raise LeptonError(f"found {len(layers)} layers, expected at most {MAX_FILES}")
    return tuple(_layer(one, at) for at, one in enumerate(layers))


def _layer(one: Any, at: int) -> Descriptor:
    if not isinstance(one, dict):
        raise LeptonError(f"found no descriptor at /layers/{at} of the OCI manifest")
    named = one.get("annotations")
    named = named if isinstance(named, dict) else {}
    path = named.get(FILEPATH, named.get(TITLE))
    kind, digest, size = one.get("mediaType"), one.get("digest"), one.get("size")
    if not isinstance(path, str) or not path:
        raise LeptonError(f"found no path at /layers/{at} of the OCI manifest, expected {FILEPATH!r}")
    shown = displayed(path)[:100]
    if not isinstance(digest, str) or not is_digest(digest):
        raise LeptonError(f"found the digest {str(digest)[:80]!r} of {shown!r}, expected sha256:HEX")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise LeptonError(f"found the size {str(size)[:40]!r} of {shown!r}, expected a number of bytes")
    # The client oras calls every file a tar unless told otherwise; digests tell in the end.
    packed = isinstance(kind, str) and kind.startswith("application/vnd.cncf.model.") and ".tar" in kind
    if not isinstance(kind, str) or packed or named.get("io.deis.oras.content.unpack") == "true":
        raise LeptonError(f"found {shown!r} as an archive ({str(kind)[:80]}), expected a raw file")
    if path == MANIFEST and size > MAX_MANIFEST_BYTES:
        raise LeptonError(f"found {size} bytes of {MANIFEST}, expected at most {MAX_MANIFEST_BYTES}")
    return Descriptor(kind, digest, size, path)


def is_digest(text: str) -> bool:
    """Say whether `text` is a SHA-256 digest as OCI writes it."""
    head, _, tail = text.partition(":")
    return head == "sha256" and len(tail) == 64 and all(mark in "0123456789abcdef" for mark in tail)


def is_attached(path: str) -> bool:
    """Say whether a file travels as a referrer and not as a layer of the model."""
    return is_unlisted_area(path)
