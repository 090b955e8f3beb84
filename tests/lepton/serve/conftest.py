"""Fixtures: the numpy models in process, and as real servers in child processes on free ports."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import grpc
import pytest

from lepton.serve import Repository

PROGRAM = Path(__file__).with_name("numpy_server.py")

#: The limits of the shared server: small, so that its edges are near.
MAX_REQUEST_BYTES = 4_000_000
TIMEOUT_SECONDS = 3


class Server:
    """A running server. `stop` ends it and returns its exit code."""

    def __init__(self, workers: int = 1, limit: int = MAX_REQUEST_BYTES, *grpc_ports: int) -> None:
        numbers = (0, workers, limit, TIMEOUT_SECONDS, *grpc_ports)
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *map(str, numbers)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), (line, self.process.poll())
        self.port = int(line.split()[2])
        self.address = f"127.0.0.1:{self.port}"
        self.grpc_address = f"127.0.0.1:{line.split()[3]}"

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


@pytest.fixture(scope="session")
def grpc_server() -> Iterator[Server]:
    running = Server(1, MAX_REQUEST_BYTES, 0)
    yield running
    assert running.stop() == 0


class GrpcCaller:
    """Calls with bytes of any kind; answers are the name of the status, its details, and the bytes."""

    def __init__(self, address: str) -> None:
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self.channel = grpc.insecure_channel(address, options)

    def __call__(self, call: str, octets: bytes, timeout: float = 20) -> tuple[str, str, bytes]:
        ask = self.channel.unary_unary(f"/inference.GRPCInferenceService/{call}")
        try:
            return "OK", "", ask(octets, timeout=timeout)
        except grpc.RpcError as error:
            return error.code().name, error.details(), b""


@pytest.fixture(scope="session")
def call(grpc_server: Server) -> Iterator[GrpcCaller]:
    caller = GrpcCaller(grpc_server.grpc_address)
    yield caller
    caller.channel.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    running: list[Server] = []

    def begin(workers: int = 1, limit: int = MAX_REQUEST_BYTES, *grpc_ports: int) -> Server:
        running.append(Server(workers, limit, *grpc_ports))
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
