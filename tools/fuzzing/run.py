"""One run of one target: a child process, what it found, and the numbers that it ends with.

Owns starting the child with low priority, reading its last words, and keeping what it crashed on; leaves
`atheris` to `child`.
"""

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from fuzzing.selection import chosen
from fuzzing.target import Target

__all__ = ["CORPUS", "Outcome", "fuzz", "kept", "minimised"]

ROOT = Path(__file__).resolve().parents[2]
#: What every run begins with, and the tests replay; one folder a target.
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
#: Inputs of one target that are kept, smallest first, and the bytes of one.
MAX_KEPT = 80
MAX_KEPT_BYTES = 8192
#: Whose steps count when inputs are chosen: the readers, and not what compares them with others.
READERS = "/reference_impl/lepton/"
NICE = 10
#: How long a child may take to end after its time is over, in seconds. It is the last to get the processor,
#: so that on a machine that has much to do its end takes minutes; an input that hangs is ended by the child.
GRACE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run showed. `crash` is the input that the target failed on, `why` what it said of it."""

    target: str
    executions: int
    seconds: float
    peak_mebibytes: int
    crash: bytes | None
    why: str


def fuzz(target: str, folder: Path, *, seconds: int, seed: int, runs: int = -1) -> Outcome:
    """Run a target for `seconds`; what it learns goes to `folder` and serves the next run."""
    artifacts = folder / "artifacts"
    learnt = folder / "corpus"
    for one in (artifacts, learnt):
        one.mkdir(parents=True, exist_ok=True)
    for old in artifacts.iterdir():
        old.unlink()
    command = ["--corpus", str(learnt), "--corpus", str(CORPUS / target), "--artifacts", str(artifacts)]
    command += ["--seconds", str(seconds), "--seed", str(seed), "--runs", str(runs)]
    start = time.monotonic()
    said = _child(target, command, seconds + GRACE_SECONDS)
    took = time.monotonic() - start
    found = sorted(artifacts.iterdir())
    crash = found[0].read_bytes() if found else None
    return Outcome(
        target,
        _number(said, "number_of_executed_units"),
        took,
        _number(said, "peak_rss_mb"),
        crash,
        _reason(said) if crash is not None or "number_of_executed_units" not in said else "",
    )


def minimised(target: Target, crash: bytes, *, seconds: int = 60) -> bytes:
    """Return a smaller input that fails for the same reason: stretches are taken out while it does."""

    def fails(data: bytes) -> str:
        try:
            target.run(data)
        except Exception as error:
            return f"{type(error).__name__} {str(error)[:40]}"
        return ""

    reason = fails(crash)
    end = time.monotonic() + seconds
    length = len(crash)
    while reason and length > 0 and time.monotonic() < end:
        length //= 2
        at = 0
        while length and at < len(crash) and time.monotonic() < end:
            smaller = crash[:at] + crash[at + length :]
            if fails(smaller) == reason:
                crash = smaller
            else:
                at += length
    return crash


def kept(target: Target, folder: Path) -> int:
    """Replace what is kept of a target by a small set that reaches as much; return how many there are now.

    Reproducers (files whose names begin with `found-`) stay.
    """
    home = CORPUS / target.name
    files = [*(folder / "corpus").iterdir(), *home.iterdir()]
    inputs = [data for data in (one.read_bytes() for one in files) if len(data) <= MAX_KEPT_BYTES]
    small = chosen(target.run, inputs, READERS)[:MAX_KEPT]
    for old in home.iterdir():
        if not old.name.startswith("found-"):
            old.unlink()
    for one in small:
        (home / hashlib.sha256(one).hexdigest()[:16]).write_bytes(one)
    return len(small)


def _child(target: str, arguments: list[str], seconds: int) -> str:
    command = [sys.executable, "-m", "fuzzing.child", target, *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tools"), *_inherited()])}
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        preexec_fn=lambda: os.nice(NICE) and None,
    )
    try:
        _, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        _, said = process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    return said.decode("utf-8", "replace")


def _inherited() -> list[str]:
    return [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]


def _number(said: str, name: str) -> int:
    found = re.search(rf"stat::{name}:\s+(\d+)", said)
    return int(found[1]) if found else 0


def _reason(said: str) -> str:
    """Return the line of the child's last words that says what went wrong."""
    lines = [line for line in said.splitlines() if re.match(r"[\w.]*(Error|Exception|Disagreement)\b", line)]
    summary = [
        line for line in said.splitlines() if line.startswith(("SUMMARY", "ALARM", "==")) and "ERROR" in line
    ]
    return (lines or summary or said.splitlines()[-1:] or ["no word"])[-1][:300]
