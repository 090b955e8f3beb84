"""`python -m lepton_conformance.mutants.serve`: the naive server or one of its mutants as a program.

Owns the command line; leaves serving to `listener` and `grpc_listener`. Serves `inference`.
"""

import argparse
import sys
import threading
from pathlib import Path

from lepton_conformance.mutants.catalogue import grpc_server, repository_server, server
from lepton_conformance.mutants.grpc_listener import listening_grpc
from lepton_conformance.mutants.listener import listening

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Serve until interrupted; print one line with the address when ready."""
    parser = argparse.ArgumentParser(
        prog="python -m lepton_conformance.mutants.serve",
        description="Serve the conformance models, correctly or with one planted fault.",
    )
    parser.add_argument("--mutant", default="correct", metavar="ID", help="the fault (default: none)")
    parser.add_argument("--grpc", action="store_true", help="speak gRPC instead of REST")
    parser.add_argument(
        "--repository", type=Path, metavar="DIR", help="load the models of a folder, which is in layout plain"
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    arguments = parser.parse_args(argv)
    if arguments.repository is not None and not any(arguments.repository.glob("*/1/model.onnx")):
        print(
            f"mutants.serve: found no DIR/MODEL/1/model.onnx in {arguments.repository}; write one with "
            "lepton certify export-models DIR --layout plain",
            file=sys.stderr,
        )
        return 2
    try:
        if arguments.grpc:
            served = listening_grpc(grpc_server(arguments.mutant), arguments.port)
        elif arguments.repository is not None:
            served = listening(repository_server(arguments.mutant, arguments.repository), arguments.port)
        else:
            served = listening(server(arguments.mutant), arguments.port)
    except KeyError:
        print(f"mutants.serve: no mutant {arguments.mutant!r}; `make mutants` lists them", file=sys.stderr)
        return 2
    try:
        with served as url:
            print(f"listening on {url}", flush=True)
            threading.Event().wait()
    except OSError as error:
        print(f"mutants.serve: cannot listen on port {arguments.port}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
