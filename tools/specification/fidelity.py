"""Compare what a translation takes over unchanged: numbers, IDs of requirements, and names set as code.

Owns that comparison, section by section, in the chapters and outside their blocks too: tables and rules bind
as well. Leaves keywords, sources and the order of blocks to `translation`. A section may say a number more
than once, so that sets are compared; number words (two, 两个) are prose.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from specification.blocks import prose_lines
from specification.problem import Problem
from specification.vocabulary import HEADING

__all__ = ["compare_literals"]

_HEADING = re.compile(r"^#{1,6}\s+(.+)$")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_NAME = re.compile(r"^[A-Za-z_$][\w.$/-]*$", re.ASCII)
_IDENTIFIER = re.compile(r"\b[A-Z]{3}-[A-Z]{3}(?:-\d\d)?\b", re.ASCII)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*", re.ASCII)
_TARGET = re.compile(r"\]\([^)]*\)")
_HEADER = re.compile(r"^`(?:rev \d|source:)")
_KINDS = ("number", "identifier", "name set as code")


@dataclass(frozen=True, slots=True)
class _Section:
    """What a heading is followed by, up to the next: of each kind the words, and where each stands first."""

    line: int
    title: str
    id: str
    found: tuple[dict[str, int], ...] = field(default_factory=lambda: ({}, {}, {}))


def compare_literals(
    english: tuple[str, str], chinese: tuple[str, str], fitting: Collection[str], problems: list[Problem]
) -> None:
    """Note where a Chinese section has other numbers, identifiers or names than its English one.

    Both are a file and its text. Blocks that are not `fitting` are stale or missing, which is said elsewhere.
    """
    ours, theirs = list(_sections(english[1])), list(_sections(chinese[1]))
    blocks = [{each.id: each for each in reversed(those) if each.id in fitting} for those in (ours, theirs)]
    ours, theirs = ([each for each in those if not each.id] for those in (ours, theirs))
    if len(ours) != len(theirs):
        problems.append(
            Problem(
                chinese[0],
                1,
                f"{len(theirs) - 1} headings beside those of blocks",
                f"{len(ours) - 1}, those of {english[0]}",
                "translate section by section",
            )
        )
        return
    pairs = [(blocks[0][each], blocks[1][each]) for each in fitting]
    for one, other in (*zip(ours, theirs, strict=True), *pairs):
        for kind, here, there in zip(_KINDS, one.found, other.found, strict=True):
            for word in sorted(here.keys() - there.keys()):
                problems.append(
                    Problem(
                        chinese[0],
                        other.line,
                        f"no {kind} {word} in the section {other.title!r}",
                        f"it, as in {english[0]}:{here[word]}",
                        "bring the translation up to date",
                    )
                )
            for word in sorted(there.keys() - here.keys()):
                problems.append(
                    Problem(
                        chinese[0],
                        there[word],
                        f"the {kind} {word}",
                        f"only what the section {one.title!r} of {english[0]}:{one.line} has",
                        "bring the translation up to date",
                    )
                )


def _sections(text: str) -> Iterator[_Section]:
    section = _Section(1, "", "")
    for line in prose_lines(text):
        heading = _HEADING.match(line.text)
        if heading:
            yield section
            block = HEADING.match(line.text)
            section = _Section(line.number, heading.group(1).strip(), block.group(1) if block else "")
        bare = re.sub(r"^\s*>\s?", "", line.text).strip()
        if _HEADER.match(bare):
            continue
        rest = _TARGET.sub("]", _CODE.sub(" ", bare))
        names = [code for _, code in _CODE.findall(bare) if _NAME.match(code)]
        identifiers = _IDENTIFIER.findall(rest)
        numbers = _NUMBER.findall(_IDENTIFIER.sub(" ", rest))
        for words, kept in zip((numbers, identifiers, names), section.found, strict=True):
            for word in words:
                kept.setdefault(word, line.number)
    yield section
