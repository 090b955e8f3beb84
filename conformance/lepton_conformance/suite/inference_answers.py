"""Answers: their members, their outputs, their order."""

import itertools
import json
from typing import Any

import numpy as np

from lepton_conformance.oracle.answers import expected
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given, shapes
from lepton_conformance.subject.http import JSON_HEADERS, Answer, HttpSubject
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    JSON_MODELS,
    accepted,
    array_of,
    available,
    core,
    expect_json,
    expect_right,
    outputs_of,
    plain,
    require,
    sent,
)

IDS = (
    "42",
    'quote " backslash \\ slash /',
    "é ü 中文 Ω",
    "e\u0301",
    "\U0001f600 \U0001d11e",
    "line\nfeed\ttab",
    " padded ",
    "null",
    "x" * 1024,
)
_ID_CHARACTERS = 'aZ09-_ "\\/<>&%{}[]é中\u2028\U0001f680'


@requirement("INF-RSP-07", needs=("INF-MET-01",))
def test_bodies_are_json_and_say_so(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    largest = np.full((1, 2), np.finfo(np.float32).max, dtype=np.float32)

    def overflowing() -> Answer:
        require(http, "lepton_sub")
        wide = Given(given("lepton_sub").model, {"a": largest, "b": -largest})
        return http.infer("lepton_sub", infer_request(wide))

    def lettered() -> Answer:
        answer = http.infer(case.model.name, infer_request(case, identifier="é 中 \U0001f600"))
        if answer.status != 200:
            raise NotTested("the id is refused, which INF-RSP-04 judges")
        return answer

    asked = {
        "GET v2": http.metadata,
        "the metadata of a model": lambda: http.get(http.model_path(case.model.name)),
        "a valid request": lambda: http.infer(case.model.name, infer_request(case)),
        "a valid request with letters beyond ASCII in its id": lettered,
        "a request whose answer overflows FP32": overflowing,
    }

    def body(what: str) -> None:
        try:
            answer = asked[what]()
        except NotTested:
            return
        expect_json(answer, what)

    each(budget, asked, body)


@requirement("INF-RSP-01")
def test_valid_request_is_answered(http: HttpSubject, budget: Budget) -> None:
    def body(case: Given) -> None:
        value = accepted(http.infer(case.model.name, infer_request(case)), sent(case))
        if not isinstance(value.get("model_name"), str):
            raise SubjectFault(f"found model_name {value.get('model_name')!r:.80}, expected a string")
        for name, output in outputs_of(value).items():
            if not isinstance(output.get("datatype"), str):
                raise SubjectFault(
                    f"output {name}: found datatype {output.get('datatype')!r:.80}, expected a string"
                )
            sizes = output.get("shape")
            if not isinstance(sizes, list) or not all(type(size) is int for size in sizes):
                raise SubjectFault(f"output {name}: found shape {sizes!r:.80}, expected an array of integers")
            if not isinstance(output.get("data"), list):
                raise SubjectFault(f"output {name}: found data {output.get('data')!r:.80}, expected an array")

    examples(budget, shapes(core(http)), body)


@requirement("INF-RSP-01")
def test_valid_request_without_id_is_answered(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        case = given(name)
        answer = http.infer(name, infer_request(case, identifier=None))
        # Whether the elements are right, INF-DAT and INF-ISO say.
        outputs_of(accepted(answer, f"{sent(case)}, without an id"))

    each(budget, core(http), body)


@requirement("INF-RSP-02", needs=("INF-RSP-01",))
def test_model_name_is_that_of_the_url(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        value = accepted(http.infer(name, infer_request(given(name))), sent(given(name)))
        if value.get("model_name") != name:
            raise SubjectFault(f"found model_name {value.get('model_name')!r:.80}, expected {name!r}")

    each(budget, core(http), body)


@requirement("INF-RSP-03", needs=("INF-RSP-01",))
def test_model_version_is_a_string_or_absent(http: HttpSubject, budget: Budget) -> None:
    asked: list[tuple[str, str | None]] = []
    for name in core(http):
        asked.append((name, None))
        asked.extend((name, version) for version in http.model(name).versions)

    def body(item: tuple[str, str | None]) -> None:
        name, version = item
        answer = http.infer(name, infer_request(given(name)), version=version)
        if version is not None and answer.status != 200:
            return  # INF-MET-05 judges whether listed versions are reachable
        value = accepted(answer, sent(given(name)))
        found = value.get("model_version", "")
        if not isinstance(found, str):
            raise SubjectFault(f"found model_version {found!r:.80}, expected a string or no such member")
        if version is not None and "model_version" in value and found != version:
            raise SubjectFault(f"asked version {version!r}; found model_version {found!r:.80}")

    each(budget, asked, body)


def _identifier(number: int) -> str:
    digits = Digits(number)
    length = digits.take(16)
    return "i" + "".join(
        _ID_CHARACTERS[digits.take(len(_ID_CHARACTERS))] for _ in range(length) if digits.rest
    )


@requirement("INF-RSP-04", needs=("INF-RSP-01",))
def test_id_is_returned(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)

    def body(identifier: str) -> None:
        request = infer_request(case, identifier=identifier)
        for written in (None, json.dumps(request).encode()):
            value = accepted(http.infer(case.model.name, written or request), f"the id {identifier!r}")
            if value.get("id") != identifier:
                raise SubjectFault(f"sent the id {identifier!r}; found {value.get('id')!r:.200}")

    examples(
        budget,
        Cases(
            IDS,
            _identifier,
            lambda text: [
                part
                for part in (text[: len(text) // 2], text[len(text) // 2 :])
                if len(part) not in (0, len(text))
            ],
        ),
        body,
    )


@requirement("INF-RSP-05", needs=("INF-RSP-01",))
def test_outputs_are_as_the_metadata_says(http: HttpSubject, budget: Budget) -> None:
    def body(case: Given) -> None:
        announced = {name: (datatype, shape) for name, datatype, shape in http.model(case.model.name).outputs}
        answer = http.infer(case.model.name, infer_request(case))
        if answer.status != 200:
            return  # INF-RSP-01 and INF-DAT judge whether it is answered
        value = accepted(answer, sent(case))
        for name, output in outputs_of(value).items():
            if name not in announced:
                raise SubjectFault(f"found an output {name!r:.80}, expected one of {sorted(announced)}")
            datatype, shape = announced[name]
            if output.get("datatype") != datatype:
                raise SubjectFault(
                    f"output {name}: found datatype {output.get('datatype')!r:.80}, expected {datatype}"
                )
            sizes = output.get("shape")
            fits = (
                isinstance(sizes, list)
                and len(sizes) == len(shape)
                and all(type(size) is int and size >= 0 for size in sizes)
                and all(fixed in (-1, size) for size, fixed in zip(sizes, shape, strict=True))
            )
            if not fits:
                raise SubjectFault(
                    f"output {name}: found shape {sizes!r:.80}, expected one that fits {list(shape)}"
                )

    examples(budget, shapes(available(http, JSON_MODELS)), body)


@requirement("INF-RSP-06", needs=("INF-RSP-05",))
def test_elements_are_as_shape_and_datatype_say(
    http: HttpSubject, budget: Budget, judged: frozenset[str]
) -> None:
    strict = not judged.isdisjoint(("INF-DAT-11", "INF-BIN-07"))  # not judged by oip-rest alone

    def body(case: Given) -> None:
        answer = http.infer(case.model.name, infer_request(case))
        if answer.status != 200:
            return  # INF-RSP-01 and INF-DAT judge whether it is answered
        value = accepted(answer, sent(case))
        right = expected(case.model, case.inputs)
        outputs = outputs_of(value)
        for tensor in case.model.outputs:
            if tensor.name not in outputs:
                continue  # INF-RSP-10 judges whether all outputs are there
            found = array_of(outputs[tensor.name], tensor.datatype)
            if strict and tensor.datatype == "BOOL" and not _all_booleans(outputs[tensor.name]["data"]):
                raise SubjectFault(
                    f"sent {sent(case)}; output {tensor.name}: found {outputs[tensor.name]['data']!r:.120}, "
                    "expected true and false alone"
                )
            if found.shape != right[tensor.name].shape:
                raise SubjectFault(
                    f"sent {sent(case)}; output {tensor.name}: found shape {list(found.shape)}, "
                    f"expected {list(right[tensor.name].shape)}"
                )

    examples(budget, shapes(available(http, JSON_MODELS)), body)


def _all_booleans(data: Any) -> bool:
    """Say whether data, flat or nested, have no elements but booleans."""
    return isinstance(data, bool) or (isinstance(data, list) and all(map(_all_booleans, data)))


@requirement("INF-RSP-08", needs=("INF-RSP-01",))
def test_request_without_id_gets_none(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        request = infer_request(given(name), identifier=None)
        found = accepted(http.infer(name, request), sent(given(name))).get("id", "")
        if found != "":
            raise SubjectFault(f"sent no id; found id {found!r:.80}, expected none")

    each(budget, core(http), body)


SPLIT = "lepton_split"
SPLIT_OUTPUTS = ("plus", "minus", "negative")


def _split_names(http: HttpSubject, outputs: Any, *, right: bool = False) -> list[str]:
    """Ask `lepton_split` for outputs and return the names of those that came, in order.

    With `right` their elements are compared, too: an output is more than its name.
    """
    case = given(SPLIT)
    request = infer_request(case)
    if outputs is not None:
        request["outputs"] = [{"name": name} for name in outputs]
    value = accepted(http.infer(SPLIT, request), f"a request for the outputs {outputs}")
    found = outputs_of(value)
    if right:
        expect_right(case, found, [name for name in outputs if name in found])
    return [output["name"] for output in value["outputs"]]


@requirement("INF-RSP-09", needs=("INF-RSP-01", "INF-RSP-05"))
def test_requested_outputs_and_no_others_come_back(http: HttpSubject, budget: Budget) -> None:
    require(http, SPLIT)

    def body(wanted: tuple[str, ...]) -> None:
        found = _split_names(http, wanted, right=True)
        if sorted(found) != sorted(wanted):
            raise SubjectFault(f"sent a request for the outputs {list(wanted)}; found {found}")

    each(budget, [c for n in (1, 2, 3) for c in itertools.combinations(SPLIT_OUTPUTS, n)], body)


@requirement("INF-RSP-10", needs=("INF-RSP-01", "INF-RSP-05"))
def test_all_outputs_come_back_by_default(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        value = accepted(http.infer(name, infer_request(given(name))), sent(given(name)))
        found = sorted(output["name"] for output in outputs_of(value).values())
        wanted = sorted(fact[0] for fact in http.model(name).outputs)
        if found != wanted:
            raise SubjectFault(f"sent a request without outputs; found {found}, expected {wanted}")

    each(budget, core(http), body)
    require(http, SPLIT)


@requirement("INF-RSP-11", needs=("INF-RSP-09", "INF-RSP-10"))
def test_outputs_keep_their_order(http: HttpSubject, budget: Budget) -> None:
    require(http, SPLIT)
    metadata_order = tuple(fact[0] for fact in http.model(SPLIT).outputs)

    def body(wanted: tuple[str, ...] | None) -> None:
        found = _split_names(http, wanted)
        order = metadata_order if wanted is None else wanted
        if found != list(order):
            raise SubjectFault(
                f"sent a request for the outputs {wanted}; found the order {found}, expected {list(order)}"
            )

    orders = [None, *(p for n in (2, 3) for p in itertools.permutations(SPLIT_OUTPUTS, n))]
    each(budget, orders, body)


@requirement("INF-RSP-12", needs=("INF-RSP-10",))
def test_empty_list_of_outputs_means_all(http: HttpSubject, budget: Budget) -> None:
    def body(name: str) -> None:
        request = {**infer_request(given(name)), "outputs": []}
        value = accepted(http.infer(name, request, headers=JSON_HEADERS), f"{name} a request with outputs []")
        found = sorted(outputs_of(value))
        wanted = sorted(fact[0] for fact in http.model(name).outputs)
        if found != wanted:
            raise SubjectFault(f"sent a request with outputs []; found {found}, expected {wanted}")

    each(budget, core(http), body)
