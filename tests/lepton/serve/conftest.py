"""Fixtures: the numpy models in process, and as real servers in child processes on free ports."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from lepton.serve import Repository

PROGRAM = Path(__file__).with_name("numpy_server.py")

#: The limits of the shared server: small, so that its edges are near.
MAX_REQUEST_BYTES = 4_000_000
TIMEOUT_SECONDS = 3


class Server:
    """A running server. `stop` ends it and returns its exit code."""

    def __init__(self, workers: int = 1) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), "0", str(workers), str(MAX_REQUEST_BYTES), str(TIMEOUT_SECONDS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), (line, self.process.poll())
        self.port = int(line.split()[2])
        self.address = f"127.0.0.1:{self.port}"

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    assert running.stop() == 0


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    running: list[Server] = []

    def begin(workers: int = 1) -> Server:
        running.append(Server(workers))
        return running[-1]

    yield begin
    for one in running:
        one.stop(signal.SIGKILL)


@pytest.fixture(scope="session")
def numpy_models() -> ModuleType:
    found = importlib.util.spec_from_file_location("numpy_server", PROGRAM)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def repository(numpy_models: ModuleType) -> Repository:
    loaded: Repository = numpy_models.load()
    return loaded
