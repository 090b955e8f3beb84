"""Tests of what a runtime computes for invented graphs, one for each group of operators (Spec: RUN-OPS)."""

from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.graphs import (
    GROUPS,
    GraphCase,
    enumeration,
    graph_cases,
    least_opset,
    simplest,
)
from lepton_conformance.subject.stdio import LoadedModel, Rejection, StdioSubject
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.graph_calls import Tally, accepts, basic, declared, judged, was_answered
from lepton_conformance.suite.marks import requirement


def _judge(runtime: StdioSubject, budget: Budget, group: str) -> None:
    """Judge a group's operators alone, with each of their options, then in generated graphs."""
    has = declared(runtime, group)
    tally = Tally()
    cases = graph_cases(group, accepts(has), tuple(sorted(has.groups)))
    examples(budget, cases, lambda case: judged(runtime, case, tally))
    tally.conclude()


@requirement("RUN-OPS-01", needs=("RUN-ADP-03",))
def test_elementwise_operators(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "elementwise")


@requirement("RUN-OPS-02", needs=("RUN-ADP-03",))
def test_matrix_products(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "dense")


@requirement("RUN-OPS-03", needs=("RUN-ADP-03",))
def test_convolutions(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "convolution")


@requirement("RUN-OPS-04", needs=("RUN-ADP-03",))
def test_poolings(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "pooling")


@requirement("RUN-OPS-05", needs=("RUN-ADP-03",))
def test_normalisations(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "normalisation")


@requirement("RUN-OPS-06", needs=("RUN-ADP-03",))
def test_reductions(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "reductions")


@requirement("RUN-OPS-07", needs=("RUN-ADP-03",))
def test_shapes_and_indices(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "indexing")


@requirement("RUN-OPS-08", needs=("RUN-ADP-03",))
def test_control_flow(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "control")


@requirement("RUN-OPS-09", needs=("RUN-ADP-03",))
def test_recurrent_layers(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "recurrent")


@requirement("RUN-OPS-10", needs=("RUN-ADP-03",))
def test_quantisation(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "quantised")


@requirement("RUN-OPS-11", needs=("RUN-ADP-03",))
def test_operators_on_strings(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "strings")


@requirement(
    "RUN-OPS-12",
    needs=(
        "RUN-ADP-03",
        "RUN-OPS-01",
        "RUN-OPS-02",
        "RUN-OPS-03",
        "RUN-OPS-04",
        "RUN-OPS-05",
        "RUN-OPS-06",
        "RUN-OPS-07",
        "RUN-OPS-09",
    ),
)
def test_blocks_of_networks(runtime: StdioSubject, budget: Budget) -> None:
    _judge(runtime, budget, "blocks")


@requirement("RUN-ADP-07", needs=("RUN-ADP-02",))
def test_what_is_declared_is_not_unsupported(runtime: StdioSubject, budget: Budget) -> None:
    has = declared(runtime)
    takes = accepts(has)
    first, last = has.opsets
    cases = [
        case
        for group, recipes in GROUPS.items()
        if group in has.groups
        for operator in recipes
        for opset in dict.fromkeys((max(first, least_opset(group, operator)), last))
        if opset <= last
        for case in [simplest(group, operator, opset)]
        if takes(case) and basic(case)
    ]
    # An attribute may be unsupported where the operator by itself is not. What the tests above have had an
    # answer to is not asked again.
    cases += [
        case
        for group in GROUPS
        if group in has.groups
        for case in enumeration(group)
        if takes(case) and basic(case) and not was_answered(runtime, case)
    ]
    if not cases:
        raise NotTested("no basic graph keeps within what the hello declares")

    def check(case: GraphCase) -> None:
        path = runtime.file("basic.onnx", case.model)
        found: object = runtime.load(path)
        if isinstance(found, LoadedModel):
            model = found
            found = runtime.infer(model, case.inputs)
            runtime.unload(model)
        if isinstance(found, Rejection) and found.unsupported:
            raise SubjectFault(
                f"sent {case.summary()}, a basic graph of the declared group {', '.join(case.features)}; "
                f"found the rejection UNSUPPORTED: {str(found.message)!r}, expected another answer"
            )

    each(budget, cases, check)
