"""What a report deserves: every verdict computed again from the outcomes of its tests.

Owns steps 5 to 8 of the chapter's section on verifying, which making and verifying a certificate share.
Leaves signatures to `envelope`. Serves CNF-CRT-03 and CNF-CRT-05.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785

from lepton_conformance import edition
from lepton_conformance.certificate.earlier import advise
from lepton_conformance.certificate.fault import Inconclusive, Refusal
from lepton_conformance.certificate.source import require_valid
from lepton_conformance.verdict import (
    ProfileVerdict,
    Verdict,
    is_conditional,
    judge_profile,
    judge_requirement,
    obligations,
)

__all__ = ["Edition", "judge_report", "require_pass"]


class Edition:
    """The requirement set and the suite that the verifier itself holds.

    `tests` gives, by requirement ID, the names of the suite's tests.
    """

    __slots__ = ("requirements", "requirements_digest", "suite_digest", "tests")

    def __init__(
        self,
        requirements: Mapping[str, Mapping[str, Any]],
        suite_digest: str,
        tests: Mapping[str, frozenset[str]],
    ) -> None:
        self.requirements = requirements
        self.requirements_digest = edition.requirement_set_digest(requirements)
        self.suite_digest = suite_digest
        self.tests = tests

    @classmethod
    def installed(cls) -> "Edition":
        """Return what this installation holds."""
        return cls(edition.requirements(), edition.suite_digest(), edition.tests())


def judge_report(report: Mapping[str, Any], held: Edition) -> dict[str, ProfileVerdict]:
    """Return the verdict of every profile of the edition, computed from the outcomes of the report's tests.

    Raises: Refusal when the report contradicts itself or the edition.
    """
    require_valid(report, "conformance-report", "report")
    stated = report["suite"]["requirementsDigest"]
    if stated != held.requirements_digest:
        advice = advise(stated, {entry["profile"] for entry in report["profiles"]})
        raise Refusal(
            f"the digest of the requirement set is {stated}, expected {held.requirements_digest}{advice}"
        )
    _same("suite", report["suite"]["digest"], held.suite_digest)
    _judge_subject(report["subject"])
    verdicts = _judge_requirements(report["requirements"], held)
    profiles = sorted({name for entry in held.requirements.values() for name in entry["profiles"]})
    judged = {name: judge_profile(obligations(name, held.requirements), verdicts) for name in profiles}
    names = [entry["profile"] for entry in report["profiles"]]
    if len(set(names)) < len(names):
        raise Refusal("the report states a profile twice")
    for entry in report["profiles"]:
        name = entry["profile"]
        if name not in judged:
            raise Refusal(f"the report states the profile {name!r}, which this edition does not have")
        if entry["verdict"] != judged[name]:
            raise Refusal(
                f"the report states {entry['verdict']!r} for {name}, but its tests "
                f"amount to {judged[name].value!r}"
            )
    return {name: judged[name] for name in names}


def _judge_subject(subject: Mapping[str, Any]) -> None:
    description = subject["description"]
    for member in ("kind", "name", "version"):
        if description.get(member) != subject[member]:
            raise Refusal(f"the description of the subject does not have the subject's {member}")
    try:
        found = "sha256:" + hashlib.sha256(rfc8785.dumps(description)).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise Refusal(f"the description of the subject has no canonical form: {error}") from error
    _same("description of the subject", subject["digest"], found)


def _judge_requirements(entries: list[dict[str, Any]], held: Edition) -> dict[str, Verdict]:
    judged: dict[str, tuple[Verdict, tuple[str, ...]]] = {}
    for entry in entries:
        key = entry["id"]
        requirement = held.requirements.get(key)
        if requirement is None:
            raise Refusal(f"the report names {key}, which is no requirement of this edition")
        if key in judged:
            raise Refusal(f"the report names {key} twice")
        if entry["level"] != requirement["level"]:
            raise Refusal(
                f"the report gives {key} the level {entry['level']}, expected {requirement['level']}"
            )
        _judge_tests(key, entry["tests"], held.tests.get(key, frozenset()))
        verdict, blocked_by = judge_requirement(entry["tests"], conditional=is_conditional(requirement))
        if entry["verdict"] != verdict or tuple(sorted(entry["blocked_by"])) != blocked_by:
            raise Refusal(
                f"the report states {entry['verdict']!r} for {key}, but its tests amount to {verdict.value!r}"
            )
        judged[key] = (verdict, blocked_by)
    for key, (_, blocked_by) in judged.items():
        for root in blocked_by:
            if judged.get(root, (Verdict.NOT_TESTED, ()))[0] is not Verdict.FAIL:
                raise Refusal(f"the report says that {root} blocks {key}, but {root} has not failed in it")
    return {key: verdict for key, (verdict, _) in judged.items()}


def _judge_tests(key: str, tests: list[dict[str, Any]], known: frozenset[str]) -> None:
    names = [test["test"] for test in tests]
    if len(set(names)) < len(names):
        raise Refusal(f"the report lists a test of {key} twice")
    ran = {name.rpartition("::")[2].partition("[")[0] for name in names}
    for name in sorted(ran - known):
        raise Refusal(f"the report lists the test {name!r} for {key}, which the suite does not have for it")
    for name in sorted(known - ran):
        raise Refusal(f"the report lacks the test {name!r} of {key}, which the suite has for it")


def _same(what: str, found: str, expected: str) -> None:
    if found != expected:
        raise Refusal(f"the digest of the {what} is {found}, expected {expected}")


def require_pass(profile: str, judged: Mapping[str, ProfileVerdict]) -> None:
    """Raise Refusal or Inconclusive unless the profile passes."""
    verdict = judged.get(profile)
    if verdict is None:
        raise Refusal(f"the report does not judge the profile {profile!r}; it judges {', '.join(judged)}")
    if verdict is ProfileVerdict.FAIL:
        raise Refusal(f"the subject does not conform to {profile}: a mandatory requirement failed")
    if verdict is ProfileVerdict.INCONCLUSIVE:
        raise Inconclusive(
            f"{profile} is inconclusive: nothing failed, but a mandatory requirement was not tested"
        )
