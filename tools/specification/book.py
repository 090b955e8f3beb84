"""The whole standard as one value: chapters, translation, lock and citations, read from a repository.

Owns the order of reading, what is generated from it, and what a check consists of. Leaves each part's rules
to its module.
"""

import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specification.blocks import Requirement, headings, read_blocks
from specification.citations import Citation, check_citations, read_citations, traceability
from specification.coverage import check_coverage, read_waivers
from specification.edition import EDITIONS, check_editions, check_gate, read_editions
from specification.fidelity import compare_literals
from specification.guide import check_guide
from specification.lock import Locked, compare_lock, next_lock, read_lock, write_lock
from specification.mentions import check_mentions
from specification.problem import Problem
from specification.published import PublishedFiles, check_examples, check_pointers, read_examples
from specification.service import DESCRIPTORS, SERVICE, compile_service
from specification.source import read_source
from specification.tables import check_tables, filled
from specification.terms import check_terms
from specification.translation import Translation, compare_translation, read_translation
from specification.vocabulary import CHAPTERS

__all__ = ["LOCK", "REQUIREMENTS", "SPEC_VERSION", "WAIVERS", "Book", "read_book"]

SPEC_VERSION = "1.0"
LOCK = f"schemas/{SPEC_VERSION}/requirements.lock"
REQUIREMENTS = f"schemas/{SPEC_VERSION}/requirements.json"
TRACEABILITY = f"schemas/{SPEC_VERSION}/traceability.json"
WAIVERS = "spec/waivers.yml"


@dataclass(frozen=True, slots=True)
class Book:
    """What was read.

    `declared` are the IDs in the headings of the English chapters, those of malformed blocks included, so
    that one malformed block is one problem. `prose` and `rewordings` keep files from being generated.
    """

    root: Path
    requirements: tuple[Requirement, ...]
    declared: frozenset[str]
    translations: dict[str, Translation]
    lock: dict[str, Locked]
    lock_text: str
    citations: tuple[Citation, ...]
    prose: tuple[Problem, ...]
    rewordings: tuple[Problem, ...]
    sources: dict[str, str] = field(repr=False)
    descriptors: bytes | None = field(repr=False)

    def outputs(self) -> dict[str, bytes]:
        """Return the content of each generated file by its path."""
        entries = [_entry(each, self.translations.get(each.id)) for each in self.requirements]
        known = [each.id for each in self.requirements]
        texts = {
            REQUIREMENTS: _json({"spec": SPEC_VERSION, "requirements": entries}),
            LOCK: write_lock(next_lock(self.requirements, self.lock), self.lock_text),
            TRACEABILITY: _json(
                {"spec": SPEC_VERSION, "requirements": traceability(list(self.citations), known)}
            ),
        }
        published = PublishedFiles(self.root / "schemas" / SPEC_VERSION)
        for file, text in self.sources.items():
            made = filled(text, file.split("/")[1], published)
            if made != text:
                texts[file] = made
        outputs = {file: text.encode() for file, text in texts.items()}
        if self.descriptors is not None:
            outputs[f"schemas/{SPEC_VERSION}/{DESCRIPTORS}"] = self.descriptors
        return outputs

    def check(self, today: datetime.date) -> list[Problem]:
        """Return everything that is wrong, in the order of files and lines."""
        problems = [*self.prose, *self.rewordings]
        published = PublishedFiles(self.root / "schemas" / SPEC_VERSION)
        requirements = list(self.requirements)
        check_pointers(requirements, published, problems)
        for file, text in self.sources.items():
            check_examples(list(read_examples(file, text, problems)), published, problems)
        check_citations(list(self.citations), self.declared, problems)
        check_guide(self.root, problems)
        check_mentions(self.root, self.declared, self.lock, problems)
        check_terms(self.root, problems)
        check_tables(self.root, self.sources, published, self.declared, problems)
        known = [each.id for each in requirements]
        waivers = read_waivers(WAIVERS, read_source(self.root / WAIVERS), problems)
        table = traceability(list(self.citations), known)
        malformed = self.declared.difference(known)
        waivers = [waiver for waiver in waivers if waiver.requirement not in malformed]
        check_coverage(requirements, table, waivers, WAIVERS, today, problems)
        self._check_published(published, problems)
        if not self.prose and not self.rewordings:
            self._check_outputs(problems)
        return sorted(set(problems))

    def _check_published(self, published: PublishedFiles, problems: list[Problem]) -> None:
        before = len(problems)
        check_editions(self.root, problems)
        if len(problems) == before and (self.root / EDITIONS).is_dir():
            check_gate(read_editions(self.root), SPEC_VERSION, published, problems)

    def _check_outputs(self, problems: list[Problem]) -> None:
        for file, content in self.outputs().items():
            path = self.root / file
            if not path.is_file() or path.read_bytes() != content:
                found = "no generated file" if not path.is_file() else "a generated file that is out of date"
                problems.append(
                    Problem(file, 1, found, "what the sources say", "run `python tools/spec.py build`")
                )


def read_book(root: Path) -> Book:
    """Read the standard below `root`. What is wrong is in the result; nothing is raised for it."""
    problems: list[Problem] = []
    requirements: list[Requirement] = []
    translations: dict[str, Translation] = {}
    sources: dict[str, str] = {}
    declared: set[str] = set()
    _unknown_chapters(root, problems)
    for chapter in CHAPTERS:
        file, chinese_file = f"spec/en/{chapter}.md", f"spec/zh/{chapter}.md"
        if not (root / file).is_file():
            continue
        sources[file] = read_source(root / file)
        blocks = read_blocks(chapter, file, sources[file], problems)
        requirements += blocks
        chinese: list[Translation] = []
        if (root / chinese_file).is_file():
            sources[chinese_file] = read_source(root / chinese_file)
            chinese = read_translation(chinese_file, sources[chinese_file], problems)
        declared.update(headings(sources[file]))
        known = [each for each in chinese if each.id not in declared or each.id in {b.id for b in blocks}]
        fitting = compare_translation(file, blocks, chinese_file, known, problems)
        if chinese_file in sources:
            english = file, sources[file]
            compare_literals(english, (chinese_file, sources[chinese_file]), fitting, problems)
        translations |= fitting
    requirements = _unique(requirements, problems)
    lock_text = read_source(root / LOCK)
    lock = read_lock(LOCK, lock_text, problems)
    rewordings: list[Problem] = []
    compare_lock(requirements, lock, rewordings)
    citations = read_citations(root, problems)
    folder = f"schemas/{SPEC_VERSION}"
    descriptors = compile_service(root / folder, f"{folder}/{SERVICE}", problems)
    return Book(
        root,
        tuple(requirements),
        frozenset(declared),
        translations,
        lock,
        lock_text,
        tuple(citations),
        tuple(problems),
        tuple(rewordings),
        sources,
        descriptors,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _unknown_chapters(root: Path, problems: list[Problem]) -> None:
    for language in ("en", "zh"):
        for path in sorted((root / "spec" / language).glob("*.md")):
            if path.stem not in CHAPTERS:
                problems.append(
                    Problem(
                        path.relative_to(root).as_posix(),
                        1,
                        f"the chapter {path.stem!r}",
                        f"one of {', '.join(CHAPTERS)}",
                        "rename the file, or add the chapter to tools/specification/vocabulary.py",
                    )
                )


def _unique(requirements: list[Requirement], problems: list[Problem]) -> list[Requirement]:
    first: dict[str, Requirement] = {}
    for requirement in requirements:
        before = first.setdefault(requirement.id, requirement)
        if before is not requirement:
            problems.append(
                Problem(
                    requirement.file,
                    requirement.line,
                    f"a second block of {requirement.id}",
                    f"only the one at {before.file}:{before.line}",
                    "number one of them anew",
                )
            )
    return list(first.values())


def _entry(requirement: Requirement, translation: Translation | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": requirement.id,
        "chapter": requirement.chapter,
        "title": requirement.title,
        "rev": requirement.rev,
        "level": requirement.level,
        "role": requirement.role,
        "profiles": list(requirement.profiles),
        "verify": list(requirement.verify),
    }
    if requirement.schema is not None:
        entry["schema"] = requirement.schema
    entry |= {"text": requirement.text, "remedy": requirement.remedy, "digest": requirement.digest}
    if translation is not None:
        entry["zh"] = {
            "title": translation.title,
            "text": translation.text,
            "remedy": translation.remedy,
            "source": translation.source,
        }
    return entry
