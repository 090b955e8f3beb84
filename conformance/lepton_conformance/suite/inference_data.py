"""Tensors in JSON: what is sent arrives, element by element, bit by bit."""

import math
from typing import Any

import numpy as np

from lepton_conformance.models.catalog import SCALAR, model
from lepton_conformance.oracle.answers import judgeable
from lepton_conformance.oracle.elements import SPECIAL_FLOATS, dtype
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.requests import infer_request, nested
from lepton_conformance.strategies.tensors import (
    Given,
    boundary_values,
    given,
    merged,
    ordinary,
    row,
    smaller,
)
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    JSON_MODELS,
    answers,
    array_of,
    available,
    core,
    expect_right,
    has,
    require,
    sent,
)

INTEGER_MODELS = tuple(f"lepton_id_{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))

FLOAT_MODELS = ("lepton_id_fp16", "lepton_id_fp32", "lepton_id_fp64")


def _carries(http: HttpSubject, budget: Budget, *names: str) -> None:
    """Send boundary and generated tensors to the models that there are; all must be there in the end."""

    def body(case: Given) -> None:
        # What overflows is not judged: `oip-rest` does not say what then is answered.
        if judgeable(case.model, case.inputs):
            expect_right(case, answers(http, case))

    examples(budget, merged(available(http, names)), body)
    require(http, *names)


@requirement("INF-DAT-01", needs=("INF-RSP-01", "INF-RSP-06"))
def test_flat_and_nested_data_mean_the_same(http: HttpSubject, budget: Budget) -> None:
    def body(case: Given) -> None:
        request = infer_request(case)
        for entry in request["inputs"]:
            entry["data"] = nested(entry["data"], entry["shape"])
        outputs = answers(http, case, request)
        flat = answers(http, case)
        for tensor in case.model.outputs:
            if tensor.name not in outputs or tensor.name not in flat:
                continue
            found = array_of(outputs[tensor.name], tensor.datatype)
            other = array_of(flat[tensor.name], tensor.datatype)
            if found.shape != other.shape or not np.array_equal(found, other):
                raise SubjectFault(
                    f"sent {sent(case)} nested and flat; output {tensor.name}: found "
                    f"{found.tolist()!r:.200} and {other.tolist()!r:.200}, expected the same"
                )

    examples(budget, _shaped(core(http)), body)
    if has(http, SCALAR.name):  # few servers have a model without dimensions
        scalars = [Given(SCALAR, {"x": np.array(value, dtype=np.float32)}) for value in (7.5, -2.0, 1.0)]
        each(budget, scalars, lambda case: expect_right(case, answers(http, case)))


def _shaped(names: tuple[str, ...]) -> Cases[Given]:
    """Return ordinary tensors whose rows and columns differ in number."""

    def decode(number: int) -> Given:
        digits = Digits(number)
        return given(names[digits.take(len(names))], 1 + digits.take(4), 1 + digits.take(4))

    return Cases([given(name, *size) for name in names for size in ((2, 3), (1, 4), (3, 1))], decode, smaller)


@requirement("INF-DAT-02", needs=("INF-RSP-01", "INF-RSP-06"))
def test_elements_are_in_row_major_order(http: HttpSubject, budget: Budget) -> None:
    require(http, "lepton_transpose")
    entry = model("lepton_transpose")
    values = ([1, 2, 3, 4, 5, 6], [6, 1, 5, 2, 4, 3], [0, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0])
    wanted = [Given(entry, {"x": row("FP32", line).reshape(2, 3)}) for line in values]
    each(budget, wanted, lambda case: expect_right(case, answers(http, case)))


@requirement("INF-DAT-03", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-01"))
def test_integers_are_exact(http: HttpSubject, budget: Budget) -> None:
    _carries(http, budget, *INTEGER_MODELS)


@requirement("INF-DAT-04", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-01"))
def test_fp32_keeps_its_bits(http: HttpSubject, budget: Budget) -> None:
    _carries(http, budget, "lepton_id_fp32")


@requirement("INF-DAT-05", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-01"))
def test_fp64_keeps_its_bits(http: HttpSubject, budget: Budget) -> None:
    _carries(http, budget, "lepton_id_fp64")


@requirement("INF-DAT-06", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-01"))
def test_booleans_are_carried(http: HttpSubject, budget: Budget) -> None:
    _carries(http, budget, "lepton_id_bool")


@requirement("INF-DAT-07", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-01"))
def test_strings_are_carried_as_unicode(http: HttpSubject, budget: Budget) -> None:
    _carries(http, budget, "lepton_id_bytes")


@requirement("INF-DAT-08", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-01"))
def test_nan_and_infinities_are_strings(http: HttpSubject, budget: Budget) -> None:
    names = ("lepton_id_fp32", "lepton_id_fp64")
    lists: tuple[tuple[Any, ...], ...] = (
        ("NaN",),
        ("Infinity",),
        ("-Infinity",),
        (1.5, "NaN", -2.0),
        ("Infinity", 0.0, "-Infinity", "NaN"),
    )

    def body(item: tuple[str, tuple[Any, ...]]) -> None:
        name, values = item
        datatype = model(name).inputs[0].datatype
        numbers = [SPECIAL_FLOATS[value] if isinstance(value, str) else value for value in values]
        case = Given(model(name), {"x": row(datatype, numbers)})
        outputs = answers(http, case)
        found = outputs.get("y", {}).get("data")
        while isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
            found = found[0]
        if not isinstance(found, list) or len(found) != len(values):
            raise SubjectFault(f"sent {name} the elements {list(values)}; found data {found!r:.200}")
        for value, element in zip(values, found, strict=True):
            right = element == value if isinstance(value, str) else _close(element, value)
            if not right:
                raise SubjectFault(
                    f"sent {name} the elements {list(values)}; found {found!r:.200}, expected them again"
                )

    each(budget, [(name, values) for name in available(http, names) for values in lists], body)
    require(http, *names)


def _close(element: Any, value: float) -> bool:
    return isinstance(element, int | float) and not isinstance(element, bool) and math.isclose(element, value)


@requirement("INF-DAT-12", needs=("INF-RSP-01", "INF-RSP-05", "INF-RSP-06"))
def test_empty_tensors_keep_their_shape(http: HttpSubject, budget: Budget) -> None:
    names = available(http, tuple(name for name in JSON_MODELS if name != "lepton_transpose"))
    sizes = ((0, 3), (2, 0), (0, 0))
    wanted = []
    for name in names:
        for rows, columns in sizes:
            entry = model(name)
            inputs = {tensor.name: ordinary(tensor, {"N": rows, "M": columns}) for tensor in entry.inputs}
            if all(array.size == 0 for array in inputs.values()):
                wanted.append(Given(entry, inputs))
    each(budget, wanted, lambda case: expect_right(case, answers(http, case)))


@requirement("INF-DAT-13", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-01"))
def test_fp16_is_carried_as_numbers(http: HttpSubject, budget: Budget) -> None:
    require(http, "lepton_id_fp16")
    entry = model("lepton_id_fp16")
    finite = np.arange(2**16, dtype=np.uint16).view(dtype("FP16"))
    finite = finite[np.isfinite(finite)]
    whole = [
        Given(entry, {"x": finite[start : start + 8192].reshape(1, -1)})
        for start in range(0, len(finite), 8192)
    ]
    ordinary_first = Given(entry, {"x": row("FP16", boundary_values("FP16"))})
    domain = merged(("lepton_id_fp16",))
    examples(
        budget,
        Cases([given("lepton_id_fp16"), ordinary_first, *whole], None, domain.smaller),
        lambda case: expect_right(case, answers(http, case)),
    )


#: Whole numbers that each floating-point datatype has exactly, or rounds once; the last ones pass 64 bits.
_WHOLE = {
    "lepton_id_fp16": (0, 1, -2, 7, 2048, 2049, -65504),
    "lepton_id_fp32": (0, 1, -2, 7, 2**24, 2**24 + 1, -(2**31), 2**53 + 1, 2**63, 2**64, -(10**20), 10**38),
    "lepton_id_fp64": (0, 1, -2, 7, 2**24 + 1, 2**53, 2**53 + 1, -(2**63), 2**64, 10**20, -(10**22), 10**308),
}


@requirement("INF-DAT-18", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-01"))
def test_whole_numbers_are_numbers_of_floating_point_tensors(http: HttpSubject, budget: Budget) -> None:
    asked: list[tuple[str, tuple[float, ...]]] = []
    for name in available(http, FLOAT_MODELS):
        whole = _WHOLE[name]
        asked += [(name, whole[:4]), (name, (0.5, *whole[:4], -1.25)), (name, whole)]
        asked += [(name, (number,)) for number in whole]

    def body(item: tuple[str, tuple[float, ...]]) -> None:
        name, numbers = item
        entry = model(name)
        datatype = entry.inputs[0].datatype
        case = Given(entry, {"x": np.array([[float(number) for number in numbers]]).astype(dtype(datatype))})
        request = {
            "inputs": [{"name": "x", "shape": [1, len(numbers)], "datatype": datatype, "data": [*numbers]}]
        }
        expect_right(case, answers(http, case, request))

    each(budget, asked, body)
