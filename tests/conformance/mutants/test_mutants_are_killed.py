"""Every planted fault is found, and found by the requirement that it breaks: the suite's own test."""

import pytest

import lepton_spec
from lepton_conformance.mutants import (
    abuse_faults,
    compression_faults,
    framing_faults,
    history_faults,
    loading_faults,
    rare_faults,
    reader_faults,
    repository_faults,
)
from lepton_conformance.mutants.engine_graph import GraphEngine
from lepton_conformance.mutants.grpc_naive import NaiveGrpc
from lepton_conformance.mutants.matrix import Mutant, every_mutant, judge
from lepton_conformance.mutants.validator import Proxy

#: Modules whose mutants are more than their time allows here: one of each requirement stands for the others.
SAMPLED = {
    module.__name__
    for module in (
        abuse_faults,
        compression_faults,
        framing_faults,
        history_faults,
        loading_faults,
        rare_faults,
        repository_faults,
    )
}
#: Of the mutants of one requirement those that were once missed stand for the others, else the first.
ONCE_MISSED = frozenset(
    (
        "iso-04-selected",
        "iso-05-outputs",
        "rep-07-none",
        "req-08-br",
        "req-10-refusals",
        "rsp-13-always",
    )
)
#: Requirements whose tests take seconds each, slow bodies, crowds, waiting for an end: `make mutants` judges
#: their mutants.
SLOW = {
    *(f"INF-LIM-{number:02}" for number in (4, 5, 6, 8, 9, 10)),
    *(f"INF-REQ-{number}" for number in (12, 13, 14)),
}


def judged() -> list[Mutant]:
    """Return those that are judged here; tests of their own judge gRPC, graphs and validators."""
    found: list[Mutant] = []
    seen: set[str] = set()
    for mutant in every_mutant():
        if issubclass(mutant, NaiveGrpc | GraphEngine | Proxy):
            continue
        if mutant.__module__ == reader_faults.__name__ and mutant.breaks in SLOW:
            continue
        if mutant.__module__ in SAMPLED:
            if mutant.breaks in seen | SLOW:
                continue
            seen.add(mutant.breaks)
        found.append(mutant)
    return found


JUDGED = judged()


@pytest.mark.parametrize("mutant", JUDGED, ids=lambda mutant: mutant.id)
def test_mutant_is_killed_by_the_requirement_that_it_breaks(mutant: Mutant) -> None:
    kill = judge(mutant)
    assert kill.own, f"{mutant.__doc__} Killed by {kill.killed_by or 'nothing'}: {kill.message}"


def test_every_must_of_servers_and_runtimes_has_a_mutant() -> None:
    broken = {mutant.breaks for mutant in every_mutant()}
    musts = {
        identifier
        for identifier, entry in lepton_spec.requirements().items()
        if entry["role"] in ("server", "runtime")
        and identifier.startswith(("INF-", "RUN-", "ASR-"))
        and entry["level"].startswith("MUST")
        and "test" in entry["verify"]
    }
    assert musts - broken == set()


def test_every_mutant_breaks_a_requirement_that_exists_and_has_its_own_id() -> None:
    requirements = lepton_spec.requirements()
    identifiers = [mutant.id for mutant in every_mutant()]
    assert len(set(identifiers)) == len(identifiers)
    for mutant in every_mutant():
        assert mutant.breaks in requirements
        prefix = mutant.breaks.removeprefix("INF-").lower()
        assert mutant.id.startswith(f"{prefix}-"), f"{mutant.id} does not begin with {prefix}"
