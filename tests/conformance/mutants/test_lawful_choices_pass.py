"""Where the chapter lets a server choose, every choice passes every profile that the server claims."""

import pytest

from lepton_conformance.certify import certify
from lepton_conformance.mutants.lawful_choices import ALL, REPOSITORIES, SPARING
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.matrix import repository_listening
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.repository import NaiveRepository
from lepton_conformance.mutants.trivial import REPOSITORIES as TRIVIAL

#: Requirements on abuse: each takes seconds, and `make figures` runs them on these servers.
SLOW = tuple(f"INF-LIM-{number:02}" for number in (1, 2, 4, 5, 6, 9, 10))


def alarms(report: dict[str, object], allowed: tuple[str, ...]) -> dict[str, object]:
    entries = report["requirements"]
    assert isinstance(entries, list)
    return {
        entry["id"]: entry["tests"]
        for entry in entries
        if entry["verdict"] not in ("pass", "not-applicable") and entry["id"] not in allowed
    }


@pytest.mark.parametrize("lawful", ALL, ids=lambda lawful: lawful.id)
def test_lawful_choice_raises_no_alarm(lawful: type[Naive], rest_but_slow: list[str]) -> None:
    with listening(lawful()) as url:
        report = certify(url, ["inference-rest", "inference-binary"], max_examples=3, only=rest_but_slow)
    allowed = (*SPARING.get(lawful.id, ()), *SLOW)
    assert alarms(report, allowed) == {}


@pytest.fixture(scope="module")
def rest_but_slow() -> list[str]:
    import lepton_spec

    return [
        identifier
        for identifier, entry in lepton_spec.requirements().items()
        if {"inference-rest", "inference-binary"} & set(entry["profiles"])
        and "test" in entry["verify"]
        and identifier not in SLOW
    ]


@pytest.mark.parametrize(
    ("lawful", "seed"),
    [(NaiveRepository, 0), (NaiveRepository, 1), *((lawful, 0) for lawful in REPOSITORIES)],
    ids=lambda value: getattr(value, "id", None),
)
def test_lawful_repository_passes(lawful: type[NaiveRepository], seed: int) -> None:
    with repository_listening(lawful) as (url, folder):
        report = certify(url, ["inference-repository"], seed=seed, max_examples=5, repository=folder)
    assert alarms(report, ()) == {}
    assert report["profiles"] == [{"profile": "inference-repository", "verdict": "pass"}]


@pytest.mark.requirement("CNF-VER-02")
@pytest.mark.parametrize("trivial", TRIVIAL, ids=lambda trivial: trivial.id)
def test_trivial_repository_fails(trivial: type[NaiveRepository]) -> None:
    with repository_listening(trivial) as (url, folder):
        report = certify(url, ["inference-repository"], max_examples=2, repository=folder)
    assert report["profiles"] == [{"profile": "inference-repository", "verdict": "fail"}]
