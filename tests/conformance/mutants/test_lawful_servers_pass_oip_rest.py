"""What the Open Inference Protocol leaves open is nobody's failure: a lenient and a strict reading pass."""

import pytest

from lepton_conformance.certify import certify
from lepton_conformance.mutants.lawful import ALL
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.naive import Naive


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("lawful", ALL, ids=lambda lawful: lawful.id)
def test_lawful_server_passes_oip_rest(lawful: type[Naive], seed: int) -> None:
    with listening(lawful()) as url:
        report = certify(url, ["oip-rest"], seed=seed)
    assert {
        entry["id"]: entry["tests"]
        for entry in report["requirements"]
        if entry["verdict"] not in ("pass", "not-applicable")
    } == {}
    assert report["profiles"] == [{"profile": "oip-rest", "verdict": "pass"}]


@pytest.mark.parametrize("lawful", ALL, ids=lambda lawful: lawful.id)
def test_lawful_server_fails_inference_rest(lawful: type[Naive]) -> None:
    with listening(lawful()) as url:
        report = certify(url, ["inference-rest"], max_examples=5)
    assert report["profiles"] == [{"profile": "inference-rest", "verdict": "fail"}]
