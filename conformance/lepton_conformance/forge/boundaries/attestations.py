"""Attestations at the boundary: each member of envelope and statement broken, and all that is free.

Owns what is other; leaves envelopes to `forge.signing`. Serves PKG-SGN-06.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from lepton_conformance.forge.boundaries.bundles import ODD, drop, many_files, nothing, put
from lepton_conformance.forge.boundaries.sealed import Change, broken, sealed, sound
from lepton_conformance.forge.draft import MANIFEST, Forged
from lepton_conformance.forge.package import CARD
from lepton_conformance.forge.signing import ATTESTATION, attested
from lepton_conformance.forge.valid import ValidPackage
from lepton_conformance.forge.violation import Violation

__all__ = ["attestation_faults", "sound_attestations"]

_ATTESTED = "PKG-SGN-06"


def attestation_faults() -> Iterator[Violation]:
    """Yield packages with an attestation that breaks a rule."""
    envelopes: Mapping[tuple[str | int, ...], tuple[Any, ...]] = {
        ("payloadType",): (*ODD, "application/vnd.in-toto", "Application/vnd.in-toto+json", "text/plain"),
        ("payload",): (*ODD, "e30", "{}", "e30=\n", "e3 0="),
        ("signatures",): (None, True, 0, "", "x", [], {}, {"sig": "AA=="}),
        ("signatures", 0): (None, True, 0, "x", [], {}, {"keyid": "a"}),
        ("signatures", 0, "sig"): (None, True, 0, [], {}, "*", "AA"),
    }
    for place, values in envelopes.items():
        name = "-".join(map(str, place))
        if name != "signatures-0":
            yield broken(_ATTESTED, f"without-{name}", _attested, nothing, drop(place))
        for number, value in enumerate(values):
            yield broken(_ATTESTED, f"{name}-{number}", _attested, nothing, put(place, value))
    statements: Mapping[tuple[str | int, ...], tuple[Any, ...]] = {
        ("_type",): (*ODD, "https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1/"),
        ("subject",): ODD,
        ("subject", 0, "digest"): ODD,
        ("subject", 0, "digest", "sha256"): (*ODD, "0" * 64),
    }
    for place, values in statements.items():
        name = "-".join(map(str, place))
        yield broken(_ATTESTED, f"statement-without-{name}", _attested, drop(place))
        for number, value in enumerate(values):
            yield broken(_ATTESTED, f"statement-{name}-{number}", _attested, put(place, value))
    for name, digest in _almost_identities().items():
        yield broken(_ATTESTED, f"digest-{name}", _attested, put(("subject", 0, "digest", "sha256"), digest))
    yield broken(_ATTESTED, "digest-of-sha512", _attested, _renamed_digest)
    for path in ("attestations/a/b.dsse.json", "attestations/.dsse.json", "attestations/é.dsse.json"):
        yield broken(_ATTESTED, f"at-{path}", _attested, nothing, drop(("payloadType",)), path)
    yield broken(_ATTESTED, "second-of-two", _second_attestation)
    yield broken(_ATTESTED, "zip", _zipped_attestation)
    for name, data in _CONTENTS.items():
        yield broken(_ATTESTED, f"content-{name}", Forged, {**sealed(many_files).files, ATTESTATION: data})


_CONTENTS = {
    "empty": b"",
    "list": b"[]",
    "null": b"null",
    "text": b"signed, believe me\n",
    "object": b"{}",
    "mark": b"\xef\xbb\xbf{}",
    "latin": b'{"a":"\xe9"}',
}


def sound_attestations() -> Iterator[ValidPackage]:
    """Yield packages with attestations that use what the form leaves free."""
    yield sound("attestation", _attested)
    for number in range(3):
        yield sound(f"attestation-of-{number}-others", _attested, _among_others(number))
    many = put(("signatures",), [{"sig": "AA=="}, {"sig": "AQ==", "keyid": "k"}])
    yield sound("attestation-two-signatures", _attested, nothing, many)
    yield sound("attestation-of-any-name", _attested, put(("subject", 0, "name"), "other"))
    yield sound("attestation-without-name", _attested, drop(("subject", 0, "name")))
    yield sound("attestation-of-any-predicate", _attested, put(("predicateType",), "https://example.org/p"))


def _attested(statement: Change = nothing, envelope: Change = nothing, path: str = ATTESTATION) -> Forged:
    draft = attested(sealed(many_files).draft(), statement=statement, envelope=envelope)
    draft.unlisted[path] = draft.unlisted.pop(ATTESTATION)
    return draft.directory()


def _renamed_digest(said: Any) -> None:
    digest = said["subject"][0]["digest"]
    digest["sha512"] = digest.pop("sha256")


def _almost_identities() -> dict[str, str]:
    identity = hashlib.sha256(sealed(many_files).files[MANIFEST]).hexdigest()
    return {
        "with-prefix": f"sha256:{identity}",
        "cut": identity[:-1],
        "longer": f"{identity}0",
        "last-digit": identity[:-1] + ("0" if identity[-1] != "0" else "1"),
        "first-digit": ("0" if identity[0] != "0" else "1") + identity[1:],
        "capitals": identity.upper(),
        "spaced": f"{identity} ",
        "of-the-card": hashlib.sha256(sealed(many_files).files[CARD]).hexdigest(),
        "of-a-line-more": hashlib.sha256(sealed(many_files).files[MANIFEST] + b"\n").hexdigest(),
    }


def _second_attestation() -> Forged:
    other = _attested(put(("subject", 0, "digest", "sha256"), "0" * 64)).files[ATTESTATION]
    return Forged({**_attested().files, "attestations/second.dsse.json": other})


def _zipped_attestation() -> Forged:
    return attested(sealed(many_files).draft(), envelope=drop(("payloadType",))).archive()


def _among_others(place: int) -> Change:
    """Put the subject among others, at a place."""

    def change(said: Any) -> None:
        others = [{"name": str(at), "digest": {"sha256": f"{at}" * 64}} for at in range(2)]
        others.insert(place, said["subject"][0])
        said["subject"] = others

    return change
