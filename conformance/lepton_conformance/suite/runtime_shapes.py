"""Tests of sizes: those that are not fixed, those of outputs, nought and one (Spec: RUN-SHP)."""

import dataclasses
from collections.abc import Iterable, Mapping

from lepton_conformance.oracle.interval import Interval
from lepton_conformance.outcome import NotApplicable, SubjectFault, SubjectGone
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.graphs import GROUPS, GraphCase, Value, enumeration, simplest
from lepton_conformance.strategies.graphs.dynamic import Dynamic, dynamic_graphs
from lepton_conformance.strategies.graphs.empty import empty_graphs
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

Sizes = tuple[tuple[int, int], ...]

#: Sizes of N and M in the order in which one loaded model gets them; some hold equally many elements.
SIZES: Sizes = ((2, 3), (3, 2), (1, 1), (6, 1), (5, 2), (2, 3), (17, 9), (3, 33), (1, 4), (9, 1), (2, 3))
_DRAWN = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33)
#: Operators whose shapes follow from more than the shapes of their inputs.
SHAPED = ("pooling", "convolution", "reductions", "indexing", "control")


def _dynamic(has: Declared) -> list[Dynamic]:
    """Return the graphs with named sizes that a runtime takes. Raises: NotApplicable."""
    if not has.dynamic:
        raise NotApplicable("the hello declares that sizes have to be fixed")
    takes = accepts(has)
    return [
        entry for entry in dynamic_graphs() if entry.group in has.groups and takes(entry.case(_named(2, 2)))
    ]


def _named(rows: int, columns: int) -> Mapping[str, int]:
    return {"N": rows, "M": columns}


@requirement("RUN-SHP-01", needs=("RUN-ADP-03",))
def test_one_loaded_model_answers_every_size(runtime: StdioSubject, budget: Budget) -> None:
    entries = _dynamic(declared(runtime))
    tally = Tally()

    def check(case: tuple[Dynamic, Sizes]) -> None:
        entry, sizes = case
        _in_turn(runtime, tally, entry, sizes)

    def decode(number: int) -> tuple[Dynamic, Sizes]:
        digits = Digits(number)
        entry = entries[digits.take(len(entries))]
        count = 2 + digits.take(3)
        drawn = [(_DRAWN[digits.take(12)], _DRAWN[digits.take(12)]) for _ in range(count)]
        return entry, tuple(drawn)

    def smaller(case: tuple[Dynamic, Sizes]) -> list[tuple[Dynamic, Sizes]]:
        entry, sizes = case
        shorter = [(*sizes[:index], *sizes[index + 1 :]) for index in range(len(sizes))]
        return [(entry, fewer) for fewer in shorter if fewer]

    examples(
        budget, Cases([(entry, SIZES) for entry in entries], decode if entries else None, smaller), check
    )
    tally.conclude()


def _in_turn(runtime: StdioSubject, tally: Tally, entry: Dynamic, sizes: Sizes) -> None:
    """Load a graph once and judge its answers to inputs of these sizes, one after the other."""
    first = entry.case(_named(*sizes[0]))
    with loaded(runtime, first) as model:
        if model is None:
            tally.lacks(first)
            return
        for index, (rows, columns) in enumerate(sizes):
            case = entry.case(_named(rows, columns), seed=index)
            wanted = right(case)
            if wanted is None:
                continue
            what = f" in call {index + 1} of the loaded model"
            found = answer(runtime, model, case, case.inputs, what)
            if found is None:
                tally.lacks(case)
                return
            if disagreement(wanted, found) is not None and not _right_alone(runtime, case, wanted):
                return  # a fault of the operators, whatever was called before
            expect(case, wanted, found, what)
            tally.judged += 1


def _right_alone(runtime: StdioSubject, case: GraphCase, wanted: Mapping[str, Interval]) -> bool:
    """Say whether a graph answers rightly when it is loaded for these sizes alone, all of them fixed."""
    graph = dataclasses.replace(
        case.graph,
        inputs={
            name: Value(case.graph.inputs[name].datatype, case.inputs[name].shape) for name in case.inputs
        },
        outputs={
            name: Value(case.graph.outputs[name].datatype, interval.shape)
            for name, interval in wanted.items()
        },
    )
    return beside_right(runtime, dataclasses.replace(case, graph=graph), wanted)


@requirement("RUN-SHP-02", needs=("RUN-ADP-03",))
def test_outputs_have_the_shapes_that_the_graph_implies(runtime: StdioSubject, budget: Budget) -> None:
    has = declared(runtime)
    takes, tally = accepts(has), Tally()
    cases = _of_unlike_shapes(
        case for group in SHAPED if group in has.groups for case in enumeration(group) if takes(case)
    )

    def check(case: GraphCase) -> None:
        wanted = right(case)
        if wanted is None:
            return
        with loaded(runtime, case) as model:
            found = None if model is None else answer(runtime, model, case, case.inputs)
        if found is None:
            tally.lacks(case)
            return
        for name, interval in wanted.items():
            shape = found[name].shape if name in found else None
            if shape != interval.shape:
                shown = None if shape is None else list(shape)
                raise SubjectFault(
                    f"sent {case.summary()}; found shape {shown} of output {name!r}, "
                    f"expected {list(interval.shape)}"
                )
        tally.judged += 1

    each(budget, cases, check)
    tally.conclude()


def _of_unlike_shapes(cases: Iterable[GraphCase]) -> list[GraphCase]:
    """Return one case for each operator and shapes of outputs."""
    found: dict[object, GraphCase] = {}
    for case in cases:
        shapes = tuple(value.shape for value in case.graph.outputs.values())
        found.setdefault((case.graph.nodes[-1].operator, shapes), case)
    return list(found.values())


@requirement("RUN-SHP-03", needs=("RUN-ADP-03",))
def test_dimensions_of_size_nought_and_one(runtime: StdioSubject, budget: Budget) -> None:
    has = declared(runtime)
    takes, tally = accepts(has), Tally()
    cases = [case for case in empty_graphs() if case.features <= has.groups and takes(case)]
    if has.dynamic:
        for entry in _dynamic(has):
            for rows, columns in ((1, 1), (0, 3), (3, 0), (0, 0)):
                if min(rows, columns) >= entry.least:
                    cases.append(entry.case(_named(rows, columns)))

    def check(case: GraphCase) -> None:
        try:
            judged(runtime, case, tally)
        except SubjectGone:
            raise
        except SubjectFault:
            if all(_usually_right(runtime, group, case) for group in case.features):
                raise

    each(budget, cases, check)
    tally.conclude()


def _usually_right(runtime: StdioSubject, group: str, case: GraphCase) -> bool:
    """Say whether the operators of a graph are right at other sizes: else nought and one are not to blame."""
    for operator in dict.fromkeys(case.graph.operators()):
        if operator in GROUPS[group]:
            usual = simplest(group, operator)
            wanted = right(usual)
            if wanted is not None and not beside_right(runtime, usual, wanted):
                return False
    return True
