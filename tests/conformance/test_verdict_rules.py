"""The rules of verdicts, enumerated: every pair of test outcomes, every pair of requirement verdicts."""

import itertools
from typing import Any

import pytest

import lepton_spec
from lepton_conformance.verdict import (
    DATA_FULL_ONLY,
    FULL_ONLY,
    ProfileVerdict,
    Verdict,
    blockers,
    exit_code,
    is_conditional,
    is_mandatory,
    judge_profile,
    judge_requirement,
    members,
    obligations,
)

SUBJECT = {"message": "found 1, expected 2", "blame": "subject", "reproducer": "reproducers/r.py"}
ADAPTER = {"message": "no hello", "blame": "adapter", "reproducer": None}
SUITE = {"message": "KeyError", "blame": "suite", "reproducer": None}
#: Every kind of test entry, with what it says of a requirement that is not conditional.
TESTS: dict[str, tuple[dict[str, Any], str]] = {
    "passed": ({"outcome": "passed", "examples": 3}, "pass"),
    "passed without examples": ({"outcome": "passed", "examples": 0}, "not-tested"),
    "passed with a failure": ({"outcome": "passed", "examples": 3, "failure": SUBJECT}, "fail"),
    "failed": ({"outcome": "failed", "examples": 3, "failure": SUBJECT}, "fail"),
    "adapter": ({"outcome": "failed", "examples": 3, "failure": ADAPTER}, "not-tested"),
    "suite": ({"outcome": "failed", "examples": 3, "failure": SUITE}, "not-tested"),
    "blocked": ({"outcome": "blocked", "examples": 0, "blocked_by": ["INF-RSP-01"]}, "blocked"),
    "not tested": ({"outcome": "not-tested", "examples": 0, "reason": "no model"}, "not-tested"),
    "not applicable": ({"outcome": "not-applicable", "examples": 0, "reason": "none listed"}, "not-tested"),
}
#: What prevails when several tests judge one requirement, first to last.
ORDER = ("fail", "blocked", "not-tested", "pass", "not-applicable")


@pytest.mark.requirement("CNF-VER-01", "CNF-VER-02", "CNF-VER-03")
@pytest.mark.parametrize("name", TESTS)
def test_one_test_gives_its_verdict(name: str) -> None:
    test, expected = TESTS[name]
    assert judge_requirement([test], conditional=False)[0] == expected


@pytest.mark.requirement("CNF-VER-01")
@pytest.mark.parametrize(("first", "second"), list(itertools.product(TESTS, TESTS)))
def test_the_graver_of_two_tests_prevails(first: str, second: str) -> None:
    (one, one_says), (other, other_says) = TESTS[first], TESTS[second]
    expected = min(one_says, other_says, key=ORDER.index)
    assert judge_requirement([one, other], conditional=False)[0] == expected


@pytest.mark.requirement("CNF-VER-01")
def test_only_the_subjects_failures_fail_it_among_all_triples_of_tests() -> None:
    for names in itertools.product(TESTS, repeat=3):
        tests = [TESTS[name][0] for name in names]
        blamed = any((test.get("failure") or {}).get("blame") == "subject" for test in tests)
        assert (judge_requirement(tests, conditional=False)[0] is Verdict.FAIL) == blamed


@pytest.mark.requirement("CNF-VER-02")
def test_a_requirement_without_tests_is_not_tested() -> None:
    assert judge_requirement([], conditional=True) == (Verdict.NOT_TESTED, ())


def test_only_a_conditional_requirement_can_be_not_applicable() -> None:
    absent = TESTS["not applicable"][0]
    assert judge_requirement([absent], conditional=True)[0] is Verdict.NOT_APPLICABLE
    assert judge_requirement([absent, TESTS["passed"][0]], conditional=True)[0] is Verdict.PASS
    assert judge_requirement([absent], conditional=False)[0] is Verdict.NOT_TESTED


@pytest.mark.requirement("CNF-VER-05")
def test_a_blocked_requirement_names_every_requirement_that_blocks_it_once() -> None:
    tests = [
        {"outcome": "blocked", "examples": 0, "blocked_by": ["INF-RSP-01", "INF-HLT-01"]},
        {"outcome": "blocked", "examples": 0, "blocked_by": ["INF-RSP-01"]},
    ]
    assert judge_requirement(tests, conditional=False) == (Verdict.BLOCKED, ("INF-HLT-01", "INF-RSP-01"))


@pytest.mark.requirement("CNF-VER-05")
@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        ((Verdict.FAIL, ()), ("INF-RSP-01",)),
        ((Verdict.BLOCKED, ("INF-HLT-01",)), ("INF-HLT-01",)),
        ((Verdict.PASS, ()), ()),
        ((Verdict.NOT_TESTED, ()), ()),
        ((Verdict.NOT_APPLICABLE, ()), ()),
        (None, ()),
    ],
)
def test_a_prerequisite_blocks_when_it_failed_or_is_blocked_and_the_root_is_named(
    judged: tuple[Verdict, tuple[str, ...]] | None, expected: tuple[str, ...]
) -> None:
    table = {} if judged is None else {"INF-RSP-01": judged}
    assert blockers(("INF-RSP-01",), table) == expected


@pytest.mark.requirement("CNF-VER-04")
@pytest.mark.parametrize("verdicts", list(itertools.product(Verdict, repeat=3)))
def test_a_profile_passes_only_when_each_mandatory_requirement_does(verdicts: tuple[Verdict, ...]) -> None:
    table = dict(zip(("A", "B", "C"), verdicts, strict=True))
    met = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    if Verdict.FAIL in verdicts:
        expected = ProfileVerdict.FAIL
    elif set(verdicts) <= met and Verdict.PASS in verdicts:
        expected = ProfileVerdict.PASS
    else:
        expected = ProfileVerdict.INCONCLUSIVE
    assert judge_profile(table, table) is expected


@pytest.mark.requirement("CNF-VER-02", "CNF-VER-04")
def test_a_requirement_without_a_verdict_leaves_its_profile_inconclusive() -> None:
    assert judge_profile(("A", "B"), {"A": Verdict.PASS}) is ProfileVerdict.INCONCLUSIVE
    assert judge_profile((), {}) is ProfileVerdict.INCONCLUSIVE


@pytest.mark.requirement("CNF-VER-04")
def test_obligations_are_the_mandatory_requirements_of_the_profile_that_tests_judge() -> None:
    base = {"role": "server", "rev": 1, "text": "A server MUST", "verify": ["test"], "profiles": ["p"]}
    requirements = {
        "A": {**base, "level": "MUST"},
        "B": {**base, "level": "MUST NOT"},
        "C": {**base, "level": "SHOULD"},
        "D": {**base, "level": "MUST", "profiles": ["q"]},
        "E": {**base, "level": "MUST", "verify": ["review"]},
        "F": {**base, "level": "MAY"},
        "G": {**base, "level": "SHOULD NOT"},
    }
    assert obligations("p", requirements) == ("A", "B")
    assert members("p", requirements) == ("A", "B", "C", "F", "G")
    assert [is_mandatory(entry) for entry in requirements.values()].count(True) == 4


def test_a_requirement_is_conditional_when_its_text_begins_with_where() -> None:
    assert is_conditional({"text": "Where a model lists versions, the server MUST serve them."})
    assert not is_conditional({"text": "A server MUST say where it is."})
    assert not is_conditional({"text": "Whereas"})


def test_what_only_the_level_full_judges_may_not_apply() -> None:
    requirements = lepton_spec.requirements()
    only = {
        key
        for key, entry in requirements.items()
        if is_conditional(entry) and entry["role"] == "package" and "package" in entry["profiles"]
    }
    assert only == FULL_ONLY


def test_what_only_reading_records_shows_may_not_apply() -> None:
    requirements = lepton_spec.requirements()
    assert all(is_conditional(requirements[key]) for key in DATA_FULL_ONLY)
    assert {requirements[key]["role"] for key in DATA_FULL_ONLY} == {"dataset"}


@pytest.mark.requirement("CNF-EXI-01")
@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        (["pass"], 0),
        (["pass", "pass"], 0),
        (["fail"], 1),
        (["inconclusive"], 3),
        (["pass", "inconclusive"], 3),
        (["inconclusive", "fail", "pass"], 1),
        ([], 3),
    ],
)
def test_the_exit_code_is_that_of_the_gravest_profile(profiles: list[str], expected: int) -> None:
    assert exit_code(ProfileVerdict(name) for name in profiles) == expected
