"""The figures are measured: each can be reached, and each can be missed."""

import json

import pytest
from figures import KEPT

import lepton_spec
from lepton_conformance.mutants.catalogue import REPOSITORY_SERVERS, server
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.matrix import Mutant, every_mutant
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.subject.exchange import GrpcExchange, HttpExchange, LineExchange
from lepton_conformance.subject.grpc_messages import Input, Request
from measurement import kills
from measurement.alarms import Whole, alarms
from measurement.coverage import Shown, levels, shown
from measurement.figure import Figure, table
from measurement.speed import loop_rate, suite_rate
from measurement.subjects import Correct
from measurement.values import values

PROFILES = ("inference-rest",)


def posted(body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> HttpExchange:
    return HttpExchange("POST", "/", headers, body, b"", 200, (), b"")


@pytest.mark.parametrize(
    ("exchange", "count"),
    [
        (posted(b'{"inputs": [{"data": [1, [2, 3]]}, {"data": ["x"]}]}'), 4),
        (posted(b"{"), 0),
        (posted(b'{"inputs": 7}'), 0),
        (posted(b'{"inputs": [{"shape": [2, 3]}]}XXX', (("Inference-Header-Content-Length", "31"),)), 6),
        (LineExchange('{"inputs": [{"shape": [2, 2], "data": "AAAA"}]}', None), 4),
    ],
)
def test_values_of_a_request_are_its_elements(exchange: HttpExchange | LineExchange, count: int) -> None:
    assert values([exchange]) == count


def test_values_of_a_message_are_the_elements_of_its_shapes() -> None:
    tensors = (Input("a", "FP32", (2, 3)), Input("b", "FP32", (1,)))
    request = Request("m", tensors, raw=(bytes(24), bytes(4))).encode()
    method = "/inference.GRPCInferenceService/ModelInfer"
    assert values([GrpcExchange(method, request, "OK", "", b"")]) == 7
    assert values([GrpcExchange(method, b"\xff", "OK", "", b"")]) == 0


def test_missed_aims_are_named_in_the_table() -> None:
    shown = table([Figure("kills", "1/2", "all", False, "dat-04"), Figure("alarms", "0", "0", True)])
    assert [line.split()[-1] for line in shown.splitlines()[1:]] == ["MISSED", "dat-04", "reached"]


@pytest.mark.parametrize(
    "chosen", [every_mutant()[0], next(one for one in REPOSITORY_SERVERS if one.breaks == "INF-REP-02")]
)
def test_fate_of_a_mutant_has_kill_size_and_replay(chosen: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kills, "every_mutant", lambda: (chosen,))
    (fate,) = kills.fates(1, step=1, replay=True)
    assert fate.mutant == chosen.id
    assert fate.killed
    assert fate.own == (True,)
    assert fate.replayed == fate.reproducers > 0
    assert fate.wrong == ()


def test_alarms_are_counted_over_seeds_and_only_where_there_are_any() -> None:
    seen: list[int] = []

    def counted(url: str) -> list[int]:
        subject = Correct("a server", ((url, PROFILES),))
        known = Whole(0.0, frozenset(), ((url, PROFILES, ("INF-DAT-04",)),), ())
        return [alarm.seed for alarm in alarms(subject, known, range(2), 2, seen.append)]

    with listening(Naive()) as url:
        assert counted(url) == []
    with listening(server("dat-04-zero")) as url:
        assert counted(url) == [0, 1]
    assert seen == [0, 1, 0, 1]


def test_rates_count_the_same_requests() -> None:
    with listening(Naive()) as url:
        rate, wires = suite_rate(url, "INF-DAT-05", 20)
        assert len(wires) == 20
        assert all(json.loads(wire.partition(b"\r\n\r\n")[2])["inputs"] for wire in wires)
        assert 0 < rate < 10 * loop_rate(url, wires)


def test_coverage_counts_what_was_seen_of_a_requirement() -> None:
    fates = [
        kills.Fate("a", "INF-DAT-01", True, (True,), (), 0, 0, ()),
        kills.Fate("b", "INF-DAT-01", True, (False, False), (), 0, 0, ()),
        kills.Fate("c", "INF-DAT-02", True, (True,), (), 0, 0, ()),
    ]
    seen = shown({"INF-DAT-01", "INF-DAT-03"}, fates)
    assert seen["INF-DAT-01"] == Shown(passed=True, mutants=2, killed=1)
    assert {key: levels(each) for key, each in seen.items()} == {
        "INF-DAT-01": ("C1", "C2", "C3"),
        "INF-DAT-02": ("C3",),
        "INF-DAT-03": ("C1",),
    }


def test_kept_figures_are_of_known_requirements() -> None:
    kept = json.loads(KEPT.read_bytes())
    assert set(kept["requirements"]) <= set(lepton_spec.requirements())
    assert all(Shown(**each).killed <= each["mutants"] for each in kept["requirements"].values())
    assert [Figure(**each).name for each in kept["figures"]]
