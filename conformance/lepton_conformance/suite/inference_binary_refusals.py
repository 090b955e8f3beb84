"""Binary tensors that are wrong: sizes, lengths, bytes that no element has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lepton_conformance.models.catalog import model
from lepton_conformance.oracle.elements import to_binary, to_json
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.cases import Cases
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, cases, given, row
from lepton_conformance.subject.http import Headers, HttpSubject, encode
from lepton_conformance.suite.binary import (
    LENGTH_FIELD,
    MEDIA_TYPE,
    SIZE,
    ask,
    composed,
    headers_for,
    take_apart,
    value_of,
)
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import ALL_MODELS, available, goes_on, refused, require, sent

BAD_REQUEST = 400
_FIXED_MODELS = tuple(name for name in ALL_MODELS if name != "lepton_id_bytes")
#: Elements of BYTES that JSON cannot carry, besides those that it can.
_RAW_STRINGS = (b"", b"\0", b"\xff\xfe", b"\x80", b"text", b"a\0b", "中文".encode(), bytes(range(256)))


@dataclass(frozen=True, slots=True)
class WrongBinary:
    """A wrong request in two parts."""

    case: Given
    what: str
    headers: Headers
    body: bytes


def _wrong(case: Given, what: str, change: Callable[[dict[str, Any]], None], tail: bytes) -> WrongBinary:
    request, _ = composed(case)
    change(request)
    text = encode(request)
    return WrongBinary(case, what, headers_for(text), text + tail)


def _sized(case: Given, what: str, size: Any, tail: bytes) -> WrongBinary:
    """Return the request of a case with another `binary_data_size` and other bytes."""

    def change(request: dict[str, Any]) -> None:
        request["inputs"][0]["parameters"][SIZE] = size

    return _wrong(case, what, change, tail)


def _refuses(http: HttpSubject, wrong: WrongBinary) -> None:
    name = wrong.case.model.name
    refused(http.infer(name, wrong.body, headers=wrong.headers), f"{name} {wrong.what}", BAD_REQUEST)
    goes_on(http, wrong.case, wrong.what)


def _few(http: HttpSubject) -> list[Given]:
    """Return requests with one input of a fixed item size, of unlike sizes."""
    wanted = ("lepton_id_fp32", "lepton_id_int64", "lepton_id_uint8", "lepton_id_fp64", *_FIXED_MODELS)
    return [given(name) for name in available(http, wanted)[:4] if name != "lepton_sub"]


def _round_trips(http: HttpSubject, case: Given) -> None:
    request, tail = composed(case, outputs=[{"name": "y", "parameters": {"binary_data": True}}])
    found = value_of(take_apart(ask(http, case, request, tail), case), case, "y")
    right = case.inputs["x"]
    if found.shape != right.shape or not np.array_equal(found, right):
        raise SubjectFault(
            f"sent {sent(case)}; found {found.tolist()!r:.200}, expected {right.tolist()!r:.200}"
        )


@requirement("INF-BIN-07", needs=("INF-BIN-02", "INF-BIN-03", "INF-ERR-08", "INF-ERR-10"))
def test_binary_booleans_are_0_and_1(http: HttpSubject, budget: Budget) -> None:
    require(http, "lepton_id_bool")
    examples(budget, cases("lepton_id_bool"), lambda case: _round_trips(http, case))
    case = given("lepton_id_bool")
    valid = to_binary(case.inputs["x"])

    def bytes_at(position: int, byte: int) -> WrongBinary:
        tail = valid[:position] + bytes([byte]) + valid[position + 1 :]
        return _sized(case, f"the byte {byte} in a BOOL tensor", len(tail), tail)

    wrong = [bytes_at(position, byte) for position in (0, len(valid) - 1) for byte in (2, 127, 128, 255)]
    each(budget, wrong, lambda item: _refuses(http, item))


@requirement("INF-BIN-08", needs=("INF-BIN-02", "INF-BIN-03", "INF-ERR-08", "INF-ERR-10"))
def test_binary_strings_have_length_and_bytes(http: HttpSubject, budget: Budget) -> None:
    require(http, "lepton_id_bytes")
    domain = cases("lepton_id_bytes")
    raw = Given(model("lepton_id_bytes"), {"x": row("BYTES", _RAW_STRINGS)})
    examples(
        budget,
        Cases([raw, *domain.boundary], domain.decode, domain.smaller),
        lambda case: _round_trips(http, case),
    )
    two = Given(model("lepton_id_bytes"), {"x": row("BYTES", (b"ab", b"cde"))})
    tails = {
        "a length that runs beyond the tensor": b"\x02\0\0\0ab\x04\0\0\0cde",
        "a length of 2^32 - 1": b"\xff\xff\xff\xffab\x03\0\0\0cde",
        "a length of 2^31": b"\x02\0\0\0ab\0\0\0\x80cde",
        "bytes left over": b"\x02\0\0\0ab\x03\0\0\0cde\0",
        "half a length": b"\x02\0\0\0ab\x03\0",
        "an element too few": b"\x02\0\0\0ab",
        "an element too many": b"\x02\0\0\0ab\x03\0\0\0cde\0\0\0\0",
        "no element": b"",
    }
    each(
        budget,
        [_sized(two, what, len(tail), tail) for what, tail in tails.items()],
        lambda item: _refuses(http, item),
    )


@requirement("INF-BIN-09", needs=("INF-BIN-02", "INF-ERR-08", "INF-ERR-10"))
def test_size_that_contradicts_the_shape_is_refused(http: HttpSubject, budget: Budget) -> None:
    wrong = []
    for case in _few(http):
        valid = to_binary(next(iter(case.inputs.values())))
        for tail in (valid[:-1], valid + b"\0", b"", valid * 2, valid[: len(valid) // 2]):
            wrong.append(_sized(case, f"{SIZE} {len(tail)} for {len(valid)}", len(tail), tail))
        for size in (-1, len(valid) + 0.5, str(len(valid)), True, 2**63, -len(valid)):
            wrong.append(_sized(case, f"{SIZE} {size!r}", size, valid))
    each(budget, wrong, lambda item: _refuses(http, item))


@requirement("INF-BIN-10", needs=("INF-BIN-02", "INF-ERR-08", "INF-ERR-10"))
def test_sizes_that_contradict_the_body_are_refused(http: HttpSubject, budget: Budget) -> None:
    wrong = []
    for case in _few(http):
        valid = to_binary(next(iter(case.inputs.values())))
        for tail in (valid[:-1], valid + b"\0", valid + valid, b""):
            what = f"{len(tail)} bytes after the JSON, {SIZE} {len(valid)}"
            wrong.append(_sized(case, what, len(valid), tail))
        text = encode(infer_request(case))
        for tail in (b"\0", b"lepton", valid, b" ", b"{}"):
            what = f"{len(tail)} bytes after the JSON of the announced length, and no binary input"
            wrong.append(WrongBinary(case, what, headers_for(text), text + tail))
    each(budget, wrong, lambda item: _refuses(http, item))


@requirement("INF-BIN-11", needs=("INF-BIN-02", "INF-ERR-08", "INF-ERR-02", "INF-ERR-10"))
def test_impossible_header_length_is_refused(http: HttpSubject, budget: Budget) -> None:
    case = _few(http)[0]
    request, tail = composed(case)
    body = encode(request) + tail
    right = len(body) - len(tail)
    lengths = ["-1", "abc", "1.5", "0x10", "1e2", "12 12", str(len(body) + 1), "9" * 25, f"{len(body)}a"]
    lengths += [f"-{len(tail)}", f"+{right}", f"{right}.0", f"{right}e0", hex(right)]
    # The same lengths before a request without binary inputs, which has no bytes to miss.
    plain = encode(infer_request(case))
    beyond = ("abc", "-1", "1.5", f"+{len(plain)}", f"{len(plain)}.0", str(len(plain) + 1), "9" * 25)
    wrong = [
        WrongBinary(
            case, f"{LENGTH_FIELD}: {text}", (("Content-Type", MEDIA_TYPE), (LENGTH_FIELD, text)), bytes_sent
        )
        for bytes_sent, texts in ((body, lengths), (plain, beyond))
        for text in texts
    ]
    each(budget, wrong, lambda item: _refuses(http, item))


@requirement("INF-BIN-12", needs=("INF-BIN-02", "INF-ERR-08", "INF-ERR-10"))
def test_two_sources_of_data_and_none_are_refused(http: HttpSubject, budget: Budget) -> None:
    wrong = []
    for case in _few(http):
        array = next(iter(case.inputs.values()))
        valid, data = to_binary(array), to_json(array)

        def both(request: dict[str, Any], data: list[Any] = data) -> None:
            request["inputs"][0]["data"] = data

        def emptily(request: dict[str, Any]) -> None:
            request["inputs"][0]["data"] = []

        def neither(request: dict[str, Any]) -> None:
            del request["inputs"][0]["parameters"]

        wrong.append(_wrong(case, f"both data and {SIZE}", both, valid))
        wrong.append(_wrong(case, f"both empty data and {SIZE}", emptily, valid))
        wrong.append(_wrong(case, f"neither data nor {SIZE}", neither, b""))
    each(budget, wrong, lambda item: _refuses(http, item))
