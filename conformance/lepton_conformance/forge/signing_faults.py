"""Packages whose signatures or attestations break the topic PKG-SGN.

Owns the table `SIGNING_FAULTS`; leaves bundles to `signing`. Serves `package`.
"""

from collections.abc import Callable
from typing import Any

from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import MANIFEST, Forged
from lepton_conformance.forge.package import CARD
from lepton_conformance.forge.signing import ATTESTATION, BUNDLE, Change, attested, signed
from lepton_conformance.forge.violation import Forge, Violation

__all__ = ["SIGNING_FAULTS"]


def _bundle(change: Change) -> Forge:
    return lambda bases: bases.finish(signed(bases.linear(), bundle=change))


def _statement(change: Change) -> Forge:
    return lambda bases: bases.finish(signed(bases.linear(), statement=change))


def _serialization(**members: Any) -> Forge:
    return _statement(lambda said: said["predicate"]["serialization"].update(members))


def _resources(change: Callable[[list[Any]], object]) -> Forge:
    return _statement(lambda said: change(said["predicate"]["resources"]))


def _without(path: str) -> Forge:
    return _resources(
        lambda listed: listed.remove(next(resource for resource in listed if resource["name"] == path))
    )


def _attestation(change: Change) -> Forge:
    return lambda bases: bases.finish(attested(bases.linear(), statement=change))


def _envelope(change: Change) -> Forge:
    return lambda bases: bases.finish(attested(bases.linear(), envelope=change))


def _text(path: str) -> Forge:
    def forge(bases: Bases) -> Forged:
        draft = bases.linear()
        draft.unlisted[path] = b"signed, believe me\n"
        return bases.finish(draft)

    return forge


SIGNING_FAULTS: tuple[Violation, ...] = (
    Violation("PKG-SGN-01", "text", _text(BUNDLE)),
    Violation("PKG-SGN-01", "another-media-type", _bundle(lambda b: b.update(mediaType="application/json"))),
    Violation("PKG-SGN-01", "no-material", _bundle(lambda b: b.pop("verificationMaterial"))),
    Violation(
        "PKG-SGN-01",
        "two-signatures",
        _bundle(lambda b: b["dsseEnvelope"].update(signatures=b["dsseEnvelope"]["signatures"] * 2)),
    ),
    Violation("PKG-SGN-01", "payload-not-base64", _bundle(lambda b: b["dsseEnvelope"].update(payload="{}"))),
    Violation(
        "PKG-SGN-01",
        "statement-of-another-version",
        _statement(lambda said: said.update(_type="https://in-toto.io/Statement/v0.1")),
    ),
    Violation(
        "PKG-SGN-01",
        "another-predicate",
        _statement(lambda said: said.update(predicateType="https://slsa.dev/provenance/v1")),
    ),
    Violation("PKG-SGN-01", "method-shards", _serialization(method="shards")),
    Violation("PKG-SGN-01", "another-hash", _serialization(hash_type="blake2b")),
    Violation("PKG-SGN-01", "no-subject", _statement(lambda said: said.update(subject=[]))),
    Violation("PKG-SGN-02", "card-left-out", _without(CARD)),
    Violation("PKG-SGN-02", "manifest-left-out", _without(MANIFEST)),
    Violation("PKG-SGN-02", "card-twice", _resources(lambda listed: listed.insert(0, dict(listed[0])))),
    Violation("PKG-SGN-02", "another-digest", _resources(lambda listed: listed[0].update(digest="0" * 64))),
    Violation("PKG-SGN-02", "another-order", _resources(lambda listed: listed.reverse())),
    Violation(
        "PKG-SGN-02",
        "a-file-that-is-not-there",
        _resources(lambda listed: listed.append({"name": "zz", "algorithm": "sha256", "digest": "0" * 64})),
    ),
    Violation(
        "PKG-SGN-03",
        "another-digest",
        _statement(lambda said: said["subject"][0].update(digest={"sha256": "0" * 64})),
    ),
    Violation(
        "PKG-SGN-03", "another-name", _statement(lambda said: said["subject"][0].update(name="quadratic"))
    ),
    Violation("PKG-SGN-06", "text", _text(ATTESTATION)),
    Violation(
        "PKG-SGN-06",
        "another-package",
        _attestation(lambda said: said["subject"][0].update(digest={"sha256": "0" * 64})),
    ),
    Violation("PKG-SGN-06", "another-payload-type", _envelope(lambda e: e.update(payloadType="text/plain"))),
    Violation("PKG-SGN-06", "no-signature", _envelope(lambda e: e.update(signatures=[]))),
    Violation("PKG-SGN-06", "no-statement", _attestation(lambda said: said.pop("_type"))),
)
