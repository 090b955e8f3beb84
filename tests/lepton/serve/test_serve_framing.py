"""Framing that the HTTP server lets through: what proxies could read otherwise is refused, and closed."""

import http.client
import json
import socket
from typing import Any

import pytest

BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, 1], "datatype": "INT32", "data": [5]}]}).encode()
TARGET = b"POST /v2/models/id_int32/infer HTTP/1.1\r\n"
SIZED = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)


def exchange(server: Any, octets: bytes, *, leave: bool = False) -> tuple[int, bool, bytes]:
    """Send, and return the status, whether the connection ends with the answer, and the answer's body."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
        connection.sendall(octets)
        if leave:
            connection.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        body = answer.read()
        return answer.status, answer.getheader("connection") == "close", body


@pytest.mark.parametrize("lines", [b"", b"Host: a\r\nHost: a\r\n", b"Host: a\r\nHost: b\r\n"])
def test_a_request_without_one_host_is_refused(server: Any, lines: bytes) -> None:
    assert exchange(server, TARGET + lines + SIZED + b"\r\n" + BODY)[:2] == (400, True)


def test_a_request_of_http_1_0_needs_no_host(server: Any) -> None:
    octets = TARGET.replace(b"1.1", b"1.0") + SIZED + b"\r\n" + BODY
    status, _, body = exchange(server, octets)
    assert (status, json.loads(body)["outputs"][0]["data"]) == (200, [5])


@pytest.mark.parametrize(
    "value", [b"gzip, chunked", b"chunked, chunked", b"chunked\r\nTransfer-Encoding: chunked"]
)
def test_transfer_codings_that_are_not_read_are_refused(server: Any, value: bytes) -> None:
    octets = TARGET + b"Host: a\r\nTransfer-Encoding: " + value + b"\r\n\r\n" + CHUNK + b"0\r\n\r\n"
    assert exchange(server, octets)[:2] == (400, True)


@pytest.mark.parametrize("tail", [b"zz\r\n", b"-1\r\n", b"5\r\nabc"])
def test_a_chunked_body_that_breaks_off_is_refused_though_it_looks_whole(server: Any, tail: bytes) -> None:
    octets = TARGET + b"Host: a\r\n" + CHUNKED + b"\r\n" + CHUNK + tail
    status, closes, body = exchange(server, octets, leave=True)
    assert (status, closes, b"breaks off" in body) == (400, True, True)


@pytest.mark.parametrize("missing", [1, 2 << 20])
def test_a_sized_body_that_breaks_off_is_refused_though_it_looks_whole(server: Any, missing: int) -> None:
    octets = TARGET + b"Host: a\r\nContent-Length: %d\r\n\r\n" % (len(BODY) + missing) + BODY
    status, closes, body = exchange(server, octets, leave=True)
    assert (status, closes, b"breaks off" in body) == (400, True, True)


def test_announced_trailers_are_read_and_ignored(server: Any) -> None:
    octets = TARGET + b"Host: a\r\nTrailer: X-Sum\r\n" + CHUNKED + b"\r\n" + CHUNK + b"0\r\nX-Sum: 1\r\n\r\n"
    assert exchange(server, octets)[0] == 200


def test_trailers_that_nothing_announces_are_taken_for_a_broken_body(server: Any) -> None:
    octets = TARGET + b"Host: a\r\n" + CHUNKED + b"\r\n" + CHUNK + b"0\r\nX-Sum: 1\r\n\r\n"
    assert exchange(server, octets)[0] == 400  # a limit of granian; see lepton.serve.body


def test_a_length_beside_chunks_is_read_by_the_chunks_and_closed(server: Any) -> None:
    octets = TARGET + b"Host: a\r\nContent-Length: 3\r\n" + CHUNKED + b"\r\n" + CHUNK + b"0\r\n\r\n"
    assert exchange(server, octets)[:2] == (200, True)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"Content-Type: \xff\r\n", 400),
        (b"Content-Type: application/json\r\nContent-Type: text/plain\r\n", 400),
        (b"Content-Encoding: \xff\r\n", 415),
        (b"Inference-Header-Content-Length: \xff\r\n", 400),
        (b"Inference-Header-Content-Length: 3\r\nInference-Header-Content-Length: 4\r\n", 400),
        (b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n", 200),
        (b"traceparent: \xff\r\ntracestate: ,,=\r\ntraceparent: x\r\n", 200),
    ],
)
def test_a_field_that_is_twice_there_or_no_text_is_not_absent(server: Any, lines: bytes, status: int) -> None:
    assert exchange(server, TARGET + b"Host: a\r\n" + lines + SIZED + b"\r\n" + BODY)[0] == status


def test_answers_are_not_compressed_even_where_they_may_be(server: Any) -> None:
    octets = TARGET + b"Host: a\r\nAccept-Encoding: gzip, deflate, br\r\n" + SIZED + b"\r\n" + BODY
    status, _, body = exchange(server, octets)
    assert (status, json.loads(body)["outputs"][0]["data"]) == (200, [5])
