"""HTTP as it really comes: a server in a child process, raw sockets."""

import contextlib
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MAX_REQUEST_BYTES = 4_000_000  # as in conftest.py
BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, 1], "datatype": "INT32", "data": [5]}]}).encode()
ANSWER = b'"data":[5]'
POST = b"POST /v2/models/id_int32/infer HTTP/1.1\r\nHost: a\r\n"
LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n"


class Wire:
    """One connection, and answers read by their Content-Length."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        self.file = self.socket.makefile("rb")

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def answer(self, *, head: bool = False) -> tuple[int, dict[str, str], bytes]:
        status = int(self.file.readline().split()[1])
        headers = {}
        while line := self.file.readline().strip():
            name, value = line.decode().split(":", 1)
            headers[name.lower()] = value.strip()
        length = 0 if head or status == 100 else int(headers["content-length"])
        return status, headers, self.file.read(length)

    def closed(self) -> bool:
        return self.file.read(1) == b""


@pytest.fixture
def wire(server: Any) -> Wire:
    return Wire(server.port)


def sized(body: bytes, start: bytes = POST, more: bytes = b"") -> bytes:
    return start + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_reads_chunked_bodies_of_any_chunking(wire: Wire) -> None:
    for size in (1, 7, 1000):
        wire.send(POST + b"transfer-ENCODING: chunked\r\n\r\n" + chunked(BODY, size))
        status, _, body = wire.answer()
        assert (status, ANSWER in body) == (200, True)


def test_answers_pipelined_requests_in_order(wire: Wire) -> None:
    wire.send(sized(BODY) + sized(b"{") + LIVE + sized(BODY))
    assert [wire.answer()[0] for _ in range(4)] == [200, 400, 200, 200]


@pytest.mark.parametrize(
    "content_type",
    [b"application/json", b"Application/JSON; Charset=UTF-8", b'application/json;charset="utf-8"', None],
)
def test_takes_json_with_and_without_a_media_type(wire: Wire, content_type: bytes | None) -> None:
    wire.send(sized(BODY, more=b"Content-Type: " + content_type + b"\r\n" if content_type else b""))
    status, headers, _ = wire.answer()
    assert (status, headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/plain",
        b"Content-Type: application/x-www-form-urlencoded",
        b"Content-Type: application/json; charset=latin-1",
        b"Content-Encoding: br",
        b"Content-Encoding: gzip, gzip",
        b"Content-Encoding: gzip\r\nContent-Encoding: br",
    ],
)
def test_refuses_other_media_types_and_codings_with_415(wire: Wire, header: bytes) -> None:
    wire.send(sized(BODY, more=header + b"\r\n") + LIVE)
    status, _, body = wire.answer()
    assert status == 415
    assert json.loads(body)["error"]
    assert wire.answer()[0] == 200


def test_decodes_percent_encoded_segments_and_ignores_slash_and_query(wire: Wire) -> None:
    for path in (
        b"/v2/models/%69d%5Fint32/infer",
        b"/v2/models/id_int32/infer/",
        b"/v2/models/id_int32/infer?a=b",
    ):
        wire.send(sized(BODY, POST.replace(b"/v2/models/id_int32/infer", path)))
        assert wire.answer()[0] == 200


@pytest.mark.parametrize(
    "path",
    [b"/v2/models/..%2f..%2fetc%2fpasswd", b"/v2/models/%00", b"/v2/models/%ff%zz", b"/v2/../v2", b"*"],
)
def test_odd_paths_are_not_found(wire: Wire, path: bytes) -> None:
    wire.send(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    status, headers, body = wire.answer()
    assert (status, headers["content-type"]) == (404, "application/json")
    assert json.loads(body)["code"] == "NOT_FOUND"


def test_wrong_methods_get_405_and_head_has_no_body(wire: Wire) -> None:
    wire.send(b"GET /v2/models/id_int32/infer HTTP/1.1\r\nHost: a\r\n\r\n")
    status, headers, _ = wire.answer()
    assert (status, headers["allow"]) == (405, "POST")
    wire.send(b"TRACE /v2 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert wire.answer()[0] == 405
    wire.send(b"HEAD /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n" + LIVE)
    assert wire.answer(head=True)[0] == 200
    assert wire.answer()[2] == b'{"live":true}'


@pytest.mark.parametrize("coding", ["sized", "chunked"])
def test_a_body_over_the_limit_gets_413_and_the_next_request_is_answered(server: Any, coding: str) -> None:
    wire = Wire(server.port)
    body = b" " * (MAX_REQUEST_BYTES + 1)
    if coding == "sized":
        wire.send(sized(body))
    else:
        wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body, 1 << 16))
    status, _, answer = wire.answer()
    assert status == 413
    assert json.loads(answer)["code"] == "RESOURCE_EXHAUSTED"
    wire.send(LIVE)
    assert wire.answer()[0] == 200


def test_a_body_of_exactly_the_limit_is_read(wire: Wire) -> None:
    wire.send(sized(BODY + b" " * (MAX_REQUEST_BYTES - len(BODY))))
    assert wire.answer()[0] == 200


def test_an_absurd_length_is_refused_without_reading(wire: Wire) -> None:
    wire.send(POST + b"Content-Length: 999999999999\r\n\r\n")
    status, headers, _ = wire.answer()
    assert (status, headers["connection"]) == (413, "close")
    assert wire.closed()


def test_a_client_that_waits_to_continue_is_told_first(wire: Wire) -> None:
    wire.send(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
    assert wire.answer()[0] == 100
    wire.send(BODY)
    assert wire.answer()[0] == 200
    wire.send(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (MAX_REQUEST_BYTES + 1))
    assert wire.answer()[0] == 413


def test_unwanted_bodies_are_read_so_that_the_connection_lives(wire: Wire) -> None:
    unknown = POST.replace(b"id_int32", b"nothing")
    wire.send(sized(b"x" * 3_000_000, unknown) + LIVE)
    assert wire.answer()[0] == 404
    assert wire.answer()[0] == 200
    wire.send(unknown + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"x" * 300_000, 4096) + LIVE)
    assert wire.answer()[0] == 404
    assert wire.answer()[0] == 200


@pytest.mark.parametrize(
    "octets",
    [
        b"\0\1\2\r\n\r\n",
        b"GET /v2 HTTP/9.9\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Transfer-Encoding: gzip\r\n\r\n",
        LIVE[:-2] + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n",
    ],
)
def test_malformed_http_is_refused_and_the_server_goes_on(server: Any, octets: bytes) -> None:
    wire = Wire(server.port)
    with contextlib.suppress(ConnectionError):
        wire.send(octets)
        line = wire.file.readline()
        assert line == b"" or line.split()[1].startswith((b"4", b"5"))
    again = Wire(server.port)
    again.send(sized(BODY))
    assert again.answer()[0] == 200


def test_a_body_that_breaks_off_gets_400(wire: Wire) -> None:
    wire.send(POST + b"Content-Length: 500\r\n\r\n" + BODY)
    wire.socket.shutdown(socket.SHUT_WR)
    status, headers, _ = wire.answer()
    assert (status, headers["connection"]) == (400, "close")


def test_a_body_that_does_not_come_gets_408(wire: Wire) -> None:
    begun = time.monotonic()
    wire.send(POST + b"Content-Length: 500\r\n\r\n" + BODY)
    assert wire.answer()[0] == 408
    assert time.monotonic() - begun < 10


def test_a_computation_over_the_time_limit_gets_503_while_others_are_answered(server: Any) -> None:
    slow, quick = Wire(server.port), Wire(server.port)
    request = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [5]}]}
    slow.send(sized(json.dumps(request).encode(), POST.replace(b"id_int32", b"sleep")))
    begun = time.monotonic()
    quick.send(sized(BODY))
    assert quick.answer()[0] == 200
    assert time.monotonic() - begun < 2
    status, headers, _ = slow.answer()
    assert status == 503
    assert headers["retry-after"]


def test_concurrent_answers_are_each_ones_own(server: Any) -> None:
    """INF-ISO-01: the answer to a request depends on that request alone."""
    wrong: list[object] = []

    def ask(seed: int) -> None:
        wire = Wire(server.port)
        random = np.random.default_rng(seed)
        for _ in range(20):
            values = random.integers(-(2**31), 2**31, size=int(random.integers(1, 5000))).tolist()
            request = {
                "inputs": [{"name": "x", "shape": [1, len(values)], "datatype": "INT32", "data": values}]
            }
            wire.send(sized(json.dumps({**request, "id": str(seed)}).encode()))
            status, _, body = wire.answer()
            answer = json.loads(body)
            if status != 200 or answer["id"] != str(seed) or answer["outputs"][0]["data"] != values:
                wrong.append((seed, status))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_thousand_idle_connections_do_not_keep_others_out(server: Any) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(400)]
    idle += [socket.create_connection(("127.0.0.1", server.port)) for _ in range(400)]
    try:
        wire = Wire(server.port)
        wire.send(sized(BODY))
        assert wire.answer()[0] == 200
    finally:
        for one in idle:
            one.close()


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory of a process from /proc")
def test_hostile_bodies_take_bounded_memory(server: Any) -> None:
    room = MAX_REQUEST_BYTES - 1000
    tensor = b'{"name":"x","shape":[1,1],"datatype":"INT32","data":[5]},'
    bodies = [
        b"[" * room,
        b'{"inputs":[' + tensor * (room // len(tensor)),
        b'{"inputs":[{"name":"x","shape":[' + b"1," * (room // 2) + b"1]",
        b'{"inputs":[{"name":"x","shape":[4611686018427387904,1],"datatype":"INT32","data":['
        + b"1," * (room // 2)
        + b"1]}]}",
        b'{"id":"' + b"a" * room + b'"}',
        b'{"inputs":[],"parameters":{' + b",".join(b'"%d":1' % at for at in range(room // 11)) + b"}}",
        b'{"inputs":[{"name":"x","shape":[1,1],"datatype":"INT32","data":[' + b"9" * room + b"]}]}",
    ]
    before = resident_bytes(server.process.pid)
    for body in bodies:
        for _ in range(3):
            wire = Wire(server.port)
            wire.send(sized(body))
            assert wire.answer()[0] == 400
    assert resident_bytes(server.process.pid) - before < 40 * MAX_REQUEST_BYTES
    wire = Wire(server.port)
    wire.send(sized(BODY))
    assert wire.answer()[0] == 200
