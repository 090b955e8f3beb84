"""Try every fault, or as many as the time allows, and write the table.

Owns the order of things: the packages are laid out and traced once; then each fault is tried, in a process
forked off a warm one, on the packages that reach its line, until one is judged wrongly; what survives is
judged by the whole profile where that was asked for. Serves `package`.
"""

import argparse
import json
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sourcefaults.corpus import Laid, laid_out, wrong
from sourcefaults.fault import ROOT, Fault, NotApplicableError, source
from sourcefaults.hook import adapter, altered, validator_of
from sourcefaults.patches import by_hand, modules
from sourcefaults.reach import LINES_A_MODULE, Reach, reached
from sourcefaults.rules import by_rule
from sourcefaults.table import written

__all__ = ["main"]

#: Seconds and bytes that one faulty validator may take; one that takes more is killed, and noticed.
SECONDS, BYTES = 90, 6 << 30
#: How often a fault's own requirement has to miss before the others count.
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a fault: the requirement that noticed it, empty if none; by which package; seconds."""

    id: str
    rule: str
    requirement: str
    by: str
    package: str
    seconds: float
    equivalent: str = ""


def main() -> int:
    """Run as the command line says. Exit code 1 when a fault written by hand survives unexplained."""
    parser = argparse.ArgumentParser(prog="sourcefaults", description=__doc__)
    parser.add_argument("faults", nargs="*", help="names, or beginnings of names; all when none is given")
    parser.add_argument("--minutes", type=float, default=10.0, help="0: as long as it takes (default 10)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--generated", type=int, default=4, help="packages generated for each requirement")
    parser.add_argument("--rules", action="store_true", help="faults by rule only")
    parser.add_argument("--hand", action="store_true", help="faults by hand only")
    parser.add_argument("--profile", action="store_true", help="judge survivors by the whole profile")
    parser.add_argument("--requirement", default="", help="faults about requirements that begin so")
    parser.add_argument("--packages", default="", help="packages of requirements that begin so")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "validator-mutants")
    arguments = parser.parse_args()
    end = time.monotonic() + arguments.minutes * 60 if arguments.minutes else None
    folder = Path(tempfile.mkdtemp(prefix="sourcefaults-"))
    arguments.output.mkdir(parents=True, exist_ok=True)
    fates = []
    try:
        with (arguments.output / "fates.jsonl").open("w", encoding="utf-8") as told:
            for fate in _tried(arguments, folder, end):
                print(json.dumps(asdict(fate)), file=told, flush=True)
                fates.append(fate)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table = written(fates)
    (arguments.output / "table.md").write_text(table, encoding="utf-8")
    print(table)
    survivors = [one for one in fates if one.rule == "patch" and not one.by and not one.equivalent]
    return 1 if survivors else 0


def _tried(arguments: argparse.Namespace, folder: Path, end: float | None) -> Iterator[Fate]:
    faults = [one for one in _chosen(arguments) if not arguments.requirement or one.requirement]
    faults = [one for one in faults if one.requirement.startswith(arguments.requirement)]
    laid = laid_out(
        folder, seed=arguments.seed, generated=arguments.generated, requirement=arguments.packages
    )
    files = [source(name) for name in modules()]
    print(f"{len(faults)} faults, {len(laid)} packages", file=sys.stderr)
    reach, lines = reached(files, laid, WORKERS)
    print(f"traced after {time.monotonic() - _STARTED:.0f} s", file=sys.stderr)
    plans = [(one, _plan(one, laid, reach, lines)) for one in faults]
    fates = _forked(plans, end)
    for fault, fate in fates:
        again = not fate.by and arguments.profile and not fault.equivalent
        yield _whole(fault, fate) if again else fate


_STARTED = time.monotonic()


def _chosen(arguments: argparse.Namespace) -> list[Fault]:
    """Return the faults to try: those by hand first, then those by rule in an order that the seed gives."""
    hand = [] if arguments.rules else list(by_hand())
    ruled = [] if arguments.hand else [one for name in modules() for one in by_rule(name)]
    random.Random(arguments.seed).shuffle(ruled)
    both = [*hand, *ruled]
    if not arguments.faults:
        return both
    return [one for one in both if any(one.id.startswith(name) for name in arguments.faults)]


def _plan(fault: Fault, laid: Sequence[Laid], reach: Reach, lines: Sequence[frozenset[int]]) -> list[Laid]:
    """Return the packages that a fault is tried on: those of its requirement first, then the rarest."""
    wanted, modules_ = reach.of(fault)
    at = [place for place, seen in enumerate(lines) if not seen.isdisjoint(wanted)]
    if wanted and not at:  # a line that runs at import, or never: whatever reaches its module
        at = [
            place
            for place, seen in enumerate(lines)
            if any(one // LINES_A_MODULE in modules_ for one in seen)
        ]
    if not at:
        at = list(range(len(laid)))
    if fault.requirement:  # what its own test would send
        about = [place for place in at if fault.requirement == laid[place].about]
        at = about + [place for place in at if not laid[place].case.violates and place not in set(about)]

    def order(place: int) -> tuple[bool, bool]:
        one = laid[place].case
        return one.violates != fault.requirement, one.level == "full"

    at.sort(key=order)
    return [laid[place] for place in at]


def _forked(plans: Iterable[tuple[Fault, list[Laid]]], end: float | None) -> Iterator[tuple[Fault, Fate]]:
    """Try faults in forked processes, a few at a time, and yield what became of them."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import numpy  # noqa: F401 - loaded once, for all of them
    import onnxruntime  # noqa: F401

    running: dict[int, tuple[Fault, int, float]] = {}
    waiting = iter(plans)
    more = True
    while more or running:
        while more and len(running) < WORKERS:
            if end is not None and time.monotonic() > end:
                more = False
                break
            one = next(waiting, None)
            if one is None:
                more = False
                break
            reading, process = _start(*one)
            running[reading] = (one[0], process, time.monotonic())
        ready = select.select(list(running), [], [], 1.0)[0]
        for reading in list(running):
            fault, process, began = running[reading]
            late = time.monotonic() - began > SECONDS
            if reading not in ready and not late:
                continue
            with os.fdopen(reading, "rb") as pipe:
                if reading not in ready:
                    os.killpg(process, signal.SIGKILL)
                said = pipe.read().decode() if reading in ready else ""
            os.waitpid(process, 0)
            del running[reading]
            by, package = json.loads(said) if said else ("PKG-VAL-08", "it died" if not late else "no end")
            seconds = round(time.monotonic() - began, 2)
            yield fault, Fate(fault.id, fault.rule, fault.requirement, by, package, seconds, fault.equivalent)


def _start(fault: Fault, packages: Sequence[Laid]) -> tuple[int, int]:
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return reading, process
    try:
        os.setpgid(0, 0)
        os.close(reading)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        os.write(writing, json.dumps(_judged(fault, packages)).encode())
    finally:
        os._exit(0)
    raise AssertionError


def _judged(fault: Fault, packages: Sequence[Laid]) -> tuple[str, str]:
    """Return the requirement that notices a fault, its own if that does, and the package that shows it."""
    try:
        altered(fault.texts())
    except NotApplicableError:
        return "does not apply", ""
    try:
        served = adapter()
        validator = validator_of(served, fault.validator)
    except Exception:
        return "PKG-VAL-06", "it does not start"
    first = ("", "")
    for one in packages:
        if first[0] and one.case.violates not in ("", fault.requirement):
            break
        request = {"id": 1, "op": "validate", "path": one.path, "level": one.case.level}
        try:
            answer: Mapping[str, object] = served.answer(validator, request)
        except Exception:
            answer = {}
        by = wrong(one, answer)
        if by == fault.requirement and by:
            return by, f"{one.case.name} {one.case.level}"
        if by and not first[0]:
            first = (by, f"{one.case.name} {one.case.level}")
        if first[0] and not fault.requirement:
            break
    return first


def _whole(fault: Fault, fate: Fate) -> Fate:
    """Judge a survivor by the whole profile."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = f"exec:{sys.executable} -m sourcefaults.subject {fault.id}"
        words = [sys.executable, "-m", "lepton_conformance.cli", "certify", command, "--profile", "package"]
        words += ["--report", folder]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "tools")}
        subprocess.run(words, env=environment, capture_output=True, check=False, timeout=1200)
        try:
            report = json.loads((Path(folder) / "report.json").read_bytes())
        except (OSError, ValueError):
            return fate
    failed = [one["id"] for one in report["requirements"] if one["verdict"] == "fail"]
    by = fault.requirement if fault.requirement in failed else next(iter(failed), "")
    seconds = round(fate.seconds + time.monotonic() - began, 2)
    return Fate(fate.id, fate.rule, fate.requirement, by, "the whole profile" if by else "", seconds)
