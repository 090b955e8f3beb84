"""Signature bundles and attestations of forged packages, in the form of the standard and without a true key.

Owns the statement, the bundle and the envelope, and where they are put; what they say can be changed. Leaves
genuine signatures to programs that sign: validating a package judges the form and what is covered. Serves the
topic PKG-SGN.
"""

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Any

import rfc8785

from lepton_conformance.forge.draft import MANIFEST, Draft

__all__ = ["ATTESTATION", "BUNDLE", "Change", "attested", "signed"]

BUNDLE = "signatures/release.sigstore.json"
ATTESTATION = "attestations/build.dsse.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
#: The DER form of (r, s) = (1, 2): a signature by its form, and by nobody.
_SIGNATURE = base64.b64encode(bytes.fromhex("3006020101020102")).decode()

#: Changes a JSON document in place.
Change = Callable[[Any], object]


def _same(document: Any) -> None:
    """Change nothing."""


def signed(draft: Draft, *, statement: Change = _same, bundle: Change = _same) -> Draft:
    """Seal a package and lay a bundle beside it; `statement` and `bundle` change what they say.

    The subject's digest follows from the resources unless the change sets another one.
    """
    draft.manifest = draft.sealed()
    files = {MANIFEST: rfc8785.dumps(draft.manifest)} | {one.path: one.data for one in draft.members}
    resources = [
        {"name": path, "algorithm": "sha256", "digest": hashlib.sha256(files[path]).hexdigest()}
        for path in sorted(files, key=lambda path: path.split("/"))
    ]
    said: dict[str, Any] = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": draft.manifest["id"], "digest": {"sha256": ""}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": ["attestations", "signatures"],
            },
            "resources": resources,
        },
    }
    statement(said)
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):  # where the change left none
        for subject in said["subject"]:
            if subject["digest"] == {"sha256": ""}:
                subject["digest"] = {"sha256": _over(said)}
    document = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "0" * 64}},
        "dsseEnvelope": _envelope(said),
    }
    bundle(document)
    draft.unlisted[BUNDLE] = json.dumps(document).encode()
    return draft


def _over(statement: Any) -> str:
    """Return the digest of the subject that follows from the resources."""
    digests = [resource["digest"] for resource in statement["predicate"]["resources"]]
    return hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in digests)).hexdigest()


def attested(draft: Draft, *, statement: Change = _same, envelope: Change = _same) -> Draft:
    """Seal a package and lay an attestation beside it."""
    draft.manifest = draft.sealed()
    identity = hashlib.sha256(rfc8785.dumps(draft.manifest)).hexdigest()
    said = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": draft.manifest["id"], "digest": {"sha256": identity}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
    }
    statement(said)
    document = _envelope(said)
    envelope(document)
    draft.unlisted[ATTESTATION] = json.dumps(document).encode()
    return draft


def _envelope(statement: Any) -> dict[str, Any]:
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return {"payloadType": PAYLOAD_TYPE, "payload": payload, "signatures": [{"sig": _SIGNATURE}]}
