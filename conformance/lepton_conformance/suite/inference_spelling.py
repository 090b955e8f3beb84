"""JSON as RFC 8259 writes it: every spelling means the same, and what is no JSON is refused."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from lepton_conformance.models.catalog import BF16
from lepton_conformance.oracle.elements import bf16_bits, bf16_values
from lepton_conformance.outcome import NotApplicable, SubjectFault
from lepton_conformance.strategies import malformed, malformed_elements
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.malformed import Wrong
from lepton_conformance.strategies.requests import STYLES, infer_request, spell
from lepton_conformance.strategies.tensors import Given, given, merged, smaller
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.inference_data import FLOAT_MODELS, INTEGER_MODELS
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    accepted,
    answers,
    available,
    core,
    expect_right,
    goes_on,
    has_bf16,
    outputs_of,
    plain,
    refused,
    require,
)

BAD_REQUEST = 400


def _spelled(names: tuple[str, ...]) -> Cases[tuple[Given, int]]:
    """Return requests of all kinds, each in one spelling of its JSON."""
    domain = merged(names)
    assert domain.decode is not None
    decode = domain.decode

    def spelled(number: int) -> tuple[Given, int]:
        digits = Digits(number)
        spelling = digits.take(1 << 12)
        return decode(digits.rest), spelling

    boundary = [
        (case, style + STYLES * seed)
        for case in domain.boundary
        for style in range(STYLES)
        for seed in (0, 1)
    ]
    return Cases(boundary, spelled, lambda wrong: ((case, wrong[1]) for case in smaller(wrong[0])))


def _expect_right(http: HttpSubject, case: Given, found: Mapping[str, dict[str, Any]]) -> None:
    """Compare the first output with the right one. Raises: SubjectFault.

    Where the plainest spelling gets the same wrong elements, spelling is not the fault: INF-DAT judges it.
    """
    first = case.model.outputs[0].name
    try:
        expect_right(case, dict(found), [first])
    except SubjectFault:
        value = http.infer(case.model.name, infer_request(case, outputs=[first])).json()
        if isinstance(value, dict) and outputs_of(value).get(first, {}).get("data") == found[first].get(
            "data"
        ):
            return
        raise


@requirement("INF-REQ-11", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-04", "INF-DAT-07"))
def test_every_spelling_of_the_json_means_the_same(http: HttpSubject, budget: Budget) -> None:
    names = available(
        http, ("lepton_id_fp32", "lepton_id_fp64", "lepton_id_bytes", "lepton_sub", *core(http))
    )

    def body(item: tuple[Given, int]) -> None:
        case, spelling = item
        text = spell(infer_request(case, outputs=[case.model.outputs[0].name]), spelling)
        answer = http.infer(case.model.name, text)
        shown = text[:160].decode("utf-8", "replace")
        outputs = outputs_of(accepted(answer, f"{case.model.name} the request {shown!r}"))
        if case.model.operator != "affine":
            _expect_right(http, case, outputs)

    examples(budget, _spelled(tuple(name for name in names if name != "lepton_affine")), body)


@requirement("INF-DAT-16", needs=("INF-RSP-01", "INF-ERR-10", "INF-DAT-07"))
def test_lone_surrogates_are_refused(http: HttpSubject, budget: Budget) -> None:
    require(http, "lepton_id_bytes")
    tokens = (
        '"\\ud800"',
        '"\\udfff"',
        '"\\uDBFF"',
        '"a\\udc00b"',
        '"\\ud800\\ud800"',
        '"\\ude00\\ud83d"',
        '"\\ud83dx\\ude00"',
        '"\\ud83d\\n\\ude00"',
        '"\\ud83d\\ude00\\ud83d"',
        '"中\\udabc"',
    )

    def body(wrong: Wrong) -> None:
        refused(http.infer(wrong.model, wrong.body), f"{wrong.model} {wrong.what}", BAD_REQUEST)
        goes_on(http, wrong.case, wrong.what)

    each(budget, malformed_elements.with_tokens(given("lepton_id_bytes"), tokens, "element"), body)


@requirement("INF-DAT-17", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-13"))
def test_bf16_is_carried_as_numbers(http: HttpSubject, budget: Budget) -> None:
    if not has_bf16(http):
        raise NotApplicable("the subject has no model with BF16 tensors")
    bits = np.arange(2**16, dtype=np.uint16)
    finite = bits[np.isfinite(bf16_values(bits))]
    special = np.array(
        [0, 0x8000, 1, 0x8001, 0x7F, 0x80, 0x3F80, 0xBF80, 0x7F7F, 0xFF7F, 0x4049], dtype=np.uint16
    )

    def body(values: Any) -> None:
        numbers = bf16_values(values).tolist()
        entry = {"name": "x", "shape": [1, len(numbers)], "datatype": "BF16", "data": numbers}
        value = accepted(http.infer(BF16.name, {"inputs": [entry]}), f"{len(numbers)} numbers in BF16")
        output = outputs_of(value).get("y", {})
        found = _flat(output.get("data"))
        if output.get("datatype") != "BF16" or len(found) != len(numbers):
            raise SubjectFault(
                f"sent {len(numbers)} numbers in BF16; found datatype {output.get('datatype')!r:.40} and "
                f"{len(found)} elements"
            )
        back = bf16_bits(np.array(found, dtype=np.float64))
        wrong = np.flatnonzero(back != values)
        if len(wrong):
            at = int(wrong[0])
            raise SubjectFault(
                f"sent {numbers[at]!r} in BF16; found {found[at]!r} with the bits {int(back[at]):#06x}, "
                f"expected {int(values[at]):#06x}"
            )

    chunks = [finite[start : start + 8192] for start in range(0, len(finite), 8192)]
    each(budget, [special, *chunks], body)


def _flat(data: Any) -> list[float]:
    """Return the elements of a tensor of one row. Raises: SubjectFault."""
    while isinstance(data, list) and len(data) == 1 and isinstance(data[0], list):
        data = data[0]
    if not isinstance(data, list) or not all(
        isinstance(element, int | float) and not isinstance(element, bool) for element in data
    ):
        raise SubjectFault(f"found data {data!r:.120}, expected numbers")
    return [float(element) for element in data]


@requirement("INF-ERR-18", needs=("INF-RSP-01", "INF-ERR-10"))
def test_duplicate_names_are_refused(http: HttpSubject, budget: Budget) -> None:
    def body(wrong: Wrong) -> None:
        refused(http.infer(wrong.model, wrong.body), f"{wrong.model} {wrong.what}", BAD_REQUEST)
        goes_on(http, wrong.case, wrong.what)

    each(budget, malformed.duplicate_names(plain(http)), body)


@requirement("INF-ERR-21", needs=("INF-RSP-01", "INF-ERR-10", "INF-ERR-08"))
def test_what_only_resembles_json_is_refused(http: HttpSubject, budget: Budget) -> None:
    names = available(http, (FLOAT_MODELS[1], INTEGER_MODELS[2], "lepton_id_bytes", *core(http)))[:3]

    def body(wrong: Wrong) -> None:
        refused(http.infer(wrong.model, wrong.body), f"{wrong.model} {wrong.what}", BAD_REQUEST)
        goes_on(http, wrong.case, wrong.what)

    each(budget, [wrong for name in names for wrong in malformed.extensions(given(name))], body)


@requirement("INF-ERR-21", needs=("INF-RSP-01", "INF-ERR-10", "INF-ERR-08"))
def test_byte_order_mark_is_ignored_or_refused(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    text = json.dumps(infer_request(case)).encode()

    def body(mark: bytes) -> None:
        answer = http.infer(case.model.name, mark + text)
        if answer.status == 200:
            expect_right(case, outputs_of(accepted(answer, "a request after a byte order mark")))
        else:
            refused(answer, "a request after a byte order mark", BAD_REQUEST)
        expect_right(case, answers(http, case))

    each(budget, [b"\xef\xbb\xbf"], body)
