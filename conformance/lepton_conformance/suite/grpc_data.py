"""Elements over gRPC: typed ones exactly, raw ones bit by bit, strings of any bytes, empty tensors."""

import math
from collections.abc import Sequence

import numpy as np

from lepton_conformance.models.catalog import model
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.bits import changed_bits, same_bits
from lepton_conformance.oracle.elements import dtype
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.grpc_requests import (
    Written,
    raw_request,
    tenths,
    typed_request,
    typed_tensors,
    written,
)
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
from lepton_conformance.subject.grpc import GrpcSubject
from lepton_conformance.subject.grpc_messages import Input, Request, read_response
from lepton_conformance.suite.calls import (
    ALL_MODELS,
    IDENTITY_MODELS,
    TYPED_MODELS,
    accepted,
    array_of,
    available,
    expect_right,
    infer,
    message_of,
    require,
    sent,
)
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement

BYTES_MODEL = "lepton_id_bytes"
BF16_MODEL = "lepton_id_bf16"
#: Rows and columns of a tensor that no small buffer holds.
LARGE = (7, 193)
NUMERIC_MODELS = tuple(name for name in IDENTITY_MODELS if name not in ("lepton_id_bool", BYTES_MODEL))
EXACT_MODELS = tuple(name for name in TYPED_MODELS if name != BYTES_MODEL)
#: Bits of quiet NaNs with payloads, of a signalling one and of infinities, by item size in bytes.
_SPECIAL_BITS = {
    2: (0x7E01, 0xFE55, 0x7C01, 0x7C00, 0xFC00, 0x8000, 0x0001, 0x83FF),
    4: (0x7FC00001, 0xFFC12345, 0x7F800001, 0x7F800000, 0xFF800000, 0x80000000, 0x00000001, 0x807FFFFF),
    8: (
        0x7FF8000000000001,
        0xFFF8123456789ABC,
        0x7FF0000000000001,
        0x7FF0000000000000,
        0xFFF0000000000000,
        0x8000000000000000,
        0x0000000000000001,
        0x800FFFFFFFFFFFFF,
    ),
}
_BF16_BITS = (0x3F80, 0x0001, 0x8000, 0x7F80, 0xFF80, 0x7FC1, 0xFFD5, 0x7F7F, 0x0102, 0x8403)
_STRINGS = (
    b"",
    b"\0",
    b"\0\0\0",
    b"a\0b\0",
    b"\xff",
    b"\xc3\x28",
    b"\x80\x81",
    b"\xed\xa0\x80",
    b"\xff\xfe\x00",
    bytes(range(256)),
    b"\r\n",
    "中文 é \U0001f600".encode(),
    b"x" * 300,
    b"\xfe" * 70_000,
    b"",
)
#: Strings that have much in common: beginnings, ends, lengths.
_ALIKE = tuple(b"prefix " * 8 + end for end in (b"", b"a", b"b", b"\0", b"\0\0", b"a\0", b"aaaa", b"aaab"))


@requirement("INF-GRP-16", needs=("INF-GRP-08",))
def test_typed_elements_are_carried_exactly(grpc: GrpcSubject, budget: Budget) -> None:
    names = available(grpc, EXACT_MODELS)
    domain = merged(names)
    assert domain.decode is not None
    special = [
        Given(model(name), {"x": row(datatype, (np.nan, np.inf, -np.inf, -0.0, 1.0))})
        for name, datatype in (("lepton_id_fp32", "FP32"), ("lepton_id_fp64", "FP64"))
        if name in names
    ]

    def body(wrong: Written) -> None:
        reply = grpc.call("ModelInfer", typed_request(wrong.case).encode(wrong.style))
        how = f"typed, {wrong.style}"
        what = sent(wrong.case, how)
        response = message_of(read_response, accepted(reply, what), what)
        expect_right(wrong.case, response, how="typed")

    large = [given(name, *LARGE) for name in names if name.startswith("lepton_id_")]
    first = [*domain.boundary, *special, *large]
    examples(budget, written(first, domain.decode), body)
    require(grpc, *EXACT_MODELS)


def _special(name: str) -> Array:
    datatype = model(name).inputs[0].datatype
    kind = dtype(datatype)
    if kind.kind == "f":
        bits = np.array(_SPECIAL_BITS[kind.itemsize], dtype=f"<u{kind.itemsize}").view(kind)
        return np.concatenate([np.array(boundary_values(datatype), dtype=kind), bits]).reshape(1, -1)
    return row(datatype, boundary_values(datatype))


def _bits(names: Sequence[str]) -> Cases[Given]:
    """Return the domain of raw tensors: special bits, then random ones."""

    def decode(number: int) -> Given:
        digits = Digits(number)
        name = names[digits.take(len(names))]
        case = given(name, 1 + digits.take(3), 1 + digits.take(16))
        x = case.inputs["x"]
        raw = np.random.default_rng(digits.rest).bytes(x.nbytes)
        return Given(case.model, {"x": np.frombuffer(raw, dtype=x.dtype).reshape(x.shape)})

    boundary = [Given(model(name), {"x": _special(name)}) for name in names]
    return Cases([*boundary, *(given(name, *LARGE) for name in names)], decode, smaller)


@requirement("INF-GRP-17", needs=("INF-GRP-09", "INF-GRP-10", "INF-GRP-11"))
def test_raw_bits_are_kept(grpc: GrpcSubject, budget: Budget) -> None:
    def body(case: Given) -> None:
        response = infer(grpc, raw_request(case), sent(case, "raw"))
        found = array_of(response, case.model.outputs[0])
        wrong = changed_bits(case.model.inputs[0].datatype, case.inputs["x"], found)
        if wrong is not None:
            raise SubjectFault(f"sent {sent(case, 'raw')}; {wrong}")

    examples(budget, _bits(available(grpc, NUMERIC_MODELS)), body)
    _bf16_bits_are_kept(grpc, budget)
    require(grpc, *NUMERIC_MODELS)


@requirement("INF-GRP-17", needs=("INF-GRP-09", "INF-GRP-10", "INF-GRP-11"))
def test_raw_elements_are_row_major_in_every_model(grpc: GrpcSubject, budget: Budget) -> None:
    names = available(grpc, tuple(name for name in ALL_MODELS if name != BYTES_MODEL))
    domain = merged(names)
    fractional = [tenths(given(name)) for name in names if name in ("lepton_affine", "lepton_sub")]
    domain = Cases([*domain.boundary, *fractional], domain.decode, domain.smaller)

    def body(case: Given) -> None:
        expect_right(case, infer(grpc, raw_request(case), sent(case, "raw")), how="raw")

    examples(budget, domain, body)


def _bf16_bits_are_kept(grpc: GrpcSubject, budget: Budget) -> None:
    """Judge the model of BF16 where there is one: a server need not have it."""
    try:
        facts = grpc.model(BF16_MODEL)
    except NotTested:
        return
    name = facts.inputs[0].name if facts.inputs else "x"

    def body(bits: tuple[int, ...]) -> None:
        wanted = np.array(bits, dtype="<u2")
        data = wanted.tobytes()
        what = f"{BF16_MODEL} the bits {[hex(one) for one in bits]}"
        asked = Request(BF16_MODEL, (Input(name, "BF16", (1, len(bits))),), raw=(data,))
        found = infer(grpc, asked, what).raw
        if [len(part) for part in found] != [len(data)] or not same_bits(
            "BF16", wanted, np.frombuffer(found[0], "<u2")
        ).all():
            raise SubjectFault(
                f"sent {what}; found {[part.hex() for part in found]!r:.200}, expected {data.hex()}"
            )

    each(budget, [(one,) for one in _BF16_BITS] + [_BF16_BITS], body)


def _of_bytes(values: Sequence[bytes]) -> Given:
    return Given(model(BYTES_MODEL), {"x": row("BYTES", values)})


@requirement("INF-GRP-18", needs=("INF-GRP-08", "INF-GRP-09"))
def test_strings_of_any_bytes_are_carried(grpc: GrpcSubject, budget: Budget) -> None:
    require(grpc, BYTES_MODEL)

    def body(case: Given) -> None:
        for how, make in (("typed", typed_request), ("raw", raw_request)):
            expect_right(case, infer(grpc, make(case), sent(case, how)), how=how)

    def decode(number: int) -> Given:
        digits = Digits(number)
        lengths = [digits.take(32) for _ in range(1 + digits.take(4))]
        random = np.random.default_rng(digits.rest)
        return _of_bytes([random.bytes(length) for length in lengths])

    boundary = [*cases(BYTES_MODEL).boundary, _of_bytes(_STRINGS)]
    boundary += [_of_bytes([value]) for value in _STRINGS[:9]]
    boundary += [_of_bytes(_ALIKE), given(BYTES_MODEL, *LARGE)]
    examples(budget, Cases(boundary, decode, smaller), body)


@requirement("INF-GRP-19", needs=("INF-GRP-08", "INF-GRP-09"))
def test_empty_tensors_are_carried(grpc: GrpcSubject, budget: Budget) -> None:
    names = available(grpc, tuple(name for name in ALL_MODELS if name != "lepton_transpose"))
    wanted = []
    for name in names:
        entry = model(name)
        for rows, columns in ((0, 3), (2, 0), (0, 0)):
            inputs = {tensor.name: ordinary(tensor, {"N": rows, "M": columns}) for tensor in entry.inputs}
            if all(array.size == 0 for array in inputs.values()):
                wanted.append(Given(entry, inputs))

    def body(case: Given) -> None:
        asked = {"raw": raw_request(case)}
        if typed_tensors(case.model):
            asked["typed"] = typed_request(case)
            asked["typed, without contents"] = _without_contents(typed_request(case))
        for how, made in asked.items():
            response = infer(grpc, made, sent(case, how))
            for tensor in case.model.outputs:
                found = array_of(response, tensor)
                shape = _empty_shape(case, tensor.name)
                if found.shape != shape or math.prod(shape) != 0:
                    raise SubjectFault(
                        f"sent {sent(case, how)}; output {tensor.name}: found shape {list(found.shape)}, "
                        f"expected {list(shape)}"
                    )

    each(budget, wanted, body)


def _empty_shape(case: Given, output: str) -> tuple[int, ...]:
    array = next(iter(case.inputs.values()))
    tensor = next(tensor for tensor in case.model.outputs if tensor.name == output)
    sizes = dict(zip(case.model.inputs[0].shape, array.shape, strict=True))
    return tuple(size if isinstance(size, int) else sizes[size] for size in tensor.shape)


def _without_contents(asked: Request) -> Request:
    changed = asked
    for index in range(len(asked.inputs)):
        changed = changed.with_input(index, contents=None)
    return changed
