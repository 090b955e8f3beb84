"""A server as a process group that never outlives the run.

Owns starting, waiting for readiness and stopping; leaves which server it is to `catalogue`. A server that is
interrupted, that crashes or whose driver is killed leaves nothing behind: see `keeper`. Serves `conformance`.
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HOST", "Launch", "NotStarted", "free_ports", "running", "stop"]

HOST = "127.0.0.1"
READY_SECONDS = 120.0
#: How long a server may take to stop by itself before it is killed.
STOP_SECONDS = 10.0
MAX_LOG_LINES = 20
KEEPER = Path(__file__).with_name("keeper.py")


class NotStarted(Exception):
    """The server did not become ready; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server: the command, what to add to the environment, and where it answers."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    port: int
    grpc_port: int
    ready_path: str


def free_ports(count: int) -> tuple[int, ...]:
    """Return ports of 127.0.0.1 that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return tuple(int(each.getsockname()[1]) for each in sockets)


@contextlib.contextmanager
def running(launch: Launch) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process group of its own until the block ends, however it ends.

    Raises: NotStarted.
    """
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    with launch.log.open("wb") as log:
        try:
            process = subprocess.Popen(
                [sys.executable, str(KEEPER), *launch.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=launch.folder,
                env={**os.environ, **launch.environment},
                start_new_session=True,
            )
        except OSError as error:
            raise NotStarted(f"{launch.folder}: {error.strerror}; install the server: make field") from error
        try:
            _wait(process, launch)
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process group: ask, wait, kill what is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _wait(process: subprocess.Popen[bytes], launch: Launch) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotStarted(f"the server ended with status {process.returncode}: {_tail(launch.log)}")
        if _answers(launch) and _accepts(launch.grpc_port):
            return
        time.sleep(0.2)
    raise NotStarted(f"not ready within {READY_SECONDS:g} s: {_tail(launch.log)}")


def _answers(launch: Launch) -> bool:
    connection = http.client.HTTPConnection(HOST, launch.port, timeout=5)
    try:
        connection.request("GET", launch.ready_path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=5).close()
    except OSError:
        return False
    return True


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n  ".join(["", *lines[-MAX_LOG_LINES:]])
