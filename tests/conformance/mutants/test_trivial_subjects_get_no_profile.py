"""Does nothing, rejects all, accepts all, echoes, constant: none of them is certified for anything."""

import pytest

from lepton_conformance.certify import certify
from lepton_conformance.mutants import trivial_engines
from lepton_conformance.mutants.catalogue import TRIVIAL_SERVERS
from lepton_conformance.mutants.engine import Engine
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.naive import Naive


@pytest.mark.requirement("CNF-VER-02")
@pytest.mark.parametrize("profile", ["oip-rest", "inference-rest", "inference-binary"])
@pytest.mark.parametrize("trivial", TRIVIAL_SERVERS, ids=lambda trivial: trivial.id)
def test_trivial_server_fails(trivial: type[Naive], profile: str) -> None:
    with listening(trivial()) as url:
        report = certify(url, [profile], max_examples=5)
    assert report["profiles"] == [{"profile": profile, "verdict": "fail"}]


@pytest.mark.requirement("CNF-VER-02")
@pytest.mark.parametrize("trivial", trivial_engines.ALL, ids=lambda trivial: trivial.id)
def test_trivial_runtime_does_not_pass(trivial: type[Engine]) -> None:
    report = certify(f"python:{trivial.__module__}:{trivial.__name__}", ["runtime"], max_examples=5)
    unsupported = trivial is trivial_engines.Unsupports
    assert report["profiles"] == [
        {"profile": "runtime", "verdict": "inconclusive" if unsupported else "fail"}
    ]
