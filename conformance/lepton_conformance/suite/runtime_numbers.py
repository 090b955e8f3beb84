"""Tests of what a runtime computes (Spec: RUN-NUM)."""

import numpy as np

from lepton_conformance.models.catalog import model
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.elements import dtype
from lepton_conformance.strategies import tensors
from lepton_conformance.strategies.cases import Cases
from lepton_conformance.strategies.tensors import Given, given, row
from lepton_conformance.subject.stdio import StdioSubject
from lepton_conformance.suite.computation import ALL_MODELS, infer_right, usable
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement

TOLERANT = ("lepton_affine", "lepton_sub")
EXACT = tuple(name for name in ALL_MODELS if name not in TOLERANT)


@requirement("RUN-NUM-01", needs=("RUN-ADP-03",))
def test_exact_outputs_have_the_expected_bits(runtime: StdioSubject, budget: Budget) -> None:
    names = usable(runtime, EXACT)
    domain = tensors.merged(names)
    boundary = [*domain.boundary, *(given(name, 7, 5) for name in names)]
    examples(
        budget, Cases(boundary, domain.decode, domain.smaller), lambda case: void(infer_right(runtime, case))
    )


def void(_: object) -> None:
    """Drop an answer that has been judged."""


@requirement("RUN-NUM-02", needs=("RUN-ADP-03",))
def test_other_outputs_lie_within_the_tolerance(runtime: StdioSubject, budget: Budget) -> None:
    for name in usable(runtime, TOLERANT):
        cases = tensors.cases(name)
        boundary = [*cases.boundary, *(_wide(name, rows) for rows in (1, 2, 7, 64))]
        examples(
            budget,
            Cases(boundary, cases.decode, cases.smaller),
            lambda case: void(infer_right(runtime, case)),
        )


def _wide(name: str, rows: int) -> Given:
    """Return inputs over many orders of magnitude, with terms that cancel and need every bit."""
    entry = model(name)
    random = np.random.default_rng(rows)
    columns = 4 if name == "lepton_affine" else 3
    inputs = {}
    for tensor in entry.inputs:
        scale = np.exp2(random.integers(-20, 20, (rows, 1))).astype(np.float32)
        inputs[tensor.name] = random.standard_normal((rows, columns)).astype(np.float32) * scale
    if name == "lepton_sub":
        inputs["b"] = np.nextafter(inputs["a"], np.float32(np.inf))
    return Given(entry, inputs)


@requirement("RUN-NUM-03", needs=("RUN-ADP-03",))
def test_special_values_pass_through_exact_operations(runtime: StdioSubject, budget: Budget) -> None:
    names = usable(runtime, ("lepton_id_fp32", "lepton_id_fp64", "lepton_id_fp16", "lepton_transpose"))
    each(budget, [case for name in names for case in _special(name)], lambda case: _check(runtime, case))


def _check(runtime: StdioSubject, case: Given) -> None:
    infer_right(runtime, case)


def _special(name: str) -> list[Given]:
    """Return one case with all special values, and one for each of them among ordinary ones."""
    entry = model(name)
    values = _special_values(entry.inputs[0].datatype)
    cases = []
    for value in [*values, None]:
        x: Array = given(name).inputs["x"].copy()
        if value is None:
            x = row(entry.inputs[0].datatype, values) if name != "lepton_transpose" else x
            x.reshape(-1)[: x.size] = np.resize(np.array(values, dtype=x.dtype), x.size)
        else:
            x.reshape(-1)[2] = value
        cases.append(Given(entry, {"x": x}))
    return cases


def _special_values(datatype: str) -> list[float]:
    kind = dtype(datatype)
    limits = np.finfo(kind)
    return [
        float("nan"),
        float("inf"),
        float("-inf"),
        -0.0,
        float(limits.smallest_subnormal),
        -float(limits.smallest_subnormal),
        float(np.nextafter(limits.tiny, kind.type(0))),
    ]
