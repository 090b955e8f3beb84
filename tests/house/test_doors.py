"""The doors of the repository: make, CI, and the files that a stranger reads first."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "help",
    "demo",
    "test",
    "lint",
    "spec",
    "mutants",
    "validator-mutants",
    "field",
    "field-runtimes",
    "field-packages",
    "fuzz",
    "hostile",
    "figures",
    "site",
    "site-serve",
    "bench",
    "clean",
}


def test_make_alone_lists_every_target() -> None:
    # Called from `make test`, a make inherits its flags and would announce the folder it enters.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    result = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True, env=alone
    )
    listed = {line.split()[1] for line in result.stdout.splitlines()}
    assert listed == TARGETS
    assert all(len(line.split()) > 3 for line in result.stdout.splitlines())


def test_ci_runs_what_contributors_run() -> None:
    path = ROOT / ".ci/run"
    assert os.access(path, os.X_OK)
    assert path.read_text().splitlines()[-1] == "make test"


FRONT = ("README.md", "README.zh.md", "CONTRIBUTING.md", "GOVERNANCE.md", "CHANGELOG.md")


@pytest.mark.parametrize("file", FRONT)
def test_every_relative_link_leads_somewhere(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target


def test_the_readme_names_every_folder_of_the_map() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for folder in re.findall(r"`([a-z_]+/[a-z_0-9/.]*)`", text):
        if folder.split("/")[0] in {"spec", "schemas", "reference_impl", "conformance", "tools", "examples"}:
            assert (ROOT / folder).exists(), folder


def test_the_door_tools_validate_is_lepton_validate() -> None:
    outputs = [
        subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, timeout=60, check=False)
        for command in (
            ["tools/validate.py", "no-such-package"],
            ["-m", "lepton", "validate", "no-such-package"],
        )
    ]
    assert [each.returncode for each in outputs] == [2, 2]
    assert outputs[0].stderr == outputs[1].stderr
    assert b"no-such-package" in outputs[0].stderr
