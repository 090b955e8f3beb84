"""`python -m lepton_conformance.mutants.matrix`: which test kills which planted fault.

Owns running the suite on every mutant and telling apart a kill by the requirement that the fault breaks from
a kill by another one (a cascade) and from survival. Leaves judging to `lepton_conformance.certify`. Serves
`conformance`.
"""

import argparse
import atexit
import contextlib
import functools
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lepton_conformance.certify import certify
from lepton_conformance.models.export import export
from lepton_conformance.mutants import (
    calling_faults,
    edge_validators,
    engine_faults,
    operator_validators,
    talker,
    validator_faults,
)
from lepton_conformance.mutants.catalogue import GRAPH_ENGINES, GRPC_SERVERS, REPOSITORY_SERVERS, SERVERS
from lepton_conformance.mutants.engine import Engine
from lepton_conformance.mutants.grpc_listener import listening_grpc
from lepton_conformance.mutants.grpc_naive import NaiveGrpc
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.repository import NaiveRepository
from lepton_conformance.mutants.talker import Talker
from lepton_conformance.mutants.validator import Proxy

__all__ = [
    "EXAMPLES",
    "Kill",
    "Mutant",
    "every_mutant",
    "judge",
    "main",
    "reached",
    "repository_listening",
    "validator_command",
]

#: Generated cases per property: boundary cases come first and kill nearly everything.
EXAMPLES = 10
SERVER_PROFILES = ("inference-rest", "inference-binary")
REPOSITORY_PROFILES = ("inference-repository",)
GRPC_PROFILES = ("inference-grpc",)
#: The requirement that compares a gRPC server with its REST form.
COMPANION = "INF-GRP-41"

#: Anything with one planted fault.
Mutant = type[Naive] | type[NaiveGrpc] | type[Engine] | type[Talker] | type[Proxy]


@dataclass(frozen=True, slots=True)
class Kill:
    """What became of one mutant. `killed_by` are failed requirements, `tests` the tests that failed."""

    mutant: str
    breaks: str
    killed_by: tuple[str, ...]
    tests: tuple[str, ...]
    message: str
    seconds: float

    @property
    def own(self) -> bool:
        """Say whether the requirement that the fault breaks has failed."""
        return self.breaks in self.killed_by

    @property
    def how(self) -> str:
        """Return `own`, `cascade` or `survived`."""
        return "own" if self.own else "cascade" if self.killed_by else "survived"


def every_mutant() -> tuple[Mutant, ...]:
    """Return every subject with one planted fault."""
    runtimes: tuple[Mutant, ...] = (*engine_faults.ALL, *calling_faults.ALL, *GRAPH_ENGINES, *talker.ALL)
    validators: tuple[Mutant, ...] = (*validator_faults.ALL, *operator_validators.ALL, *edge_validators.ALL)
    return (*SERVERS, *REPOSITORY_SERVERS, *GRPC_SERVERS, *runtimes, *validators)


@contextlib.contextmanager
def repository_listening(mutant: type[NaiveRepository]) -> Iterator[tuple[str, Path]]:
    """Serve a fresh folder of the conformance models; yield the URL and the folder."""
    with tempfile.TemporaryDirectory(prefix="lepton-repository-") as temporary:
        folder = Path(temporary) / "models"
        export(folder, mutant.layout)
        with listening(mutant(folder)) as url:
            yield url, folder


@contextlib.contextmanager
def reached(mutant: Mutant) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Run a mutant; yield the SUBJECT under which it is reached and the profiles that judge it."""
    if issubclass(mutant, NaiveRepository):
        with repository_listening(mutant) as (url, _):
            yield url, REPOSITORY_PROFILES
    elif issubclass(mutant, Naive):
        with listening(mutant()) as url:
            yield url, SERVER_PROFILES
    elif issubclass(mutant, NaiveGrpc):
        with listening_grpc(mutant()) as url:
            yield url, GRPC_PROFILES
    elif issubclass(mutant, Engine):
        yield f"python:{mutant.__module__}:{mutant.__name__}", ("runtime",)
    elif issubclass(mutant, Proxy):
        yield validator_command(mutant), ("package",)
    else:
        program = f"{sys.executable} -m lepton_conformance.mutants.talker --mutant {mutant.id}"
        yield f"exec:{program}", ("runtime",)


def validator_command(mutant: type[Proxy]) -> str:
    """Return the SUBJECT of an altered validator; all of them share what the validator has said."""
    program = f"{sys.executable} -m lepton_conformance.mutants.validator --mutant {mutant.id}"
    return f"exec:{program} --memory {_memory()}"


@functools.cache
def _memory() -> str:
    """Return a folder for what the validator says, removed when this process ends."""
    folder = tempfile.TemporaryDirectory(prefix="lepton-validator-")
    atexit.register(folder.cleanup)
    return folder.name


@contextlib.contextmanager
def accompanied(mutant: Mutant) -> Iterator[str | None]:
    """Yield the URL of a correct REST form for a mutant that differs from it, None for any other."""
    if mutant.breaks != COMPANION:
        yield None
        return
    with listening(Naive()) as url:
        yield url


def judge(mutant: Mutant, *, whole: bool = False, seed: int = 0, max_examples: int = EXAMPLES) -> Kill:
    """Certify a mutant: on the requirement that it breaks and those it needs, or on the whole profiles."""
    started = time.perf_counter()
    only = None if whole else [mutant.breaks]
    if issubclass(mutant, NaiveRepository):
        with repository_listening(mutant) as (url, folder):
            report = certify(
                url, REPOSITORY_PROFILES, seed=seed, max_examples=max_examples, only=only, repository=folder
            )
    else:
        with reached(mutant) as (subject, profiles), accompanied(mutant) as companion:
            report = certify(
                subject, profiles, seed=seed, max_examples=max_examples, only=only, companion=companion
            )
    failures = list(_failures(report))
    own = [failure for failure in failures if failure[0] == mutant.breaks]
    return Kill(
        mutant.id,
        mutant.breaks,
        tuple(dict.fromkeys(requirement for requirement, _, _ in failures)),
        tuple(test for _, test, _ in failures),
        (own or failures or [("", "", "")])[0][2],
        time.perf_counter() - started,
    )


def _failures(report: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield requirement, test and message of each failure that the report blames on the subject."""
    for requirement in report["requirements"]:
        for test in requirement["tests"]:
            failure = test.get("failure")
            if failure is not None and failure["blame"] == "subject":
                yield requirement["id"], test["test"], failure["message"]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the kill matrix; return 1 when a mutant survives its own requirement."""
    parser = argparse.ArgumentParser(
        prog="python -m lepton_conformance.mutants",
        description="Run the suite on every subject with a planted fault and print which test kills it.",
    )
    parser.add_argument("pattern", nargs="?", default="", help="only mutants whose id this pattern finds")
    parser.add_argument("--whole", action="store_true", help="judge the whole profiles: shows cascades; slow")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args(argv)
    kills = []
    for mutant in every_mutant():
        if re.search(arguments.pattern, mutant.id):
            kills.append(judge(mutant, whole=arguments.whole, seed=arguments.seed))
            if arguments.format == "text":
                print(_line(kills[-1]), flush=True)
    counts = {how: sum(kill.how == how for kill in kills) for how in ("own", "cascade", "survived")}
    if arguments.format == "json":
        listed = [{**asdict(kill), "how": kill.how} for kill in kills]
        print(json.dumps({"mutants": listed, **counts}, indent=1))
    else:
        found = sum(len(kill.killed_by) for kill in kills) / max(1, len(kills))
        print(
            f"{len(kills)} mutants: {counts['own']} killed by their own requirement, {counts['cascade']} by "
            f"another, {counts['survived']} survived; {found:.2f} failed requirements each"
        )
    return 0 if counts["own"] == len(kills) else 1


def _line(kill: Kill) -> str:
    others = [requirement for requirement in kill.killed_by if requirement != kill.breaks]
    rest = f" (and {', '.join(others)})" if others else ""
    tests = ", ".join(kill.tests[:1]) or "-"
    return f"{kill.how:9} {kill.mutant:26} {kill.breaks:11} {kill.seconds:5.1f} s  {tests}{rest}"


if __name__ == "__main__":
    sys.exit(main())
