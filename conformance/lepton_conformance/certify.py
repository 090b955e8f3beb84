"""Certify a subject: run the suite on it and report.

Owns what a run is made of; leaves running tests to `collect`, verdicts to `verdict` and rendering to
`report`. Serves `conformance`.
"""

import datetime
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lepton_spec
from lepton_conformance import edition, verdict
from lepton_conformance.collect import Plan, collect
from lepton_conformance.evidence import Evidence
from lepton_conformance.models.folder import FolderFault, RepositoryFolder, open_folder
from lepton_conformance.report import directory, document
from lepton_conformance.subject.locate import Located, is_validator, locate

__all__ = ["DEFAULT_MAX_EXAMPLES", "Run", "UsageFault", "certify", "run"]

#: Generated cases per property; boundary cases come on top.
DEFAULT_MAX_EXAMPLES = 25
#: The profile whose tests may need the folder that a server loads from.
REPOSITORY_PROFILE = "inference-repository"
#: Bound of generated cases per property when time is the bound.
MAX_EXAMPLES_IN_TIME = 1_000_000


class UsageFault(Exception):
    """The run that was asked for makes no sense (exit code 2)."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: the report, and the evidence with its exchanges."""

    report: dict[str, Any]
    evidence: tuple[Evidence, ...]

    @property
    def exit_code(self) -> int:
        """Return 0, 1 or 3 (Spec: CNF-EXI-01)."""
        return verdict.exit_code(
            verdict.ProfileVerdict(profile["verdict"]) for profile in self.report["profiles"]
        )


def certify(
    subject: str,
    profiles: Sequence[str] = (),
    *,
    seed: int = 0,
    max_examples: int = DEFAULT_MAX_EXAMPLES,
    report_dir: Path | None = None,
    only: Sequence[str] | None = None,
    companion: str | None = None,
    repository: Path | None = None,
) -> dict[str, Any]:
    """Return the report of a run, and write it with its companions when a directory is given.

    Raises: Unreachable when nobody answers, UsageFault for an unknown profile or requirement.
    """
    finished = run(
        subject,
        profiles,
        seed=seed,
        max_examples=max_examples,
        only=only,
        companion=companion,
        repository=repository,
    )
    if report_dir is not None:
        directory.write(finished.report, finished.evidence, report_dir)
    return finished.report


def run(
    subject: str,
    profiles: Sequence[str] = (),
    *,
    seed: int = 0,
    max_examples: int | None = None,
    seconds: float | None = None,
    only: Sequence[str] | None = None,
    companion: str | None = None,
    repository: Path | None = None,
    memory_bytes: int | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, identifier: None,
) -> Run:
    """Run the suite on a subject. `seconds` bounds the generation of cases, `only` the requirements.

    `companion` is the URL of a gRPC subject's REST form, `repository` the folder that a server loads from,
    `memory_bytes` the limit of a runtime's process. Raises: as `certify`.
    """
    requirements = lepton_spec.requirements()
    if not profiles and is_validator(subject):
        profiles = (verdict.VALIDATORS,)
    located = locate(subject, companion, memory_bytes, profiles)
    names = _profiles(profiles or located.default_profiles, located, requirements)
    if max_examples is None:
        max_examples = DEFAULT_MAX_EXAMPLES if seconds is None else MAX_EXAMPLES_IN_TIME
    folder = None if repository is None else _folder(repository, names)
    started = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    clock = time.perf_counter()
    opened = located.open()
    try:
        plan = Plan(
            located.modules,
            _identifiers(names, requirements, only),
            None if only is None else frozenset(only),
            requirements,
            seed,
            max_examples,
            seconds,
            progress,
            folder,
        )
        evidence = collect(opened, plan)
        described = located.describe(opened)
    finally:
        opened.close()
    suite = edition.describe(seed=seed, max_examples=max_examples)
    if seconds is not None:
        suite["budgetSeconds"] = seconds
    return Run(
        document.build(
            described,
            suite,
            names,
            evidence,
            requirements,
            started=started,
            seconds=time.perf_counter() - clock,
        ),
        evidence,
    )


def _folder(root: Path, names: Iterable[str]) -> RepositoryFolder:
    """Return the folder that the server loads from. Raises: UsageFault."""
    if REPOSITORY_PROFILE not in names:
        raise UsageFault(
            f"found a repository folder without the profile {REPOSITORY_PROFILE}, expected "
            f"--profile {REPOSITORY_PROFILE} with it"
        )
    try:
        return open_folder(root)
    except FolderFault as error:
        raise UsageFault(str(error)) from error


def _profiles(
    wanted: Iterable[str], located: Located, requirements: Mapping[str, Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return the profiles to judge, each once. Raises: UsageFault for one that does not fit the subject."""
    names = tuple(dict.fromkeys(wanted))
    for name in names:
        if name not in located.profiles:
            fitting = ", ".join(located.profiles)
            raise UsageFault(
                f"found profile {name!r}, expected one that judges {located.kind} subjects: {fitting}"
            )
        if not verdict.members(name, requirements):
            raise UsageFault(f"the requirement set has nothing to test for profile {name!r}")
    return names


def _identifiers(
    names: Iterable[str], requirements: Mapping[str, Mapping[str, Any]], only: Sequence[str] | None
) -> frozenset[str]:
    """Return the requirements of the profiles. Raises: UsageFault for one in `only` not among them."""
    every = frozenset(key for name in names for key in verdict.members(name, requirements))
    for key in only or ():
        if key not in every:
            raise UsageFault(f"found requirement {key!r}, expected one of the profiles {', '.join(names)}")
    return every
