"""A server of a field run never outlives it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from field.process import HOST, Launch, NotStarted, free_ports, running

#: A server with a process of its own below it, as tritonserver and TorchServe have; it ignores SIGTERM.
SERVER = """
import http.server, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""


def launch(folder: Path, program: str = SERVER) -> Launch:
    (port,) = free_ports(1)
    command = [sys.executable, "-c", program, str(port)]
    return Launch(command, {}, folder, folder / "server.log", port, port, "/v2/health/ready")


def alive(process: int) -> bool:
    """Say whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(process: int) -> bool:
    deadline = time.monotonic() + 10
    while alive(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(process)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("field.process.STOP_SECONDS", 0.3)


def test_server_and_its_children_end_with_the_block(tmp_path: Path) -> None:
    with running(launch(tmp_path)) as process:
        child = int((tmp_path / "server.log").read_text())
        assert alive(process.pid)
        assert alive(child)
    assert ends(process.pid)
    assert ends(child)


def test_server_ends_when_the_block_raises(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), running(launch(tmp_path)) as process:
        raise KeyboardInterrupt
    assert ends(process.pid)


def test_server_that_ends_at_once_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    program = "raise SystemExit('no such model')"
    with pytest.raises(NotStarted, match=r"status 1: \n  no such model"), running(launch(tmp_path, program)):
        pass


def test_program_that_is_not_there_is_reported(tmp_path: Path) -> None:
    absent = Launch([str(tmp_path / "none")], {}, tmp_path, tmp_path / "log", 1, 1, "/")
    with pytest.raises(NotStarted, match="status 127"), running(absent):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_server_ends_with_a_driver_that_is_stopped_or_killed(tmp_path: Path, number: signal.Signals) -> None:
    driver = textwrap.dedent(
        f"""
        import pathlib, signal, sys, time
        from field import process
        from field.__main__ import interrupt
        signal.signal(signal.SIGTERM, interrupt)
        process.STOP_SECONDS = 0.3
        folder = pathlib.Path({str(tmp_path)!r})
        (port,) = process.free_ports(1)
        command = [sys.executable, "-c", {SERVER!r}, str(port)]
        launch = process.Launch(command, {{}}, folder, folder / "server.log", port, port, "/")
        with process.running(launch) as it:
            print(it.pid, flush=True)
            time.sleep(600)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", driver], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        server = int(process.stdout.readline())
        os.kill(process.pid, number)
        process.wait(20)
    assert ends(server)
    assert ends(int((tmp_path / "server.log").read_text()))


def test_ports_are_free_and_unlike() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert HOST == "127.0.0.1"
