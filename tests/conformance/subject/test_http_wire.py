"""The raw HTTP client: framing, bounds, and what counts as no answer."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from lepton_conformance.outcome import SubjectFault, SubjectGone
from lepton_conformance.subject.exchange import HttpExchange
from lepton_conformance.subject.http import HttpSubject, Unreachable
from lepton_conformance.subject.strict_json import NotJson, parse, parse_leniently

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Script:
    """A server that answers the n-th request with the n-th answer; None closes the connection instead."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                with connection:
                    while self.answers and (data := connection.recv(1 << 20)):
                        self.requests.append(data)
                        answer = self.answers.pop(0)
                        if answer is None:
                            break
                        connection.sendall(answer)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@contextlib.contextmanager
def talking(*answers: bytes | None) -> Iterator[tuple[HttpSubject, Script]]:
    script = Script(*answers)
    http = HttpSubject(script.url, timeout=2.0)
    try:
        yield http, script
    finally:
        http.close()
        script.close()


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"ok"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;x=y\r\no\r\n1\r\nk\r\n0\r\nT: v\r\n\r\n",
            b"ok",
        ),
        (b"HTTP/1.1 200 OK\nCONTENT-LENGTH: 2\n\nok", b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
def test_reads_every_lawful_framing(answer: bytes, body: bytes) -> None:
    with talking(answer) as (http, _):
        assert http.get("v2").body == body


def test_reads_to_the_end_of_a_connection_that_says_close() -> None:
    with talking(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok") as (http, _):
        assert http.get("v2").body == b"ok"


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nokok\r\n0\r\n\r\n",
        b"A" * 400_000,
    ],
)
def test_what_is_no_http_is_a_fault_of_the_subject(answer: bytes) -> None:
    with talking(answer) as (http, _), pytest.raises(SubjectFault, match="expected an HTTP answer") as fault:
        http.get("v2")
    assert not isinstance(fault.value, SubjectGone)
    (exchange,) = http.recorder.failing
    assert isinstance(exchange, HttpExchange)
    assert exchange.status is None
    assert exchange.problem


def test_connection_is_kept_and_fields_are_sent_as_spelled() -> None:
    with talking(OK, OK) as (http, script):
        http.get("v2", (("X-Odd", "1"),))
        http.call("GET", "v2", spelling=str.upper)
        assert script.connections == 1
        assert b"\r\nX-Odd: 1\r\n" in script.requests[0]
        assert b"\r\nHOST: 127.0.0.1" in script.requests[1]


def test_closed_kept_connection_is_replaced_without_a_fault() -> None:
    with talking(OK, None, OK) as (http, script):
        http.get("v2")
        assert http.get("v2").status == 200
        assert script.connections == 2


def test_silence_and_refusal_mean_that_the_subject_is_gone() -> None:
    with talking(b"", b"") as (http, script):
        http.timeout = 0.2
        with pytest.raises(SubjectGone, match="no answer"):
            http.get("v2")
        script.close()
        script.thread.join(timeout=5)
        http.close()
        assert not http.responds()
        with pytest.raises(Unreachable, match="cannot connect"):
            http.probe()


def test_chunked_body_is_joined_by_the_reader_to_what_was_meant() -> None:
    with talking(OK) as (http, script):
        http.infer("m", b"0123456789", chunked=True)
        head, _, body = script.requests[0].partition(b"\r\n\r\n")
        assert b"Transfer-Encoding: chunked" in head
        assert b"Content-Length" not in head
        assert body == b"7\r\n0123456\r\n3\r\n789\r\n0\r\n\r\n"


def test_early_refusal_of_an_upload_is_read() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 20):
                pass

    thread = threading.Thread(target=refuse, daemon=True)
    thread.start()
    http = HttpSubject(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=10)
    try:
        assert http.infer("m", b" " * 8_000_000).status == 413
    finally:
        http.close()
        listener.close()
        thread.join(timeout=5)


def test_json_is_read_exactly() -> None:
    document = parse(b'{"a": 18446744073709551615, "a": 1, "b": [-0.0]}')
    assert document.value == {"a": 1, "b": [-0.0]}
    assert document.duplicates == ("a",)


@pytest.mark.parametrize(
    "data",
    [b"NaN", b"[-Infinity]", b"\xef\xbb\xbf{}", b"{", b"", b"\xff", b"[" * 200_000, b"1" * 5000, b"'a'"],
)
def test_what_is_no_json_text_is_said_so(data: bytes) -> None:
    with pytest.raises(NotJson):
        parse(data)


def test_lenient_reading_takes_what_another_requirement_judges() -> None:
    assert parse_leniently(b"\xef\xbb\xbf[Infinity]") == [float("inf")]
