"""Tests that loading a model makes a runtime call nobody (Spec: ASR-SAF-01)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lepton_conformance.models.catalog import model
from lepton_conformance.models.graphs import model_bytes
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.tensors import given
from lepton_conformance.subject.exchange import LineExchange
from lepton_conformance.subject.stdio import Rejection, StdioSubject
from lepton_conformance.suite.computation import ALL_MODELS, judged
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.visits import listener

PLAIN = ("lepton_affine", "lepton_id_fp32", "lepton_sub", *ALL_MODELS)

Change = Callable[[Any, str], object]


def _located(parsed: Any, location: str) -> None:
    """Add weights that nothing uses, and whose elements are elsewhere."""
    from onnx import TensorProto

    tensor = parsed.graph.initializer.add(name="w_elsewhere", data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)


def _described(parsed: Any, address: str) -> None:
    parsed.doc_string = parsed.graph.doc_string = address
    parsed.producer_name = address
    for key in ("url", "update_url", "license_url", "schema"):
        parsed.metadata_props.add(key=key, value=address)


def _named(parsed: Any, address: str) -> None:
    parsed.graph.name = address
    for node in parsed.graph.node:
        node.name = address


#: Where an address can stand in a model, with what puts it there.
CHANGES: dict[str, Change] = {
    "the location of weights": _located,
    "the location of weights, without a scheme": lambda parsed, address: _located(parsed, address[5:]),
    "texts and metadata": _described,
    "the names of the graph and its nodes": _named,
}


@requirement("ASR-SAF-01", needs=("RUN-ADP-02", "RUN-ADP-04"))
def test_no_address_of_a_model_is_visited(runtime: StdioSubject, budget: Budget) -> None:
    import onnx

    name = judged(runtime, *PLAIN)

    def check(where: str) -> None:
        with listener() as (port, visits):
            parsed = onnx.ModelProto.FromString(model_bytes(model(name)))
            CHANGES[where](parsed, f"http://127.0.0.1:{port}/w.bin")
            found = runtime.load(runtime.file("elsewhere.onnx", parsed.SerializeToString()))
            if not isinstance(found, Rejection):
                # Whether it may load at all is the matter of others; what is fetched late is fetched now.
                runtime.infer(found, given(name).inputs)
                runtime.unload(found)
        if visits:
            seen = (each for each in runtime.recorder.failing if isinstance(each, LineExchange))
            runtime.recorder.only([replace(each, visited=port) if each.file else each for each in seen])
            raise SubjectFault(
                f"sent load of a model with an address of 127.0.0.1:{port} as {where}; found a connection "
                "to it, expected none"
            )

    each(budget, CHANGES, check)
