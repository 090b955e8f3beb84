"""Relations between answers: what does not matter to the elements, and what earlier requests leave behind."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_conformance.models.catalog import model
from lepton_conformance.oracle.answers import Array
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies import malformed
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given, merged, smaller
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.suite.driver import Budget, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    JSON_MODELS,
    PLAIN_MODELS,
    UNKNOWN_MODELS,
    accepted,
    answers,
    array_of,
    available,
    core,
    expect_right,
    outputs_of,
    sent,
)

_IDS = (None, "a", "another id", "0", "x" * 200, "é中\U0001f600")
_SPLIT = "lepton_split"


@dataclass(frozen=True, slots=True)
class Renamed:
    """A request, and what is changed in it that does not matter: id, order of inputs, requested outputs."""

    case: Given
    identifier: str | None
    order: int
    outputs: int


def _selections(case: Given) -> list[tuple[str, ...] | None]:
    """Return which outputs may be asked for, in which order."""
    names = [tensor.name for tensor in case.model.outputs]
    return [None, *(p for n in range(1, len(names) + 1) for p in itertools.permutations(names, n))]


def _exacting(name: str) -> Given:
    """Return inputs that need all bits of their datatype: what passes through a narrower one is changed."""
    entry = model(name)
    inputs: dict[str, Array] = {}
    for place, (key, array) in enumerate(given(name).inputs.items()):
        if array.dtype.kind == "f":
            inputs[key] = (array / (3 + 4 * place)).astype(array.dtype)
        elif array.dtype.kind in "iu":
            inputs[key] = (np.iinfo(array.dtype).max // 3 - array * (1 + place)).astype(array.dtype)
        else:
            inputs[key] = array
    return Given(entry, inputs)


def _renamed(names: tuple[str, ...], every: tuple[str, ...]) -> Cases[Renamed]:
    domain = merged(names)
    assert domain.decode is not None
    decode = domain.decode

    def decoded(number: int) -> Renamed:
        digits = Digits(number)
        identifier, order, outputs = _IDS[digits.take(len(_IDS))], digits.take(2), digits.take(16)
        return Renamed(decode(digits.rest), identifier, order, outputs)

    boundary = [
        Renamed(given(name), _IDS[index % len(_IDS)], 1, 1 + index) for index, name in enumerate(names)
    ]
    boundary += [Renamed(given(name), identifier, 0, 0) for name in names[:2] for identifier in _IDS]
    boundary += [Renamed(given(_SPLIT), "a", 0, choice) for choice in range(16) if _SPLIT in names]
    boundary += [Renamed(_exacting(name), "a", 0, choice) for name in every for choice in (0, 1)]
    return Cases(
        boundary,
        decoded,
        lambda item: (
            Renamed(case, item.identifier, item.order, item.outputs) for case in smaller(item.case)
        ),
    )


def _same(one: Array, two: Array) -> bool:
    if one.shape != two.shape:
        return False
    if one.dtype == object:
        return bool((one == two).all())
    return one.tobytes() == two.tobytes()


@requirement("INF-ISO-04", needs=("INF-RSP-01", "INF-RSP-04", "INF-RSP-06", "INF-RSP-09", "INF-REQ-02"))
def test_id_order_and_selection_change_no_element(http: HttpSubject, budget: Budget) -> None:
    def body(item: Renamed) -> None:
        case = item.case
        chosen = _selections(case)[item.outputs % len(_selections(case))]
        request = infer_request(case, identifier=item.identifier, outputs=chosen)
        if item.order:
            request["inputs"].reverse()
        names = chosen or tuple(tensor.name for tensor in case.model.outputs)
        what = (
            f"{sent(case)}, id {item.identifier!r:.40}, outputs {list(names)}"
            + ", inputs reversed" * item.order
        )
        changed = outputs_of(accepted(http.infer(case.model.name, request), what))
        usual = answers(http, case)
        for tensor in case.model.outputs:
            if tensor.name not in names or tensor.name not in changed or tensor.name not in usual:
                continue  # INF-RSP-09 and 10 judge which outputs come
            one = array_of(changed[tensor.name], tensor.datatype)
            two = array_of(usual[tensor.name], tensor.datatype)
            if case.model.exact and not _same(one, two):
                raise SubjectFault(
                    f"sent {what}; output {tensor.name}: found {one.tolist()!r:.160}, without these "
                    f"{two.tolist()!r:.160}"
                )
            expect_right(case, {tensor.name: changed[tensor.name]}, [tensor.name])

    examples(budget, _renamed(core(http), available(http, PLAIN_MODELS)), body)


#: What may come before a request.
_KINDS = (
    "equal",
    "larger",
    "smaller",
    "another model",
    "refused",
    "unknown model",
    "no JSON",
    "other values",
    "one output",
    "outputs backwards",
    "binary outputs",
)


@dataclass(frozen=True, slots=True)
class History:
    """A request and the kinds of requests that come before it."""

    case: Given
    before: tuple[str, ...]


def _histories(names: tuple[str, ...]) -> Cases[History]:
    domain = merged(names)
    assert domain.decode is not None
    decode = domain.decode

    def decoded(number: int) -> History:
        digits = Digits(number)
        before = tuple(_KINDS[digits.take(len(_KINDS))] for _ in range(1 + digits.take(4)))
        return History(decode(digits.rest), before)

    def simpler(item: History) -> Any:
        for index in range(len(item.before)):
            if len(item.before) > 1:
                yield History(item.case, item.before[:index] + item.before[index + 1 :])
        for case in smaller(item.case):
            yield History(case, item.before)

    boundary = [History(given(name), (kind,)) for name in names for kind in _KINDS]
    boundary += [History(given(name), ("larger", "refused", "smaller")) for name in names]
    return Cases(boundary, decoded, simpler)


def _before(http: HttpSubject, case: Given, kind: str, others: tuple[str, ...]) -> None:
    """Send what comes before; other requirements judge how it is answered."""
    name = case.model.name
    if kind == "refused":
        http.infer(name, malformed.counts(given(name))[0].body)
    elif kind == "unknown model":
        http.infer(UNKNOWN_MODELS[0], infer_request(case))
    elif kind == "no JSON":
        http.infer(name, b'{"inputs": [')
    elif kind == "another model":
        other = next((one for one in others if one != name), name)
        http.infer(other, infer_request(given(other, 4, 6)))
    elif kind == "equal":
        http.infer(name, infer_request(case))
    elif kind in ("one output", "outputs backwards"):
        outputs = [tensor.name for tensor in reversed(case.model.outputs)]
        http.infer(name, infer_request(case, outputs=outputs[: 1 if kind == "one output" else None]))
    elif kind == "binary outputs":  # a parameter like any other where the extension is not listed
        http.infer(name, {**infer_request(case), "parameters": {"binary_data_output": True}})
    elif kind == "other values":
        shape = next(iter(case.inputs.values())).shape
        http.infer(name, infer_request(given(name, *shape)))
    else:
        http.infer(name, infer_request(given(name, *((7, 19) if kind == "larger" else (1, 1)))))


@requirement("INF-ISO-05", needs=("INF-RSP-01", "INF-RSP-06", "INF-RSP-10", "INF-ERR-08", "INF-DAT-08"))
def test_earlier_requests_leave_nothing_behind(http: HttpSubject, budget: Budget) -> None:
    names = tuple(dict.fromkeys((*core(http), *available(http, ("lepton_id_bytes", *JSON_MODELS))[:1])))

    def body(item: History) -> None:
        for kind in item.before:
            _before(http, item.case, kind, names)
        outputs = answers(http, item.case)
        try:
            expect_right(item.case, outputs)
        except SubjectFault as fault:
            raise SubjectFault(f"after requests that were {', '.join(item.before)}: {fault}") from fault
        surplus = sorted(set(outputs) - {tensor.name for tensor in item.case.model.outputs})
        if surplus:
            raise SubjectFault(
                f"after requests that were {', '.join(item.before)}: sent {sent(item.case)}; found outputs "
                f"{surplus!r:.80} besides"
            )
        identifier = infer_request(item.case)["id"]
        for tensor in item.case.model.outputs:
            found = outputs.get(tensor.name, {}).get("datatype")
            if found != tensor.datatype:
                raise SubjectFault(
                    f"after requests that were {', '.join(item.before)}: sent {sent(item.case)} with the id "
                    f"{identifier!r}; output {tensor.name}: found datatype {found!r:.40}, "
                    f"expected {tensor.datatype}"
                )

    examples(budget, _histories(names), body)
