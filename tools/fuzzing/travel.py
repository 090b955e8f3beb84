"""Targets: what accompanies and carries packages. Sigstore bundles, DSSE envelopes, OCI manifests.

Owns what is asked of those readers; leaves the packages themselves to `packages`.
"""

import base64
import json
import random
from collections.abc import Iterator

from securesystemslib.dsse import Envelope

from fuzzing.changes import change_bytes, change_json
from fuzzing.target import Target, expect
from lepton.errors import LeptonError
from lepton.package.envelope import Malformed, read_bundle, read_envelope
from lepton.signing.sign import authentic
from lepton.signing.statement import form_fault, resources_fault, subject_fault
from lepton.transport.modelpack import artifact, layers_of, model
from lepton_conformance.forge.signing import ATTESTATION, BUNDLE, attested, signed
from lepton_conformance.forge.valid import linear_draft, vision_draft

__all__ = ["TARGETS"]


def _bundle_seeds() -> Iterator[bytes]:
    for draft in (linear_draft(), vision_draft()):
        yield signed(draft).unlisted[BUNDLE]


def _envelope_seeds() -> Iterator[bytes]:
    for draft in (linear_draft(), vision_draft()):
        yield attested(draft).unlisted[ATTESTATION]


def _manifest_seeds() -> Iterator[bytes]:
    for draft in (linear_draft(), vision_draft()):
        document = draft.sealed()
        yield model(json.dumps(document).encode(), document).data


def _change_signed(data: bytes, chance: random.Random) -> bytes:
    """Change the document, or the statement inside its payload."""
    if chance.random() < 0.5:
        return change_json(data, chance)
    try:
        document = json.loads(data)
        holder = document.get("dsseEnvelope", document)
        payload = change_json(base64.b64decode(holder["payload"]), chance)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return change_bytes(data, chance)
    holder["payload"] = base64.b64encode(payload).decode()
    return json.dumps(document).encode()


def _bundle(data: bytes) -> None:
    try:
        found = read_bundle(data)
    except Malformed:
        return
    expect(found == read_bundle(data), "the second reading differs")
    _same_as_theirs(json.loads(data)["dsseEnvelope"], found.envelope.payload)
    statement = found.envelope.statement
    if not form_fault(statement):
        resources_fault(statement, {"lepton.json": "0" * 64})
        subject_fault(statement, statement.subjects[0].name)


def _envelope(data: bytes) -> None:
    try:
        found = read_envelope(data)
    except Malformed:
        return
    expect(found == read_envelope(data), "the second reading differs")
    _same_as_theirs(json.loads(data), found.payload)


def _same_as_theirs(document: dict[str, object], payload: bytes) -> None:
    """Hold the signed bytes against those of securesystemslib, where it reads the envelope."""
    signatures = document["signatures"]
    assert isinstance(signatures, list)
    plain = [{"keyid": str(at), "sig": one["sig"]} for at, one in enumerate(signatures)]
    theirs = Envelope.from_dict({**document, "signatures": plain})
    expect(theirs.pae() == authentic(payload), "securesystemslib signs other bytes")


def _manifest(data: bytes) -> None:
    try:
        found = layers_of(artifact(data))
    except LeptonError:
        return
    expect(found == layers_of(artifact(data)), "the second reading differs")
    for one in found:
        expect(bool(one.path) and one.size >= 0 and len(one.digest) == 71, "a layer is no layer")


TARGETS = (
    Target("bundle", _bundle_seeds, _bundle, _change_signed, share=0.5),
    Target("attestation", _envelope_seeds, _envelope, _change_signed, share=0.5),
    Target("oci-manifest", _manifest_seeds, _manifest, change_json, share=0.5),
)
