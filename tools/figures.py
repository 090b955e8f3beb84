#!/usr/bin/env python3
"""Measure what makes a verdict trustworthy: `python tools/figures.py [--quick]`.

Owns the command line, the order and the files build/figures.json and build/figures.txt; leaves measuring to
the package `measurement` beside it. `--keep` writes conformance/figures.json as well, which the site shows.
Ends with 1 when an aim is missed.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lepton_spec
from lepton_conformance import verdict
from lepton_conformance.certify import DEFAULT_MAX_EXAMPLES, certify
from lepton_conformance.mutants import trivial_engines
from lepton_conformance.mutants.catalogue import TRIVIAL_GRPC_SERVERS, TRIVIAL_SERVERS
from lepton_conformance.mutants.matrix import (
    GRPC_PROFILES,
    REPOSITORY_PROFILES,
    SERVER_PROFILES,
    Mutant,
    reached,
)
from lepton_conformance.verdict import is_mandatory
from lepton_conformance.wholefile import write_whole_file
from measurement.alarms import Alarm, Whole, alarms, whole
from measurement.coverage import LEVELS, Shown, levels, programs_pass, shown
from measurement.figure import Figure, table
from measurement.kills import Fate, fates, findings
from measurement.speed import loop_rate, suite_rate
from measurement.subjects import Correct, naive, naive_grpc, reference
from specification.coverage import read_waivers

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build"
#: The figures that are committed and published.
KEPT = ROOT / "conformance" / "figures.json"
#: Generated cases a property of a full run.
FULL_EXAMPLES = 1500
#: The property whose rate is compared with a plain loop, one request a case.
RATED = "INF-DAT-05"
RATED_CASES = 3000
#: The profiles whose MUSTs are counted: those that `lepton certify` judges.
JUDGED = (*SERVER_PROFILES, *GRPC_PROFILES, *REPOSITORY_PROFILES, "runtime", verdict.VALIDATORS)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: seeds for false alarms, every how many mutants, and of those judged whole."""

    seeds: int
    step: int
    whole_step: int
    full_run: bool


FULL = Effort(seeds=100, step=1, whole_step=12, full_run=True)
QUICK = Effort(seeds=5, step=12, whole_step=90, full_run=False)


@dataclass(frozen=True, slots=True)
class Saying:
    """Writes how far a step is."""

    name: str

    def __call__(self, text: str) -> None:
        """Write over the line on a terminal; elsewhere write ends only."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{self.name}: {text}")
        elif text.endswith("\n"):
            sys.stderr.write(f"{self.name}: {text}")
        sys.stderr.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures. Returns 1 when an aim is missed."""
    parser = argparse.ArgumentParser(
        prog="tools/figures.py", description="Measure the figures of the suite; about 45 min, --quick 5 min."
    )
    parser.add_argument("--quick", action="store_true", help="few seeds and mutants: shows that it works")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), metavar="N")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="DIR")
    parser.add_argument(
        "--keep", action="store_true", help=f"write {KEPT.relative_to(ROOT)}, to be committed"
    )
    arguments = parser.parse_args(argv)
    effort = QUICK if arguments.quick else FULL
    print(f"This takes about {'5' if arguments.quick else '45'} minutes on two cores.", file=sys.stderr)
    started = time.monotonic()
    seen: dict[str, Shown] = {}
    figures = list(measured(effort, arguments.jobs, seen))
    text = table(figures)
    print(text)
    arguments.output.mkdir(parents=True, exist_ok=True)
    stated = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "command": f"python tools/figures.py{' --quick' if arguments.quick else ''}",
        "quick": arguments.quick,
        "seconds": round(time.monotonic() - started),
        "figures": [asdict(each) for each in figures],
        "requirements": {key: asdict(each) for key, each in seen.items()},
    }
    content = (json.dumps(stated, indent=1) + "\n").encode()
    write_whole_file(arguments.output / "figures.json", content)
    if arguments.keep:
        write_whole_file(KEPT, content)
    write_whole_file(arguments.output / "figures.txt", (text + "\n").encode())
    print(f"wrote {arguments.output / 'figures.json'}", file=sys.stderr)
    return 1 if any(each.met is False for each in figures) else 0


def measured(effort: Effort, jobs: int, seen: dict[str, Shown]) -> Iterator[Figure]:
    """Yield the figures, cheap ones first; what was seen of each requirement goes to `seen`."""
    with _step("speed"), reference() as subject:
        yield from _speed(subject.forms[0][0])
    with _step("trivial subjects"):
        yield _trivial()
    passed: set[str] = set()
    found: list[Alarm] = []
    for open_subject in (reference, naive, naive_grpc):
        with open_subject() as subject:
            with _step(f"false alarms on {subject.name}"):
                once = whole(subject, DEFAULT_MAX_EXAMPLES)
                passed |= once.passed
                found += [*once.alarms, *_over_seeds(subject, once, effort)]
            yield _quick_run(subject, once)
            if effort.full_run and subject.name == "naive server":
                with _step("full run"):
                    yield _full_run(subject)
    yield _alarm_figure(found, effort)
    with _step("mutants") as say:
        judged = fates(
            jobs, step=effort.step, replay=True, progress=lambda done, total: say(f"{done}/{total}")
        )
    with _step("validator, engine and repository"):
        seen |= shown(passed | programs_pass(), judged)
    yield from _kill_figures(judged)
    yield from _reproducer_figures(judged)
    if effort.step == 1:
        yield from _coverage(seen)
    with _step("findings per root cause"):
        counted = findings(jobs, effort.whole_step)
    mean = statistics.mean(number for _, number in counted if number) if any(n for _, n in counted) else 0.0
    several = ", ".join(f"{key} {number}" for key, number in counted if number > 1)
    yield Figure(
        "findings per root cause",
        f"{mean:.2f}",
        "<= 1.2",
        mean <= 1.2,
        f"{len(counted)} mutants on whole profiles" + (f"; several: {several}" if several else ""),
    )


@contextlib.contextmanager
def _step(name: str) -> Iterator[Saying]:
    """Say on standard error what is measured, and how long it took."""
    started = time.monotonic()
    saying = Saying(name)
    saying("...")
    yield saying
    saying(f"{time.monotonic() - started:.0f} s\n")


def _speed(url: str) -> Iterator[Figure]:
    suite_rate(url, RATED, 50)
    rate, wires = suite_rate(url, RATED, RATED_CASES)
    loop = loop_rate(url, wires)
    yield Figure(
        "HTTP cases per second, of a plain loop's",
        f"{rate / loop:.2f}x",
        ">= 0.75x",
        rate / loop >= 0.75,
        f"{rate:.0f} cases/s of {RATED} on lepton serve; "
        f"the same bytes on a raw socket without checks: {loop:.0f}/s",
    )


def _trivial() -> Figure:
    certified = []
    every: tuple[Mutant, ...] = (*TRIVIAL_SERVERS, *TRIVIAL_GRPC_SERVERS, *trivial_engines.ALL)
    for subject in every:
        with reached(subject) as (url, profiles):
            report = certify(url, profiles, max_examples=0)
        certified += [subject.id for profile in report["profiles"] if profile["verdict"] == "pass"]
    return Figure(
        "trivial subjects certified",
        str(len(certified)),
        "0",
        not certified,
        f"of {len(every)}: " + ", ".join(subject.id for subject in every),
    )


def _over_seeds(subject: Correct, once: Whole, effort: Effort) -> list[Alarm]:
    saying = Saying(f"false alarms on {subject.name}")
    return alarms(
        subject,
        once,
        range(1, effort.seeds),
        DEFAULT_MAX_EXAMPLES,
        lambda seed: saying(f"seed {seed + 1}/{effort.seeds}"),
    )


def _quick_run(subject: Correct, once: Whole) -> Figure:
    profiles = ", ".join(name for _, names in subject.forms for name in names)
    many = len(subject.forms) > 1 or "gRPC" in subject.name
    met = None if many else once.seconds <= 10
    return Figure(f"quick run, {subject.name}", f"{once.seconds:.1f} s", "<= 10 s", met, profiles)


def _full_run(subject: Correct) -> Figure:
    seconds = sum(
        certify(url, profiles, max_examples=FULL_EXAMPLES)["seconds"] for url, profiles in subject.forms
    )
    return Figure(
        f"full run, {subject.name}",
        f"{seconds:.0f} s",
        "<= 300 s",
        seconds <= 300,
        f"--max-examples {FULL_EXAMPLES}",
    )


def _alarm_figure(found: Sequence[Alarm], effort: Effort) -> Figure:
    lines = [
        f"{alarm.subject}, seed {alarm.seed}: {alarm.requirement}: {alarm.message[:160]}" for alarm in found
    ]
    return Figure(
        f"false alarms over {effort.seeds} seeds",
        str(len(found)),
        "0",
        not found,
        "\n".join(["lepton serve, naive server, naive gRPC server", *lines[:20]]),
    )


def _kill_figures(judged: Sequence[Fate]) -> Iterator[Figure]:
    killed = sum(fate.killed for fate in judged)
    own = sum(all(fate.own) for fate in judged)
    survivors = ", ".join(fate.mutant for fate in judged if not fate.killed)
    yield Figure("mutants killed", f"{killed}/{len(judged)}", "all", killed == len(judged), survivors)
    others = ", ".join(fate.mutant for fate in judged if not any(fate.own))
    yield Figure(
        "killed by their own requirement",
        f"{own / max(1, len(judged)):.1%}",
        ">= 90 %",
        own >= 0.9 * len(judged),
        others,
    )
    seeded = [fate.mutant for fate in judged if len(set(fate.own)) > 1]
    bare = sum(len(fate.own) == 1 for fate in judged)
    yield Figure(
        "kills that depend on the seed",
        f"{len(seeded) / max(1, len(judged)):.1%}",
        "<= 2 %",
        len(seeded) <= 0.02 * len(judged),
        f"{bare} of {len(judged)} are killed by boundary cases alone" + "".join(f"\n{key}" for key in seeded),
    )


def _reproducer_figures(judged: Sequence[Fate]) -> Iterator[Figure]:
    every = [size for fate in judged for size in fate.sizes]
    sizes = [size for size in every if size]
    median = statistics.median(sizes) if sizes else 0
    yield Figure(
        "values in a reproducer, median",
        f"{median:g}",
        "<= 10",
        median <= 10,
        f"of the {len(sizes)} failures, of {len(every)}, whose request has tensors; "
        f"largest {max(sizes, default=0)}; {sum(size > 10 for size in sizes)} above 10",
    )
    written, replayed = sum(f.reproducers for f in judged), sum(f.replayed for f in judged)
    yield Figure(
        "reproducers that replay",
        f"{replayed}/{written}",
        "100 %",
        replayed == written,
        "\n".join(line for fate in judged for line in fate.wrong),
    )


def _coverage(seen: Mapping[str, Shown]) -> Iterator[Figure]:
    requirements = lepton_spec.requirements()
    judged = {name for profile in JUDGED for name in verdict.members(profile, requirements)}
    expected = {key for key in judged if is_mandatory(requirements[key]) and _executed(requirements[key])}
    waivers = read_waivers("waivers.yml", (ROOT / "spec/waivers.yml").read_text(encoding="utf-8"), [])
    waived = {waiver.requirement for waiver in waivers} & expected
    for level in LEVELS:
        reached = {key for key in expected if key in seen and level in levels(seen[key])}
        missing = sorted(expected - reached - waived)
        yield Figure(
            f"MUSTs at {level}",
            f"{len(reached)}/{len(expected)}",
            "all, or waived",
            not missing,
            (f"waived: {len(waived)}; " if waived else "") + "missing: " + (", ".join(missing) or "none"),
        )


def _executed(entry: Mapping[str, Any]) -> bool:
    return "test" in entry["verify"] or (entry["role"] == "package" and "check" in entry["verify"])


if __name__ == "__main__":
    sys.exit(main())
