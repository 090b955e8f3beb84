"""Correct subjects to measure with: the reference server, the small servers of the mutants, the runtimes.

Owns starting and stopping them as processes of their own; leaves judging to `lepton_conformance`.
"""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Correct", "naive", "naive_grpc", "reference"]

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Correct:
    """A subject that has no fault: what it is called, and how each set of profiles reaches it."""

    name: str
    forms: tuple[tuple[str, tuple[str, ...]], ...]


@contextlib.contextmanager
def reference() -> Iterator[Correct]:
    """Run `lepton serve` with the conformance models, over REST and gRPC."""
    with tempfile.TemporaryDirectory(prefix="lepton-figures-") as folder:
        models = str(Path(folder) / "models")
        lepton = [sys.executable, "-m", "lepton.cli"]
        exported = [*lepton, "certify", "export-models", models, "--layout", "lepton"]
        subprocess.run(exported, check=True, stdout=subprocess.DEVNULL)
        command = [*lepton, "serve", models, "--port", "0", "--grpc-port", "0"]
        with _running(command, 2) as (rest, grpc):
            yield Correct(
                "lepton serve",
                (
                    (rest, ("oip-rest", "inference-rest", "inference-binary")),
                    (grpc, ("inference-grpc",)),
                ),
            )


@contextlib.contextmanager
def naive() -> Iterator[Correct]:
    """Run the small REST server that the mutants are made from."""
    with _running([sys.executable, "-m", "lepton_conformance.mutants.serve"], 1) as (url,):
        yield Correct("naive server", ((url, ("oip-rest", "inference-rest", "inference-binary")),))


@contextlib.contextmanager
def naive_grpc() -> Iterator[Correct]:
    """Run the small gRPC server that the mutants are made from."""
    with _running([sys.executable, "-m", "lepton_conformance.mutants.serve", "--grpc"], 1) as (url,):
        yield Correct("naive gRPC server", ((url, ("inference-grpc",)),))


@contextlib.contextmanager
def _running(command: list[str], lines: int) -> Iterator[tuple[str, ...]]:
    """Run a server; yield the URLs of its first lines."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        urls = []
        for _ in range(lines):
            line = process.stdout.readline()
            urls.append(next((word for word in line.split() if "://" in word), ""))
        if not all(urls):
            raise RuntimeError(f"found no address from {' '.join(command)}, expected {lines} lines with one")
        yield tuple(urls)
    finally:
        process.terminate()
        try:
            process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
