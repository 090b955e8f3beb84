"""A failing request is made as small as the fault allows: elements, texts, rows and columns."""

from collections.abc import Callable

import numpy as np
import pytest

from lepton_conformance.models.catalog import model
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.cases import Cases
from lepton_conformance.strategies.tensors import Given, given, row, smaller
from lepton_conformance.subject.exchange import Recorder
from lepton_conformance.suite.driver import Budget, examples


def reduced(case: Given, breaks: Callable[[Given], bool]) -> Given:
    """Return what is left of a case that fails where `breaks` says so."""
    last: list[Given] = []

    def body(given_case: Given) -> None:
        if breaks(given_case):
            last.append(given_case)
            raise SubjectFault("found a fault")

    with pytest.raises(SubjectFault):
        examples(Budget(0, 0, Recorder()), Cases([case], None, smaller), body)
    return last[-1]


def test_one_element_is_left_of_a_large_tensor() -> None:
    case = given("lepton_id_fp32", 17, 8)
    case.inputs["x"][11, 5] = -0.5
    left = reduced(case, lambda found: bool((found.inputs["x"] == -0.5).any()))
    assert left.inputs["x"].tolist() == [[-0.5]]


def test_rows_between_two_that_matter_are_left_out() -> None:
    case = given("lepton_id_int32", 17, 3)
    case.inputs["x"][0, 0], case.inputs["x"][16, 2] = 77, 99

    def both(found: Given) -> bool:
        return bool((found.inputs["x"] == 77).any() and (found.inputs["x"] == 99).any())

    left = reduced(case, both).inputs["x"]
    assert left.size <= 4
    assert sorted(left[left != 0].tolist()) == [77, 99]


def test_values_that_do_not_matter_become_plain() -> None:
    case = Given(model("lepton_id_fp64"), {"x": row("FP64", [3.75, np.pi, 1e300])})
    left = reduced(
        case, lambda found: found.inputs["x"].shape == (1, 3) and bool((found.inputs["x"] > 0).all())
    )
    assert left.inputs["x"].tolist() == [[1.0, 1.0, 1.0]]


def test_texts_become_short_and_plain() -> None:
    case = Given(
        model("lepton_id_bytes"), {"x": row("BYTES", [b"left", b"a long text with \0 in it", b"right"])}
    )
    left = reduced(case, lambda found: any(b"\0" in text for text in found.inputs["x"].ravel()))
    assert left.inputs["x"].tolist() == [[b"\0"]]
    pair = reduced(case, lambda found: any(len(text) > 1 for text in found.inputs["x"].ravel()))
    assert pair.inputs["x"].tolist() == [[b"aa"]]


def test_inputs_that_share_a_symbol_keep_equal_sizes() -> None:
    left = reduced(given("lepton_sub", 5, 8), lambda found: bool((found.inputs["b"] == 2.0).any()))
    assert left.inputs["a"].shape == left.inputs["b"].shape == (1, 1)


def test_dimensions_that_the_model_fixes_stay() -> None:
    left = reduced(given("lepton_affine", 8), lambda found: True)
    assert left.inputs["x"].tolist() == [[0.0, 0.0, 0.0, 0.0]]


def test_request_of_contradictory_sizes_keeps_them() -> None:
    entry = model("lepton_sub")
    unlike = Given(entry, {"a": np.zeros((1, 3), np.float32), "b": np.ones((2, 3), np.float32)})
    left = reduced(unlike, lambda found: len(found.inputs["a"]) != len(found.inputs["b"]))
    assert (left.inputs["a"].shape, left.inputs["b"].shape) == ((1, 1), (2, 1))
