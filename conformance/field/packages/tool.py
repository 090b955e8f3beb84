"""Programs of the environment `.venv-field-packages`, `lepton` among them, run with a bound on their time.

Owns starting a program and the versions of what is installed; leaves what is asked to the topics. Serves
`package`.
"""

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BIN", "Said", "ToolFault", "lepton", "program", "version"]

#: Where the programs of this environment are.
BIN = Path(sys.prefix) / "bin"
SECONDS = 600
#: Characters of a program's complaint that the table shows.
MAX_COMPLAINT = 2000


class ToolFault(Exception):
    """A program could not be started, did not end in time, or ended otherwise than expected."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a program wrote on standard output and on standard error."""

    output: str
    errors: str


def version(package: str) -> str:
    """Return the installed version of a package. Raises: ToolFault."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise ToolFault(f"found no package {package}, expected it in {sys.prefix}") from error


def program(
    *command: str | Path,
    folder: Path | None = None,
    status: int = 0,
    environment: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Said:
    """Run a program to its end and return what it said. A bare name is looked for in BIN first.

    Raises: ToolFault when it ends with another status than `status`, or not in time.
    """
    first = str(command[0])
    if "/" not in first and (BIN / first).is_file():
        first = str(BIN / first)
    line = [first, *map(str, command[1:])]
    try:
        run = subprocess.run(
            line,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except OSError as error:
        raise ToolFault(f"{first}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise ToolFault(f"{' '.join(line)}: no end within {seconds:g} s") from error
    if run.returncode != status:
        complaint = (run.stderr or run.stdout)[-MAX_COMPLAINT:]
        raise ToolFault(f"{' '.join(line)}: ended with {run.returncode}, expected {status}: {complaint}")
    return Said(run.stdout, run.stderr)


def lepton(
    *arguments: str | Path, status: int = 0, folder: Path | None = None, seconds: float = SECONDS
) -> Said:
    """Run the command `lepton` of this environment. Raises: ToolFault."""
    return program("lepton", *arguments, status=status, folder=folder, seconds=seconds)
