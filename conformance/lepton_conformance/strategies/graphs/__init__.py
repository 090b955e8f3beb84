"""Generated ONNX graphs: valid by construction, decoded from one integer, equal bytes everywhere.

Owns graphs, their spellings and how they are made smaller; leaves expected answers to `oracle.interval` and
judging to the suite. Serves `runtime`.
"""

from lepton_conformance.strategies.graphs.domain import (
    GROUPS,
    OPSET,
    enumeration,
    graph_cases,
    least_opset,
    simplest,
)
from lepton_conformance.strategies.graphs.graph import Graph, GraphCase, Node, Value
from lepton_conformance.strategies.graphs.spelling import PLAIN, Spelling

__all__ = [
    "GROUPS",
    "OPSET",
    "PLAIN",
    "Graph",
    "GraphCase",
    "Node",
    "Spelling",
    "Value",
    "enumeration",
    "graph_cases",
    "least_opset",
    "simplest",
]
