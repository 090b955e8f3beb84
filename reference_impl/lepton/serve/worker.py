"""One worker process: an event loop, granian's HTTP server embedded in it, and an orderly end.

Owns starting to listen, saying so, and draining on a signal; leaves the socket's address and other workers to
`lepton.serve.server`. Serves no clause of the standard.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

from granian.constants import HTTPModes
from granian.http import HTTP1Settings
from granian.server.embed import Server

from lepton.errors import LeptonError
from lepton.serve.body import Bodies
from lepton.serve.lanes import Lanes
from lepton.serve.management import Management
from lepton.serve.memory import keep_freed
from lepton.serve.metrics import Metrics
from lepton.serve.repository import Repository
from lepton.serve.rest import RestTransport
from lepton.serve.routes import Routes

__all__ = ["Address", "Limits", "work"]

#: How long requests in flight may take to finish after the signal to stop.
DRAIN_SECONDS = 25.0
#: Connections that one worker keeps open at once; idle ones count.
MAX_CONNECTIONS = 16384
LISTEN_BACKLOG = 1024
#: How long a client may take for its header section, in milliseconds; also how long a connection may idle.
HEADER_MILLISECONDS = 60_000
#: The largest header section, in bytes.
HEADER_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens; `grpc_port` is None where it does not answer gRPC."""

    host: str
    port: int
    grpc_port: int | None = None

    def grpc_target(self) -> str:
        """Return the host and the gRPC port in one text."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.grpc_port}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take: bytes of body, and seconds to arrive and to be computed (each)."""

    max_request_bytes: int
    timeout: float


def work(
    address: Address,
    repository: Repository,
    limits: Limits,
    signals: Sequence[int],
    received: Sequence[int],
    ready: Callable[[], None],
) -> int:
    """Serve until one of `signals`, and return it. Call `ready`, in a thread, once connections are accepted.

    `received` holds signals that came before; more may come until this function handles them itself.
    """
    _allow_open_files()
    keep_freed()
    return asyncio.run(_serve(address, repository, limits, signals, received, ready))


async def _serve(
    address: Address,
    repository: Repository,
    limits: Limits,
    signals: Sequence[int],
    received: Sequence[int],
    ready: Callable[[], None],
) -> int:
    routes = Routes(repository, _own_version(), limits.max_request_bytes)
    lanes = Lanes(limits.timeout)
    management = Management(repository.control) if repository.control is not None else None
    bodies = Bodies(limits.max_request_bytes, limits.timeout)
    metrics = Metrics(_own_version(), str(os.getpid()) if multiprocessing.parent_process() else "")
    transport = RestTransport(routes, lanes, bodies, metrics, management)
    server = Server(
        transport,
        address=address.host,
        port=address.port,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
        websockets=False,
        backlog=LISTEN_BACKLOG,
        backpressure=MAX_CONNECTIONS,
        log_enabled=False,
    )
    over_grpc = _grpc_server(address, routes, lanes, limits)
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()

    def stop(number: int) -> None:
        if stopped.done():
            os._exit(128 + number)  # a second signal: at once
        routes.draining = True
        stopped.set_result(number)

    for number in signals:
        loop.add_signal_handler(number, stop, number)
    for number in received[:1]:
        stop(number)
    serving = asyncio.ensure_future(server.serve())
    threading.Thread(target=_announce, args=(address, ready), daemon=True).start()
    await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
    if not stopped.done():
        await serving  # raises what ended it
        raise RuntimeError("the HTTP server ended by itself")
    server.stop()  # type: ignore[no-untyped-call]
    drained = asyncio.gather(serving, asyncio.to_thread(over_grpc.drain, DRAIN_SECONDS))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(drained), DRAIN_SECONDS)
    if management is not None:
        management.close()
    if not lanes.close():
        # A computation that never ends would hold up the interpreter's own exit for ever.
        sys.stderr.flush()
        os._exit(0 if stopped.result() == signal.SIGTERM else 128 + stopped.result())
    return stopped.result()


class _Drained(Protocol):
    """What answers beside HTTP."""

    def drain(self, seconds: float) -> None:
        """Finish what is in flight within `seconds`, and close."""
        ...


class _Nothing:
    """Stands for gRPC where a server does not answer it."""

    def drain(self, seconds: float) -> None:
        """Have nothing in flight."""


def _grpc_server(address: Address, routes: Routes, lanes: Lanes, limits: Limits) -> _Drained:
    """Start to answer gRPC where that is asked for. Raises: LeptonError."""
    if address.grpc_port is None:
        return _Nothing()
    # Imported here: it needs an optional dependency, and takes 0.2 seconds.
    try:
        from lepton.serve.grpc_service import InferenceService
        from lepton.serve.grpc_transport import GrpcServer
    except ImportError as error:
        raise LeptonError(
            f"found no module {error.name!r}, which gRPC needs; run: pip install 'lepton-standard[grpc]'"
        ) from error
    service = InferenceService(routes, lanes)
    server = GrpcServer(address.grpc_target(), service, limits.max_request_bytes, limits.timeout)
    server.start()
    return server


def _announce(address: Address, ready: Callable[[], None]) -> None:
    """Call `ready` as soon as a connection is accepted."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)
    while True:
        try:
            socket.create_connection((reachable, address.port), timeout=1).close()
        except OSError:
            time.sleep(0.002)
            continue
        ready()
        return


def _allow_open_files() -> None:
    """Raise the soft limit of open files, commonly 1,024, towards the number of connections."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_CONNECTIONS if hard == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _own_version() -> str:
    try:
        return version("lepton-standard")
    except PackageNotFoundError:
        return "0"
