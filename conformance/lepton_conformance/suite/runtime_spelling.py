"""Tests of the many ways to write one graph (Spec: RUN-SPL)."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.outcome import SubjectFault, SubjectGone
from lepton_conformance.strategies.cases import Cases
from lepton_conformance.strategies.graphs import (
    GROUPS,
    GraphCase,
    enumeration,
    graph_cases,
    least_opset,
    simplest,
)
from lepton_conformance.strategies.graphs.rewriting import (
    external,
    omits_inputs,
    original_names,
    overridable,
    spelled,
)
from lepton_conformance.subject.stdio import StdioSubject
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.graph_calls import (
    Declared,
    Tally,
    accepts,
    answer,
    beside_right,
    declared,
    expect,
    judged,
    loaded,
    right,
)
from lepton_conformance.suite.marks import requirement

#: How many boundary cases of a group are spelled otherwise: each operator's simplest one, and blocks.
GENERATED = "blocks"


def originals(has: Declared) -> Iterator[GraphCase]:
    """Yield the simplest graph of each operator that is declared, and the first one with another axis."""
    takes = accepts(has)
    for group, recipes in GROUPS.items():
        if group in has.groups:
            yield from (case for case in (simplest(group, operator) for operator in recipes) if takes(case))
            turned: dict[str, GraphCase] = {}
            for case in filter(takes, enumeration(group)):
                node = case.graph.nodes[-1]
                if node.attributes.get("axis", 0) not in (0, -1) and len(case.graph.nodes) == 1:
                    turned.setdefault(node.operator, case)
            yield from turned.values()


def _omitting(has: Declared) -> Iterator[GraphCase]:
    """Yield, for each operator with optional inputs, a graph that leaves out the last one."""
    takes, seen = accepts(has), set()
    for group in GROUPS:
        if group in has.groups:
            for case in enumeration(group):
                operator = case.graph.nodes[-1].operator
                if operator not in seen and omits_inputs(case) and takes(case):
                    seen.add(operator)
                    yield case


@requirement("RUN-SPL-01", needs=("RUN-ADP-03",))
def test_legal_spellings_of_a_graph_compute_alike(runtime: StdioSubject, budget: Budget) -> None:
    has, tally = declared(runtime), Tally()

    def check(case: GraphCase) -> None:
        wanted = right(case)
        if wanted is None or not beside_right(runtime, case, wanted):
            return
        for name, variant in spelled(case):
            runtime.recorder.begin()  # each form shows its fault by itself
            names = original_names(case) if name == "other names" else {key: key for key in wanted}
            with loaded(runtime, variant, f" ({name})") as model:
                found = None
                if model is not None:
                    found = answer(runtime, model, variant, variant.inputs, f" ({name})")
            if found is None:
                tally.lacks(case)
                continue
            expect(variant, {names[key]: interval for key, interval in wanted.items()}, found, f" ({name})")
            tally.judged += 1

    drawn = graph_cases(GENERATED, accepts(has), tuple(sorted(has.groups)))
    cases = [*originals(has), *_omitting(has), *(drawn.boundary if GENERATED in has.groups else ())]
    decode = drawn.decode if GENERATED in has.groups else None
    examples(budget, Cases(cases, decode, drawn.smaller), check)
    tally.conclude()


@requirement("RUN-SPL-02", needs=("RUN-ADP-03",))
def test_an_initializer_that_is_an_input_too_gives_way_to_the_caller(
    runtime: StdioSubject, budget: Budget
) -> None:
    has, tally = declared(runtime), Tally()

    def check(case: GraphCase) -> None:
        given = overridable(case)
        if given is None:
            return
        other = {name: _other(case.graph.constants[name]) for name in sorted(given.spelling.overridable)}
        changed = dataclasses.replace(
            case, graph=dataclasses.replace(case.graph, constants={**case.graph.constants, **other})
        )
        pairs = [(given.inputs, right(case)), ({**given.inputs, **other}, right(changed))]
        if any(wanted is None for _, wanted in pairs) or not beside_right(runtime, case, pairs[0][1] or {}):
            return
        with loaded(runtime, given, " with constants that are inputs, too") as model:
            if model is None:
                tally.lacks(case)
                return
            listed = [spec.name for spec in model.inputs]
            for inputs, wanted in (*pairs, pairs[0]):
                how = " without values for them" if inputs is given.inputs else " with values for them"
                found = answer(runtime, model, given, inputs, how)
                if found is None:
                    tally.lacks(case)
                    return
                expect(given, wanted or {}, found, f"{how}, listed inputs {listed!r}")
                tally.judged += 1

    each(budget, [case for case in _with_constants(has) if _floats(case)], check)
    tally.conclude()


def _floats(case: GraphCase) -> bool:
    return any(array.dtype == np.float32 for array in case.graph.constants.values())


def _other(array: Array) -> Array:
    """Return other elements of the same size and sign."""
    return np.asarray(array.reshape(-1)[::-1].reshape(array.shape) * np.float32(0.75))


def _with_constants(has: Declared) -> Iterator[GraphCase]:
    """Yield a graph with a constant for each declared group, and the blocks."""
    takes = accepts(has)
    for group in GROUPS:
        if group not in has.groups:
            continue
        found = 0
        for case in graph_cases(group, takes).boundary:
            if case.graph.constants and (group == "blocks" or found < 3):
                found += 1
                yield case


@requirement("RUN-SPL-03", needs=("RUN-ADP-03",))
def test_constants_are_read_from_a_file_beside_the_model(runtime: StdioSubject, budget: Budget) -> None:
    has, tally = declared(runtime), Tally()

    def check(case: GraphCase) -> None:
        wanted = right(case)
        if wanted is None or not beside_right(runtime, case, wanted):
            return
        variant = external(case)
        runtime.recorder.begin()
        what = " with its constants in a file beside it"
        with loaded(runtime, variant, what) as model:
            found = None if model is None else answer(runtime, model, variant, variant.inputs, what)
        if found is None:
            tally.lacks(case)
            return
        expect(variant, wanted, found, what)
        tally.judged += 1

    each(budget, [case for case in _with_constants(has) if external(case).beside], check)
    tally.conclude()


@requirement("RUN-SPL-04", needs=("RUN-ADP-03",))
def test_each_declared_operator_set_is_understood(runtime: StdioSubject, budget: Budget) -> None:
    has, tally = declared(runtime), Tally()
    takes = accepts(has)
    cases = [
        case
        for group, recipes in GROUPS.items()
        if group in has.groups
        for operator in recipes
        for opset in _opsets(group, operator, has.opsets)
        for case in [simplest(group, operator, opset)]
        if takes(case)
    ]

    def check(case: GraphCase) -> None:
        try:
            judged(runtime, case, tally)
        except SubjectGone:
            raise
        except SubjectFault as fault:
            (group,) = case.features
            usual = None if group == "blocks" else simplest(group, case.graph.nodes[-1].operator)
            if usual is not None and takes(usual) and not beside_right(runtime, usual, right(usual) or {}):
                return  # a fault of the operator, whatever the operator set
            raise type(fault)(f"in operator set {case.graph.opset}: {fault}") from fault

    each(budget, cases, check)
    tally.conclude()


def _opsets(group: str, operator: str, within: tuple[int, int]) -> list[int]:
    """Return the lowest and the highest opset, and those between with another version of the operator."""
    from onnx import defs

    first, last = max(within[0], least_opset(group, operator)), within[1]
    if first > last:
        return []
    versions = {first: 0, last: 0}
    if group != "blocks":
        for opset in range(last, first - 1, -1):
            versions[max(first, defs.get_schema(operator, opset).since_version)] = 0
    return sorted(versions)
