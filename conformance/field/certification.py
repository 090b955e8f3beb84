"""One run of `lepton certify` on a server, as a stranger starts it: exit code, report, and no hang.

Owns the command line and the bound on time; leaves the verdict to the command. Serves `conformance`
(CNF-EXI-01).
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from field.place import LEPTON

__all__ = ["Certified", "CommandFault", "certify", "export_models"]

#: A run that takes longer hangs: a full run of the suite is allowed five minutes.
MAX_SECONDS = 900
VERDICTS = (0, 1, 3)


class CommandFault(Exception):
    """`lepton` gave no verdict: exit code 2 or another that is none, or no end."""


@dataclass(frozen=True, slots=True)
class Certified:
    """A finished run. `found` are the lines about known failures that are new, gone or stale."""

    profile: str
    exit_code: int
    report: Mapping[str, Any]
    folder: Path
    found: tuple[str, ...]

    def failing(self) -> tuple[str, ...]:
        """Return the requirements that fail, SHOULDs included."""
        return tuple(entry["id"] for entry in self.report["requirements"] if entry["verdict"] == "fail")

    def counts(self) -> dict[str, int]:
        """Return how many requirements got which verdict."""
        counts: dict[str, int] = {}
        for entry in self.report["requirements"]:
            counts[entry["verdict"]] = counts.get(entry["verdict"], 0) + 1
        return counts


def certify(
    address: str, profile: str, folder: Path, *, known: Path | None = None, options: Sequence[str] = ()
) -> Certified:
    """Judge a running server by one profile. Raises: CommandFault."""
    command = [str(LEPTON), "certify", address, "--profile", profile, "--report", str(folder), *options]
    if known is not None:
        command += ["--known-failures", str(known)]
    run = _run(command)
    if run.returncode not in VERDICTS:
        said = (run.stderr or run.stdout).strip()[-2000:]
        raise CommandFault(f"exit code {run.returncode} of {' '.join(command)}: {said}")
    report = json.loads((folder / "report.json").read_bytes())
    lines = tuple(line for line in run.stdout.splitlines() if "known failure" in line or "not known" in line)
    return Certified(profile, run.returncode, report, folder, lines)


def export_models(folder: Path, layout: str) -> None:
    """Write the conformance models. Raises: CommandFault."""
    run = _run([str(LEPTON), "certify", "export-models", str(folder), "--layout", layout])
    if run.returncode != 0:
        raise CommandFault(f"export-models ended with {run.returncode}: {run.stderr.strip()}")


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=MAX_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise CommandFault(f"no end within {MAX_SECONDS} s: {' '.join(command)}") from error
    except OSError as error:
        raise CommandFault(f"{command[0]}: {error.strerror}; set up first: make test") from error
