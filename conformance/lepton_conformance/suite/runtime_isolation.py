"""Tests that calls of a runtime do not touch each other, their inputs and earlier outputs (Spec: RUN-ISO)."""

from collections.abc import Mapping

import numpy as np

from lepton_conformance.models.catalog import model
from lepton_conformance.models.graphs import model_bytes
from lepton_conformance.oracle.answers import Array
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.graphs import GROUPS, GraphCase
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.stdio import LoadedModel, Rejection, StdioSubject
from lepton_conformance.suite.computation import (
    accepted,
    expect_right,
    infer_right,
    load_beside,
    sent,
    usable,
)
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.graph_calls import answer, beside_right, declared, expect, loaded, right
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.runtime_spelling import originals

REPEATS = 4


@requirement("RUN-ISO-01", needs=("RUN-ADP-03",))
def test_inputs_stay_as_they_are(runtime: StdioSubject, budget: Budget) -> None:
    runtime.restart()  # what the rejections before have left is not judged here

    def check(case: Given) -> None:
        found = infer_right(runtime, case)
        if found.changed_inputs:
            names = ", ".join(found.changed_inputs)
            raise SubjectFault(
                f"sent {sent(case.model.name, case.inputs)}; found the arrays of {names} changed by it"
            )

    cases = []
    for name in usable(runtime):
        cases += [given(name), given(name, 1, 1), given(name, 7, 5)]
    if "lepton_sub" in usable(runtime):
        # One array as both inputs: what is written into one input shows in the other.
        same = given("lepton_sub").inputs["a"]
        cases.append(Given(model("lepton_sub"), {"a": same, "b": same}))
    each(budget, cases, check)
    each(budget, _graphs(runtime), lambda case: _leaves_inputs(runtime, case))


def _graphs(runtime: StdioSubject) -> list[GraphCase]:
    """Return a graph of each operator that is declared, none where no group is."""
    if runtime.declared().operators.isdisjoint(GROUPS):
        return []
    return list(originals(declared(runtime)))


def _leaves_inputs(runtime: StdioSubject, case: GraphCase) -> None:
    if not beside_right(runtime, case, right(case) or {}):
        return  # a fault of the operator
    with loaded(runtime, case) as target:
        found = None if target is None else runtime.infer(target, case.inputs)
    if found is not None and not isinstance(found, Rejection) and found.changed_inputs:
        names = ", ".join(found.changed_inputs)
        raise SubjectFault(f"sent {case.summary()}; found the arrays of {names} changed by it")


def _same_again(runtime: StdioSubject, case: GraphCase) -> None:
    """Call a graph with other elements and as it was built, in turns. Raises: SubjectFault."""
    wanted = right(case)
    others = {
        name: ~array if array.dtype == np.bool_ else _reversed(array).reshape(array.shape)
        for name, array in case.inputs.items()
    }
    if wanted is None or not beside_right(runtime, case, wanted):
        return  # a fault of the operator, whatever was computed before
    with loaded(runtime, case) as target:
        if target is None:
            return
        # What is remembered of the very first call must show, too: it has the other elements.
        runtime.infer(target, others)
        answer(runtime, target, case, case.inputs)
        runtime.infer(target, others)
        for what in (" after a call with other elements", " after a call with the same elements"):
            found = answer(runtime, target, case, case.inputs, what)
            if found is not None:
                expect(case, wanted, found, what)


@requirement("RUN-ISO-02", needs=("RUN-ADP-03",))
def test_outputs_stay_as_they_were_given_out(runtime: StdioSubject, budget: Budget) -> None:
    def check(name: str) -> None:
        first = given(name)
        for case in (first, _other(first), given(name, 5, 2), _other(given(name, 5, 2)), first):
            found = infer_right(runtime, case)
            if found.changed_outputs:
                names = ", ".join(found.changed_outputs)
                raise SubjectFault(
                    f"sent {sent(name, case.inputs)}; found earlier outputs {names} changed by this call"
                )
            if found.shared_outputs:
                names = ", ".join(found.shared_outputs)
                raise SubjectFault(
                    f"sent {sent(name, case.inputs)}; found the outputs {names} in memory that is an input "
                    "or another output, too, expected memory of their own"
                )

    each(budget, usable(runtime), check)


@requirement("RUN-ISO-03", needs=("RUN-ADP-03",))
def test_equal_inputs_give_equal_outputs_whatever_came_before(runtime: StdioSubject, budget: Budget) -> None:
    def check(name: str) -> None:
        first = given(name)
        sequence = [first, *([first] * REPEATS), _other(first), first, given(name, 1, 1), given(name, 6, 4)]
        reference: Mapping[str, Array] | None = None
        for position, case in enumerate([*sequence, first, _other(first), first]):
            try:
                outputs = infer_right(runtime, case).outputs
            except SubjectFault as fault:
                raise type(fault)(f"in call {position + 1} of a sequence: {fault}") from fault
            if case is not first or not first.model.exact:
                continue
            reference = reference or outputs
            for key, array in outputs.items():
                if not np.array_equal(array, reference[key]):
                    raise SubjectFault(f"sent {sent(name, case.inputs)} again; found another {key}")

    each(budget, usable(runtime), check)
    each(budget, _graphs(runtime), lambda case: _same_again(runtime, case))


@requirement("RUN-ISO-04", needs=("RUN-ADP-03", "RUN-ADP-05"))
def test_models_loaded_side_by_side_answer_as_if_alone(runtime: StdioSubject, budget: Budget) -> None:
    names = usable(runtime)
    alike = [name for name in names if "x" in {tensor.name for tensor in model(name).inputs}]

    def check(pair: tuple[str, str]) -> None:
        one, other = pair
        loaded = {name: load_beside(runtime, name) for name in pair}
        again = load_beside(runtime, one)
        for target in (loaded[one], loaded[other], again, loaded[other]):
            _answers(runtime, target, given(other if target is loaded[other] else one))
        runtime.unload(again)
        for which in pair:
            _answers(runtime, loaded[which], given(which))
            runtime.unload(loaded[which])

    each(budget, list(zip(alike, alike[1:] + alike[:1], strict=True)) + _same_signature(names), check)


@requirement("RUN-ISO-05", needs=("RUN-ADP-03", "RUN-ADP-05"))
def test_a_file_that_is_loaded_again_is_read_again(runtime: StdioSubject, budget: Budget) -> None:
    names = usable(runtime)
    replacing = {one: other for pair in _same_signature(names) for one, other in (pair,)}

    def check(name: str) -> None:
        path = runtime.file("again.onnx", model_bytes(model(name)))
        first = accepted(name, runtime.load(path))
        _answers(runtime, first, given(name))
        second = accepted(name, runtime.load(path))
        _answers(runtime, second, _other(given(name)))
        runtime.unload(first)
        _answers(runtime, second, given(name))
        runtime.unload(second)
        third = accepted(name, runtime.load(path))
        _answers(runtime, third, given(name))
        runtime.unload(third)
        if name in replacing:
            other = replacing[name]
            fourth = accepted(other, runtime.load(runtime.file("again.onnx", model_bytes(model(other)))))
            _answers(runtime, fourth, given(other))
            runtime.unload(fourth)

    each(budget, names, check)


def _same_signature(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return pairs of models that compute unlike things from tensors of the same names and datatypes."""
    floats = [name for name in ("lepton_id_fp32", "lepton_affine", "lepton_transpose") if name in names]
    integers = [name for name in ("lepton_id_int32", "lepton_split") if name in names]
    return [(one, other) for group in (floats, integers) for one in group for other in group if one != other]


def _answers(runtime: StdioSubject, target: LoadedModel, case: Given) -> None:
    found = runtime.infer(target, case.inputs)
    if isinstance(found, Rejection):
        raise SubjectFault(
            f"sent {sent(case.model.name, case.inputs)} beside another model; found the rejection "
            f"{found.code}: {found.message}"
        )
    expect_right(case.model, case.inputs, found.outputs)


def _other(case: Given) -> Given:
    """Return inputs of the same shapes with other elements."""
    return Given(case.model, {name: _reversed(array) for name, array in case.inputs.items()})


def _reversed(array: Array) -> Array:
    flipped: Array = np.ascontiguousarray(array.reshape(-1)[::-1].reshape(array.shape))
    return flipped
