"""What becomes of each mutant: who kills it, whether that takes a seed, how good its reproducers are.

Owns judging the mutants and replaying; leaves the mutants to `lepton_conformance.mutants`.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lepton_conformance.certify import Run, run
from lepton_conformance.mutants.grpc_naive import NaiveGrpc
from lepton_conformance.mutants.matrix import (
    REPOSITORY_PROFILES,
    Mutant,
    accompanied,
    every_mutant,
    reached,
    repository_listening,
)
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.repository import NaiveRepository
from lepton_conformance.report import directory
from lepton_conformance.verdict import Blame
from measurement.values import values

__all__ = ["Fate", "fates", "findings"]

EXAMPLES = 25
SEEDS = (0, 1, 2)
REPLAY_SECONDS = 120
#: Exit codes that stand for a script that did not end, and for one that has a fault of its own.
HUNG, WRONG = 98, 99
_CORRECT = {
    "python": "lepton_conformance.mutants.engine:Engine",
    "exec": f"{sys.executable} -m lepton_conformance.mutants.talker",
}


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant judged by the requirement that it breaks and those it needs.

    `own` says for each seed whether its own requirement failed; one entry where boundary cases alone kill it.
    `sizes` are the numbers of values in the failing requests of its own requirement. `replayed` counts its
    reproducers that show the fault in a fresh mutant and not in the correct subject, of `reproducers`.
    """

    mutant: str
    breaks: str
    killed: bool
    own: tuple[bool, ...]
    sizes: tuple[int, ...]
    reproducers: int
    replayed: int
    wrong: tuple[str, ...]


def fates(
    jobs: int, *, step: int, replay: bool, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Fate]:
    """Return the fate of every mutant, or of every `step`-th one."""
    chosen = [mutant.id for mutant in every_mutant()][::step]
    found = []
    with ProcessPoolExecutor(jobs) as pool:
        for fate in pool.map(_fate, chosen, [replay] * len(chosen)):
            found.append(fate)
            progress(len(found), len(chosen))
    return found


def findings(jobs: int, step: int) -> list[tuple[str, int]]:
    """Return, for every `step`-th mutant, how many requirements fail on the whole profiles because of it."""
    chosen = [mutant.id for mutant in every_mutant()][step // 2 :: step]
    with ProcessPoolExecutor(jobs) as pool:
        return list(zip(chosen, pool.map(_findings, chosen), strict=True))


def _mutant(identifier: str) -> Mutant:
    return next(mutant for mutant in every_mutant() if mutant.id == identifier)


def _correct(mutant: Mutant) -> Mutant | None:
    """Return the correct server that a mutant is made from, None where it is none."""
    bases: tuple[Mutant, ...] = (NaiveRepository, Naive, NaiveGrpc)
    return next((base for base in bases if issubclass(mutant, base)), None)


def _judged(mutant: Mutant, *, seed: int, max_examples: int, whole: bool = False) -> Run:
    only = None if whole else [mutant.breaks]
    if issubclass(mutant, NaiveRepository):
        with repository_listening(mutant) as (url, folder):
            return run(
                url, REPOSITORY_PROFILES, seed=seed, max_examples=max_examples, only=only, repository=folder
            )
    with reached(mutant) as (subject, profiles), accompanied(mutant) as companion:
        return run(subject, profiles, seed=seed, max_examples=max_examples, only=only, companion=companion)


def _failed(finished: Run) -> list[str]:
    return [entry["id"] for entry in finished.report["requirements"] if entry["verdict"] == "fail"]


def _findings(identifier: str) -> int:
    mutant = _mutant(identifier)
    correct = _correct(mutant)
    usual: list[str] = []
    if correct is not None:
        usual = _failed(_judged(correct, seed=0, max_examples=0, whole=True))  # SHOULDs that it does not keep
    failed = _failed(_judged(mutant, seed=0, max_examples=EXAMPLES, whole=True))
    return len([key for key in failed if key not in usual])


def _fate(identifier: str, replay: bool) -> Fate:
    mutant = _mutant(identifier)
    finished = _judged(mutant, seed=SEEDS[0], max_examples=0)
    own = [mutant.breaks in _failed(finished)]
    if not own[0]:
        runs = [_judged(mutant, seed=seed, max_examples=EXAMPLES) for seed in SEEDS]
        own = [mutant.breaks in _failed(each) for each in runs]
        finished = next((each for each, kills in zip(runs, own, strict=True) if kills), runs[0])
    sizes = tuple(
        values(item.failure.exchanges)
        for item in finished.evidence
        if item.requirement == mutant.breaks
        and item.failure is not None
        and item.failure.blame is Blame.SUBJECT
    )
    scripts, wrong = _replayed(mutant, finished) if replay else (0, [])
    return Fate(
        mutant.id,
        mutant.breaks,
        bool(_failed(finished)),
        tuple(own),
        sizes,
        scripts,
        scripts - len(wrong),
        tuple(wrong),
    )


def _replayed(mutant: Mutant, finished: Run) -> tuple[int, list[str]]:
    """Replay the reproducers on a fresh mutant and on a correct subject: how many, and which do not tell."""
    with tempfile.TemporaryDirectory(prefix="lepton-figures-") as name:
        folder = Path(name)
        directory.write(finished.report, finished.evidence, folder)
        scripts = sorted((folder / "reproducers").glob("*.py"))
        wrong = []
        for script in scripts:
            with _addresses(mutant, script) as (faulty, correct):
                codes = (_code(script, faulty), _code(*correct))
            crashed = codes[0] < 0  # an object that aborts takes the script in which it lives along
            if codes[1] != 0 or not (crashed or codes[0] == 1):
                wrong.append(f"{mutant.id} {script.name}: {codes[0]} then {codes[1]}, expected 1 then 0")
        return len(scripts), wrong


@contextlib.contextmanager
def _addresses(mutant: Mutant, script: Path) -> Iterator[tuple[Sequence[str], tuple[Path, Sequence[str]]]]:
    """Yield the arguments for a fresh mutant, and script and arguments for a correct subject."""
    correct = _correct(mutant)
    if correct is not None:
        with reached(mutant) as (faulty, _), reached(correct) as (right, _):
            yield [faulty.partition("://")[2]], (script, [right.partition("://")[2]])
    else:
        with reached(mutant) as (subject, _):
            kind, _, target = subject.partition(":")
        repaired = script.with_suffix(".right")
        repaired.write_text(
            script.read_text(encoding="utf-8").replace(repr(target), repr(_CORRECT[kind])), "utf-8"
        )
        yield [], (repaired, [])


def _code(script: Path, arguments: Sequence[str]) -> int:
    command = [sys.executable, str(script), *arguments]
    environment = {"PATH": os.environ["PATH"]}
    try:
        done = subprocess.run(command, capture_output=True, timeout=REPLAY_SECONDS, env=environment)
    except subprocess.TimeoutExpired:
        return HUNG
    return WRONG if done.stderr and done.returncode >= 0 else done.returncode
