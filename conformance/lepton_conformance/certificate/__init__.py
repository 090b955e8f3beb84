"""Certificates: what a certifier found, signed, and how a stranger checks it.

Owns making and verifying certificates (chapter `conformance`, topic CNF-CRT). Leaves verdicts to `verdict`
and the figures of the installed suite to `edition`.
"""

from lepton_conformance.certificate.fault import CertificateError, Inconclusive, Refusal
from lepton_conformance.certificate.issue import attest
from lepton_conformance.certificate.verification import Verified, verify

__all__ = ["CertificateError", "Inconclusive", "Refusal", "Verified", "attest", "verify"]
