"""Every planted fault is found, and found by the requirement that it breaks: the suite's own test."""

import pytest

import lepton_spec
from lepton_conformance.mutants.grpc_naive import NaiveGrpc
from lepton_conformance.mutants.matrix import Mutant, every_mutant, judge

#: Those of gRPC are more than their time allows here: `test_grpc_mutants_are_killed` judges some of them.
JUDGED = [mutant for mutant in every_mutant() if not issubclass(mutant, NaiveGrpc)]


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
        and identifier.startswith(("INF-", "RUN-"))
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
