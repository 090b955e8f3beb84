"""No false alarms: subjects without a fault pass every profile that judges them, whatever the seed."""

import sys
from pathlib import Path

import pytest

from lepton_conformance.certify import certify
from lepton_conformance.models import catalog
from lepton_conformance.mutants import computing
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.naive import Naive

KITS = Path(__file__).resolve().parents[3] / "kits" / "python"
SEEDS = (0, 1)
ADAPTERS = ("onnxruntime_adapter", "reference_adapter")


@pytest.mark.parametrize("profile", ["oip-rest", "inference-rest", "inference-binary"])
@pytest.mark.parametrize("seed", SEEDS)
def test_naive_server_passes(profile: str, seed: int) -> None:
    with listening(Naive()) as url:
        report = certify(url, [profile], seed=seed)
    assert {entry["id"]: entry["verdict"] for entry in report["requirements"]} == {
        entry["id"]: "pass" for entry in report["requirements"]
    }
    assert report["profiles"] == [{"profile": profile, "verdict": "pass"}]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "subject",
    [
        "python:lepton_conformance.mutants.engine:Engine",
        f"exec:{sys.executable} -m lepton_conformance.mutants.talker",
        *(f"exec:{sys.executable} {KITS}/{name}.py" for name in ADAPTERS),
    ],
    ids=["engine", "talker", *ADAPTERS],
)
def test_correct_runtime_passes(subject: str, seed: int) -> None:
    report = certify(subject, ["runtime"], seed=seed)
    assert [entry["id"] for entry in report["requirements"] if entry["verdict"] != "pass"] == []
    assert report["profiles"] == [{"profile": "runtime", "verdict": "pass"}]


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapters_of_the_kit_pass_in_process_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(KITS))
    report = certify(f"python:{name}:Runtime", ["runtime"])
    assert report["profiles"] == [{"profile": "runtime", "verdict": "pass"}]


@pytest.mark.parametrize("name", ["lepton_stdio", *ADAPTERS])
def test_adapters_of_the_kit_have_at_most_100_lines(name: str) -> None:
    assert len((KITS / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 100


def test_naive_server_and_conformance_models_have_the_same_constants() -> None:
    assert computing.AFFINE_WEIGHT == catalog.AFFINE_WEIGHT
    assert computing.AFFINE_BIAS == catalog.AFFINE_BIAS
    assert set(computing.conformance_models()) == {entry.name for entry in catalog.MODELS}
