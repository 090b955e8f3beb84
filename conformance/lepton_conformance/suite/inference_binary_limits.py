"""Where JSON and binary tensors meet: bytes that JSON cannot carry, sizes without their header, BF16."""

from typing import Any

import numpy as np

from lepton_conformance.models.catalog import BF16, model
from lepton_conformance.oracle.bits import same_bits
from lepton_conformance.oracle.elements import to_binary
from lepton_conformance.outcome import NotApplicable, SubjectFault
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.tensors import Given, given, row
from lepton_conformance.subject import strict_json
from lepton_conformance.subject.http import JSON_HEADERS, Headers, HttpSubject, encode
from lepton_conformance.suite.binary import (
    BINARY_OUTPUT,
    SIZE,
    ask,
    composed,
    headers_for,
    take_apart,
    value_of,
)
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    ALL_MODELS,
    accepted,
    available,
    error_text,
    goes_on,
    has_bf16,
    outputs_of,
    refused,
    require,
    sent,
)

BAD_REQUEST = 400
_BYTES = "lepton_id_bytes"
#: Bytes that are not UTF-8: stray, overlong, cut, a surrogate, beyond U+10FFFF, Latin-1.
_NO_UTF8 = (
    b"\xff",
    b"\x80",
    b"\xc3",
    b"\xc3\x28",
    b"\xc0\x80",
    b"\xe4\xb8",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"caf\xe9",
    b"text\0\xfe",
    bytes(range(256)),
)


def _strings(number: int) -> tuple[bytes, ...]:
    """Return strings of which one is not UTF-8."""
    digits = Digits(number)
    bad = _NO_UTF8[digits.take(len(_NO_UTF8))]
    place, count = digits.take(4), 1 + digits.take(4)
    return tuple(bad if index == place % count else f"text {index}".encode() for index in range(count))


@requirement("INF-BIN-16", needs=("INF-BIN-02", "INF-BIN-03", "INF-BIN-08", "INF-ERR-08"))
def test_bytes_that_json_cannot_carry_are_refused(http: HttpSubject, budget: Budget) -> None:
    require(http, _BYTES)

    def body(values: tuple[bytes, ...]) -> None:
        case = Given(model(_BYTES), {"x": row("BYTES", values)})
        for outputs in (None, [{"name": "y"}], [{"name": "y", "parameters": {"binary_data": False}}]):
            answer = ask(http, case, *composed(case, outputs=outputs))
            what = f"the strings {list(values)!r:.120} in binary, asking for JSON"
            refused(answer, what)
            if answer.status >= 500:
                raise SubjectFault(f"sent {what}; found status {answer.status}, expected 400 to 499")
            text = error_text(answer)
            if "y" not in text:
                raise SubjectFault(f"sent {what}; found the error {text!r:.200}, expected the output y in it")
        found = value_of(
            take_apart(ask(http, case, *composed(case, parameters=BINARY_OUTPUT)), case), case, "y"
        )
        if found.reshape(-1).tolist() != list(values):
            raise SubjectFault(f"sent {sent(case)} in binary; found {found.tolist()!r:.200}")
        goes_on(http, given(_BYTES), "bytes that JSON cannot carry")

    examples(budget, Cases([*((value,) for value in _NO_UTF8), (b"first", b"\xff", b"last")], _strings), body)


@requirement("INF-BIN-17", needs=("INF-BIN-02", "INF-ERR-08", "INF-ERR-10"))
def test_size_without_the_length_of_the_json_is_refused(http: HttpSubject, budget: Budget) -> None:
    names = available(http, ("lepton_id_fp32", "lepton_id_int64", "lepton_id_uint8", *ALL_MODELS))[:3]

    def body(item: tuple[str, bool, str]) -> None:
        name, with_tail, media_type = item
        case = given(name)
        request, tail = composed(case)
        headers: Headers = (("Content-Type", media_type),) if media_type else ()
        text = encode(request) + (tail if with_tail else b"")
        what = f"{name} {SIZE} without the length of the JSON" + ", the bytes after it" * with_tail
        answer = http.infer(name, text, headers=headers)
        if answer.status == 415 and media_type != "application/json":
            return  # a media type of its own may be refused as such (INF-REQ-07)
        refused(answer, what, BAD_REQUEST)
        goes_on(http, case, what)

    kinds = ("application/json", "application/octet-stream")
    each(budget, [(name, tail, kind) for name in names for tail in (False, True) for kind in kinds], body)

    def empty(name: str) -> None:
        entry: dict[str, Any] = composed(given(name))[0]["inputs"][0]
        entry |= {"shape": [0, 3], "parameters": {SIZE: 0}}
        refused(
            http.infer(name, {"inputs": [entry]}, headers=JSON_HEADERS),
            f"{name} {SIZE} 0 without the length of the JSON",
            BAD_REQUEST,
        )

    each(budget, [name for name in names if name.startswith("lepton_id_")], empty)


def _object(text: bytes) -> dict[str, Any]:
    """Return the JSON object before the binary parts. Raises: SubjectFault."""
    try:
        value = strict_json.parse_leniently(text)
    except strict_json.NotJson as error:
        raise SubjectFault(f"found no JSON before the binary parts: {error}") from error
    if not isinstance(value, dict):
        raise SubjectFault("found another JSON value than an object before the binary parts")
    return value


@requirement("INF-BIN-18", needs=("INF-BIN-02", "INF-BIN-03", "INF-BIN-06"))
def test_bits_of_bf16_are_kept(http: HttpSubject, budget: Budget) -> None:
    if not has_bf16(http):
        raise NotApplicable("the subject has no model with BF16 tensors")
    bits = np.arange(2**16, dtype="<u2")

    def body(wide: int) -> None:
        given_bits = bits if wide else np.array([0x3F80, 0x8000, 0x0001, 0x7FC1, 0xFF80, 0x7F7F], dtype="<u2")
        data = to_binary(given_bits)
        entry = {
            "name": "x",
            "shape": [1, len(given_bits)],
            "datatype": "BF16",
            "parameters": {SIZE: len(data)},
        }
        text = encode({"inputs": [entry], "parameters": dict(BINARY_OUTPUT)})
        answer = http.infer(BF16.name, text + data, headers=headers_for(text))
        if answer.status != 200:
            accepted(answer, f"{len(given_bits)} elements of BF16 in binary")
        length = int(answer.header("Inference-Header-Content-Length") or 0)
        output = outputs_of(_object(answer.body[:length])).get("y", {})
        found = np.frombuffer(answer.body[length : length + len(data)], dtype="<u2")
        if output.get("datatype") != "BF16" or len(found) != len(given_bits):
            raise SubjectFault(
                f"sent {len(given_bits)} elements of BF16; found {len(found)} of {output!r:.120}"
            )
        wrong = np.flatnonzero(~same_bits("BF16", given_bits, found))
        if len(wrong):
            sent_bits, found_bits = int(given_bits[wrong[0]]), int(found[wrong[0]])
            raise SubjectFault(
                f"sent the BF16 bits {sent_bits:#06x}; found {found_bits:#06x}, expected them unchanged"
            )

    each(budget, [0, 1], body)
