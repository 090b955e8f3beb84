"""What the wheel holds: the three packages, the published files, and nothing else."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
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
    assert all((wheel / package / "py.typed").is_file() for package in folders if "." not in package)


def test_lepton_spec_finds_the_files_of_the_wheel(wheel: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(wheel)!r}); import lepton_spec; print(lepton_spec.ROOT)"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=wheel, capture_output=True, text=True, timeout=60, check=True
    )
    assert Path(result.stdout.strip()) == (wheel / "lepton_spec").resolve()


@pytest.fixture
def lepton(wheel: Path, tmp_path: Path) -> Callable[..., str]:
    """Run `lepton` from an empty folder, with the unpacked wheel before the editable installation."""
    environment = {**os.environ, "PYTHONPATH": str(wheel), "PYTHONSAFEPATH": "1"}

    def run(*arguments: str, module: str = "lepton") -> str:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode in (0, 3), done.stdout + done.stderr
        return done.stdout

    return run


def test_every_command_works_from_the_wheel_alone(
    wheel: Path, tmp_path: Path, lepton: Callable[..., str]
) -> None:
    shown = (
        "import lepton, lepton_conformance, lepton_spec; from pathlib import Path; "
        "print(lepton.__file__, lepton_conformance.__file__, lepton_spec.ROOT, sep='\\n')"
    )
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    places = subprocess.run(
        [sys.executable, "-c", shown],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert len(places) == 3
    assert all(Path(place).resolve().is_relative_to(wheel.resolve()) for place in places), places

    assert lepton("--version").startswith("lepton 1.")
    assert "INF-ERR-01" in lepton("explain", "INF-ERR-01", "--lang", "zh")
    lepton("corpus", module="lepton_conformance.forge")
    valid = [entry for entry in sorted((tmp_path / "corpus").rglob("*.lepton")) if "valid" in entry.parts]
    assert "pass" in lepton("validate", str(valid[0]))
    lepton("certify", "export-models", "models", "--layout", "lepton")
    served = sorted(
        str(path) for path in (tmp_path / "models").iterdir() if path.is_dir() or path.suffix == ".lepton"
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "lepton", "serve", *served, "--port", "0"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = next(word for word in server.stdout.readline().split() if word.startswith("http://"))
        assert "inference-rest: pass" in lepton("certify", url, "--max-examples", "3", "--report", "report")
    finally:
        server.terminate()
        server.communicate(timeout=20)
    lepton("attest", "report/report.json", "--new-key", "key.pem", "-o", "certificate.json")
    proof = lepton("verify", "certificate.json", "--report", "report/report.json", "--key", "key.pub.pem")
    assert proof.startswith("the certificate holds: inference-rest")
