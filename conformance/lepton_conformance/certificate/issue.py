"""Make a certificate from a report that deserves one.

Owns the order of the work; leaves judging to `judgement` and signing to `envelope`. Serves
CNF-CRT-01 and CNF-CRT-02.
"""

import datetime
from collections.abc import Sequence

from securesystemslib.signer import CryptoSigner

from lepton_conformance.certificate.envelope import seal
from lepton_conformance.certificate.fault import Inconclusive, Refusal
from lepton_conformance.certificate.judgement import Edition, judge_report, require_pass
from lepton_conformance.certificate.source import parse_object, require_valid
from lepton_conformance.certificate.statement import encode, state
from lepton_conformance.verdict import ProfileVerdict

__all__ = ["attest", "passing"]


def passing(data: bytes, profiles: Sequence[str], *, held: Edition | None = None) -> tuple[str, ...]:
    """Return the profiles that a certificate about the report `data` may name.

    Without `profiles`, those that pass. Raises: Refusal or Inconclusive when a named one, or every one, does
    not.
    """
    judged = judge_report(parse_object(data, "report"), held or Edition.installed())
    for profile in profiles:
        require_pass(profile, judged)
    chosen = profiles or [name for name, verdict in judged.items() if verdict is ProfileVerdict.PASS]
    if not chosen:
        fault = Refusal if ProfileVerdict.FAIL in judged.values() else Inconclusive
        found = ", ".join(f"{name}: {verdict.value}" for name, verdict in judged.items())
        raise fault(f"no profile of the report passes ({found}), so there is nothing to certify")
    return tuple(sorted(set(chosen)))


def attest(
    data: bytes,
    signer: CryptoSigner,
    *,
    profiles: Sequence[str] = (),
    issued: datetime.datetime | None = None,
    held: Edition | None = None,
) -> bytes:
    """Return the certificate, signed, about the report whose bytes are `data`.

    Raises: Refusal, Inconclusive.
    """
    chosen = passing(data, profiles, held=held)
    report = parse_object(data, "report")
    statement = state(report, data, chosen, issued or datetime.datetime.now(datetime.UTC))
    require_valid(statement, "certificate", "statement")
    return seal(encode(statement), signer)
