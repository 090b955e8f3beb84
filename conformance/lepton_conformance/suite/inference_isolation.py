"""Isolation: concurrent requests, repeated requests, batches and their rows."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.cases import Cases
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given, merged, shapes, smaller
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    JSON_MODELS,
    accepted,
    answers,
    array_of,
    available,
    core,
    expect_right,
    outputs_of,
    sent,
)

THREADS = 8
REQUESTS_PER_THREAD = 8
#: How often an equal request follows at once.
REPEATS = 4
_MIXED = ("lepton_id_fp32", "lepton_id_int32", "lepton_split", "lepton_sub")


def _distinct(names: Sequence[str], thread: int) -> list[Given]:
    """Return requests that no other thread sends, of several models and sizes."""
    made = []
    for index in range(REQUESTS_PER_THREAD):
        name = names[index % len(names)]
        base = given(name, 1 + (index + thread) % 3, 5)
        inputs = {}
        for key, array in base.inputs.items():
            shift = thread * 16 + index
            if array.dtype == object:
                changed = array.copy()
                changed[...] = f"thread {thread} request {index}".encode()
                inputs[key] = changed
            else:
                inputs[key] = (array + array.dtype.type(shift)).astype(array.dtype)
        made.append(Given(base.model, inputs))
    return made


@requirement("INF-ISO-01", needs=("INF-RSP-01", "INF-RSP-04", "INF-RSP-06"))
def test_concurrent_answers_depend_on_their_own_request(http: HttpSubject, budget: Budget) -> None:
    names = available(http, (*_MIXED, *JSON_MODELS))[: len(_MIXED)]

    def ask(subject: HttpSubject, own: list[Given], faults: list[tuple[int, SubjectFault]], key: int) -> None:
        try:
            for index, case in enumerate(own):
                identifier = f"client {key} request {index}"
                request = infer_request(case, identifier=identifier)
                value = accepted(subject.infer(case.model.name, request), sent(case))
                if value.get("id") != identifier:
                    raise SubjectFault(f"sent the id {identifier!r}; found {value.get('id')!r:.200}")
                expect_right(case, outputs_of(value))
        except SubjectFault as fault:
            subject.recorder.keep()
            faults.append((key, fault))
        finally:
            subject.close()

    def body(_: str) -> None:
        faults: list[tuple[int, SubjectFault]] = []
        twins = [http.twin() for _ in range(THREADS)]
        threads = [
            threading.Thread(target=ask, args=(twin, _distinct(names, key), faults, key))
            for key, twin in enumerate(twins)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            fault = min(faults, key=lambda item: item[0])[1]
            http.recorder.together([twin.recorder for twin in twins])
            raise SubjectFault(f"while {THREADS} clients asked at once: {fault}") from fault

    each(budget, [f"{THREADS} clients"] * 2, body)


@requirement("INF-ISO-02", needs=("INF-RSP-01", "INF-RSP-06"))
def test_the_same_request_gets_the_same_elements(http: HttpSubject, budget: Budget) -> None:
    names = tuple(name for name in core(http) if name != "lepton_affine")

    def body(case: Given) -> None:
        first = answers(http, case)
        for repeat in range(2, 2 + REPEATS):
            _expect_same(case, first, answers(http, case), repeat)
        answers(http, given(case.model.name, 3, 2))
        _expect_same(case, first, answers(http, case), 2 + REPEATS)

    examples(budget, merged(names), body)


def _expect_same(
    case: Given, first: dict[str, dict[str, Any]], again: dict[str, dict[str, Any]], repeat: int
) -> None:
    for name in first:
        one, two = (
            (outputs.get(name, {}).get("shape"), outputs.get(name, {}).get("data"))
            for outputs in (first, again)
        )
        if one != two:
            raise SubjectFault(
                f"sent {sent(case)} {repeat} times; output {name}: found shape and data {one!r:.200}, "
                f"in the end {two!r:.200}"
            )


def _same_bits(one: Array, two: Array) -> bool:
    if one.dtype == object:
        return bool((one == two).all())
    return one.tobytes() == two.tobytes()


def _fractional(case: Given) -> Given:
    """Return inputs that need all bits of FP32 where the model takes it: a tenth of what was given."""
    tenth = np.float32(0.1)
    return Given(
        case.model,
        {name: array * tenth if array.dtype == tenth.dtype else array for name, array in case.inputs.items()},
    )


@requirement("INF-ISO-03", needs=("INF-RSP-01", "INF-RSP-06", "INF-DAT-02", "INF-DAT-03", "INF-DAT-04"))
def test_a_batch_is_its_rows(http: HttpSubject, budget: Budget) -> None:
    names = tuple(name for name in core(http) if name != "lepton_transpose")
    boundary = [given(name, 5, 3) for name in names] + [_fractional(given(name, 17, 3)) for name in names]

    def body(case: Given) -> None:
        whole = answers(http, case)
        if case.model.operator == "affine":
            expect_right(case, whole)  # rows and batch are each within the tolerance of the exact sum
        rows = next(iter(case.inputs.values())).shape[0]
        for index in range(rows):
            single = Given(
                case.model, {name: array[index : index + 1] for name, array in case.inputs.items()}
            )
            alone = answers(http, single)
            if case.model.operator == "affine":
                expect_right(single, alone)
                continue
            for tensor in case.model.outputs:
                if tensor.name not in whole or tensor.name not in alone:
                    continue
                batch = array_of(whole[tensor.name], tensor.datatype)
                row = array_of(alone[tensor.name], tensor.datatype)
                if len(batch) != rows or not _same_bits(batch[index : index + 1], row):
                    raise SubjectFault(
                        f"sent {sent(case)}; output {tensor.name}: found another row {index} in the batch "
                        f"than alone: {batch[index : index + 1].tolist()!r:.200}, {row.tolist()!r:.200}"
                    )

    examples(budget, Cases(boundary, shapes(names).decode, smaller), body)
