"""Exchanges byte for byte, on a server of a few lines that answers from a list."""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lepton_conformance.evidence import Evidence, Failure
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.report.reproducer import address_of, script
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.subject.raw import talk
from lepton_conformance.verdict import Blame, Outcome

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LAST = ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@contextlib.contextmanager
def answering(data: bytes, *, keep: bool) -> Iterator[HttpSubject]:
    """Serve one connection: read something, answer the bytes, and close unless they are to be kept."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(data)
        if keep:
            kept.append(connection)
        else:
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield HttpSubject(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=2)
    finally:
        thread.join()
        for connection in kept:
            connection.close()
        listener.close()


def test_all_answers_of_a_connection_are_read_and_recorded() -> None:
    with answering(ANSWER * 3, keep=True) as http:
        found = talk(http, http.head("GET", "v2", ()) * 3, "GET", answers=3)
        assert [answer.status for answer in found.answers] == [200, 200, 200]
        assert found.ended is None
        assert [getattr(exchange, "place", None) for exchange in http.recorder.failing] == [0, 1, 2]


def test_connection_that_ends_early_gives_fewer_answers() -> None:
    with answering(ANSWER, keep=False) as http:
        found = talk(http, http.head("GET", "v2", ()) * 2, "GET", answers=2)
        assert (len(found.answers), found.ended) == (1, True)


def test_answer_that_announces_the_end_is_the_last() -> None:
    with answering(LAST + ANSWER, keep=True) as http:
        found = talk(http, http.head("GET", "v2", ()) * 2, "GET", answers=2)
        assert (len(found.answers), found.ended) == (1, True)


@pytest.mark.parametrize("keep", [False, True])
def test_the_end_of_a_connection_is_watched_for(keep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lepton_conformance.subject.raw.CLOSE_SECONDS", 0.3)
    with answering(ANSWER, keep=keep) as http:
        assert talk(http, http.head("GET", "v2", ()), "GET", watch=True).ended is not keep


def test_a_second_answer_is_no_end() -> None:
    with answering(ANSWER * 2, keep=False) as http:
        assert talk(http, http.head("GET", "v2", ()), "GET", watch=True).ended is False


@pytest.mark.parametrize("data", [b"", ANSWER[:-1], b"hello\r\n\r\n"])
def test_no_answer_and_a_broken_one_are_faults(data: bytes) -> None:
    with answering(data, keep=False) as http, pytest.raises(SubjectFault):
        talk(http, http.head("GET", "v2", ()), "GET")


@pytest.mark.requirement("CNF-REP-03")
def test_an_answer_that_does_not_come_behind_another_is_replayed_behind_it(tmp_path: Path) -> None:
    broken = ANSWER + ANSWER[:-1]
    with answering(broken, keep=False) as http, pytest.raises(SubjectFault):
        talk(http, http.head("GET", "v2", ()) * 2, "GET", answers=2)
    seen = [(getattr(each, "place", None), getattr(each, "status", None)) for each in http.recorder.failing]
    assert seen == [(0, 200), (1, None)]
    failure = Failure("found no answer", Blame.SUBJECT, tuple(http.recorder.failing))
    entry = Evidence("INF-REQ-10", "test_x", Outcome.FAILED, 1, 0.0, failure=failure)
    program = tmp_path / "replay.py"
    program.write_text(script(entry, failure, {"title": "t", "text": "t"}, http.url, program.name))
    for data, code in ((broken, 1), (ANSWER * 2, 0)):
        with answering(data, keep=False) as served:
            run = [sys.executable, str(program), address_of(served.url)]
            assert subprocess.run(run, capture_output=True, timeout=60).returncode == code
