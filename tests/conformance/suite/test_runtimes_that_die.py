"""A graph that an engine dies of is made as small as any other failing graph."""

import os

import onnx
import pytest

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine_graph import GraphEngine
from lepton_conformance.mutants.engine_nodes import Graph, Scope
from lepton_conformance.outcome import SubjectGone
from lepton_conformance.subject.exchange import LineExchange
from lepton_conformance.subject.stdio import StdioSubject, command_of
from lepton_conformance.suite.driver import Budget
from lepton_conformance.suite.runtime_graphs import test_elementwise_operators as judge


class DiesOfTwo(GraphEngine):
    """The process ends when a graph has both Abs and Neg."""

    def run(self, graph: Graph, scope: Scope) -> list[Array]:
        if {"Abs", "Neg"} <= {node.operator for node in graph.nodes}:
            os._exit(134)
        return super().run(graph, scope)


def test_graph_that_an_engine_dies_of_is_small() -> None:
    runtime = StdioSubject(command_of(f"python:{__name__}:DiesOfTwo"))
    try:
        with pytest.raises(SubjectGone, match="134"):
            judge(runtime, Budget(0, 400, runtime.recorder, "elementwise", restarts=True))
    finally:
        runtime.close()
    loads = [each for each in runtime.recorder.failing if isinstance(each, LineExchange) and each.file]
    graph = onnx.load_from_string(loads[-1].file or b"").graph
    assert sorted(node.op_type for node in graph.node) == ["Abs", "Neg"]
