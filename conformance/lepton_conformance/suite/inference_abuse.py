"""What a server survives: bombs, bodies that never end, huge parts, crowds, clients that leave. Runs last.

Each case is bounded in bytes and time, and followed by good requests to the same model. A slow answer is no
fault until `PATIENCE_SECONDS` are over; beside connections that only wait, an ordinary request has the time
that it has everywhere.
"""

import contextlib
import json
import resource
import struct
import zlib
from collections.abc import Iterator

import numpy as np

from lepton_conformance.models.catalog import model
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.http import JSON_HEADERS, Answer, Headers, HttpSubject, encode
from lepton_conformance.subject.raw import received
from lepton_conformance.subject.wire import Closed, Connection, WireError
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.inference_limits import MAX_TRIED_BYTES, published_limit
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    accepted,
    available,
    error_text,
    expect_right,
    goes_on,
    outputs_of,
    plain,
    sent,
)

#: How long anything here may take before it counts as no answer, in seconds.
PATIENCE_SECONDS = 30.0
MEBIBYTE = 1024 * 1024
#: The expansion of a bomb, where no limit is published.
BOMB_BYTES = 256 * MEBIBYTE
UNFINISHED = 16
HUGE_TEXT_BYTES = 10_000_000
MANY_INPUTS = 100_000
HEADER_BYTES = 64 * 1024
CROWD = 200
IDLE = 1000
#: Idle connections between two requests, and how long one of them may take to be opened, in seconds.
IDLE_STEP = 50
IDLE_PATIENCE_SECONDS = 3.0
LEAVERS = 12
#: Descriptors that the suite itself needs beside its idle connections.
_SPARE_DESCRIPTORS = 200


def _head(http: HttpSubject, case: Given, headers: Headers) -> bytes:
    return http.head("POST", http.model_path(case.model.name) + "/infer", (*JSON_HEADERS, *headers))


def _survived(http: HttpSubject, case: Given, what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Check that the model goes on, and that its first answers are right. Raises: SubjectFault."""
    goes_on(http, case, what, timeout=seconds, rightly=True)


def _client_error(answer: Answer, what: str) -> None:
    if not 400 <= answer.status < 500:
        raise SubjectFault(f"sent {what}; found status {answer.status}, expected 400 to 499")


# -- compression -----------------------------------------------------------------------------------


def bomb(start: bytes, size: int) -> bytes:
    """Return gzip that expands to `start` and white space, `size` bytes in all, at about 1:1000."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    blank = b" " * MEBIBYTE
    count, rest = divmod(size - len(start), MEBIBYTE)
    first = packer.compress(start + blank[:rest]) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    check = zlib.crc32(start + blank[:rest])
    for _ in range(count):
        check = zlib.crc32(blank, check)
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    return (
        head + first + block * count + packer.flush(zlib.Z_FINISH) + struct.pack("<II", check, size % 2**32)
    )


@requirement("INF-LIM-04", needs=("INF-REQ-08", "INF-LIM-01", "INF-ERR-08"))
def test_expansion_is_bounded(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    limit = published_limit(http)
    if 2 * limit > MAX_TRIED_BYTES:
        raise NotTested(
            f"twice the published limit of {limit} bytes is larger than the {MAX_TRIED_BYTES} tried"
        )
    request = encode(infer_request(case))
    large = bomb(request, max(2 * limit, BOMB_BYTES))
    slight = bomb(request, limit + 1)

    def body(item: tuple[str, bytes, bool]) -> None:
        beyond, packed, chunked = item
        what = f"{len(packed)} bytes of gzip that expand to {beyond} the published limit of {limit}"
        answer = http.infer(
            case.model.name,
            packed,
            headers=(*JSON_HEADERS, ("Content-Encoding", "gzip")),
            chunked=chunked,
            timeout=PATIENCE_SECONDS,
        )
        if answer.status not in (400, 413, 415):
            raise SubjectFault(f"sent {what}; found status {answer.status}, expected 400, 413 or 415")
        _survived(http, case, what)

    each(
        budget,
        [
            ("far beyond", large, False),
            ("far beyond", large, True),
            ("a byte beyond", slight, False),
            ("a byte beyond", slight, True),
        ],
        body,
    )


# -- bodies and heads ------------------------------------------------------------------------------


@requirement("INF-LIM-05", needs=("INF-RSP-01", "INF-RSP-06", "INF-ERR-08"))
def test_bodies_that_never_end_disturb_no_other_request(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    text = encode(infer_request(case))
    whole = (("Content-Length", str(len(text))),)
    starts: dict[str, bytes] = {
        "bodies cut in the middle": _head(http, case, whole) + text[: len(text) // 2],
        "bodies without their last byte": _head(http, case, whole) + text[:-1],
        "no body at all": _head(http, case, whole),
        "chunks without an end": _head(http, case, (("Transfer-Encoding", "chunked"),)) + b"5\r\n" + text[:5],
        "a chunk size without a chunk": _head(http, case, (("Transfer-Encoding", "chunked"),)) + b"ffff\r\n",
        "a request head without an end": _head(http, case, whole)[:-2],
        "half a request line": b"POST /v2/mod",
    }

    def body(what: str) -> None:
        held: list[Connection] = []
        try:
            for _ in range(UNFINISHED):
                connection = http.connect()
                held.append(connection)
                with contextlib.suppress(Closed):
                    connection.send(starts[what])
            # Nobody waits for these to end: their time is over only after that of an ordinary request.
            _survived(http, case, f"{UNFINISHED} requests with {what}, held open", http.timeout)
            for connection in held[: UNFINISHED // 2]:  # a few bytes more, slowly
                with contextlib.suppress(WireError):
                    connection.send(b" ")
            _survived(http, case, f"{UNFINISHED} requests with {what}, a byte more", http.timeout)
        finally:
            for index, connection in enumerate(held):
                connection.reset() if index % 2 else connection.close()
        _survived(http, case, f"{UNFINISHED} requests with {what}, given up")

    each(budget, starts, body)


def _huge(case: Given) -> Iterator[tuple[str, bytes, bool]]:
    """Yield huge requests, and whether they may be answered."""
    request = infer_request(case)
    entry = request["inputs"][0]
    text = "n" * HUGE_TEXT_BYTES
    small = encode({**entry, "name": "@", "shape": [0, 1], "data": []})
    before, after = small.split(b"@")
    different = (b"%bx%d%b" % (before, number, after) for number in range(MANY_INPUTS))
    for what, parts in (("different names", different), ("one name", [small] * MANY_INPUTS)):
        yield f"{MANY_INPUTS} inputs of {what}", b'{"inputs":[' + b",".join(parts) + b"]}", False
    yield f"an input name of {len(text)} bytes", encode({"inputs": [{**entry, "name": text}]}), False
    for shape in ([2**40, 1], [2**20, 2**20], [2**31, 2**31], [2**62, 1]):
        yield f"the shape {shape} with little data", encode({"inputs": [{**entry, "shape": shape}]}), False
        empty = {**entry, "shape": shape, "data": []}
        yield f"the shape {shape} without data", encode({"inputs": [empty]}), False
    yield f"an id of {len(text)} bytes", encode({**request, "id": text}), True
    parameters = {"lepton_unknown": text}
    yield f"a parameter of {len(text)} bytes", encode({**request, "parameters": parameters}), True


@requirement("INF-LIM-06", needs=("INF-RSP-01", "INF-RSP-04", "INF-RSP-06", "INF-ERR-08", "INF-ERR-10"))
def test_huge_parts_are_refused_and_survived(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)

    def body(item: tuple[str, bytes, bool]) -> None:
        what, data, answered = item
        answer = http.infer(case.model.name, data, timeout=PATIENCE_SECONDS)
        if answered and answer.status == 200:
            value = accepted(answer, what)
            expect_right(case, outputs_of(value))
            found, expected = value.get("id"), json.loads(data)["id"]
            if found != expected:
                length = f"{len(found)} characters" if isinstance(found, str) else f"{found!r:.40}"
                raise SubjectFault(f"sent {what}; found an id of {length}, expected all {len(expected)}")
        else:
            _client_error(answer, what)
        _survived(http, case, what)

    each(budget, _huge(case), body)


@requirement("INF-LIM-07", needs=("INF-RSP-01", "INF-RSP-06", "INF-ERR-08"))
def test_large_header_sections_are_refused_or_passed_over(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    text = encode(infer_request(case))
    surplus: dict[str, Headers] = {
        "one field of 64 KiB": (("X-Lepton", "v" * HEADER_BYTES),),
        "1,000 fields of 64 bytes": tuple((f"X-Lepton-{number:04}", "v" * 48) for number in range(1000)),
        "a field name of 64 KiB": (("X" * HEADER_BYTES, "v"),),
        "a cookie of 64 KiB": (("Cookie", "; ".join(f"c{number}=v" for number in range(7000))),),
    }

    def body(what: str) -> None:
        headers = (*JSON_HEADERS, *surplus[what])
        try:
            answer = http.infer(case.model.name, text, headers=headers, fresh=True, timeout=PATIENCE_SECONDS)
        except SubjectFault as fault:
            # The refusal of a head that is still being sent may be lost in a reset (RFC 9112, 9.6).
            if not isinstance(fault.__cause__, Closed):
                raise
        else:
            if answer.status == 200:
                expect_right(case, outputs_of(accepted(answer, what)))
            else:
                _client_error(answer, f"a header section with {what}")
        _survived(http, case, f"a header section with {what}")

    each(budget, surplus, body)


# -- crowds ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def descriptors(wanted: int) -> Iterator[None]:
    """Allow this process so many open connections. Raises: NotTested where it may not have them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = wanted + _SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < need:
        if hard != resource.RLIM_INFINITY and hard < need:
            raise NotTested(
                f"this process may open {hard} files, {need} are needed; raise it: ulimit -n {need}"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _one_of_many(name: str, index: int) -> tuple[Given, str]:
    """Return a request that is unlike all others of a crowd, and its id."""
    entry = model(name)
    base = given(name, 1, 64)
    inputs = {}
    for key, array in base.inputs.items():
        changed = array.copy()
        changed.reshape(-1)[:2] = np.array([index % 100, index // 100]).astype(array.dtype)
        inputs[key] = changed
    return Given(entry, inputs), f"crowd-{index}"


@requirement("INF-LIM-08", needs=("INF-RSP-01", "INF-RSP-04", "INF-RSP-06", "INF-ISO-01"))
def test_each_of_a_crowd_is_answered_or_told_to_retry(http: HttpSubject, budget: Budget) -> None:
    wanted = ("lepton_id_fp32", "lepton_id_int32", "lepton_id_fp64")
    names = available(http, (*wanted, plain(http).model.name))
    names = tuple(name for name in names if name in wanted) or names

    def body(_: str) -> None:
        asked: list[tuple[Given, str, bytes, Connection]] = []
        with descriptors(CROWD), contextlib.ExitStack() as stack:
            for index in range(CROWD):
                case, identifier = _one_of_many(names[index % len(names)], index)
                text = encode(infer_request(case, identifier=identifier))
                wire = _head(http, case, (("Content-Length", str(len(text))),)) + text
                connection = _opened(http, wire)
                stack.callback(connection.close)
                asked.append((case, identifier, wire, connection))
            # All but the last byte of each first, so that they are complete at the same time.
            for part in (slice(-1), slice(-1, None)):
                for _case, _identifier, wire, connection in asked:
                    with contextlib.suppress(Closed):  # the answer, if any, says why
                        connection.send(wire[part])
            for case, identifier, wire, connection in asked:
                connection.allow(PATIENCE_SECONDS)
                http.recorder.begin()
                _answered_or_busy(case, identifier, received(http, connection, wire))

    each(budget, [f"{CROWD} requests at once"], body)
    case = plain(http)
    each(budget, ["a crowd"], lambda what: _survived(http, case, what))


def _opened(http: HttpSubject, wire: bytes) -> Connection:
    try:
        return http.connect(PATIENCE_SECONDS)
    except WireError as error:
        raise http.blame("POST", wire[:200].split(b" ")[1].decode("latin-1"), error) from error


def _answered_or_busy(case: Given, identifier: str, answer: Answer) -> None:
    if answer.status == 503:
        error_text(answer)
        if not (answer.header("Retry-After") or "").strip():
            raise SubjectFault(f"sent one of {CROWD} requests at once; found status 503 without Retry-After")
        return
    value = accepted(answer, f"one of {CROWD} requests at once, {sent(case)}")
    if value.get("id") != identifier:
        raise SubjectFault(
            f"sent one of {CROWD} requests at once with the id {identifier!r}; found {value.get('id')!r:.80}"
        )
    expect_right(case, outputs_of(value))


@requirement("INF-LIM-09", needs=("INF-RSP-01", "INF-RSP-06", "INF-LIM-05"))
def test_idle_connections_keep_nobody_out(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)

    def body(what: str) -> None:
        with descriptors(IDLE), contextlib.ExitStack() as stack:
            for index in range(IDLE):
                try:
                    stack.callback(http.connect(IDLE_PATIENCE_SECONDS).close)
                except WireError:  # it may keep surplus connections waiting, or refuse them
                    break
                if index % IDLE_STEP == IDLE_STEP - 1:  # what waits to be accepted stays few
                    goes_on(http, case, f"{index + 1} connections, idle {what}")
            # An answer that comes when idle connections have timed out is none beside idle connections.
            _survived(http, case, f"{IDLE} connections, idle {what}", http.timeout)
        _survived(http, case, f"{IDLE} connections, closed")

    each(budget, ["from the start"], body)


def _own_answer(http: HttpSubject, name: str, identifier: str, after: str) -> None:
    """Check that the next client gets the answer to its own request. Raises: SubjectFault."""
    case = given(name, 3, 2)
    request = infer_request(case, identifier=identifier)
    value = accepted(
        http.infer(name, request, fresh=True, timeout=PATIENCE_SECONDS), f"after {after}: {sent(case)}"
    )
    if value.get("id") != identifier:
        raise SubjectFault(
            f"after {after}: sent the id {identifier!r}; found {value.get('id')!r:.80}, expected the same"
        )
    expect_right(case, outputs_of(value))


@requirement("INF-LIM-10", needs=("INF-RSP-01", "INF-RSP-04", "INF-RSP-06", "INF-ERR-08"))
def test_clients_that_leave_do_no_harm(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    large = given(case.model.name, 200, 500)
    text = encode(infer_request(large))
    wire = _head(http, large, (("Content-Length", str(len(text))),)) + text

    def body(what: str) -> None:
        for number in range(LEAVERS):
            with contextlib.suppress(WireError):
                connection = http.connect()
                connection.allow(PATIENCE_SECONDS)
                connection.send(wire[: len(wire) // 2] if what == "while it is read" else wire)
                if what == "at the first byte of the answer":
                    connection.ends()
                connection.close() if what == "after a close" else connection.reset()
            _own_answer(http, case.model.name, f"{what}-{number}", f"a client that left {what}")
        _survived(http, case, f"{LEAVERS} clients that left {what}")

    each(
        budget,
        ["while it is read", "before the answer", "after a close", "at the first byte of the answer"],
        body,
    )
