"""Clumsy use of the suite's commands ends with one line that says what to do, and with exit code 2."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lepton.cli import main
from lepton_conformance.certificate.keys import new_key
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.subject.exchange import HttpExchange
from lepton_conformance.subject.http import HttpSubject


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 2) -> str:
    capsys.readouterr()
    assert main(arguments) == code
    shown = capsys.readouterr()
    assert len(shown.err.strip().splitlines()) == 1, shown.err
    return shown.err


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://[::1", "expected http://HOST:PORT"),
        ("http://127.0.0.1:0", "expected http://HOST:PORT"),
        ("http://127.0.0.1:65536", "expected http://HOST:PORT"),
        ("http://127.0.0.1:x", "expected http://HOST:PORT"),
        ("http://127.0.0.1:1/零", "in ASCII"),
        ("http://127.0.0.1:1/a b", "in ASCII"),
        ("http://127.0.0.1:1/?x=1", "expected http://HOST:PORT"),
        ("http://" + "a" * 70 + ":1", "cannot connect"),
        ("https://127.0.0.1:1", "without TLS"),
    ],
)
def test_unusable_url_is_refused(url: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in refused(["certify", url], capsys)


def test_ipv6_address_stands_in_brackets_in_the_field_host() -> None:
    listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    with listener:
        port = listener.getsockname()[1]
        subject = HttpSubject(f"http://[::1]:{port}", timeout=0.2)
        with pytest.raises(Exception, match="found no answer"):
            subject.get("v2")
        sent = subject.recorder.failing[-1]
        assert isinstance(sent, HttpExchange)
        assert dict(sent.request_headers)["Host"] == f"[::1]:{port}"


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_report_directory_that_cannot_be_is_refused_before_the_run(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    begun = time.monotonic()
    with listening(Naive(), 0) as url:
        assert "Not a directory" in refused(["certify", url, "--report", str(tmp_path / place)], capsys)
    assert time.monotonic() - begun < 2
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("kind", ["fifo", "device", "directory", "missing", "empty", "truncated", "binary"])
def test_unreadable_file_never_hangs_a_command(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, key = tmp_path / "file", tmp_path / "key.pem"
    new_key(key)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "directory":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes({"empty": b"", "truncated": b'{"lepton":', "binary": b"\xff\x00\x1b"}[kind])
    file, good = str(path), str(tmp_path / "key.pub.pem")
    sure = kind in ("fifo", "device", "directory", "missing")
    for command in (
        ["compare", file, file],
        ["attest", file, "--key", str(key), "-o", str(tmp_path / "c")],
        ["verify", file, "--report", file, "--key", good],
    ):
        code = 2 if sure or command[0] == "compare" else 1
        refused(command, capsys, code)
    refused(["verify", file, "--report", file, "--key", file], capsys)
    refused(["certify", "http://127.0.0.1:1", "--known-failures", file], capsys)
    assert not (tmp_path / "c").exists()


def test_interrupted_run_ends_with_130_and_leaves_no_report(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        run = subprocess.Popen(
            [sys.executable, "-m", "lepton.cli", "certify", url, "--report", str(tmp_path / "report")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        silent.settimeout(30)
        kept = [silent.accept(), silent.accept()]  # the probe, then the first request of the suite
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
        for connection, _ in kept:
            connection.close()
    assert run.returncode == 130, err
    assert (out, err) == (b"", b"")
    assert not (tmp_path / "report").exists()


def test_no_generated_cases_still_runs_the_boundary_cases(tmp_path: Path) -> None:
    report = tmp_path / "report"
    with listening(Naive(), 0) as url:
        main(["certify", url, "--only", "INF-DAT-04", "--max-examples", "0", "--report", str(report)])
    found = json.loads((report / "report.json").read_text(encoding="utf-8"))
    judged = next(entry for entry in found["requirements"] if entry["id"] == "INF-DAT-04")
    assert judged["verdict"] == "pass"
    assert judged["tests"][0]["examples"] > 0
