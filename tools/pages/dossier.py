"""What is known of each requirement beyond its text: evidence, coverage, field results and history.

Owns gathering what the repository keeps (citations, corpus, waivers, figures, field results, editions,
changelog) by requirement; leaves how it looks to the pages. Nothing is measured or judged here.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from field import catalogue, deviations, results
from field.runtimes import catalogue as engine_catalogue
from field.runtimes import deviations as engine_deviations
from field.runtimes import records
from measurement.coverage import Shown, levels
from specification import Book
from specification.blocks import Requirement
from specification.book import WAIVERS
from specification.citations import KINDS, Citation
from specification.coverage import Waiver, read_waivers
from specification.edition import read_editions
from specification.source import read_source
from specification.translation import Translation
from specification.vocabulary import IDENTIFIER

__all__ = ["Deviation", "Dossier", "Library", "Outcome", "Revision", "Subject", "read_library"]

CORPUS = "conformance/corpus/corpus.json"
FIGURES = "conformance/figures.json"
#: The worst verdict first: one subject may be judged by several profiles that share a requirement.
ORDER = ("fail", "blocked", "not-tested", "pass", "not-applicable")
FORGE = "conformance/lepton_conformance/forge/"
_RANGE = re.compile(r"\b([A-Z]{3}-[A-Z]{3})-([0-9]{2}) to (?:\1-)?([0-9]{2})\b")


@dataclass(frozen=True, slots=True)
class Subject:
    """One program of other people. `group` is `servers` or `engines`; `versions` is for people."""

    group: str
    name: str
    title: str
    versions: str
    date: str
    profiles: tuple[tuple[str, str, bool, Mapping[str, int]], ...]


@dataclass(frozen=True, slots=True)
class Deviation:
    """A verified failure: what it is, the text that it is held against, and the program that shows it."""

    text: str
    link: str
    reproducer: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one subject got under one profile. `judged`: held against a list of verified deviations."""

    subject: Subject
    profile: str
    judged: bool
    verdict: str
    deviations: tuple[Deviation, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """One wording. `edition` is the first that has it, None for what is not published yet."""

    rev: int
    edition: str | None
    date: str
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything about one requirement.

    `translation` is one that fits; `state` says whether there is none because it is `stale` or `missing`.
    `measured` is the day of `shown`.
    """

    requirement: Requirement
    translation: Translation | None
    state: str
    measured: str
    cited: Mapping[str, tuple[Citation, ...]]
    corpus: Mapping[str, str]
    waivers: tuple[Waiver, ...]
    shown: Shown | None
    outcomes: tuple[Outcome, ...]
    revisions: tuple[Revision, ...]
    changes: tuple[str, ...]

    @property
    def evidence(self) -> str:
        """Return how far it is executed: `mutant`, `test`, `waived`, `open` (not yet) or `none` (never)."""
        if self.waivers:
            return "waived"
        if not self.cited["checks"] and not self.cited["tests"]:
            return "open" if {"check", "test"}.intersection(self.requirement.verify) else "none"
        return "mutant" if self.cited["mutants"] else "test"

    @property
    def levels(self) -> tuple[str, ...]:
        """Return the levels of coverage that the kept measurement shows."""
        return () if self.shown is None else levels(self.shown)

    def worst(self, subject: Subject) -> Outcome | None:
        """Return what a subject got, the worst of its profiles; one that was judged before the others."""
        found = [each for each in self.outcomes if each.subject is subject]
        return min(
            found,
            key=lambda each: (ORDER.index(each.verdict), not each.deviations, not each.judged),
            default=None,
        )


@dataclass(frozen=True, slots=True)
class Library:
    """The dossiers in the order of the book, the subjects of the field runs, and the kept figures."""

    book: Book
    dossiers: Mapping[str, Dossier]
    subjects: tuple[Subject, ...]
    figures: Mapping[str, Any] | None


def read_library(book: Book) -> Library:
    """Gather what the repository keeps about each requirement. Raises: OSError, ValueError."""
    root = book.root
    cited: dict[tuple[str, str], dict[str, Citation]] = {}
    for citation in book.citations:
        cited.setdefault((citation.id, citation.kind), {}).setdefault(citation.name, citation)
    corpus: dict[str, dict[str, str]] = {}
    for entry in json.loads((root / CORPUS).read_bytes())["packages"]:
        if not entry["valid"]:
            name = Path(entry["path"]).name.partition(".")[0].removeprefix("violating-")
            corpus.setdefault(entry["requirement"], {})[name] = f"conformance/corpus/{entry['path']}"
    waivers: dict[str, list[Waiver]] = {}
    for waiver in read_waivers(WAIVERS, read_source(root / WAIVERS), []):
        waivers.setdefault(waiver.requirement, []).append(waiver)
    kept = root / FIGURES
    figures = json.loads(kept.read_bytes()) if kept.is_file() else None
    shown = {} if figures is None else {key: Shown(**each) for key, each in figures["requirements"].items()}
    outcomes = [*_servers(), *_engines()]
    named = _changelog(read_source(root / "CHANGELOG.md"))
    chinese = _chinese(book)
    revisions = _revisions(book)
    dossiers = {}
    for each in book.requirements:
        state = "current" if each.id in book.translations else chinese.get(each.id, "missing")
        dossiers[each.id] = Dossier(
            each,
            book.translations.get(each.id),
            state,
            figures["date"] if figures else "",
            {kind: tuple(cited.get((each.id, kind), {}).values()) for kind in KINDS},
            corpus.get(each.id, {}),
            tuple(waivers.get(each.id, ())),
            shown.get(each.id),
            tuple(outcome for key, outcome in outcomes if key == each.id),
            revisions[each.id],
            tuple(named.get(each.id, ())),
        )
    subjects = dict.fromkeys(outcome.subject.name for _, outcome in outcomes)
    by_name = {outcome.subject.name: outcome.subject for _, outcome in outcomes}
    return Library(book, dossiers, tuple(by_name[name] for name in subjects), figures)


def _chinese(book: Book) -> dict[str, str]:
    """Return `stale` for each block that has a Chinese text which does not fit."""
    found = {}
    for file, text in book.sources.items():
        if file.startswith("spec/zh/"):
            found.update(dict.fromkeys(re.findall(rf"^#+ ({IDENTIFIER.pattern})", text, re.M), "stale"))
    return found


def _servers() -> list[tuple[str, Outcome]]:
    found = []
    for server in catalogue.SERVERS_UNDER_TEST:
        result = results.latest(server.name)
        if result is None:
            continue
        listed = deviations.deviations(server.name)
        profiles = tuple(
            (each["profile"], each["verdict"], each["judged"], each["counts"]) for each in result["profiles"]
        )
        subject = Subject(
            "servers", server.name, result["title"], result["version"], result["date"], profiles
        )
        for profile in result["profiles"]:
            for key, verdict in profile["requirements"].items():
                about = tuple(
                    Deviation(each.reason, each.link, _path(each.reproducer))
                    for each in listed
                    if verdict == "fail" and (each.profile, each.requirement) == (profile["profile"], key)
                )
                found.append((key, Outcome(subject, profile["profile"], profile["judged"], verdict, about)))
    return found


def _engines() -> list[tuple[str, Outcome]]:
    found = []
    for engine in engine_catalogue.ENGINES:
        record = records.read(engine.name)
        if record is None:
            continue
        about = engine_deviations.deviations(engine.name)
        versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
        counts: dict[str, int] = {}
        for verdict in record["requirements"].values():
            counts[verdict] = counts.get(verdict, 0) + 1
        profiles = (("runtime", record["verdict"], True, counts),)
        subject = Subject("engines", engine.name, record["title"], versions, record["date"], profiles)
        for key, verdict in record["requirements"].items():
            found_here = tuple(
                Deviation(each.text, each.link, _path(each.replay))
                for each in about
                if verdict == "fail" and key in each.requirements
            )
            found.append((key, Outcome(subject, "runtime", True, verdict, found_here)))
    return found


def _path(path: Path) -> str:
    return path.resolve().relative_to(Path(catalogue.__file__).resolve().parents[2]).as_posix()


def _revisions(book: Book) -> dict[str, tuple[Revision, ...]]:
    """Return the wordings of each requirement, the newest first, each with the first edition that has it."""
    editions = read_editions(book.root)
    found = {}
    for each in book.requirements:
        known: list[Revision] = []
        for edition in editions:
            frozen = edition.requirements.get(each.id)
            if frozen is not None and (not known or known[-1].digest != frozen["digest"]):
                known.append(
                    Revision(
                        frozen["rev"],
                        edition.name,
                        edition.date,
                        frozen["digest"],
                        frozen["text"],
                    )
                )
        if not known or known[-1].digest != each.digest:
            known.append(Revision(each.rev, None, "", each.digest, each.text))
        found[each.id] = tuple(reversed(known))
    return found


def _changelog(text: str) -> dict[str, list[str]]:
    """Return the entries that name each requirement, under ranges (`INF-GRP-01 to INF-GRP-44`) too."""
    entries: list[str] = []
    for line in text.splitlines():
        if line.startswith("- "):
            entries.append(line[2:])
        elif line.startswith("  ") and entries:
            entries[-1] += " " + line.strip()
        elif line.strip():
            entries.append("")
    found: dict[str, list[str]] = {}
    for entry in entries:
        for key in _named(entry):
            found.setdefault(key, []).append(entry)
    return found


def _named(entry: str) -> Sequence[str]:
    keys = dict.fromkeys(IDENTIFIER.findall(entry))
    for topic, first, last in _RANGE.findall(entry):
        keys.update(dict.fromkeys(f"{topic}-{number:02}" for number in range(int(first), int(last) + 1)))
    return list(keys)
