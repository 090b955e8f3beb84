"""Requests as HTTP/1.1 frames them: pipelined, announced by `Expect`, with lengths that say two things.

Sent byte for byte: an HTTP library would tidy up. RFC 9110 and RFC 9112 are the ground.
"""

from lepton_conformance.outcome import SubjectFault, SubjectGone
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.strategies.tensors import Given, given
from lepton_conformance.subject.http import JSON_HEADERS, Answer, Headers, HttpSubject, chunks, encode
from lepton_conformance.subject.raw import Talk, received, talk
from lepton_conformance.subject.wire import NoAnswer, WireError
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import (
    UNKNOWN_MODELS,
    accepted,
    core,
    expect_right,
    goes_on,
    outputs_of,
    plain,
    sent,
)

BAD_REQUEST = 400
PIPELINED = 6
CONTINUE = 100
#: Values of Content-Length that are no decimal number, nor a list of equal ones (RFC 9112, 6.3).
_NO_LENGTHS = ("abc", "-1", "+{n}", "{n}.0", "0x{n}", "{n}a", "{n} {n}", "1_0", "{n}, 1", "{n};", "1e2")


def _post(http: HttpSubject, case: Given, headers: Headers, version: str = "HTTP/1.1") -> bytes:
    """Return the head of an inference request with header fields of the caller's."""
    path = http.model_path(case.model.name) + "/infer"
    return http.head("POST", path, (*JSON_HEADERS, *headers), version)


def _sized(http: HttpSubject, case: Given, identifier: str) -> bytes:
    body = encode(infer_request(case, identifier=identifier))
    return _post(http, case, (("Content-Length", str(len(body))),)) + body


def _right(case: Given, answer: Answer, what: str, identifier: str | None = None) -> None:
    value = accepted(answer, what)
    if identifier is not None and value.get("id") != identifier:
        raise SubjectFault(f"sent {what}; found the id {value.get('id')!r:.80}, expected {identifier!r}")
    expect_right(case, outputs_of(value))


@requirement("INF-REQ-10", needs=("INF-RSP-01", "INF-RSP-04", "INF-RSP-06", "INF-REQ-04", "INF-ERR-01"))
def test_pipelined_requests_are_answered_in_order(http: HttpSubject, budget: Budget) -> None:
    names = core(http)

    def refused_among_others(_: str) -> None:
        """Ask a model that there is not between others: its refusal is ready sooner than an answer."""
        asked = [given(names[0], 1 + index, 40) for index in range(PIPELINED)]
        wire = b""
        for index, case in enumerate(asked):
            text = encode(infer_request(case, identifier=f"pipelined-{index}"))
            lost = UNKNOWN_MODELS[0] if index % 2 else case.model.name
            head = http.head(
                "POST",
                f"{http.model_path(lost)}/infer",
                (*JSON_HEADERS, ("Content-Length", str(len(text)))),
            )
            wire += head + text
        what = (
            f"{PIPELINED} requests at once on one connection, each second one for a model that there is not"
        )
        # A server may close the connection after any answer, and after a refusal it often does.
        for index, answer in enumerate(talk(http, wire, answers=PIPELINED).answers):
            if index % 2 == 0:
                _right(asked[index], answer, f"{what}, the {index + 1}th", f"pipelined-{index}")
            elif not 400 <= answer.status < 600:
                raise SubjectFault(
                    f"sent {what}; found status {answer.status} for the {index + 1}th, expected its refusal"
                )

    def body(how: str) -> None:
        asked = [
            (
                given(names[0 if how == "equal" else index % len(names)], 1 + index % 3, 4),
                f"pipelined-{index}",
            )
            for index in range(PIPELINED)
        ]
        wire = b""
        for index, (case, identifier) in enumerate(asked):
            wire += _sized(http, case, identifier)
            if how == "with metadata between" and index % 2:
                wire += http.head("GET", http.model_path(case.model.name), ())
        count = wire.count(b" HTTP/1.1\r\n")
        found = list(talk(http, wire, answers=count).answers)
        # A server may close the connection after any answer; those that came are judged (RFC 9112, 9.3.2).
        for index, (case, identifier) in enumerate(asked):
            what = f"{count} requests at once on one connection, the {index + 1}th {sent(case)}"
            if found:
                _right(case, found.pop(0), what, identifier)
            if how == "with metadata between" and index % 2 and found:
                name = accepted(found.pop(0), f"{what}, then its metadata").get("name")
                if name != case.model.name:
                    raise SubjectFault(
                        f"sent {what}, then GET of its metadata; found the name {name!r:.80}, "
                        f"expected {case.model.name!r}"
                    )

    each(budget, ["equal", "of several models", "with metadata between"], body)
    each(budget, ["with refusals between"], refused_among_others)


#: How a chunked body may be written: sizes of chunks, their notation, a trailer (RFC 9112, 7.1).
_CHUNKINGS: dict[str, tuple[tuple[int, ...], str, str]] = {
    "one chunk": ((1 << 20,), "{:x}", ""),
    "chunks of one byte": ((1,), "{:x}", ""),
    "chunks of unlike sizes": ((3, 16, 1, 255), "{:x}", ""),
    "chunks with sizes in capitals": ((26, 171), "{:X}", ""),
    "chunks with leading zeros in their sizes": ((40,), "{:06x}", ""),
    "chunks with extensions": ((40,), "{:x};lepton=1", ""),
    "chunks with quoted extensions": ((40,), '{:x};lepton="a b"', ""),
    "chunks and a trailer field": ((40,), "{:x}", "X-Lepton-Trailer: value\r\n"),
}


def _chunking(body: bytes, how: str) -> bytes:
    sizes, notation, trailer = _CHUNKINGS[how]
    parts, at, index = [], 0, 0
    while at < len(body):
        part = body[at : at + sizes[index % len(sizes)]]
        parts.append(f"{notation.format(len(part))}\r\n".encode() + part + b"\r\n")
        at, index = at + len(part), index + 1
    return b"".join(parts) + f"0\r\n{trailer}\r\n".encode()


@requirement("INF-REQ-03", needs=("INF-RSP-01", "INF-RSP-04", "INF-RSP-06"))
def test_chunks_of_every_form_are_read(http: HttpSubject, budget: Budget) -> None:
    name = plain(http).model.name
    identifier = "chunked é中\U0001f600"

    def body(item: tuple[str, int]) -> None:
        how, columns = item
        case = given(name, 2, columns)
        text = encode(infer_request(case, identifier=identifier))
        headers: Headers = (("Transfer-Encoding", "chunked"),)
        if "trailer" in how:  # senders announce trailer fields (RFC 9110, 6.6.2)
            headers = (*headers, ("Trailer", "X-Lepton-Trailer"))
        wire = _post(http, case, headers) + _chunking(text, how)
        _right(case, talk(http, wire).answers[0], f"a request in {how}", identifier)

    each(budget, [(how, columns) for how in _CHUNKINGS for columns in (3, 40)], body)


@requirement("INF-REQ-12", needs=("INF-RSP-01", "INF-RSP-06"))
def test_expect_continue_is_answered(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)

    def body(framing: str) -> None:
        text = encode(infer_request(case))
        length = (
            ("Transfer-Encoding", "chunked") if framing == "chunked" else ("Content-Length", str(len(text)))
        )
        head = _post(http, case, (length, ("Expect", "100-continue")))
        framed = chunks(text) if framing == "chunked" else text
        what = f"a request with Expect: 100-continue, {framing}"
        connection = http.connect()
        try:
            connection.send(head)
            try:
                first = connection.receive("POST", interim=True)
            except NoAnswer as error:
                raise SubjectFault(
                    f"sent the head of {what}; found no answer ({error}), expected 100 or a final status"
                ) from error
            except WireError as error:
                raise http.blame("POST", what, error) from error
            if first.status >= 200:
                return  # a final status without the body, for example 417, ends the matter
            if first.status != CONTINUE:
                raise SubjectFault(f"sent the head of {what}; found status {first.status}, expected 100")
            connection.allow(http.timeout)
            connection.send(framed)
            _right(case, received(http, connection, head + framed), what)
        finally:
            connection.close()

    each(budget, ["with its length", "chunked"], body)


def _watched(http: HttpSubject, head: bytes, body: bytes) -> Talk:
    """Return what comes back; where a reset swallows the answer to an unread body, to the head alone."""
    try:
        return talk(http, head + body, watch=True)
    except SubjectGone:
        raise
    except SubjectFault:
        return talk(http, head, watch=True)


def _refused_and_closed(http: HttpSubject, head: bytes, body: bytes, what: str) -> None:
    """Check for a 400 and the end of the connection."""
    found = _watched(http, head, body)
    status = found.answers[0].status
    if status != BAD_REQUEST:
        raise SubjectFault(f"sent {what}; found status {status}, expected {BAD_REQUEST}")
    if not found.ended:
        raise SubjectFault(f"sent {what}; found the connection still open after the answer, expected its end")


@requirement("INF-REQ-13", needs=("INF-RSP-01", "INF-ERR-08"))
def test_invalid_and_contradictory_lengths_end_the_connection(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    text = encode(infer_request(case))
    values: list[tuple[str, ...]] = [(value.format(n=len(text)),) for value in _NO_LENGTHS]
    values += [(str(len(text)), str(len(text) - 1)), ("0", str(len(text))), (str(len(text)), "0")]

    def body(item: tuple[str, ...]) -> None:
        what = " and ".join(f"Content-Length: {value}" for value in item)
        head = _post(http, case, tuple(("Content-Length", value) for value in item))
        _refused_and_closed(http, head, text, f"a request with {what}")
        goes_on(http, case, f"a request with {what}")

    each(budget, values, body)


def _one_answer(found: Talk, what: str) -> None:
    if len(found.answers) > 1:
        raise SubjectFault(
            f"sent {what}; found {len(found.answers)} answers: bytes of the body were taken for another "
            "request, expected one answer"
        )


@requirement("INF-REQ-14", needs=("INF-RSP-01", "INF-REQ-03", "INF-ERR-08"))
def test_length_beside_chunks_is_no_second_reading(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    text = encode(infer_request(case))
    framed = chunks(text)

    def read(length: int) -> None:
        what = f"a chunked request that has Content-Length: {length} besides"
        head = _post(http, case, (("Content-Length", str(length)), ("Transfer-Encoding", "chunked")))
        found = _watched(http, head, framed)
        answer = found.answers[0]
        if not 400 <= answer.status < 600:
            _right(case, answer, what)
        if not found.ended:
            raise SubjectFault(
                f"sent {what}; found status {answer.status} and the connection still open, expected its end"
            )

    def body(what: str) -> None:
        if what != "a request within the body":
            read({"the length of the chunks": len(framed), "a shorter length": 5, "the length 0": 0}[what])
        else:
            within = http.head("GET", "v2/health/live", ())
            chunk = b"%x\r\n" % len(within)
            head = _post(http, case, (("Content-Length", str(len(chunk))), ("Transfer-Encoding", "chunked")))
            wire = head + chunk + within + b"\r\n0\r\n\r\n"
            _one_answer(
                talk(http, wire, answers=2), f"a chunked request whose Content-Length ends before {what}"
            )
        goes_on(http, case, f"Content-Length with Transfer-Encoding ({what})")

    each(
        budget,
        ["the length of the chunks", "a shorter length", "the length 0", "a request within the body"],
        body,
    )


@requirement("INF-REQ-15", needs=("INF-RSP-01", "INF-RSP-06"))
def test_old_http_is_answered(http: HttpSubject, budget: Budget) -> None:
    case = plain(http)
    text = encode(infer_request(case))

    def body(what: str) -> None:
        headers: Headers = (("Content-Length", str(len(text))),)
        if what == "kept alive":
            headers = (*headers, ("Connection", "keep-alive"))
        head = _post(http, case, headers, "HTTP/1.0")
        if what == "without Host":
            head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"Host:"))
        answer = talk(http, head + text).answers[0]
        _right(case, answer, f"an HTTP/1.0 request, {what}")
        if answer.header("Transfer-Encoding") is not None:
            raise SubjectFault(
                f"sent an HTTP/1.0 request, {what}; found Transfer-Encoding in the answer, expected none"
            )

    each(budget, ["closed by default", "kept alive", "without Host"], body)
