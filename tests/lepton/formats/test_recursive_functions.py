"""Functions of an ONNX model that call each other in a circle are seen, however the circle is hidden."""

import onnx
import pytest
from onnx import helper

from lepton.formats.calls import first_circle
from lepton.formats.onnx import OnnxModel, read_onnx
from lepton.formats.source import MemorySource
from lepton_conformance.forge import models

DOMAIN = "d"


def calling(*names: str, domain: str = DOMAIN, overload: str = "") -> list[onnx.NodeProto]:
    return [helper.make_node(name, ["x"], ["x"], domain=domain, overload=overload) for name in names]


def function(
    name: str, nodes: list[onnx.NodeProto], *, domain: str = DOMAIN, overload: str = ""
) -> onnx.FunctionProto:
    return helper.make_function(
        domain, name, ["x"], ["x"], nodes, [helper.make_opsetid("", 17)], overload=overload
    )


def within_branch(node: onnx.NodeProto) -> onnx.NodeProto:
    """Hide a node in the branch of an If."""
    graph = helper.make_graph([node], "then", [], [])
    return helper.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=graph)


def read(*functions: onnx.FunctionProto) -> OnnxModel:
    model = onnx.ModelProto.FromString(models.linear())
    model.functions.extend(functions)
    return read_onnx(MemorySource(model.SerializeToString()))


@pytest.mark.parametrize(
    ("functions", "length"),
    [
        ([function("f", calling("f"))], 1),
        ([function("f", calling("g")), function("g", calling("f"))], 2),
        ([function("a", calling("b")), function("b", calling("c")), function("c", calling("b"))], 2),
        ([function("f", [within_branch(within_branch(calling("f")[0]))])], 1),
        ([function("f", calling("f", domain="ai.onnx"), domain="")], 1),
        ([function("f", calling("f", overload="1"), overload="1")], 1),
        ([function("f", []), function("f", calling("f"))], 1),
        ([function(f"f{n}", calling(f"f{(n + 1) % 5000}")) for n in range(5000)], 8),
    ],
)
def test_a_circle_is_found(functions: list[onnx.FunctionProto], length: int) -> None:
    circle = first_circle(read(*functions).functions)
    assert len(circle) == length


@pytest.mark.parametrize(
    "functions",
    [
        [],
        [function("f", calling("Add"))],
        [function("f", calling("g", "g")), function("g", calling("h")), function("h", calling("Relu"))],
        [function("f", calling("f", domain="other"))],
        [function("f", calling("f", overload="1"))],
        [function(f"f{n}", calling(f"f{n + 1}", f"f{n + 1}", f"f{n + 2}")) for n in range(400)],
    ],
)
def test_functions_without_a_circle_are_left_alone(functions: list[onnx.FunctionProto]) -> None:
    """The last one has as many paths as a Fibonacci number of 84 digits: they are not walked."""
    assert first_circle(read(*functions).functions) == ()


def test_a_call_outside_functions_counts_as_none() -> None:
    model = onnx.ModelProto.FromString(models.linear())
    model.graph.node.extend(calling("f"))
    model.functions.append(function("f", calling("Relu")))
    (found,) = read_onnx(MemorySource(model.SerializeToString())).functions
    assert found.calls == (("d", "Relu", ""),)
