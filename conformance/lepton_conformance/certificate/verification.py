"""Verify a certificate: believe nothing that can be computed.

Owns the order of the steps in the chapter's section on verifying; each stops the work with one line. Serves
CNF-CRT-03, CNF-CRT-04 and CNF-CRT-05.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from securesystemslib.signer import SSlibKey

from lepton_conformance.certificate.envelope import open_envelope
from lepton_conformance.certificate.fault import Refusal
from lepton_conformance.certificate.judgement import Edition, judge_report, require_pass
from lepton_conformance.certificate.source import parse_object, require_valid
from lepton_conformance.certificate.statement import PREDICATE_TYPE, STATEMENT_TYPE, require_bound

__all__ = ["Verified", "verify"]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a certificate shows, once it holds."""

    profiles: tuple[str, ...]
    subject: str
    subject_name: str
    subject_version: str
    subject_digest: str
    suite_version: str
    issued: str
    keyid: str


def verify(
    certificate: bytes,
    report: bytes,
    key: SSlibKey,
    *,
    profiles: Sequence[str] = (),
    subject_digest: str | None = None,
    held: Edition | None = None,
) -> Verified:
    """Return what the certificate shows about the report.

    `profiles` are profiles that it has to show; `subject_digest` the subject it has to be about. Raises:
    Refusal, Inconclusive. Spec: CNF-CRT-04.
    """
    statement = _open(certificate, key)
    predicate = statement["predicate"]
    _require_report(predicate["report"], report)
    document = parse_object(report, "report")
    judged = judge_report(document, held or Edition.installed())
    require_bound(statement, document)
    for profile in (*predicate["profiles"], *profiles):
        require_pass(profile, judged)
    for profile in profiles:
        if profile not in predicate["profiles"]:
            raise Refusal(
                f"the certificate is for {', '.join(predicate['profiles'])}, expected {profile} among them"
            )
    digest: str = document["subject"]["digest"]
    if subject_digest is not None and subject_digest != digest:
        raise Refusal(f"the certificate is about the subject {digest}, expected {subject_digest}")
    return Verified(
        tuple(predicate["profiles"]),
        predicate["subject"]["locator"],
        predicate["subject"]["name"],
        predicate["subject"]["version"],
        digest,
        predicate["suite"]["version"],
        predicate["issued"],
        str(key.keyid),
    )


def _open(certificate: bytes, key: SSlibKey) -> dict[str, Any]:
    statement = parse_object(open_envelope(certificate, key), "statement")
    for member, expected in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
        if statement.get(member) != expected:
            raise Refusal(
                f"the statement's {member} is {repr(statement.get(member))[:80]}, expected {expected!r}"
            )
    require_valid(statement, "certificate", "statement")
    return statement


def _require_report(bound: dict[str, Any], report: bytes) -> None:
    if len(report) != bound["size"]:
        raise Refusal(f"the report has {len(report)} bytes, expected {bound['size']} as certified")
    found = "sha256:" + hashlib.sha256(report).hexdigest()
    if found != bound["digest"]:
        raise Refusal(f"the digest of the report is {found}, expected {bound['digest']} as certified")
