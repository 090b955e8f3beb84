"""The reference validator is judged like any other, through the adapter that strangers copy."""

import sys
from pathlib import Path

import pytest

import lepton_spec
from lepton_conformance import edition, suite, verdict
from lepton_conformance.certify import certify
from lepton_conformance.collect import SUITE_DIR
from lepton_conformance.fingerprint import kind_of_fault
from lepton_conformance.forge import VIOLATIONS
from lepton_conformance.smoke import smoke

ADAPTER = Path(__file__).resolve().parents[2] / "kits" / "python" / "validator_adapter.py"
SUBJECT = f"exec:{sys.executable} {ADAPTER}"
#: An adapter that declares one level: the same validator, which then is judged at that level.
QUICK = "import validator_adapter as a; a.Validator.levels = ('quick',); a.serve(a.Validator())"
#: An adapter that reports nothing about any package.
BLIND = (
    "import validator_adapter as a; told = a.Validator.validate; "
    "a.Validator.validate = lambda self, *o: told(self, *o) | {'findings': [], 'verdict': 'pass'}; "
    "a.serve(a.Validator())"
)


@pytest.mark.requirement("PKG-VAL-06")
def test_the_reference_validator_passes_whole() -> None:
    """Every requirement of the profile passes, recommendations too."""
    report = certify(SUBJECT, max_examples=1)
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"]}
    assert {key: said for key, said in verdicts.items() if said != "pass"} == {}
    assert report["profiles"] == [{"profile": "package", "verdict": "pass"}]
    assert set(verdicts) == set(verdict.members(verdict.VALIDATORS, lepton_spec.requirements()))


def test_a_validator_that_declares_quick_is_judged_at_that_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ADAPTER.parent))
    judged = ["PKG-DIG-03", "PKG-VAL-05"]
    some = [*sorted(verdict.FULL_ONLY), *judged]
    report = certify(f'exec:{sys.executable} -c "{QUICK}"', ["package"], max_examples=0, only=some)
    verdicts = {entry["id"]: entry for entry in report["requirements"]}
    assert {key: verdicts[key]["verdict"] for key in judged} == dict.fromkeys(judged, "pass")
    for key in verdict.FULL_ONLY:
        assert verdicts[key]["verdict"] == "not-applicable"
        assert "the level quick only" in verdicts[key]["tests"][0]["reason"]


def test_a_failure_names_the_other_packages_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ADAPTER.parent))
    report = certify(f'exec:{sys.executable} -c "{BLIND}"', ["package"], max_examples=0, only=["PKG-MAN-05"])
    (entry,) = (one for one in report["requirements"] if one["id"] == "PKG-MAN-05")
    (failure,) = (one["failure"] for one in entry["tests"])
    others = [f"PKG-MAN-05/{one.name}" for one in VIOLATIONS if one.requirement == "PKG-MAN-05"][1:]
    assert failure["message"].endswith(f" ... and {len(others)} more packages: {', '.join(others)}")
    assert kind_of_fault(failure["message"]) == kind_of_fault(failure["message"].partition(" ... and")[0])


def test_smoke_asks_a_validator(tmp_path: Path) -> None:
    said: list[str] = []
    assert smoke(SUBJECT, said.append) == 0
    assert any("PKG-DIG-03" in line for line in said)
    mute = tmp_path / "mute.py"
    hello = '{"lepton":"1.0","protocol":1,"name":"m","version":"1","capabilities":{"validate":["quick"]}}'
    mute.write_text(
        f"import sys\nprint('{hello}', flush=True)\nfor line in sys.stdin:\n    print(0, flush=True)\n"
    )
    said.clear()
    assert smoke(f"exec:{sys.executable} {mute}", said.append) == 1
    assert "the adapter breaks the protocol" in said[-1]


def test_every_requirement_of_the_profile_has_a_test() -> None:
    assert set(verdict.members(verdict.VALIDATORS, lepton_spec.requirements())) <= set(edition.tests())


@pytest.mark.requirement("DAT-VAL-01")
def test_the_reference_validator_of_data_sets_passes() -> None:
    """A fifth of the requirements, and those on validators; each is seen violated in another test."""
    every = verdict.members(verdict.DATA_VALIDATORS, lepton_spec.requirements())
    assert set(every) <= set(edition.tests())
    some = [*every[::5], "DAT-VAL-01", "DAT-VAL-02", "DAT-VAL-03"]
    report = certify(SUBJECT, ["data"], max_examples=1, only=[one for one in some if one != "DAT-LAY-05"])
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"] if entry["id"] in some}
    verdicts.pop("DAT-LAY-05", None)
    assert {key: said for key, said in verdicts.items() if said != "pass"} == {}
    assert len(verdicts) > 10


def test_a_validator_that_accepts_every_data_set_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ADAPTER.parent))
    some = ["DAT-DST-04", "DAT-SPL-04", "DAT-MAP-05", "DAT-VAL-01"]
    report = certify(f'exec:{sys.executable} -c "{BLIND}"', ["data"], max_examples=0, only=some)
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"]}
    assert {key: verdicts[key] for key in some} == dict.fromkeys(some, "fail")


def test_every_module_about_data_sets_is_run() -> None:
    written = {path.stem for path in SUITE_DIR.glob("dataset_*.py")} - {"dataset_judging"}
    assert set(suite.DATASET_MODULES) == written


def test_every_module_about_packages_is_run() -> None:
    assert set(suite.PACKAGE_MODULES) == {path.stem for path in SUITE_DIR.glob("package_*.py")}
