"""The pre-commit hook, the GitHub Action, the schemas for editors: what others call from elsewhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lepton.cli import main
from lepton_conformance.forge.valid import linear_draft

ROOT = Path(__file__).resolve().parents[2]


def step(identifier: str) -> dict[str, Any]:
    action = yaml.safe_load((ROOT / "action.yml").read_bytes())
    (found,) = (one for one in action["runs"]["steps"] if one.get("id") == identifier)
    return dict(found)


def run_validate_step(folder: Path, patterns: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the action's own script as GitHub does, in a folder of packages; return what it said and set."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    (bin_folder / "lepton").write_text(f'#!/bin/sh\nexec {sys.executable} -m lepton "$@"\n')
    (bin_folder / "lepton").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "PATTERNS": patterns,
        "LEVEL": "quick",
        "SARIF": "lepton.sarif",
        "GITHUB_OUTPUT": str(folder / "output"),
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("validate")["run"]]
    answer = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return answer, (folder / "output").read_text()


def test_the_action_is_valid_by_githubs_schema() -> None:
    command = [
        str(Path(sys.executable).with_name("check-jsonschema")),
        *("--builtin-schema", "vendor.github-actions", str(ROOT / "action.yml")),
    ]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def test_the_action_writes_sarif_and_keeps_the_verdict(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    good = linear_draft().archive().write(tmp_path / "models", "a good one")
    broken = linear_draft().directory().write(tmp_path, "broken")
    (broken / "card.json").write_text("{}")
    answer, output = run_validate_step(tmp_path, "**/*.lepton broken")
    assert answer.returncode == 0, answer.stderr
    assert output == "exit-code=1\n"
    sarif = json.loads((tmp_path / "lepton.sarif").read_bytes())
    text = json.dumps(sarif)
    assert "PKG-DIG-02" in text
    assert good.name in answer.stdout


def test_the_action_gives_no_verdict_where_there_is_no_package(tmp_path: Path) -> None:
    answer, output = run_validate_step(tmp_path, "**/*.lepton")
    assert output == "exit-code=2\n"
    assert "::error::found no package" in answer.stdout


def test_inputs_of_the_action_never_become_commands() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_bytes())
    for one in action["runs"]["steps"]:
        assert "${{" not in one.get("run", "")


@pytest.mark.parametrize("path", ["a.lepton", "models/a.lepton", "lepton.json", "models/x/lepton.json"])
def test_the_hook_sees_packages_and_manifests(path: str) -> None:
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_bytes()):
        assert re.search(hook["files"], path)


@pytest.mark.parametrize("path", ["my-lepton.json", "a.lepton.md", "lepton.json.bak"])
def test_the_hook_passes_over_other_files(path: str) -> None:
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_bytes()):
        assert not re.search(hook["files"], path)


def test_the_hooks_are_commands_that_exist() -> None:
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_bytes()):
        with pytest.raises(SystemExit) as stopped:
            main([*hook["entry"].split()[1:], "--help"])
        assert stopped.value.code == 0


def test_a_manifest_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = linear_draft().directory().write(tmp_path)
    assert main(["validate", "--level", "quick", str(path / "lepton.json")]) == 0
    monkeypatch.chdir(path)
    assert main(["validate", "--level", "quick", "lepton.json"]) == 0
    (path / "card.json").write_text("{}")
    assert main(["validate", "--level", "quick", "lepton.json"]) == 1


def test_the_catalogue_for_editors_names_published_schemas() -> None:
    catalogue = json.loads((ROOT / "schemas" / "catalog.json").read_bytes())
    for entry in catalogue["schemas"]:
        schema = json.loads((ROOT / "schemas" / "1.0" / entry["url"].rpartition("/")[2]).read_bytes())
        assert schema["$id"] == entry["url"]
        assert entry["fileMatch"]


@pytest.mark.parametrize("recipe", sorted((ROOT / "examples").glob("*/*.yml")), ids=str)
def test_recipes_of_the_examples_tell_editors_their_schema(recipe: Path) -> None:
    line = recipe.read_text(encoding="utf-8").splitlines()[0]
    assert line.startswith("# yaml-language-server: $schema=")
    assert (
        recipe.parent / line.partition("$schema=")[2]
    ).resolve() == ROOT / "schemas/1.0/recipe.schema.json"
