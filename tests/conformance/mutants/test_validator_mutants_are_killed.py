"""Validators with a planted fault are found out, trivial ones get no certificate, a correct one passes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lepton_spec
from lepton_conformance import verdict
from lepton_conformance.certify import certify
from lepton_conformance.mutants import edge_validators, operator_validators, validator_faults
from lepton_conformance.mutants.matrix import judge, validator_command
from lepton_conformance.mutants.validator import Proxy, reference_command

#: Validators whose fault shows after all packages: `make mutants` judges them.
LONG = (*validator_faults.SLOW, validator_faults.Remembers, validator_faults.KnowsPaths)
GENERATED = [one for one in validator_faults.ALL if one.id.endswith(("-blind", "-alarmed"))]
PLAIN = [one for one in validator_faults.ALL if one not in (*GENERATED, *LONG)]
#: One of so many validators that are blind to one requirement, or see it everywhere, is judged here.
EVERY = 25
SAMPLED = (*GENERATED[::EVERY], *operator_validators.ALL[::15], *edge_validators.ALL[5::20])


@pytest.mark.parametrize("mutant", [*PLAIN, *SAMPLED], ids=lambda mutant: mutant.id)
def test_an_altered_validator_is_killed_by_the_requirement_that_it_breaks(mutant: type[Proxy]) -> None:
    kill = judge(mutant, max_examples=0)
    assert kill.own, f"{mutant.__doc__} Killed by {kill.killed_by or 'nothing'}: {kill.message}"


def test_every_requirement_of_the_profile_has_a_mutant() -> None:
    """Each requirement that a validator is judged by is broken by a validator of its own."""
    members = set(verdict.members(verdict.VALIDATORS, lepton_spec.requirements()))
    assert {mutant.breaks for mutant in validator_faults.ALL} == members


@pytest.mark.requirement("CNF-VER-02")
@pytest.mark.parametrize("trivial", validator_faults.TRIVIAL, ids=lambda trivial: trivial.id)
def test_a_trivial_validator_does_not_pass(trivial: type[Proxy]) -> None:
    # The profile fails when one of its requirements does.
    some = ["PKG-VAL-06"] if trivial is validator_faults.DoesNothing else ["PKG-LAY-01", "PKG-DIG-03"]
    report = certify(validator_command(trivial), [verdict.VALIDATORS], max_examples=0, only=some)
    assert report["profiles"] == [{"profile": "package", "verdict": "fail"}]


@pytest.mark.requirement("CNF-REP-03")
@pytest.mark.parametrize("identifier", ["pkg-dig-03-blind", "pkg-lay-05-follows", "pkg-val-06-levels"])
def test_the_reproducer_of_a_validator_replays_without_the_project(identifier: str, tmp_path: Path) -> None:
    mutant = next(one for one in validator_faults.ALL if one.id == identifier)
    report = certify(
        validator_command(mutant), ["package"], max_examples=0, only=[mutant.breaks], report_dir=tmp_path
    )
    failure = next(
        test["failure"]
        for entry in report["requirements"]
        if entry["id"] == mutant.breaks
        for test in entry["tests"]
        if "failure" in test
    )
    script = [sys.executable, "-I", str(tmp_path / failure["reproducer"])]
    shown = {"cwd": tmp_path, "env": {"PATH": os.environ["PATH"]}, "capture_output": True, "timeout": 60}
    again = subprocess.run(script, check=False, **shown)  # type: ignore[call-overload]
    assert again.returncode == 1, again.stderr
    right = subprocess.run([*script, *reference_command()], check=False, **shown)  # type: ignore[call-overload]
    assert right.returncode == 0, right.stdout
