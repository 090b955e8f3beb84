"""A reproducer of a runtime's failure shows the model and its tensors, and writes external data beside it."""

import dataclasses
import json

import numpy as np

from lepton_conformance.report.program import Heading
from lepton_conformance.report.runtime_reproducer import runtime_script
from lepton_conformance.strategies.graphs import Spelling, simplest
from lepton_conformance.strategies.graphs.graph import GraphCase
from lepton_conformance.strategies.graphs.spelling import EXTERNAL_FILE
from lepton_conformance.subject.exchange import LineExchange
from lepton_conformance.subject.tensor_lines import write_value


def heading() -> Heading:
    return Heading(**{field.name: f"the {field.name}" for field in dataclasses.fields(Heading)})


def script(case: GraphCase) -> str:
    path = "/tmp/a.onnx"
    load = {"id": 1, "op": "load", "path": path}
    inputs = [write_value(name, array) for name, array in case.inputs.items()]
    infer = {"id": 2, "op": "infer", "model": "m1", "inputs": inputs}
    answer = {"id": 2, "outputs": [write_value("y", np.array([7.5], np.float32))]}
    exchanges = [
        LineExchange(json.dumps(load), '{"id":1,"model":"m1"}', "", case.model, tuple(case.beside.items())),
        LineExchange(json.dumps(infer), json.dumps(answer)),
        LineExchange(json.dumps(load), '{"id":1,"error":{}}', "", b"no model at all"),
    ]
    return runtime_script(exchanges, "exec:engine", heading())


def test_the_graph_and_its_tensors_stand_in_comments() -> None:
    text = script(simplest("elementwise", "Relu"))
    compile(text, "reproducer.py", "exec")
    assert "# graph (float[2,3] x1) => (float[2,3] y2)" in text
    assert "= Relu (x1)" in text
    assert "# found y FP32[1] = [7.5]" in text


def test_a_file_beside_the_model_is_written_too() -> None:
    plain = simplest("elementwise", "Add")
    weight = np.array([[1.0, 2.0, 3.0]], np.float32)
    graph = dataclasses.replace(
        plain.graph,
        constants={"x2": weight},
        inputs={"x1": plain.graph.inputs["x1"]},
    )
    case = GraphCase(graph, {"x1": plain.inputs["x1"]}, Spelling(external=True))
    text = script(case)
    compile(text, "reproducer.py", "exec")
    assert dict(case.beside) == {EXTERNAL_FILE: weight.tobytes()}
    assert f"('{EXTERNAL_FILE}', 'AACAPwAAAEAAAEBA')" in text
