"""Verify the signatures of a package with trust that comes from outside it.

Owns the verdict over all bundles; fails closed: no valid bundle of the trusted signer, or one that is broken,
is no. Leaves the mathematics to `keys` and Sigstore's logs to `keyless`. Serves PKG-SGN-04 and PKG-SGN-05.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509

from lepton.package.attached import Attached
from lepton.package.envelope import Bundle
from lepton.package.read import Package
from lepton.signing.keys import PublicKey, hint_of, leaf_key, signs
from lepton.signing.sign import authentic
from lepton.signing.statement import digests_of, form_fault, resources_fault, subject_fault

__all__ = ["Judged", "Outcome", "Trusted", "by_key", "by_roots", "verify"]


class Outcome(StrEnum):
    """What a bundle is to those who trust the given signer."""

    VALID = "valid"
    INVALID = "invalid"
    OTHER = "by another signer"


@dataclass(frozen=True, slots=True)
class Judged:
    """One bundle: `text` is who signed it, or why it does not hold."""

    path: str
    outcome: Outcome
    text: str


#: Judges the mathematics of a bundle: the outcome, and who signed or why not.
Trusted = Callable[[Bundle], tuple[Outcome, str]]


def verify(package: Package, trusted: Trusted) -> tuple[bool, tuple[Judged, ...]]:
    """Judge every bundle of a package that is whole; say whether the package is signed as asked.

    It is when one bundle of the trusted signer is valid and none of that signer is invalid.
    """
    judged = tuple(_judge(package, one, trusted) for one in package.attached if _is_signature(one))
    outcomes = {one.outcome for one in judged}
    return Outcome.VALID in outcomes and Outcome.INVALID not in outcomes, judged


def by_key(key: PublicKey) -> Trusted:
    """Trust one public key."""
    hint = hint_of(key)

    def judge(bundle: Bundle) -> tuple[Outcome, str]:
        if bundle.material != "publicKey" or bundle.hint not in ("", hint):
            return Outcome.OTHER, f"the bundle names {bundle.hint[:16] or 'a certificate'}, not {hint[:16]}"
        if not _signed_by(key, bundle):
            outcome = Outcome.INVALID if bundle.hint else Outcome.OTHER
            return outcome, "the signature is not of this key and this content"
        return Outcome.VALID, f"key {hint}"

    return judge


def by_roots(roots: Sequence[x509.Certificate]) -> Trusted:
    """Trust whoever has a certificate that leads to one of `roots`."""

    def judge(bundle: Bundle) -> tuple[Outcome, str]:
        if bundle.material != "x509CertificateChain":
            return Outcome.OTHER, "the bundle has no certificate chain"
        found = leaf_key(bundle.certificates, roots)
        if isinstance(found, str):
            return Outcome.OTHER, found
        key, subject = found
        if not _signed_by(key, bundle):
            return Outcome.INVALID, "the signature is not of its certificate and this content"
        return Outcome.VALID, f"certificate of {subject}"

    return judge


def _signed_by(key: PublicKey, bundle: Bundle) -> bool:
    return signs(key, bundle.envelope.signatures[0], authentic(bundle.envelope.payload))


def _is_signature(one: Attached) -> bool:
    return one.path.startswith("signatures/")


def _judge(package: Package, one: Attached, trusted: Trusted) -> Judged:
    assert package.manifest is not None
    if one.bundle is None:
        pointer, message = one.fault or ("", one.limit or "it cannot be read")
        return Judged(one.path, Outcome.INVALID, f"no bundle of model signing at {pointer!r}: {message}")
    outcome, text = trusted(one.bundle)
    if outcome is not Outcome.VALID:
        return Judged(one.path, outcome, text)
    statement = one.bundle.envelope.statement
    fault = (
        form_fault(statement)
        or resources_fault(statement, digests_of(package))
        or subject_fault(statement, package.manifest["id"])
    )
    return Judged(one.path, Outcome.INVALID, fault) if fault else Judged(one.path, outcome, text)
