"""The server as processes: one port, one or several workers, and no worker left behind.

Owns the address, the workers' lives and the exit; leaves serving to `lepton.serve.worker`. Serves no clause
of the standard.

A worker notices the end of its parent, however it came, and ends itself.
"""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from lepton.errors import LeptonError
from lepton.serve.repository import Repository
from lepton.serve.worker import Address, Limits, work

__all__ = ["run"]

#: How many free ports are tried when another process takes the one just found.
PORT_ATTEMPTS = 16
#: How long workers may take to end after the signal, in seconds: their own drain, and a little more.
STOP_SECONDS = 30.0

Load = Callable[[], Repository]
#: Told where the server listens, and the number of its models.
Announce = Callable[[Address, int], None]


def run(load: Load, address: Address, workers: int, limits: Limits, announce: Announce) -> int:
    """Serve what `load` returns until a signal; call `announce` once ready.

    `load` runs in each worker (it is pickled when there are several). Port 0 takes a free one. Returns the
    signal that ended it. Raises: LeptonError when the address cannot be used or a worker fails.
    """
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(_reserved(address.host, address.port, "--port"))
        grpc_port = address.grpc_port
        if grpc_port is not None:
            grpc_port = stack.enter_context(_reserved(address.host, grpc_port, "--grpc-port"))
        chosen = Address(address.host, port, grpc_port)
        if workers == 1:
            signals = (signal.SIGTERM, signal.SIGINT)
            return _load_and_work(load, chosen, limits, signals, lambda models: announce(chosen, models))
        return _supervise(load, chosen, workers, limits, announce)


@contextlib.contextmanager
def _signals_kept(signals: Sequence[int]) -> Iterator[list[int]]:
    """Keep signals in a list until a worker handles them itself.

    Raised in the middle of loading, an exception would meet libraries that cannot be interrupted, and files
    of ours would stay behind. A second signal ends the process at once.
    """
    received: list[int] = []

    def keep(number: int, _: object) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)

    previous = {number: signal.signal(number, keep) for number in signals}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _load_and_work(
    load: Load, address: Address, limits: Limits, signals: Sequence[int], announce: Callable[[int], None]
) -> int:
    """Serve what `load` returns until a signal; return the signal, however early it came."""
    with _signals_kept(signals) as received:
        repository = load()
        if received:
            return received[0]
        return work(address, repository, limits, signals, received, lambda: announce(len(repository)))


@contextlib.contextmanager
def _reserved(host: str, port: int, option: str) -> Iterator[int]:
    """Hold the port while workers come and go: they share it with this socket, which never listens."""
    for _ in range(PORT_ATTEMPTS):
        probe = _bound(host, port, option, shared=False)
        chosen: int = probe.getsockname()[1]
        probe.close()
        if not hasattr(socket, "SO_REUSEPORT") or sys.platform != "linux":
            yield chosen
            return
        try:
            reservation = _bound(host, chosen, option, shared=True)
        except LeptonError:
            if port != 0:
                raise
            continue
        with reservation:
            yield chosen
        return
    raise LeptonError(f"found no free port on {host} in {PORT_ATTEMPTS} attempts; choose one with {option}")


def _bound(host: str, port: int, option: str, *, shared: bool) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise LeptonError(f"found host {host!r} ({error.strerror}), expected one of this machine") from error
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise LeptonError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another port with {option}, or 0 for "
            "a free one"
        ) from error
    return bound


def _supervise(load: Load, address: Address, count: int, limits: Limits, announce: Announce) -> int:
    context = multiprocessing.get_context("spawn")
    wakened, waker = socket.socketpair()
    wakened.setblocking(False)
    waker.setblocking(False)
    received: list[int] = []
    processes: list[BaseProcess] = []

    def on_signal(number: int, _: object) -> None:
        if received:  # a second signal: at once
            for process in processes:
                process.kill()
            os._exit(128 + number)
        received.append(number)

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    previous_waker = signal.set_wakeup_fd(waker.fileno())
    reports: list[Connection] = []
    try:
        for _ in range(count):
            report, far_end = context.Pipe(duplex=False)
            process: BaseProcess = context.Process(target=_worker, args=(load, address, limits, far_end))
            process.start()
            far_end.close()
            processes.append(process)
            reports.append(report)
        models = 0
        waiting: set[Connection] = set(reports)
        while waiting and not received:
            ready = multiprocessing.connection.wait([*waiting, wakened])
            for report in waiting.intersection(ready):
                models = _started(report)
                waiting.discard(report)
        if not received:
            announce(address, models)
        while not received:
            ended = multiprocessing.connection.wait([*(process.sentinel for process in processes), wakened])
            for process in processes:
                if process.sentinel in ended and not received:
                    process.join()
                    raise LeptonError(f"found a worker ended with code {process.exitcode}; all are stopped")
        return received[0]
    finally:
        _stop(processes)
        signal.set_wakeup_fd(previous_waker)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _started(report: Connection) -> int:
    """Return the number of models that a worker serves. Raises: LeptonError with the worker's reason."""
    try:
        models, problem = report.recv()
    except EOFError as error:
        raise LeptonError("found a worker ended before it was ready; all are stopped") from error
    if problem:
        raise LeptonError(problem)
    return int(models)


def _stop(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(STOP_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _worker(load: Load, address: Address, limits: Limits, report: Connection) -> None:
    # Ctrl-C reaches the whole group of processes; the parent passes it on as SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _load_and_work(load, address, limits, (signal.SIGTERM,), lambda models: report.send((models, "")))
    except (LeptonError, OSError) as error:
        with contextlib.suppress(OSError):  # the parent may have given up already
            report.send((0, str(error)))
        sys.exit(2)
    sys.stderr.flush()
    os._exit(0)  # not through the interpreter's end: threads of the HTTP server may still run


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
