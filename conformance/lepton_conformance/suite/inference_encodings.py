"""Content encodings, queries, trace context: what surrounds a request and changes no answer."""

import gzip
import zlib
from collections.abc import Callable

from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.requests import PLAIN_ID, infer_request
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.http import JSON_HEADERS, Answer, Headers, HttpSubject, encode
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    PLAIN_MODELS,
    accepted,
    core,
    expect_right,
    goes_on,
    has,
    outputs_of,
    plain,
    refused,
)

UNSUPPORTED = 415
UNKNOWN_CODING = "lepton-unknown"
_OTHER_CODINGS = ("br", "deflate", "zstd", "compress", "x-gzip", "aes128gcm", "identity, br")


def _encoded(coding: str) -> Headers:
    return (*JSON_HEADERS, ("Content-Encoding", coding))


def _right(case: Given, answer: Answer, what: str) -> None:
    expect_right(case, outputs_of(accepted(answer, what)))


def _members(text: bytes) -> bytes:
    """Return gzip of two members, which together are the text (RFC 1952, 2.2)."""
    return b"".join(gzip.compress(part, mtime=0) for part in (text[: len(text) // 2], text[len(text) // 2 :]))


@requirement("INF-REQ-08", needs=("INF-RSP-01", "INF-RSP-06", "INF-ERR-08"))
def test_encoded_bodies_are_expanded_or_refused(http: HttpSubject, budget: Budget) -> None:
    def understood(name: str) -> None:
        case = given(name, 3, 5)
        packed = gzip.compress(encode(infer_request(case)), mtime=0)
        for coding in ("gzip", "GZip"):
            for chunked in (False, True):
                what = f"{name} a request with Content-Encoding: {coding}"
                what += ", in chunks and of two members" * chunked
                whole = _members(encode(infer_request(case))) if chunked else packed
                answer = http.infer(name, whole, headers=_encoded(coding), chunked=chunked)
                if answer.status == UNSUPPORTED:
                    refused(answer, what)
                else:
                    _right(case, answer, what)

    each(budget, core(http)[:3], understood)
    case = plain(http)
    text = encode(infer_request(case))
    packed = gzip.compress(text, mtime=0)
    wrong: dict[str, tuple[str, bytes]] = {
        "JSON that says it is gzip": ("gzip", text),
        "gzip without its last 9 bytes": ("gzip", packed[:-9]),
        "half of a gzip body": ("gzip", packed[: len(packed) // 2]),
        "gzip with a wrong checksum": ("gzip", packed[:-8] + b"\0\0\0\0" + packed[-4:]),
        "gzip with bytes after its end": ("gzip", packed + b"lepton"),
        "gzip with one byte after its end": ("gzip", packed + b"\x1f"),
        "gzip with the request again after its end": ("gzip", packed + text),
        "gzip of two members with bytes after their end": ("gzip", _members(text) + b"lepton"),
        "gzip whose second member is cut": ("gzip", _members(text)[:-9]),
        "zlib that says it is gzip": ("gzip", zlib.compress(text)),
        "an empty body that says it is gzip": ("gzip", b""),
        "JSON in an unknown encoding": (UNKNOWN_CODING, text),
        "gzip, then an unknown encoding": (f"gzip, {UNKNOWN_CODING}", packed),
        "an unknown encoding, then gzip": (f"{UNKNOWN_CODING}, gzip", packed),
    }
    # A server may support others than gzip (IANA, HTTP Content Coding Registry): JSON is none of them.
    wrong |= {f"JSON that says it is {coding}": (coding, text) for coding in _OTHER_CODINGS}

    def body(what: str) -> None:
        coding, data = wrong[what]
        answer = http.infer(case.model.name, data, headers=_encoded(coding))
        if UNKNOWN_CODING in coding:
            refused(answer, what, UNSUPPORTED)
        else:
            refused(answer, what)
            if answer.status >= 500:
                raise SubjectFault(f"sent {what}; found status {answer.status}, expected 400 to 499")
        goes_on(http, case, what)

    each(budget, wrong, body)


@requirement("INF-REQ-09", needs=("INF-RSP-01", "INF-RSP-06", "INF-HLT-03", "INF-MET-02"))
def test_query_and_trailing_slash_do_not_matter(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    route = http.model_path(case.model.name)
    tails = ("?", "?lepton=1", "?a=b&c=%2Fd%3F", "?a=/b/c?d", "/", "/?x")
    asked = [(path, tail) for tail in tails for path in ("v2", "v2/health/live", "v2/health/ready", route)]
    asked += [(f"{route}{end}", tail) for tail in tails for end in ("/ready", "/infer")]

    def body(item: tuple[str, str]) -> None:
        path, tail = item
        if path.endswith("/infer"):
            answer = http.call("POST", path + tail, encode(infer_request(case)), JSON_HEADERS)
            _right(case, answer, f"POST {path}{tail}")
            return
        answer = http.get(path + tail)
        if answer.status != 200:
            raise SubjectFault(f"sent GET {path}{tail}; found status {answer.status}, expected 200")

    each(budget, asked, body)


@requirement("INF-REQ-16", needs=("INF-RSP-01", "INF-RSP-06"))
def test_trace_context_changes_no_answer(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    parents = (
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-00000000000000000000000000000000-0000000000000000-00",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
        "00-xyz",
        "",
        "-" * 55,
        "0" * 2000,
    )
    states = ("", "congo=t61rcWkgMzE", "a=1,b=2", "=,=,", "x" * 600, ",".join(f"k{n}=v" for n in range(40)))
    asked: list[Headers] = [(("traceparent", parent), ("tracestate", states[1])) for parent in parents]
    asked += [(("traceparent", parents[0]), ("tracestate", state)) for state in states]
    asked += [(("tracestate", states[1]),), (("traceparent", parents[0]), ("traceparent", parents[2]))]

    def body(headers: Headers) -> None:
        shown = ", ".join(f"{name}: {value[:60]}" for name, value in headers)
        answer = http.infer(case.model.name, infer_request(case), headers=(*JSON_HEADERS, *headers))
        _right(case, answer, f"a request with {shown}")
        if accepted(answer, f"a request with {shown}").get("id", PLAIN_ID) != PLAIN_ID:
            raise SubjectFault(f"sent a request with {shown}; found another id in the answer")

    each(budget, asked, body)


_UNASKED: tuple[Headers, ...] = (
    (),
    (("Accept-Encoding", "identity"),),
    (("Accept-Encoding", "gzip;q=0, deflate;q=0, br;q=0, zstd;q=0"),),
    (("Accept-Encoding", UNKNOWN_CODING),),
)


def _askable(http: HttpSubject, case: Given) -> dict[str, Callable[[Headers], Answer]]:
    """Return requests of several kinds, each of which takes further header fields."""
    name = case.model.name
    coded = zlib.compress(encode(infer_request(case)), wbits=zlib.MAX_WBITS | 16)
    return {
        "an inference request": lambda more: http.infer(
            name, infer_request(case), headers=(*JSON_HEADERS, *more)
        ),
        "GET of the metadata": lambda more: http.get(http.model_path(name), more),
        "a request that is refused": lambda more: http.infer(name, b"{", headers=(*JSON_HEADERS, *more)),
        "a compressed request": lambda more: http.infer(
            name, coded, headers=(*JSON_HEADERS, ("Content-Encoding", "gzip"), *more)
        ),
    }


@requirement("INF-RSP-13")
def test_no_answer_is_compressed_unasked(http: HttpSubject, budget: Budget) -> None:
    # Needs nothing, and no metadata: where all answers are compressed, none of them can be read.
    case = given(PLAIN_MODELS[0], 40, 50)
    names = [name for name in PLAIN_MODELS if has(http, name)]
    if names:
        case = given(names[0], 40, 50)
    asked = _askable(http, case)
    asked["GET v2"] = lambda more: http.get("v2", more)

    def body(item: tuple[str, Headers]) -> None:
        what, headers = item
        answer = asked[what](headers)
        found = answer.header("Content-Encoding")
        accepts = ", ".join(value for _, value in headers) or "nothing"
        if found is not None and found.strip().lower() not in ("", "identity"):
            raise SubjectFault(
                f"sent {what} that accepts {accepts}; found Content-Encoding {found!r}, expected none"
            )

    each(budget, [(what, headers) for what in asked for headers in _UNASKED], body)


@requirement("INF-RSP-13", needs=("INF-RSP-01", "INF-RSP-06"))
def test_answers_are_compressed_as_asked(http: HttpSubject, budget: Budget) -> None:
    case = given(plain(http).model.name, 40, 50)
    asked = _askable(http, case)

    def packed(what: str) -> None:
        answer = asked[what]((("Accept-Encoding", "gzip"),))
        coding = (answer.header("Content-Encoding") or "identity").strip().lower()
        if coding not in ("gzip", "identity"):
            raise SubjectFault(f"sent {what} that accepts gzip; found Content-Encoding {coding!r}")
        if coding == "gzip":
            answer = Answer(answer.status, answer.headers, _expanded(answer, what))
        if what == "an inference request":
            _right(case, answer, f"{what} that accepts gzip")

    each(budget, asked, packed)


def _expanded(answer: Answer, what: str) -> bytes:
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        data = reader.decompress(answer.body, 1 << 26)
    except zlib.error as error:
        raise SubjectFault(f"sent {what} that accepts gzip; found no gzip ({error})") from error
    if not reader.eof:
        raise NotTested("the compressed answer is larger than the suite expands")
    return data
