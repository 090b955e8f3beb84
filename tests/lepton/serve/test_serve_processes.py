"""The server's life: start, one line, signals, workers, and nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., Any]


def ask(port: int, model: str, value: float) -> Any:
    body = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [value]}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v2/models/{model}/infer",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=15) as answer:
        return json.load(answer)["outputs"][0]["data"]


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def gone(pids: list[int], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.02)
    return False


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_lets_requests_in_flight_finish_and_exits_0(start: Start, workers: int) -> None:
    server = start(workers)
    idle = socket.create_connection(("127.0.0.1", server.port))
    inside = subprocess.Popen(
        [sys.executable, "-c", _SLOW_CLIENT, str(server.port)], stdout=subprocess.PIPE, text=True
    )
    assert inside.stdout is not None
    assert inside.stdout.readline() == "sending\n"
    time.sleep(0.3)
    begun = time.monotonic()
    assert server.stop(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 8
    assert inside.communicate(timeout=5)[0].strip() == "200"
    assert not listens(server.port)
    idle.close()


_SLOW_CLIENT = """
import http.client, json, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
print("sending", flush=True)
body = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1.2]}]}
connection.request("POST", "/v2/models/sleep/infer", json.dumps(body))
print(connection.getresponse().status)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_leaves_nothing_running(start: Start, workers: int) -> None:
    server = start(workers)
    pids = [server.process.pid, *children(server.process.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGINT)  # as a terminal does, to the whole group
    server.process.communicate(timeout=15)
    assert gone(pids)
    assert not listens(server.port)


def test_workers_end_when_their_parent_is_killed(start: Start) -> None:
    server = start(2)
    pids = children(server.process.pid)
    assert len(pids) >= 2
    assert ask(server.port, "sleep", 0.0) == [0.0]
    server.stop(signal.SIGKILL)
    assert gone(pids)
    assert not listens(server.port)


def test_the_end_of_one_worker_ends_the_server_with_a_reason(start: Start) -> None:
    server = start(2)
    pids = children(server.process.pid)
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in pids}
    os.kill(next(pid for pid in pids if "spawn_main" in commands[pid]), signal.SIGKILL)
    _, errors = server.process.communicate(timeout=15)
    assert server.process.returncode == 1  # the test program prints the traceback of the LeptonError
    assert "worker ended with code -9" in errors
    assert gone(pids)


def test_two_workers_both_answer(start: Start) -> None:
    server = start(2)
    for _ in range(20):
        assert ask(server.port, "sleep", 0.0) == [0.0]
