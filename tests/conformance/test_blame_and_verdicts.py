"""From what a test raises to the verdicts of a requirement and of a profile."""

import itertools
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lepton_conformance import collect as collect_module
from lepton_conformance.collect import Plan, SuiteError, collect
from lepton_conformance.evidence import Evidence
from lepton_conformance.report import document
from lepton_conformance.subject.exchange import Recorder

REQUIREMENTS: dict[str, dict[str, Any]] = {
    f"INF-TST-0{number}": {
        "level": "SHOULD" if number == 9 else "MUST",
        "profiles": ["tried"],
        "verify": ["test"],
        "text": "Where it applies, a server MUST." if number == 8 else "A server MUST.",
    }
    for number in range(1, 10)
}
NUMBERS = itertools.count()
HEAD = """
from lepton_conformance.outcome import *
from lepton_conformance.suite.driver import each
from lepton_conformance.suite.marks import requirement

def fine(budget):
    each(budget, [1], lambda case: None)
"""


class Someone:
    """A subject that nobody asks anything."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.answers = True

    def responds(self) -> bool:
        return self.answers

    def close(self) -> None:
        pass


def collected(
    tests: str, folder: Path, monkeypatch: pytest.MonkeyPatch, subject: Someone | None = None
) -> tuple[Evidence, ...]:
    name = f"tried_{next(NUMBERS)}"  # Python keeps modules by name
    (folder / f"{name}.py").write_text(HEAD + textwrap.dedent(tests), encoding="utf-8")
    monkeypatch.setattr(collect_module, "SUITE_DIR", folder)
    plan = Plan([name], frozenset(REQUIREMENTS), None, REQUIREMENTS, 0, 5)
    return collect(subject or Someone(), plan)


def judged(evidence: tuple[Evidence, ...]) -> tuple[dict[str, str], str]:
    report: Mapping[str, Any] = document.build(
        {}, {}, ["tried"], evidence, REQUIREMENTS, started="", seconds=0.0
    )
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"]}
    return verdicts, report["profiles"][0]["verdict"]


ALL_PASS = "".join(
    f'\n@requirement("INF-TST-0{number}")\ndef test_{number}(budget):\n    fine(budget)\n'
    for number in range(1, 10)
)


@pytest.mark.requirement("CNF-VER-04")
def test_profile_passes_when_all_its_musts_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts, profile = judged(collected(ALL_PASS, tmp_path, monkeypatch))
    assert set(verdicts.values()) == {"pass"}
    assert profile == "pass"


@pytest.mark.requirement("CNF-VER-04")
def test_profile_passes_in_spite_of_a_failed_should(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = ALL_PASS.replace(
        "def test_9(budget):\n    fine", "def test_9(budget):\n    raise SubjectFault('x')\n    fine"
    )
    verdicts, profile = judged(collected(tests, tmp_path, monkeypatch))
    assert verdicts["INF-TST-09"] == "fail"
    assert profile == "pass"


@pytest.mark.requirement("CNF-VER-01")
@pytest.mark.requirement("CNF-VER-02")
@pytest.mark.requirement("CNF-VER-03")
@pytest.mark.requirement("CNF-VER-04")
@pytest.mark.parametrize(
    ("raised", "verdict", "profile"),
    [
        ("raise SubjectFault('wrong')", "fail", "fail"),
        ("raise SubjectGone('gone')", "fail", "fail"),
        ("raise AdapterFault('garbled')", "not-tested", "inconclusive"),
        ("raise KeyError('a mistake of the suite')", "not-tested", "inconclusive"),
        ("assert 1 == 2", "not-tested", "inconclusive"),
        ("raise NotTested('no model')", "not-tested", "inconclusive"),
        ("raise NotApplicable('not conditional')", "not-tested", "inconclusive"),
        ("return", "not-tested", "inconclusive"),
        ("import pytest; pytest.skip('later')", "not-tested", "inconclusive"),
    ],
)
def test_only_a_fault_of_the_subject_fails_it(
    raised: str, verdict: str, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = ALL_PASS.replace("def test_3(budget):\n    fine(budget)", f"def test_3(budget):\n    {raised}")
    verdicts, found = judged(collected(tests, tmp_path, monkeypatch))
    assert verdicts.pop("INF-TST-03") == verdict
    assert set(verdicts.values()) == {"pass"}
    assert found == profile


def test_conditional_requirement_may_not_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = ALL_PASS.replace(
        "def test_8(budget):\n    fine(budget)", "def test_8(budget):\n    raise NotApplicable('x')"
    )
    verdicts, profile = judged(collected(tests, tmp_path, monkeypatch))
    assert verdicts["INF-TST-08"] == "not-applicable"
    assert profile == "pass"


@pytest.mark.requirement("CNF-VER-05")
def test_dependants_are_blocked_by_the_root_and_run_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = """
    @requirement("INF-TST-03", needs=("INF-TST-02",))
    def test_last(budget):
        fine(budget)

    @requirement("INF-TST-02", needs=("INF-TST-01",))
    def test_middle(budget):
        fine(budget)

    @requirement("INF-TST-01")
    def test_root(budget):
        raise SubjectFault("wrong")

    @requirement("INF-TST-04", needs=("INF-TST-05",))
    def test_needs_what_was_not_tested(budget):
        fine(budget)
    """
    evidence = collected(tests, tmp_path, monkeypatch)
    assert [entry.test for entry in evidence] == [
        "test_root",
        "test_middle",
        "test_last",
        "test_needs_what_was_not_tested",
    ]
    assert evidence[1].blocked_by == evidence[2].blocked_by == ("INF-TST-01",)
    verdicts, _ = judged(evidence)
    assert verdicts["INF-TST-03"] == "blocked"
    assert verdicts["INF-TST-04"] == "pass"


def test_lost_subject_blocks_whatever_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = Someone()
    subject.answers = False
    tests = ALL_PASS.replace(
        "def test_2(budget):\n    fine(budget)", "def test_2(budget):\n    raise SubjectGone('x')"
    )
    evidence = collected(tests, tmp_path, monkeypatch, subject)
    verdicts, profile = judged(evidence)
    assert verdicts["INF-TST-01"] == "pass"
    assert verdicts["INF-TST-02"] == "fail"
    assert {verdicts[f"INF-TST-0{number}"] for number in range(3, 10)} == {"blocked"}
    assert {entry.blocked_by for entry in evidence[2:]} == {("INF-TST-02",)}
    assert profile == "fail"


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def test_x(budget): pass", "test_x cites no requirement"),
        ("syntax error(", "SyntaxError"),
    ],
)
def test_broken_suite_is_no_verdict(
    tests: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SuiteError, match=f"suite could not run: .*{words}"):
        collected(tests, tmp_path, monkeypatch)


class Raising(Someone):
    """A subject whose own code fails when it is asked whether it still responds."""

    def responds(self) -> bool:
        raise RuntimeError("no luck")


def test_fault_outside_of_a_test_is_no_verdict_and_says_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = '@requirement("INF-TST-01")\ndef test_1(no_such_fixture): pass'
    with pytest.raises(SuiteError, match=r"test_1: .*no_such_fixture"):
        collected(asks, tmp_path, monkeypatch)
    gone = '@requirement("INF-TST-01")\ndef test_1(budget): raise SubjectGone("nothing")'
    with pytest.raises(SuiteError, match=r"test_1: .*no luck"):
        collected(gone, tmp_path, monkeypatch, Raising())


def test_second_test_that_finds_the_same_kind_of_fault_is_no_second_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = """
    @requirement("INF-TST-01")
    def test_first(budget): raise SubjectFault("sent 'a'; found status 422 with 'x', expected 400")

    @requirement("INF-TST-01")
    def test_same(budget): raise SubjectFault("sent 'b'; found status 422 with 'y', expected 400")

    @requirement("INF-TST-01")
    def test_other(budget): raise SubjectFault("sent 'b'; found status 200 with 'y', expected 400")

    @requirement("INF-TST-02")
    def test_elsewhere(budget): raise SubjectFault("sent 'a'; found status 422 with 'x', expected 400")
    """
    evidence = collected(tests, tmp_path, monkeypatch)
    found = {entry.test: (entry.outcome.value, entry.blocked_by) for entry in evidence}
    assert found == {
        "test_first": ("failed", ()),
        "test_same": ("blocked", ("INF-TST-01",)),
        "test_other": ("failed", ()),
        "test_elsewhere": ("failed", ()),
    }
    assert judged(evidence)[0]["INF-TST-01"] == "fail"
