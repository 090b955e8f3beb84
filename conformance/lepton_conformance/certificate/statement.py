"""The in-toto statement that a certificate carries.

Owns its construction from a report, and the comparison of a statement with a report. Serves CNF-CRT-02.
"""

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785

from lepton_conformance.certificate.fault import Refusal

__all__ = ["PREDICATE_TYPE", "STATEMENT_TYPE", "encode", "require_bound", "state"]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://lepton-standard.org/attestation/conformance/v1"
_SUITE = ("name", "version", "spec", "seed", "maxExamples", "digest")
_SUBJECT = ("kind", "locator", "name", "version")


def state(
    report: Mapping[str, Any], data: bytes, profiles: Sequence[str], issued: datetime.datetime
) -> dict[str, Any]:
    """Return the statement about a report, whose bytes are `data`, for profiles that pass."""
    subject, suite = report["subject"], report["suite"]
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": subject["locator"], "digest": {"sha256": subject["digest"].removeprefix("sha256:")}}
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "lepton": report["lepton"],
            "profiles": sorted(profiles),
            "subject": {name: subject[name] for name in _SUBJECT},
            "suite": {name: suite[name] for name in _SUITE},
            "requirementSet": {"digest": suite["requirementsDigest"]},
            "report": {"digest": "sha256:" + hashlib.sha256(data).hexdigest(), "size": len(data)},
            "issued": issued.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }


def encode(statement: Mapping[str, Any]) -> bytes:
    """Return the statement's bytes in the form of RFC 8785."""
    return rfc8785.dumps(dict(statement))


def require_bound(statement: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    """Raise Refusal unless the statement says of subject and suite what the report says."""
    expected = state(report, b"", statement["predicate"]["profiles"], datetime.datetime.now(datetime.UTC))
    pairs = {
        "subject": (statement["subject"], expected["subject"]),
        **{
            f"predicate/{name}": (statement["predicate"][name], expected["predicate"][name])
            for name in ("lepton", "profiles", "subject", "suite", "requirementSet")
        },
    }
    for place, (found, wanted) in pairs.items():
        if found != wanted:
            raise Refusal(f"the certificate's {place} is not what the report says")
