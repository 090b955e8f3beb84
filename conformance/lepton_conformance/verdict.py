"""From what tests saw to verdicts: of a requirement, of a profile, of a run.

Owns the rules of the chapter `conformance`, topic CNF-VER, as functions over the plain data of a report: its
test entries (`{"test", "outcome", "examples", "failure"?, "blocked_by"?}`) and the entries of
`requirements.json`. Leaves running tests to the driver and reading files to the callers. `lepton certify`
calls it when it writes a report, `lepton verify` when it believes nothing that a report says about itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

__all__ = [
    "DATA_FULL_ONLY",
    "DATA_VALIDATORS",
    "FULL_ONLY",
    "VALIDATORS",
    "Blame",
    "Outcome",
    "ProfileVerdict",
    "Verdict",
    "blockers",
    "exit_code",
    "is_conditional",
    "is_mandatory",
    "judge_profile",
    "judge_requirement",
    "members",
    "obligations",
]

#: The profile by which validators are judged.
VALIDATORS = "package"
#: What only a replay of the vectors shows: it does not apply to a validator that declares only `quick`.
FULL_ONLY = frozenset(("PKG-VEC-04", "PKG-VEC-08", "PKG-VEC-12"))
#: The profile by which validators of data sets are judged.
DATA_VALIDATORS = "data"
#: What only reading the records of a data set shows.
DATA_FULL_ONLY = frozenset(
    (
        *("DAT-REC-02", "DAT-REC-03", "DAT-REC-04", "DAT-REC-05", "DAT-REC-06", "DAT-REC-07"),
        *("DAT-SPL-02", "DAT-SPL-04", "DAT-MAP-04", "DAT-MAP-05", "DAT-MAP-06"),
    )
)
#: The role whose requirements a profile of validators asks about.
_JUDGED = {VALIDATORS: "package", DATA_VALIDATORS: "dataset"}
#: Exit codes of `certify` and `verify` (Spec: CNF-EXI-01); 2 is for work that could not be done.
EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}


class Outcome(StrEnum):
    """What one test saw."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    NOT_TESTED = "not-tested"
    NOT_APPLICABLE = "not-applicable"


class Blame(StrEnum):
    """Whose fault a failure is."""

    SUBJECT = "subject"
    ADAPTER = "adapter"
    SUITE = "suite"


class Verdict(StrEnum):
    """What is concluded about one requirement."""

    PASS = "pass"
    FAIL = "fail"
    BLOCKED = "blocked"
    NOT_TESTED = "not-tested"
    NOT_APPLICABLE = "not-applicable"


class ProfileVerdict(StrEnum):
    """What is concluded about one profile."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


def is_mandatory(requirement: Mapping[str, Any]) -> bool:
    """Say whether a requirement's keyword states an absolute requirement or prohibition."""
    return requirement["level"] in ("MUST", "MUST NOT")


def is_conditional(requirement: Mapping[str, Any]) -> bool:
    """Say whether a requirement may turn out not to apply.

    Its text then begins with "Where", or it belongs only to the level `full` of validators.
    """
    text: str = requirement["text"]
    return text.lstrip().startswith("Where ") or requirement.get("id") in FULL_ONLY | DATA_FULL_ONLY


def members(profile: str, requirements: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the IDs of a profile's requirements that tests judge, mandatory or not."""
    return tuple(
        sorted(
            key
            for key, entry in requirements.items()
            if profile in entry["profiles"] and _is_judged(profile, entry)
        )
    )


def _is_judged(profile: str, entry: Mapping[str, Any]) -> bool:
    """Say whether tests judge a requirement of a profile.

    The profiles `package` and `data` judge validators: by what they do themselves, and by what they say of
    packages or data sets. What they ask of runtimes and producers is judged elsewhere.
    """
    if profile not in _JUDGED:
        return "test" in entry["verify"]
    if entry["role"] == _JUDGED[profile]:
        return not {"schema", "check"}.isdisjoint(entry["verify"])
    return entry["role"] == "validator" and "test" in entry["verify"]


def obligations(profile: str, requirements: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the IDs that must pass for a profile to pass (Spec: CNF-VER-04, CNF-CRT-03)."""
    return tuple(key for key in members(profile, requirements) if is_mandatory(requirements[key]))


def judge_requirement(
    tests: Sequence[Mapping[str, Any]], *, conditional: bool
) -> tuple[Verdict, tuple[str, ...]]:
    """Return a requirement's verdict and the IDs that block it, from the entries of its tests.

    Only a failure blamed on the subject fails it; a test that ran no example, or that a fault of suite or
    adapter stopped, has not tested it. Spec: CNF-VER-01, CNF-VER-02, CNF-VER-03, CNF-VER-05.
    """
    seen = [_weigh(test, conditional=conditional) for test in tests]
    if Verdict.FAIL in seen:
        return Verdict.FAIL, ()
    if Verdict.BLOCKED in seen:
        return Verdict.BLOCKED, tuple(sorted({key for test in tests for key in test.get("blocked_by") or ()}))
    if Verdict.NOT_TESTED in seen or not seen:
        return Verdict.NOT_TESTED, ()
    return (Verdict.PASS if Verdict.PASS in seen else Verdict.NOT_APPLICABLE), ()


def _weigh(test: Mapping[str, Any], *, conditional: bool) -> Verdict:
    """Return what one test says about its requirement."""
    outcome, failure = Outcome(test["outcome"]), test.get("failure")
    if failure is not None and Blame(failure["blame"]) is Blame.SUBJECT:
        return Verdict.FAIL
    if outcome is Outcome.BLOCKED:
        return Verdict.BLOCKED
    if outcome is Outcome.NOT_APPLICABLE and conditional:
        return Verdict.NOT_APPLICABLE
    if outcome is Outcome.PASSED and failure is None and test["examples"] > 0:
        return Verdict.PASS
    return Verdict.NOT_TESTED


def blockers(needs: Iterable[str], judged: Mapping[str, tuple[Verdict, tuple[str, ...]]]) -> tuple[str, ...]:
    """Return the failed requirements because of which a test with these prerequisites does not run.

    `judged` holds what `judge_requirement` returned for what has been judged so far; a blocked prerequisite
    passes on the failures that block it, so that a root cause is named once. Spec: CNF-VER-05.
    """
    roots: set[str] = set()
    for need in needs:
        verdict, blocked_by = judged.get(need, (Verdict.NOT_TESTED, ()))
        if verdict is Verdict.FAIL:
            roots.add(need)
        elif verdict is Verdict.BLOCKED:
            roots.update(blocked_by)
    return tuple(sorted(roots))


def judge_profile(mandatory: Iterable[str], verdicts: Mapping[str, Verdict]) -> ProfileVerdict:
    """Return a profile's verdict from those of its mandatory requirements.

    A requirement without a verdict was not tested. A profile all of whose requirements do not apply, or that
    has none, shows nothing and is inconclusive. Spec: CNF-VER-02, CNF-VER-04.
    """
    seen = [verdicts.get(key, Verdict.NOT_TESTED) for key in mandatory]
    if Verdict.FAIL in seen:
        return ProfileVerdict.FAIL
    if Verdict.PASS in seen and all(verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE) for verdict in seen):
        return ProfileVerdict.PASS
    return ProfileVerdict.INCONCLUSIVE


def exit_code(profiles: Iterable[ProfileVerdict]) -> int:
    """Return 1 when a profile fails, else 3 when one is inconclusive, else 0 (Spec: CNF-EXI-01)."""
    seen = set(profiles)
    if ProfileVerdict.FAIL in seen:
        return EXIT_CODES["fail"]
    if ProfileVerdict.INCONCLUSIVE in seen or not seen:
        return EXIT_CODES["inconclusive"]
    return EXIT_CODES["pass"]
