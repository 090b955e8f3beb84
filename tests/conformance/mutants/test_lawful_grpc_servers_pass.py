"""What the standard lets a gRPC server choose is nobody's failure, and doing nothing is nobody's success."""

import subprocess
import sys

import pytest

import lepton_spec
from lepton_conformance.certify import certify
from lepton_conformance.mutants.catalogue import TRIVIAL_GRPC_SERVERS
from lepton_conformance.mutants.grpc_lawful import ALL
from lepton_conformance.mutants.grpc_listener import listening_grpc
from lepton_conformance.mutants.grpc_naive import NaiveGrpc

#: Requirements on large messages: each takes seconds, and a server's choice shows in none of them.
LARGE = ("INF-GRP-34", "INF-GRP-35", "INF-GRP-36")
#: Refusals, in hundreds of calls, and calls at once: judged where the choice is about refusals.
REFUSALS = tuple(f"INF-GRP-{number}" for number in (*range(20, 30), 37, 38, 40, 44))
REFUSES_OTHERWISE = ("lawful-grpc-strict", "lawful-grpc-wordy", "lawful-grpc-library")
#: What `Minimal` does not do, and need not.
SHOULDS = ("INF-GRP-35", "INF-GRP-42", "INF-GRP-43")
SMALL = [
    identifier
    for identifier, entry in lepton_spec.requirements().items()
    if "inference-grpc" in entry["profiles"] and "test" in entry["verify"] and identifier not in LARGE
]


@pytest.mark.parametrize("lawful", ALL, ids=lambda lawful: lawful.id)
def test_lawful_grpc_server_raises_no_alarm(lawful: type[NaiveGrpc]) -> None:
    left_out = () if lawful.id in REFUSES_OTHERWISE else REFUSALS
    judged = [identifier for identifier in SMALL if identifier not in left_out]
    with listening_grpc(lawful()) as url:
        report = certify(url, ["inference-grpc"], max_examples=3, only=judged)
    alarms = {
        entry["id"]: entry["tests"]
        for entry in report["requirements"]
        if entry["id"] in judged and entry["verdict"] not in ("pass", "not-applicable")
    }
    assert set(alarms) <= (set(SHOULDS) if lawful.id == "lawful-grpc-minimal" else set()), alarms


def test_naive_grpc_server_passes_as_a_program() -> None:
    command = [sys.executable, "-m", "lepton_conformance.mutants.serve", "--grpc"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().removeprefix("listening on ").strip()
        try:
            report = certify(url, ["inference-grpc"], seed=1)
        finally:
            program.terminate()
    assert {
        entry["id"]: entry["verdict"] for entry in report["requirements"] if entry["verdict"] != "pass"
    } == {"INF-GRP-41": "not-applicable"}
    assert report["profiles"] == [{"profile": "inference-grpc", "verdict": "pass"}]


@pytest.mark.requirement("CNF-VER-02")
@pytest.mark.parametrize("trivial", TRIVIAL_GRPC_SERVERS, ids=lambda trivial: trivial.id)
def test_trivial_grpc_server_fails(trivial: type[NaiveGrpc]) -> None:
    with listening_grpc(trivial()) as url:
        report = certify(url, ["inference-grpc"], max_examples=2, only=SMALL)
    assert report["profiles"] == [{"profile": "inference-grpc", "verdict": "fail"}]
