"""`lepton serve`: answer the Open Inference Protocol for packages, until told to stop.

Owns the arguments and the lines that say where the server listens; leaves everything else to
`lepton.serve`. Serves `inference`.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from lepton.errors import LeptonError

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "answer requests for packages over the Open Inference Protocol v2 (REST, gRPC)"
EXAMPLE = "lepton serve build/demo/digits.lepton --port 8000"

#: The largest body accepted unless told otherwise (Spec: INF-LIM-02).
DEFAULT_MAX_REQUEST_BYTES = 64 << 20
DEFAULT_TIMEOUT_SECONDS = 60.0
MAX_WORKERS = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="a package, or a folder of packages"
    )
    parser.add_argument(
        "--repository",
        type=Path,
        metavar="DIR",
        help="folder of packages (NAME.lepton, or NAME/ with lepton.json) whose models clients may load and "
        "unload; whoever reaches the port may",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port",
        type=_integer(0, 65535),
        default=8000,
        help="port, 0 for a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--grpc-port",
        type=_integer(0, 65535),
        metavar="PORT",
        help="also answer gRPC on this port, 0 for a free one (default: no gRPC)",
    )
    parser.add_argument(
        "--workers",
        type=_integer(1, MAX_WORKERS),
        default=1,
        help="processes that serve; each loads every model (default: %(default)s)",
    )
    parser.add_argument(
        "--max-request-bytes",
        type=_integer(1024, 1 << 40),
        default=DEFAULT_MAX_REQUEST_BYTES,
        metavar="N",
        help="largest body that is accepted (default: %(default)s)",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT_SECONDS,
        metavar="SECONDS",
        help="time for a body to arrive, and for its computation (default: %(default)s)",
    )
    parser.add_argument("--artifact", metavar="ID", help="artifact to load (default: the first that may be)")
    parser.add_argument(
        "--allow-executable",
        action="store_true",
        help="also load artifacts that can run code of the package's author",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM (exit code 0) or Ctrl-C (130)."""
    # Imported here: `lepton --help` names every command and must not load engines.
    from lepton.serve.loading import PackageSource
    from lepton.serve.server import run as serve
    from lepton.serve.worker import Address, Limits

    if not args.paths and args.repository is None:
        raise LeptonError("found neither PATH nor --repository, expected at least one of them")
    if args.repository is not None and args.workers > 1:
        raise LeptonError(
            f"found --repository with --workers {args.workers}, expected one worker: a load or unload "
            "reaches only the process that answers it"
        )
    source = PackageSource(tuple(args.paths), args.artifact, args.allow_executable, args.repository)
    host = f"[{args.host}]" if ":" in args.host else args.host

    def announce(address: Address, models: int) -> None:
        served = f"{models} model" if models == 1 else f"{models} models"
        lines = [f"lepton serve: listening on http://{host}:{address.port} ({served})\n"]
        if address.grpc_port is not None:
            lines.append(f"lepton serve: listening on grpc://{address.grpc_target()} ({served})\n")
        print("".join(lines), end="", flush=True)

    address = Address(args.host, args.port, args.grpc_port)
    limits = Limits(args.max_request_bytes, args.timeout)
    received = serve(source.load, address, args.workers, limits, announce)
    # The HTTP server's own threads may still run; they do not survive the interpreter taking itself apart.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if received == signal.SIGTERM else 128 + received)


def _integer(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"found {text!r}, expected an integer in {least}..{most}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected seconds above 0 and at most 86400")
    return seconds
