"""Signature bundles that use what their form leaves free, and ones that break a neighbouring rule.

Owns what is other; leaves bundles to `forge.signing`. Serves PKG-SGN-01 to PKG-SGN-03.
"""

import json
from collections.abc import Iterator

from lepton_conformance.forge.boundaries.bundles import (
    RAW,
    bundled,
    nothing,
    pinned,
    put,
    second_bundle,
    zipped_bundle,
)
from lepton_conformance.forge.boundaries.sealed import sealed, sound
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.signing import BUNDLE, attested, signed
from lepton_conformance.forge.valid import ValidPackage, decorated_draft, linear_draft

__all__ = ["near_misses", "sound_bundles"]

_FORM, _FILES, _SUBJECT = "PKG-SGN-01", "PKG-SGN-02", "PKG-SGN-03"


def sound_bundles() -> Iterator[ValidPackage]:
    """Yield packages with bundles and attestations that use what the form leaves free."""
    yield sound("bundle", bundled)
    certificate = {"rawBytes": RAW}
    for number, material in enumerate(
        (
            {"certificate": certificate},
            {"x509CertificateChain": {"certificates": [certificate]}},
            {"x509CertificateChain": {"certificates": [certificate] * 3}},
            {"publicKey": {"hint": "any text"}, "tlogEntries": []},
            {"publicKey": {"hint": "a"}, "tlogEntries": [{}], "timestampVerificationData": {}},
            {"certificate": certificate, "tlogEntries": [{"logIndex": "1"}], "timestampVerificationData": {}},
        )
    ):
        yield sound(f"bundle-material-{number}", bundled, nothing, put(("verificationMaterial",), material))
    yield sound("bundle-keyid", bundled, nothing, put(("dsseEnvelope", "signatures", 0, "keyid"), ""))
    serialization = ("predicate", "serialization")
    for number, ignored in enumerate(([], ["a", ".git"], [".git", "signatures"])):
        yield sound(f"bundle-ignores-{number}", bundled, put((*serialization, "ignore_paths"), ignored))
    for path in ("signatures/a/b.sigstore.json", "signatures/.sigstore.json", "signatures/A.sigstore.json"):
        yield sound(f"bundle-at-{path}", bundled, nothing, nothing, path)
    yield sound("bundles-two", second_bundle, nothing)
    yield sound("bundle-loose", _loose)
    yield sound("bundle-zip", zipped_bundle, nothing)
    yield sound("not-bundles", _not_judged)
    yield sound("signed-and-attested", lambda: attested(signed(decorated_draft())).directory())


def near_misses(identifier: str) -> Iterator[ValidPackage]:
    """Yield packages whose bundles break another rule than the one named."""
    if identifier == _SUBJECT:
        wrong = put(("predicate", "resources", 0, "digest"), "0" * 64)
        yield sound("another-digest-and-its-root", bundled, wrong)
        yield sound("reversed", bundled, lambda said: said["predicate"]["resources"].reverse())
    if identifier == _FILES:
        yield sound("another-name", bundled, put(("subject", 0, "name"), "x"))
        yield sound("another-root", bundled, put(("subject", 0, "digest"), {"sha256": "0" * 64}))
    if identifier == _FORM:
        yield sound("another-name", bundled, put(("subject", 0, "name"), "x"))
        yield sound("no-resource", pinned, put(("predicate", "resources"), []))


def _loose() -> Forged:
    files = bundled().files
    bundle = json.dumps(json.loads(files[BUNDLE]), indent=2).encode() + b"\n"
    return Forged({**files, BUNDLE: bundle})


def _not_judged() -> Forged:
    """Return a package with files beside bundles that end otherwise."""
    names = (
        *(
            "signatures/a.json",
            "signatures/a.sigstore.json.bak",
            "signatures/a.SIGSTORE.JSON",
            "signatures/b.sig",
        ),
        *("signatures/sigstore.json", "attestations/a.sigstore.json", "signatures/a.dsse.json"),
        *("attestations/a.DSSE.json", "attestations/dsse.json", "attestations/a.dsse.json.txt"),
        *("signatures/a.sigstore.jsonl", "attestations/a.dsse.jsonl", "signatures/asigstore.json"),
    )
    return sealed(linear_draft).with_members(unlisted=dict.fromkeys(names, b"not judged"))
