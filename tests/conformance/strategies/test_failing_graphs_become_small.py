"""A failing graph is made small: planted faults of single operators end in graphs of at most three nodes."""

import statistics
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.interval import Interval, Undecidable, evaluate
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.graphs import GraphCase, graph_cases
from lepton_conformance.strategies.graphs.reduction import smaller, valid
from lepton_conformance.subject.exchange import Recorder
from lepton_conformance.suite.driver import Budget, examples

#: Operators that go wrong, and when.
FAULTS: Mapping[str, Callable[[GraphCase], bool]] = {
    "Relu after an Add": lambda case: _follows(case, "Add", "Relu"),
    "Tanh": lambda case: "Tanh" in case.graph.operators(),
    "MatMul of more than 3 terms": lambda case: _sized(case, "MatMul", 4),
    "Softmax of a node's output": lambda case: _follows(case, None, "Softmax"),
    "Transpose whose output two nodes read": lambda case: _shared(case, "Transpose"),
    "Conv and BatchNormalization": lambda case: _follows(case, "Conv", "BatchNormalization"),
    "Reshape before MatMul": lambda case: _follows(case, "Reshape", "Transpose"),
}
AIM = 3


def _follows(case: GraphCase, first: str | None, second: str) -> bool:
    made = {name: node.operator for node in case.graph.nodes for name in node.outputs}
    return any(
        name in made and first in (None, made[name])
        for node in case.graph.nodes
        if node.operator == second
        for name in node.inputs
    )


def _sized(case: GraphCase, operator: str, least: int) -> bool:
    values = case.graph.values
    return any(
        values[node.inputs[1]].shape[0] >= least  # type: ignore[operator]
        for node in case.graph.nodes
        if node.operator == operator
    )


def _shared(case: GraphCase, operator: str) -> bool:
    return any(
        sum(name in other.inputs for other in case.graph.nodes for name in node.outputs) >= 1
        for node in case.graph.nodes
        if node.operator == operator
    )


def shrunk(broken: Callable[[GraphCase], bool]) -> GraphCase:
    """Return the graph that the driver ends with when graphs like these fail."""
    last: list[GraphCase] = []

    def property_(case: GraphCase) -> None:
        if broken(case):
            last.append(case)
            raise SubjectFault(f"sent {case.summary()}; found wrong elements in output 'y': 'found 1.0'")

    domain = graph_cases("blocks")
    with pytest.raises(SubjectFault):
        examples(Budget(0, 3000, Recorder(), test="shrinking"), domain, property_)
    return last[-1]


def test_planted_faults_end_in_graphs_of_few_nodes() -> None:
    counts = {name: len(shrunk(broken).graph.nodes) for name, broken in FAULTS.items()}
    assert statistics.median(counts.values()) <= AIM, counts
    assert max(counts.values()) <= AIM, counts


def test_what_is_smaller_is_valid_and_the_oracle_judges_it() -> None:
    decode = graph_cases("blocks").decode
    assert decode is not None
    seen = 0
    for number in (2**63 + 7, 2**62 + 4321, 123456789123):
        case = decode(number)
        for simpler in smaller(case):
            assert valid(simpler)
            try:
                wanted: Mapping[str, Interval] = evaluate(simpler.model, simpler.inputs)
            except Undecidable:
                continue
            seen += bool(wanted)
    assert seen > 50


def test_sizes_and_elements_of_a_failing_graph_become_plain() -> None:
    def broken(case: GraphCase) -> bool:
        return "Exp" in case.graph.operators() and any(_big(array) for array in case.inputs.values())

    small = shrunk(broken)
    assert [node.operator for node in small.graph.nodes] == ["Exp"]
    (array,) = small.inputs.values()
    assert array.size == 1


def _big(array: Array) -> bool:
    return bool(array.dtype == np.float32 and np.abs(array).max(initial=0) > 1)
