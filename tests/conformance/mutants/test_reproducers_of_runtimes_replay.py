"""A failure of a runtime comes with a program that shows it again, without the suite."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lepton_conformance.certify import certify
from lepton_conformance.mutants import calling_faults, engine_faults, talker
from lepton_conformance.mutants.matrix import Mutant, reached

CORRECT = {
    "python": "python:lepton_conformance.mutants.engine:Engine",
    "exec": f"exec:{sys.executable} -m lepton_conformance.mutants.talker",
}
MUTANTS: tuple[Mutant, ...] = (
    calling_faults.FetchesWeights,
    engine_faults.TransposeReshapes,
    engine_faults.NanIsZero,
    engine_faults.EmptyIsModel,
    engine_faults.DoublesCast,
    engine_faults.SubtractsInPlace,
    talker.Banner,
    talker.NoName,
    talker.WeightsAreInputs,
    talker.FirstOutputOnly,
    talker.ErrorSwallowed,
    talker.UnloadKeeps,
)


def replay(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=script.parent,
        env={"PATH": os.environ["PATH"]},
    )


@pytest.mark.requirement("CNF-REP-03")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_reproducer_finds_the_fault_again_and_not_in_a_correct_runtime(
    mutant: Mutant, tmp_path: Path
) -> None:
    with reached(mutant) as (subject, profiles):
        report = certify(subject, profiles, max_examples=5, only=[mutant.breaks], report_dir=tmp_path)
    failure = next(
        test["failure"]
        for entry in report["requirements"]
        if entry["id"] == mutant.breaks
        for test in entry["tests"]
        if test.get("failure")
    )
    script = tmp_path / failure["reproducer"]
    again = replay(script)
    assert again.returncode == 1, again.stderr or again.stdout
    assert failure["message"][:40].replace("\\", "") in again.stdout.replace("\\", "")
    kind, _, target = subject.partition(":")
    mended = script.read_text(encoding="utf-8").replace(repr(target), repr(CORRECT[kind].partition(":")[2]))
    script.write_text(mended, encoding="utf-8")
    right = replay(script)
    assert right.returncode == 0, right.stderr or right.stdout
