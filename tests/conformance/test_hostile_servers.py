"""What a hostile server says neither breaks a run nor defaces its report or the terminal."""

import ast
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lepton.cli import main

#: A lone surrogate, controls of ASCII and beyond it, a bidi override, markup, quotes and format fields.
SAID = "\ud800\x00\x1b[31m\x9b31m\u202e\uffff<script>alert(1)</script>\"\"\"'''{x}\\ \n"


def nasty(said: str) -> bytes:
    tensor = {"name": said, "datatype": said, "shape": [-1, -1]}
    names = ("name", "version", "platform", "model_name", "id", "error")
    document: dict[str, Any] = dict.fromkeys(names, said)
    document |= {"extensions": [said], "versions": [said], "inputs": [tensor], "outputs": [tensor]}
    return json.dumps(document | {"parameters": {said: said}}).encode()


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """Answer everything with 200, this body and a header that steers terminals."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("X-Steer", "\x1b[31m")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Keep quiet about requests that make no sense: the suite sends some."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def unseen(text: str) -> set[str]:
    return {mark for mark in text if mark != "\n" and not mark.isprintable()}


@pytest.mark.parametrize(
    "body",
    [nasty(SAID), b"[" * 200_000, b'{"name":' + b"9" * 50_000 + b"}", b"\xff\x00\x1b[2J"],
    ids=["text", "depth", "number", "bytes"],
)
def test_report_of_a_hostile_server_is_whole_and_plain(
    body: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report"
    with answering(body) as url:
        profiles = ["--profile", "inference-rest", "--profile", "inference-binary"]
        code = main(["certify", url, *profiles, "--max-examples", "1", "--report", str(report)])
    shown = capsys.readouterr()
    assert code == 1, shown.err
    assert all(re.match(r"\d+/\d+ INF-", line) for line in shown.err.splitlines()), shown.err  # progress
    assert not unseen(shown.out)
    files = [path for path in report.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not unseen(text.replace("\t", "")), path
        if path.suffix == ".py":
            ast.parse(text)
    json.loads((report / "report.json").read_text(encoding="utf-8"))
    ElementTree.parse(report / "junit.xml")
    assert "<script" not in (report / "report.html").read_text(encoding="utf-8")


def test_answers_of_ten_megabytes_leave_a_small_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(json.dumps({"name": "A" * 10_000_000, "error": "B" * 10}).encode()) as url:
        only = [word for name in ("INF-MET-01", "INF-ERR-01") for word in ("--only", name)]
        code = main(["certify", url, *only, "--max-examples", "1", "--report", str(tmp_path / "report")])
    assert code == 1
    assert len(capsys.readouterr().out) < 10_000
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 1_000_000


def test_smoke_prints_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(nasty(SAID)) as url:
        main(["certify", "smoke", url])
    assert not unseen(capsys.readouterr().out)
