"""Faults planted in the source of our validator: what the rules make, and that one is noticed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from sourcefaults.fault import ROOT, Edit, Fault, NotApplicableError, source
from sourcefaults.patches import by_hand, found, modules
from sourcefaults.rules import by_rule
from sourcefaults.table import written


def test_every_fault_by_rule_is_a_program_and_another_one() -> None:
    module = "lepton.checks.controls"
    text = source(module).read_text()
    faults = list(by_rule(module))
    assert {one.rule for one in faults} >= {
        "comparison",
        "branch-removed",
        "finding-removed",
        "and-or",
        "first-only",
    }
    assert len({one.id for one in faults}) == len(faults)
    for one in faults:
        changed = one.texts()[module]
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(text))


def test_messages_are_left_alone() -> None:
    module = "lepton.checks.layout"
    words = [one for one in by_rule(module) if "found" in one.edits[0].new and one.rule == "constant"]
    assert words == []


def test_the_faults_by_hand_are_about_requirements_and_modules_that_there_are() -> None:
    faults = by_hand()
    assert len(faults) > 400
    assert len({one.id for one in faults}) == len(faults)
    known = {
        *modules(),
        *(edit.module for one in faults for edit in one.edits if source(edit.module).is_file()),
    }
    assert all(edit.module in known for one in faults for edit in one.edits)
    assert all(one.edits or one.validator for one in faults)


def test_a_fault_is_found_again_by_its_name() -> None:
    one = next(by_rule("lepton.checks.controls"))
    assert found(one.id) == one
    with pytest.raises(KeyError):
        found("checks.nothing:1:comparison")


def test_a_patch_that_no_longer_fits_says_so() -> None:
    fault = Fault("x", (Edit("lepton.checks.layout", "", old="what nobody ever wrote"),))
    with pytest.raises(NotApplicableError, match="what nobody ever wrote"):
        fault.texts()


def test_the_validator_with_a_fault_speaks_the_protocol_and_is_noticed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sourcefaults", "sig05-two-x", "sig05-bgr", "--hand", "--minutes", "0"]
    command += ["--packages", "PKG-SIG-05", "--generated", "0", "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT / "tools", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "| patch | 2 | 2 | 2 | 0 | 0 |" in (tmp_path / "table.md").read_text()


def test_the_table_counts_what_was_noticed_and_names_what_was_not() -> None:
    fault = Fault("a", (), "PKG-SIG-05")

    class Fate:
        id, rule, requirement, by, equivalent = fault.id, "patch", fault.requirement, "", ""

    table = written([Fate()])
    assert "| PKG-SIG | 1 | 0 | 0 | 0 | 1 |" in table
    assert "- `a` PKG-SIG-05" in table
