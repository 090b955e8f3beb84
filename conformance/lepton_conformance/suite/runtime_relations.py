"""Tests that rewriting a graph, cutting its batch or widening it changes no answer (Spec: RUN-REL)."""

from collections.abc import Iterable, Mapping

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.outcome import NotApplicable
from lepton_conformance.strategies.cases import Cases
from lepton_conformance.strategies.graphs import GROUPS, GraphCase, enumeration, graph_cases
from lepton_conformance.strategies.graphs.dynamic import Dynamic, dynamic_graphs
from lepton_conformance.strategies.graphs.rewriting import rewritten
from lepton_conformance.strategies.graphs.widening import widened
from lepton_conformance.subject.stdio import StdioSubject
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.graph_calls import (
    Declared,
    Tally,
    accepts,
    answer,
    beside_right,
    declared,
    disagreement,
    expect,
    judged,
    loaded,
    right,
)
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.runtime_spelling import originals

#: How the rows of a batch are cut, and how many there are.
ROWS = 7
CUTS = ((1,), (3,), (1, 2, 3, 4, 5, 6))


@requirement("RUN-REL-01", needs=("RUN-ADP-03",))
def test_rewriting_a_graph_changes_no_answer(runtime: StdioSubject, budget: Budget) -> None:
    has, tally = declared(runtime), Tally()

    def check(case: GraphCase) -> None:
        wanted = right(case)
        if wanted is None or not beside_right(runtime, case, wanted):
            return
        for name, variant in rewritten(case):
            runtime.recorder.begin()  # each form shows its fault by itself
            what = f" ({name})"
            with loaded(runtime, variant, what) as model:
                found = None if model is None else answer(runtime, model, variant, variant.inputs, what)
            if found is None:
                tally.lacks(case)
                continue
            expect(variant, wanted, found, what)
            tally.judged += 1

    examples(budget, _cases(has, originals(has)), check)
    tally.conclude()


@requirement("RUN-REL-02", needs=("RUN-ADP-03",))
def test_rows_together_and_apart_are_answered_alike(runtime: StdioSubject, budget: Budget) -> None:
    has, tally = declared(runtime), Tally()
    if not has.dynamic:
        raise NotApplicable("the hello declares that sizes have to be fixed")
    takes = accepts(has)
    entries = [entry for entry in dynamic_graphs() if entry.group in has.groups and entry.rows]
    cases = [(entry, cut) for entry in entries if takes(entry.case({"N": 2, "M": 2})) for cut in CUTS]

    def check(case: tuple[Dynamic, tuple[int, ...]]) -> None:
        entry, cut = case
        whole = entry.case({"N": ROWS, "M": 5}, seed=3)
        wanted = right(whole)
        if wanted is None:
            return
        with loaded(runtime, whole) as model:
            if model is None:
                tally.lacks(whole)
                return
            together = answer(runtime, model, whole, whole.inputs)
            parts = []
            for start, stop in zip((0, *cut), (*cut, ROWS), strict=True):
                rows = _rows(entry, whole.inputs, start, stop)
                parts.append(answer(runtime, model, whole, rows, f" cut to the rows {start} to {stop - 1}"))
            if together is None or any(part is None for part in parts):
                tally.lacks(whole)
                return
            apart = {
                name: np.concatenate([part[name] for part in parts if part is not None and name in part])
                for name in wanted
                if wanted[name].shape[:1] == (ROWS,)
            }
            joined = {name: wanted[name] for name in apart}
            if disagreement(wanted, together) is not None and disagreement(joined, apart) is not None:
                return  # a fault of the operators: the rows are alike in it
            expect(whole, wanted, together, " with its rows together, right apart")
            expect(whole, joined, apart, f" with its rows apart, cut before {list(cut)}, right together")
            tally.judged += 1

    each(budget, cases, check)
    tally.conclude()


@requirement("RUN-REL-03", needs=("RUN-ADP-03",))
def test_graphs_in_fp64_are_as_right_as_in_fp32(runtime: StdioSubject, budget: Budget) -> None:
    has, tally = declared(runtime), Tally()
    if not {"FP32", "FP64"} <= has.datatypes:
        raise NotApplicable("the hello does not declare both FP32 and FP64")
    takes = accepts(has)

    def check(case: GraphCase) -> None:
        wide = widened(case)
        wanted = right(case)
        if wide is None or not takes(wide) or wanted is None or not beside_right(runtime, case, wanted):
            return
        runtime.recorder.begin()
        judged(runtime, wide, tally)

    examples(budget, _cases(has, (*originals(has), *_modes(has))), check)
    tally.conclude()


def _cases(has: Declared, alone: Iterable[GraphCase]) -> Cases[GraphCase]:
    """Return graphs of one operator, and those of the group `blocks` where it is declared."""
    drawn = graph_cases("blocks", accepts(has), tuple(sorted(has.groups)))
    if "blocks" not in has.groups:
        return Cases(list(alone), None, drawn.smaller)
    return Cases([*alone, *drawn.boundary], drawn.decode, drawn.smaller)


def _modes(has: Declared) -> list[GraphCase]:
    """Return the first graph of each operator for each text that one of its attributes may be."""
    takes, found = accepts(has), dict[object, GraphCase]()
    for group in (name for name in GROUPS if name in has.groups):
        for case in filter(takes, enumeration(group)):
            node = case.graph.nodes[-1]
            texts = tuple(sorted((k, v) for k, v in node.attributes.items() if isinstance(v, str)))
            if texts:
                found.setdefault((node.operator, texts), case)
    return list(found.values())


def _rows(entry: Dynamic, inputs: Mapping[str, Array], start: int, stop: int) -> dict[str, Array]:
    """Return the rows of the inputs that have the batch; others stay whole."""
    return {
        name: np.ascontiguousarray(array[start:stop]) if entry.inputs[name].shape[0] == "N" else array
        for name, array in inputs.items()
    }
