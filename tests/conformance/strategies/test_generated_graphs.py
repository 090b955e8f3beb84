"""Generated graphs are valid, are what they say they are, and are the same wherever they are built."""

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import lepton_spec
from lepton_conformance.oracle.interval import Undecidable, evaluate, vague
from lepton_conformance.strategies.cases import INTEGER_BITS
from lepton_conformance.strategies.graphs import (
    GROUPS,
    GraphCase,
    enumeration,
    graph_cases,
    least_opset,
    simplest,
)
from lepton_conformance.strategies.graphs.dynamic import dynamic_graphs
from lepton_conformance.strategies.graphs.empty import empty_graphs
from lepton_conformance.strategies.graphs.precision import SUMMING, special_values, sums
from lepton_conformance.strategies.graphs.rewriting import external, overridable, rewritten, spelled
from lepton_conformance.subject import capabilities

NAMES = {entry["onnx"]: name for name, entry in lepton_spec.datatypes().items()}
NUMBERS = [random.Random(group).getrandbits(INTEGER_BITS) for group in range(40)]


def valid(case: GraphCase) -> onnx.ModelProto:
    """Return the model, which the checker of ONNX accepts and infers the declared shapes of."""
    model = onnx.load_from_string(case.model)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    for info in (*inferred.graph.value_info, *inferred.graph.output):
        tensor, value = info.type.tensor_type, case.graph.values.get(info.name)
        if value is None:  # a tensor in between, which nothing is said of
            continue
        assert NAMES[tensor.elem_type] == value.datatype, case.summary()
        for dim, size in zip(tensor.shape.dim, value.shape, strict=True):
            assert not dim.HasField("dim_value") or dim.dim_value == size, case.summary()
    return model


def drawn(group: str) -> list[GraphCase]:
    decode = graph_cases(group).decode
    assert decode is not None
    return [decode(number) for number in NUMBERS]


def test_groups_are_those_of_the_standard_in_its_order() -> None:
    assert tuple(GROUPS) == capabilities.GROUPS


@pytest.mark.parametrize("group", GROUPS)
def test_every_option_of_every_operator_gives_a_valid_graph(group: str) -> None:
    for case in enumeration(group):
        valid(case)
        for name, array in case.inputs.items():
            assert array.shape == case.graph.inputs[name].shape


@pytest.mark.parametrize("group", GROUPS)
def test_every_integer_gives_a_valid_graph(group: str) -> None:
    for case in drawn(group):
        valid(case)


@pytest.mark.parametrize("group", GROUPS)
def test_the_oracle_says_what_is_right_of_nearly_every_graph(group: str) -> None:
    judged = 0
    cases = [*drawn(group), *(simplest(group, operator) for operator in GROUPS[group])]
    for case in cases:
        try:
            wanted = evaluate(case.model, case.inputs)
        except Undecidable:
            continue
        assert set(wanted) == set(case.graph.outputs)
        judged += any(not vague(interval).all() for interval in wanted.values())
    assert judged >= 0.9 * len(cases)


def test_graphs_for_sizes_sums_and_special_values_are_valid() -> None:
    for entry in dynamic_graphs():
        valid(entry.case({"N": 2, "M": 3}))
    for case in (*special_values(), *(case for group in SUMMING for case in sums(group))):
        valid(case)
    for case in empty_graphs():
        onnx.checker.check_model(onnx.load_from_string(case.model), full_check=True)


@pytest.mark.parametrize("group", GROUPS)
def test_every_operator_set_has_the_simplest_graphs(group: str) -> None:
    for operator in GROUPS[group]:
        for opset in range(least_opset(group, operator), 22):
            valid(simplest(group, operator, opset))


@pytest.mark.parametrize("group", GROUPS)
def test_other_forms_of_a_graph_are_valid_and_have_the_same_answers(group: str) -> None:
    for operator in GROUPS[group]:
        case = simplest(group, operator)
        wanted = list(evaluate(case.model, case.inputs).values())
        for name, variant in (*spelled(case), *rewritten(case)):
            model = onnx.load_from_string(variant.model)
            onnx.checker.check_model(model, full_check=True)
            found = list(evaluate(model, variant.inputs).values())
            for one, other in zip(wanted, found, strict=True):
                assert np.array_equal(one.lo, other.lo, equal_nan=one.datatype != "BYTES"), (operator, name)
        if (given := overridable(case)) is not None:
            onnx.checker.check_model(onnx.load_from_string(given.model), full_check=True)
        assert all(len(content) > 0 for content in external(case).beside.values())


def digest() -> str:
    """Return the digest of many graphs and their inputs."""
    found = hashlib.sha256()
    for group in GROUPS:
        for case in (*enumeration(group), *drawn(group)):
            found.update(case.model)
            for array in case.inputs.values():
                found.update(repr(array.tolist()).encode())
    return found.hexdigest()


def test_another_process_builds_the_same_bytes() -> None:
    program = "from test_generated_graphs import digest; print(digest())"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONHASHSEED": "17"}
    found = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == digest()
