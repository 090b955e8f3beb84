"""The import rules of pyproject.toml, each seen to fail on a toy with the same rooms."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
ROOMS = "__main__ cli report serve pack validate checks vectors runtime package formats tensor finding errors"


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Write three packages with the rooms of ours and nothing in them."""
    for package in ("lepton", "lepton_spec", "lepton_conformance"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for room in ROOMS.split():
        (tmp_path / "lepton" / f"{room}.py").touch()
    for room in ("oracle", "strategies", "suite", "forge"):
        (tmp_path / "lepton_conformance" / f"{room}.py").touch()
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    return tmp_path


def broken(toy: Path) -> set[str]:
    """Return the names of the contracts that import-linter finds broken."""
    program = str(Path(sys.executable).parent / "lint-imports")
    result = subprocess.run(
        [program, "--no-logo", "--no-cache"], cwd=toy, capture_output=True, text=True, timeout=60, check=False
    )
    output = " ".join(result.stdout.split())
    assert "Contracts:" in output, result.stdout + result.stderr
    return {each["id"] for each in CONTRACTS if f"{' '.join(each['name'].split())} BROKEN" in output}


def test_empty_rooms_break_nothing(toy: Path) -> None:
    assert broken(toy) == set()


@pytest.mark.parametrize(
    ("file", "line", "expected"),
    [
        ("lepton_conformance/__init__.py", "import lepton.tensor", {"independent-certifier"}),
        ("lepton/serve.py", "import lepton_conformance", {"reference-without-certifier"}),
        ("lepton_spec/__init__.py", "import lepton.errors", {"published-data"}),
        ("lepton/tensor.py", "import lepton.package", {"rooms"}),
        ("lepton/formats.py", "import lepton.checks", {"rooms"}),
        ("lepton/checks.py", "import lepton.report", {"rooms", "checks-do-not-report"}),
        ("lepton/validate.py", "import lepton.cli", {"rooms"}),
        ("lepton/checks.py", "import numpy", {"light-reading"}),
        ("lepton_conformance/oracle.py", "import onnxruntime", {"suite-without-engine"}),
    ],
)
def test_a_forbidden_import_is_found(toy: Path, file: str, line: str, expected: set[str]) -> None:
    (toy / file).write_text(line + "\n")
    assert broken(toy) == expected
