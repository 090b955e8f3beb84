"""What the wheel holds: the three packages, the published files, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once and unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    unpacked = folder / "unpacked"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        archive.extractall(unpacked)
    return unpacked


def test_the_wheel_holds_the_packages_and_the_published_files(wheel: Path) -> None:
    folders = {path.name for path in wheel.iterdir()}
    assert {"lepton", "lepton_conformance", "lepton_spec"} == {f for f in folders if not f.endswith("-info")}
    shipped = {path.name: path.read_bytes() for path in (wheel / "lepton_spec/1.0").iterdir()}
    assert shipped == {path.name: path.read_bytes() for path in (ROOT / "schemas/1.0").iterdir()}
    assert all((wheel / package / "py.typed").is_file() for package in ("lepton", "lepton_spec"))


def test_lepton_spec_finds_the_files_of_the_wheel(wheel: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(wheel)!r}); import lepton_spec; print(lepton_spec.ROOT)"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=wheel, capture_output=True, text=True, timeout=60, check=True
    )
    assert Path(result.stdout.strip()) == (wheel / "lepton_spec").resolve()
