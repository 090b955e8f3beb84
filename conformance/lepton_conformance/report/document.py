"""`report.json`: the document of a run.

Owns its members and their order; leaves verdicts to `verdict` and writing files to `report.directory`. Serves
`conformance` (CNF-REP-01, CNF-REP-02).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import lepton_spec
from lepton_conformance.evidence import Evidence
from lepton_conformance.fingerprint import fingerprint
from lepton_conformance.verdict import (
    Blame,
    Verdict,
    is_conditional,
    judge_profile,
    judge_requirement,
    members,
    obligations,
)

__all__ = ["MAX_MESSAGE_CHARACTERS", "build", "reproducer_path"]

MAX_MESSAGE_CHARACTERS = 4000
_SECONDS_DIGITS = 3


def build(
    subject: Mapping[str, Any],
    suite: Mapping[str, Any],
    profiles: Sequence[str],
    evidence: Sequence[Evidence],
    requirements: Mapping[str, Mapping[str, Any]],
    *,
    started: str,
    seconds: float,
) -> dict[str, Any]:
    """Return the report of a run as JSON values, valid against conformance-report.schema.json."""
    judged: list[dict[str, Any]] = []
    verdicts: dict[str, Verdict] = {}
    for identifier in sorted({key for profile in profiles for key in members(profile, requirements)}):
        tests = [_test(entry, evidence) for entry in evidence if entry.requirement == identifier]
        entry = requirements[identifier]
        verdict, blocked_by = judge_requirement(tests, conditional=is_conditional(entry))
        verdicts[identifier] = verdict
        judged.append(
            {
                "id": identifier,
                "level": entry["level"],
                "verdict": verdict.value,
                "blocked_by": list(blocked_by),
                "tests": tests,
            }
        )
    return {
        "lepton": lepton_spec.SPEC_VERSION,
        "subject": dict(subject),
        "suite": dict(suite),
        "started": started,
        "seconds": round(seconds, _SECONDS_DIGITS),
        "profiles": [
            {
                "profile": profile,
                "verdict": judge_profile(obligations(profile, requirements), verdicts).value,
            }
            for profile in profiles
        ],
        "requirements": judged,
    }


def reproducer_path(entry: Evidence, evidence: Iterable[Evidence]) -> str:
    """Return the path of a failure's reproducer, beside the report."""
    several = sum(other.requirement == entry.requirement for other in evidence) > 1
    name = f"{entry.requirement}-{entry.test}" if several else entry.requirement
    kept = "".join(character if character.isalnum() or character in "_.-" else "_" for character in name)
    return f"reproducers/{kept}.py"


def _test(entry: Evidence, evidence: Sequence[Evidence]) -> dict[str, Any]:
    test: dict[str, Any] = {
        "test": entry.test,
        "outcome": entry.outcome.value,
        "examples": entry.examples,
        "seconds": round(entry.seconds, _SECONDS_DIGITS),
    }
    if entry.reason:
        test["reason"] = _bounded(entry.reason)
    if entry.blocked_by:
        test["blocked_by"] = list(entry.blocked_by)
    if entry.failure is not None:
        by_subject = entry.failure.blame is Blame.SUBJECT
        test["failure"] = {
            "message": _bounded(entry.failure.message) or "no message",
            "blame": entry.failure.blame.value,
            "reproducer": reproducer_path(entry, evidence) if by_subject else None,
        }
        if by_subject:
            test["failure"]["fingerprint"] = fingerprint(entry)
    return test


def _bounded(text: str) -> str:
    """Return text that JSON can carry, cut where it is too long."""
    clean = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return clean if len(clean) <= MAX_MESSAGE_CHARACTERS else clean[:MAX_MESSAGE_CHARACTERS] + "..."
