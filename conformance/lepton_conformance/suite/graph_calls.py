"""What the tests on generated graphs share: what the runtime has declared, a graph's call, its judgement.

Owns the loading of a graph, the reading of what a runtime declares and the comparison with the oracle's
intervals; leaves single rules to the test modules. Serves `runtime` (RUN-OPS, RUN-SHP, RUN-SPL, RUN-REL).
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.interval import Interval, Undecidable, evaluate, judge
from lepton_conformance.outcome import NotApplicable, NotTested, SubjectFault
from lepton_conformance.strategies.graphs import GROUPS, GraphCase
from lepton_conformance.subject.stdio import LoadedModel, Rejection, StdioSubject

__all__ = [
    "Declared",
    "Tally",
    "accepts",
    "answer",
    "basic",
    "beside_right",
    "declared",
    "disagreement",
    "expect",
    "judged",
    "loaded",
    "right",
    "was_answered",
]

#: Each file has a name of its own, for a runtime may cache by path.
_NUMBERS = itertools.count()
#: Cases of a run that were answered with outputs, by identity: enumerated cases are one object each.
_ANSWERED: "WeakKeyDictionary[StdioSubject, set[int]]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Declared:
    """What a runtime has declared."""

    groups: frozenset[str]
    datatypes: frozenset[str]
    opsets: tuple[int, int]
    dynamic: bool


def declared(runtime: StdioSubject, *groups: str) -> Declared:
    """Return what the runtime declares. Raises: NotApplicable when it declares none of these groups."""
    if "onnx" not in runtime.capabilities("formats"):
        raise NotTested("the adapter's hello does not list the format onnx")
    found = runtime.declared()
    if found.operators.isdisjoint(groups or GROUPS):
        named = " or ".join(groups) or "any"
        raise NotApplicable(f"the hello does not declare the operator group {named}")
    return Declared(found.operators, runtime.capabilities("datatypes"), found.opsets, found.dynamic)


def accepts(has: Declared) -> Callable[[GraphCase], bool]:
    """Return whether a case keeps within what is declared."""

    def within(case: GraphCase) -> bool:
        graph = case.graph
        free = any(
            not isinstance(size, int)
            for value in (*graph.inputs.values(), *graph.outputs.values())
            for size in value.shape
        )
        return (
            graph.datatypes() <= has.datatypes
            and has.opsets[0] <= graph.opset <= has.opsets[1]
            and (has.dynamic or not free)
        )

    return within


#: Datatypes of basic graphs; those of quantised ones and of strings belong to their groups.
_BASIC = frozenset(("FP32", "INT64", "BOOL"))
_BASIC_OF = {"quantised": frozenset(("INT8", "INT32", "UINT8")), "strings": frozenset(("BYTES",))}


def basic(case: GraphCase) -> bool:
    """Say whether a graph is basic: a runtime that declares its group may not lack anything for it."""
    allowed = _BASIC.union(*(_BASIC_OF.get(group, frozenset()) for group in case.features))
    return case.graph.datatypes() <= allowed


@dataclass(slots=True)
class Tally:
    """What came of the cases of one test: how many were judged, and which basic one was unsupported."""

    judged: int = 0
    unsupported: list[str] = field(default_factory=list)

    def lacks(self, case: GraphCase) -> None:
        """Take note of a graph that was answered with UNSUPPORTED."""
        if basic(case):
            self.unsupported.append(case.summary())

    def conclude(self) -> None:
        """Raise NotTested when a basic graph was left undone, or no graph could be judged."""
        if self.unsupported:
            raise NotTested(
                f"the runtime answers UNSUPPORTED for {len(self.unsupported)} basic graphs of what it "
                f"declares, among them {self.unsupported[0]}"
            )
        if not self.judged:
            raise NotTested("none of the graphs could be judged within what the runtime declares")


@contextlib.contextmanager
def loaded(runtime: StdioSubject, case: GraphCase, what: str = "") -> Iterator[LoadedModel | None]:
    """Load a case's model, None when that is unsupported, and unload it. Raises: SubjectFault."""
    path = _written(runtime, case)
    try:
        found = runtime.load(path, case.beside)
        if isinstance(found, Rejection):
            if not found.unsupported:
                raise SubjectFault(
                    f"sent load of {case.summary()}{what}; found the rejection {found.code}: "
                    f"{str(found.message)!r}, expected a model"
                )
            yield None
            return
        yield found
        runtime.unload(found)
    finally:
        path.unlink(missing_ok=True)


def _written(runtime: StdioSubject, case: GraphCase) -> Path:
    for name, content in case.beside.items():
        runtime.file(name, content)
    return runtime.file(f"graph-{next(_NUMBERS)}.onnx", case.model)


def answer(
    runtime: StdioSubject, model: LoadedModel, case: GraphCase, inputs: Mapping[str, Array], what: str = ""
) -> dict[str, Array] | None:
    """Return a model's outputs, None when that is unsupported. Raises: SubjectFault."""
    found = runtime.infer(model, inputs)
    if isinstance(found, Rejection):
        if found.unsupported:
            return None
        raise SubjectFault(
            f"sent {case.summary()}{what}; found the rejection {found.code}: {str(found.message)!r}, "
            f"expected outputs"
        )
    return found.outputs


def right(case: GraphCase, inputs: Mapping[str, Array] | None = None) -> dict[str, Interval] | None:
    """Return what is right, None where nobody can say."""
    import onnx

    model = onnx.load_from_string(case.model)
    if case.beside:
        case = GraphCase(case.graph, case.inputs)
        model = onnx.load_from_string(case.model)
    try:
        return evaluate(model, case.inputs if inputs is None else inputs)
    except Undecidable:
        return None


def disagreement(wanted: Mapping[str, Interval], found: Mapping[str, Array]) -> str | None:
    """Return how outputs leave their intervals, or None: one kind of fault, one form of words."""
    missing = [name for name in wanted if name not in found]
    if missing:
        return f"found no output {missing[0]!r}"
    for name, interval in wanted.items():
        wrong = judge(interval, found[name])
        if wrong is not None:
            kind = "a wrong datatype or shape" if wrong.at is None else "wrong elements"
            return f"found {kind} in output {name!r}: {str(wrong)!r}"
    return None


def expect(
    case: GraphCase, wanted: Mapping[str, Interval], found: Mapping[str, Array], what: str = ""
) -> None:
    """Compare outputs with their intervals. Raises: SubjectFault."""
    wrong = disagreement(wanted, found)
    if wrong is not None:
        raise SubjectFault(f"sent {case.summary()}{what}; {wrong}")


def beside_right(runtime: StdioSubject, case: GraphCase, wanted: Mapping[str, Interval]) -> bool:
    """Say whether the plain form of a graph is answered rightly: else its other forms say nothing new."""
    with contextlib.suppress(SubjectFault), loaded(runtime, case) as model:
        found = None if model is None else answer(runtime, model, case, case.inputs)
        return found is not None and disagreement(wanted, found) is None
    return False


def judged(runtime: StdioSubject, case: GraphCase, tally: Tally) -> None:
    """Load, compute and compare one case. Raises: SubjectFault."""
    wanted = right(case)
    if wanted is None:
        return
    with loaded(runtime, case) as model:
        found = None if model is None else answer(runtime, model, case, case.inputs)
    if found is None:
        tally.lacks(case)
        return
    _ANSWERED.setdefault(runtime, set()).add(id(case))
    expect(case, wanted, found)
    tally.judged += 1


def was_answered(runtime: StdioSubject, case: GraphCase) -> bool:
    """Say whether an enumerated case was judged in this run, and so is not unsupported."""
    return id(case) in _ANSWERED.get(runtime, ())
