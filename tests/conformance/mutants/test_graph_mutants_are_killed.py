"""Planted faults of engines over graphs are found: one for each requirement that they break.

`make mutants` judges all of them, and takes minutes.
"""

import pytest

from lepton_conformance.mutants.catalogue import GRAPH_ENGINES
from lepton_conformance.mutants.engine_graph import GraphEngine
from lepton_conformance.mutants.matrix import judge

SAMPLE = (
    "run-adp-07-loop",
    "run-iso-05-path",
    "run-num-04-half",
    "run-num-05-subnormal",
    "run-ops-01-sin",
    "run-ops-02-square",
    "run-ops-03-pads",
    "run-ops-04-zero-pad",
    "run-ops-05-epsilon",
    "run-ops-06-argmin",
    "run-ops-07-gather",
    "run-ops-08-turn",
    "run-ops-09-gates",
    "run-ops-10-tie",
    "run-ops-11-empty",
    "run-ops-12-matmul-add",
    "run-rel-01-folding",
    "run-rel-02-tile",
    "run-rel-03-epsilon",
    "run-shp-01-stale",
    "run-shp-02-scalar",
    "run-shp-03-sum",
    "run-spl-01-typed",
    "run-spl-02-kept",
    "run-spl-03-offset",
    "run-spl-04-axes-input",
)
ENGINES = {mutant.id: mutant for mutant in GRAPH_ENGINES}


@pytest.mark.parametrize("identifier", SAMPLE)
def test_graph_mutant_is_killed_by_the_requirement_that_it_breaks(identifier: str) -> None:
    mutant = ENGINES[identifier]
    kill = judge(mutant, max_examples=5)
    assert kill.own, f"{mutant.__doc__} Killed by {kill.killed_by or 'nothing'}: {kill.message}"


def test_graph_engines_have_a_mutant_in_the_sample_for_each_requirement_of_graphs() -> None:
    broken = {mutant.breaks for mutant in GRAPH_ENGINES if mutant.breaks[:7] != "RUN-ISO"}
    assert {ENGINES[identifier].breaks for identifier in SAMPLE} >= broken


def test_every_fault_of_a_graph_engine_says_what_it_is() -> None:
    for mutant in GRAPH_ENGINES:
        assert mutant.__doc__
        assert mutant.__doc__ != GraphEngine.__doc__
