"""Planted gRPC faults are found: those that the suite once missed, and one for each requirement.

`make mutants` judges all of them, and takes minutes.
"""

import pytest

from lepton_conformance.mutants.catalogue import GRPC_SERVERS
from lepton_conformance.mutants.grpc_naive import NaiveGrpc
from lepton_conformance.mutants.matrix import judge

#: What the suite did not find, or blamed on another requirement, when it first met these faults.
ONCE_MISSED = (
    "grp-08-batch",
    "grp-08-order",
    "grp-09-order",
    "grp-10-once",
    "grp-11-joined",
    "grp-11-padded",
    "grp-11-reversed",
    "grp-15-first",
    "grp-15-raw",
    "grp-15-remembered",
    "grp-15-swapped",
    "grp-16-beyond-64",
    "grp-17-beyond-64",
    "grp-18-interned",
    "grp-22-signed",
    "grp-25-empty",
    "grp-28-count",
    "grp-30-nameless",
    "grp-30-number",
    "grp-33-kept",
    "grp-33-strikes",
    "grp-36-empty",
    "grp-38-outputs",
    "grp-39-groups",
    "grp-39-id",
    "grp-44-bytes",
)
FIRST = {mutant.breaks: mutant for mutant in reversed(GRPC_SERVERS)}
SAMPLE = [mutant for mutant in GRPC_SERVERS if mutant.id in ONCE_MISSED or mutant is FIRST[mutant.breaks]]


@pytest.mark.parametrize("mutant", SAMPLE, ids=lambda mutant: mutant.id)
def test_grpc_mutant_is_killed_by_the_requirement_that_it_breaks(mutant: type[NaiveGrpc]) -> None:
    kill = judge(mutant, max_examples=5)
    assert kill.own, f"{mutant.__doc__} Killed by {kill.killed_by or 'nothing'}: {kill.message}"


def test_every_fault_that_was_once_missed_is_still_planted() -> None:
    assert set(ONCE_MISSED) <= {mutant.id for mutant in GRPC_SERVERS}
