"""Binary tensors: what is sent arrives, where it is asked for, in the order that is said."""

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lepton_conformance.models.catalog import model
from lepton_conformance.oracle.answers import Array, disagreement
from lepton_conformance.oracle.bits import changed_bits
from lepton_conformance.oracle.elements import dtype
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.tensors import (
    Given,
    boundary_values,
    cases,
    given,
    merged,
    ordinary,
    row,
    smaller,
)
from lepton_conformance.subject.http import HttpSubject, encode
from lepton_conformance.suite.binary import (
    BINARY_OUTPUT,
    LENGTH_FIELD,
    MEDIA_TYPE,
    Parts,
    ask,
    composed,
    headers_for,
    take_apart,
    value_of,
)
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import ALL_MODELS, available, plain, require, sent

SPLIT = "lepton_split"
SPLIT_OUTPUTS = ("plus", "minus", "negative")
NUMERIC_MODELS = tuple(
    name
    for name in ALL_MODELS
    if name.startswith("lepton_id_") and name not in ("lepton_id_bool", "lepton_id_bytes")
)
#: Bits of quiet NaNs with payloads, and of a signalling one, by item size in bytes.
_NAN_BITS = {
    2: (0x7E01, 0xFE55, 0x7C01),
    4: (0x7FC00001, 0xFFC12345, 0x7F800001),
    8: (0x7FF8000000000001, 0xFFF8123456789ABC, 0x7FF0000000000001),
}


def _right(case: Given, parts: Parts, outputs: tuple[str, ...]) -> None:
    for output in outputs:
        wrong = disagreement(case.model, case.inputs, output, value_of(parts, case, output))
        if wrong is not None:
            raise SubjectFault(f"sent {sent(case)}; output {output}: {wrong}")


def _in_binary(parts: Parts, expected: set[str]) -> None:
    """Check which outputs came in binary, and that those have no `data`."""
    if set(parts.binary) != expected:
        raise SubjectFault(f"found in binary {sorted(parts.binary)}, expected {sorted(expected)}")
    for name in expected:
        if "data" in parts.outputs[name]:
            raise SubjectFault(f"output {name}: found data beside its binary part")


#: Models for what does not depend on the datatype.
_WHOLE_MODELS = ("lepton_id_int32", "lepton_id_uint8", "lepton_id_int16", *NUMERIC_MODELS)


def _mirrored(http: HttpSubject) -> list[Given]:
    """Return requests whose elements are the same in either byte order: INF-BIN-06 judges that."""
    made = []
    for name in available(http, _WHOLE_MODELS)[:3]:
        case = given(name)
        kind = case.inputs["x"].dtype
        raw = b"".join(bytes([number]) * kind.itemsize for number in range(1, 7))
        made.append(Given(case.model, {"x": np.frombuffer(raw, dtype=kind).reshape(2, 3)}))
    return made


@requirement("INF-BIN-02", needs=("INF-RSP-01", "INF-RSP-06"))
def test_binary_inputs_are_accepted_and_answered_in_json(http: HttpSubject, budget: Budget) -> None:
    def body(case: Given) -> None:
        parts = take_apart(ask(http, case, *composed(case)), case)
        if parts.in_two_parts:
            raise SubjectFault(f"sent {sent(case)} without asking for binary; found a binary answer")
        _right(case, parts, tuple(tensor.name for tensor in case.model.outputs))

    each(budget, _mirrored(http), body)


@requirement("INF-BIN-03", needs=("INF-BIN-02",))
def test_a_requested_binary_output_is_binary(http: HttpSubject, budget: Budget) -> None:
    def body(case: Given) -> None:
        output = case.model.outputs[0].name
        for binary in (None, ()):
            request, tail = composed(
                case, binary=binary, outputs=[{"name": output, "parameters": {"binary_data": True}}]
            )
            parts = take_apart(ask(http, case, request, tail), case)
            if not parts.in_two_parts:
                raise SubjectFault(
                    f"sent {sent(case)} asking for binary; found an answer without {LENGTH_FIELD}"
                )
            _in_binary(parts, {output})
            _right(case, parts, (output,))

    each(budget, _mirrored(http), body)


def _wanted(binary_for: dict[str, bool | None]) -> list[dict[str, Any]]:
    """Return requested outputs; None leaves the choice to the request's parameter."""
    return [
        {"name": name} if choice is None else {"name": name, "parameters": {"binary_data": choice}}
        for name, choice in binary_for.items()
    ]


@requirement("INF-BIN-04", needs=("INF-BIN-02", "INF-BIN-03"))
def test_request_parameter_is_the_default_of_each_output(http: HttpSubject, budget: Budget) -> None:
    require(http, SPLIT)
    case = given(SPLIT)

    def body(item: tuple[bool, tuple[bool | None, ...] | None]) -> None:
        default, choices = item
        chosen = (
            dict.fromkeys(SPLIT_OUTPUTS)
            if choices is None
            else dict(zip(SPLIT_OUTPUTS, choices, strict=True))
        )
        request, tail = composed(
            case,
            outputs=None if choices is None else _wanted(chosen),
            parameters={"binary_data_output": default},
        )
        parts = take_apart(ask(http, case, request, tail), case)
        expected = {name for name, choice in chosen.items() if (default if choice is None else choice)}
        _in_binary(parts, expected)

    options = (None, True, False)
    combinations = [None, *((a, b, c) for a, b, c in itertools.product(options, repeat=3))]
    each(budget, [(default, choices) for default in (True, False) for choices in combinations], body)


@dataclass(frozen=True, slots=True)
class Mixed:
    """A request some of whose inputs are binary, and some of whose outputs are asked for in binary."""

    case: Given
    inputs: int
    outputs: int
    order: int
    chunked: bool


def _mixtures(names: tuple[str, ...]) -> Cases[Mixed]:
    """Return requests whose inputs and outputs are JSON or binary, each bit of a mask standing for one."""
    domain = merged(names)
    assert domain.decode is not None
    decode = domain.decode

    def decoded(number: int) -> Mixed:
        digits = Digits(number)
        inputs, outputs, order, chunked = (digits.take(radix) for radix in (4, 8, 6, 2))
        return Mixed(decode(digits.rest), inputs, outputs, order, bool(chunked))

    boundary = [
        Mixed(given(name), inputs, outputs, 0, False)
        for name in names
        for inputs in range(1 << len(given(name).inputs))
        for outputs in range(1 << len(model(name).outputs))
    ]
    return Cases(boundary, decoded, lambda item: (replace(item, case=case) for case in smaller(item.case)))


@requirement("INF-BIN-05", needs=("INF-BIN-02", "INF-BIN-03", "INF-BIN-06"))
def test_every_mixture_of_json_and_binary_is_right(http: HttpSubject, budget: Budget) -> None:
    names = available(http, (SPLIT, "lepton_sub", "lepton_id_int32", "lepton_id_fp32"))

    def body(item: Mixed) -> None:
        case = item.case
        inputs = [tensor.name for tensor in case.model.inputs]
        orders = list(itertools.permutations(tensor.name for tensor in case.model.outputs))
        order = orders[item.order % len(orders)]
        binary = [name for index, name in enumerate(inputs) if item.inputs >> index & 1]
        wanted = {name: bool(item.outputs >> index & 1) for index, name in enumerate(order)}
        request, tail = composed(case, binary=binary, outputs=_wanted(dict(wanted)))
        text = encode(request)
        answer = http.infer(case.model.name, text + tail, headers=headers_for(text), chunked=item.chunked)
        parts = take_apart(answer, case)
        _in_binary(parts, {name for name, chosen in wanted.items() if chosen})
        _right(case, parts, order)

    examples(budget, _mixtures(names), body)


@requirement("INF-BIN-05", needs=("INF-BIN-02", "INF-BIN-03"))
def test_json_and_binary_tensors_mix(http: HttpSubject, budget: Budget) -> None:
    require(http, "lepton_sub", SPLIT)

    def body(item: tuple[str, str]) -> None:
        name, chosen = item
        case = given(name)
        if name == SPLIT:
            outputs = _wanted({output: output == chosen for output in SPLIT_OUTPUTS})
            request, tail = composed(case, outputs=outputs)
        else:
            request, tail = composed(case, binary=(chosen,))
        parts = take_apart(ask(http, case, request, tail), case)
        _in_binary(parts, {chosen} if name == SPLIT else set())
        _right(case, parts, tuple(tensor.name for tensor in case.model.outputs))

    each(
        budget,
        [("lepton_sub", "a"), ("lepton_sub", "b"), *((SPLIT, output) for output in SPLIT_OUTPUTS)],
        body,
    )


def _special(name: str) -> Array:
    """Return every boundary value of a model's datatype in one row, NaN payloads and infinities too."""
    datatype = model(name).inputs[0].datatype
    array = row(datatype, boundary_values(datatype))
    kind = dtype(datatype)
    if kind.kind != "f":
        return array
    bits = np.array([_NAN_BITS[kind.itemsize]], dtype=f"<u{kind.itemsize}").view(kind)
    infinities = np.array([[np.inf, -np.inf]], dtype=kind)
    return np.concatenate([array, bits, infinities], axis=1)


def _bits(names: tuple[str, ...]) -> Cases[Given]:
    def decode(number: int) -> Given:
        digits = Digits(number)
        name = names[digits.take(len(names))]
        random_bits = digits.take(2)
        domain = cases(name)
        assert domain.decode is not None
        case = domain.decode(digits.rest)
        if not random_bits:
            return case
        x = case.inputs["x"]
        raw = np.random.default_rng(digits.rest).bytes(x.nbytes)
        return Given(case.model, {"x": np.frombuffer(raw, dtype=x.dtype).reshape(x.shape)})

    return Cases([Given(model(name), {"x": _special(name)}) for name in names], decode, smaller)


@requirement("INF-BIN-06", needs=("INF-BIN-02", "INF-BIN-03"))
def test_bits_are_kept_in_binary(http: HttpSubject, budget: Budget) -> None:
    def body(case: Given) -> None:
        request, tail = composed(case, outputs=[{"name": "y", "parameters": {"binary_data": True}}])
        found = value_of(take_apart(ask(http, case, request, tail), case), case, "y")
        wrong = changed_bits(case.model.inputs[0].datatype, case.inputs["x"], found)
        if wrong is not None:
            raise SubjectFault(f"sent {sent(case)}; {wrong}")

    examples(budget, _bits(available(http, NUMERIC_MODELS)), body)
    require(http, *NUMERIC_MODELS)


@requirement("INF-BIN-13", needs=("INF-BIN-02", "INF-BIN-03", "INF-BIN-04"))
def test_binary_parts_follow_the_order_of_outputs(http: HttpSubject, budget: Budget) -> None:
    require(http, SPLIT)

    def body(wanted: tuple[str, ...] | None) -> None:
        case = given(SPLIT)
        outputs = None if wanted is None else [{"name": name} for name in wanted]
        request, tail = composed(case, outputs=outputs, parameters=BINARY_OUTPUT)
        parts = take_apart(ask(http, case, request, tail), case)
        if parts.left_over:
            raise SubjectFault(
                f"found {parts.left_over} bytes more after the JSON than the sum of its binary_data_size"
            )
        _right(case, parts, wanted or SPLIT_OUTPUTS)

    each(budget, [None, *(p for n in (2, 3) for p in itertools.permutations(SPLIT_OUTPUTS, n))], body)


@requirement("INF-BIN-14", needs=("INF-BIN-02", "INF-BIN-03", "INF-DAT-12"))
def test_empty_tensors_have_size_0(http: HttpSubject, budget: Budget) -> None:
    names = available(http, tuple(name for name in ALL_MODELS if name.startswith("lepton_id_")))

    def body(item: tuple[str, tuple[int, int]]) -> None:
        name, (rows, columns) = item
        entry = model(name)
        case = Given(entry, {"x": ordinary(entry.inputs[0], {"N": rows, "M": columns})})
        request, tail = composed(case, outputs=[{"name": "y", "parameters": {"binary_data": True}}])
        parts = take_apart(ask(http, case, request, tail), case)
        _in_binary(parts, {"y"})
        _right(case, parts, ("y",))

    each(budget, [(name, size) for name in names for size in ((0, 3), (2, 0))], body)


@requirement("INF-BIN-15", needs=("INF-BIN-02", "INF-BIN-03"))
def test_binary_answers_are_octet_streams(http: HttpSubject, budget: Budget) -> None:
    def body(case: Given) -> None:
        output = {"name": case.model.outputs[0].name, "parameters": {"binary_data": True}}
        answer = ask(http, case, *composed(case, outputs=[output]))
        take_apart(answer, case)
        found = answer.header("Content-Type")
        if (found or "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise SubjectFault(f"found Content-Type {found!r} on a binary answer, expected {MEDIA_TYPE}")

    each(budget, [plain(http)], body)
