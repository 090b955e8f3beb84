"""Read the requirement blocks of one English chapter.

Owns the grammar of a block (heading, blockquote, header line, normative text, remedy) and the rule that a
BCP 14 keyword stands in a block or nowhere. Leaves Chinese blocks to `translation`, revisions to `lock`.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from specification.header import read_header
from specification.problem import Problem
from specification.vocabulary import CHAPTERS, HEADING, IDENTIFIER, keywords

__all__ = ["Line", "Quote", "Requirement", "headings", "prose_lines", "quotes", "read_blocks"]

_REMEDY = re.compile(r"^\*Remedy:\*\s*")
_FENCE = re.compile(r"^\s*(```+|~~~+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chapter with its number, counted from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A blockquote under a heading that names a requirement; `lines` are stripped of the mark `>`."""

    id: str
    title: str
    line: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement block. `line` is where its heading stands in `file`."""

    id: str
    chapter: str
    title: str
    rev: int
    level: str
    role: str
    profiles: tuple[str, ...]
    verify: tuple[str, ...]
    schema: str | None
    text: str
    remedy: str
    file: str
    line: int

    @property
    def digest(self) -> str:
        """Return the SHA-256, in hex, of what binds: level, role, profiles and normative text.

        White space is no part of it, so that a chapter can be wrapped anew.
        """
        parts = (self.level, self.role, ",".join(sorted(self.profiles)), " ".join(self.text.split()))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def prose_lines(text: str) -> Iterator[Line]:
    """Yield the lines of Markdown that are prose: those in fenced code and in comments are passed over."""
    fence = ""
    comment = False
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"^\s*>\s?", "", line)
        mark = _FENCE.match(bare)
        if fence:
            if mark and mark.group(1).startswith(fence):
                fence = ""
            continue
        if mark:
            fence = mark.group(1)
            continue
        if comment or bare.lstrip().startswith("<!--"):
            comment = "-->" not in line
            continue
        yield Line(number, line)


def quotes(file: str, text: str, problems: list[Problem]) -> list[Quote]:
    """Return the blockquotes that stand right under a heading with a requirement's ID."""
    lines = [Line(number, line) for number, line in enumerate(text.splitlines(), 1)]
    found = []
    prose = {line.number for line in prose_lines(text)}
    for index, line in enumerate(lines):
        heading = HEADING.match(line.text) if line.number in prose else None
        if heading is None:
            continue
        identifier, title = heading.group(1), (heading.group(2) or "").strip()
        if not IDENTIFIER.fullmatch(identifier) or not title:
            problems.append(
                Problem(
                    file,
                    line.number,
                    f"the heading {line.text.strip()!r}",
                    f"`### PPP-TTT-NN: Title` with PPP one of {', '.join(CHAPTERS.values())}",
                    "write the ID with two digits, a colon and a title",
                )
            )
            continue
        after = index + 1
        while after < len(lines) and not lines[after].text.strip():
            after += 1
        body = []
        while after < len(lines) and lines[after].text.startswith(">"):
            body.append(Line(lines[after].number, lines[after].text[1:].removeprefix(" ")))
            after += 1
        if not body:
            problems.append(
                Problem(
                    file,
                    line.number,
                    f"no blockquote under the heading of {identifier}",
                    "a requirement block",
                    "put `> `rev 1` `MUST` ...` on the line after the heading",
                )
            )
            continue
        found.append(Quote(identifier, title, line.number, tuple(body)))
    return found


def headings(text: str) -> Iterator[str]:
    """Yield the ID of each heading that names a requirement, whether its block is well formed or not."""
    for line in prose_lines(text):
        heading = HEADING.match(line.text)
        if heading is not None:
            yield heading.group(1)


def read_blocks(chapter: str, file: str, text: str, problems: list[Problem]) -> list[Requirement]:
    """Return the requirements of one chapter in order; what is malformed goes to `problems`."""
    found = []
    inside: set[int] = set()
    for quote in quotes(file, text, problems):
        inside.update(line.number for line in quote.lines)
        if not quote.id.startswith(CHAPTERS[chapter] + "-"):
            problems.append(
                Problem(
                    file,
                    quote.line,
                    f"{quote.id} in the chapter {chapter}",
                    f"an ID that starts with {CHAPTERS[chapter]}-",
                    "move the block or rename it",
                )
            )
            continue
        requirement = _block(chapter, file, quote, problems)
        if requirement is not None:
            found.append(requirement)
    _stray_keywords(file, text, inside, problems)
    return found


def _stray_keywords(file: str, text: str, inside: set[int], problems: list[Problem]) -> None:
    for line in prose_lines(text):
        if line.number in inside:
            continue
        for keyword in keywords(line.text):
            problems.append(
                Problem(
                    file,
                    line.number,
                    f"the BCP 14 keyword {keyword} outside a requirement block",
                    "keywords in capitals only in blocks",
                    "reword it, set it as code if it is only mentioned, or make it a requirement",
                )
            )


def _block(chapter: str, file: str, quote: Quote, problems: list[Problem]) -> Requirement | None:
    """Read one blockquote; None when its header line cannot be read."""
    header = quote.lines[0]
    count = len(problems)
    fields = read_header(file, header.number, header.text, problems)
    remedy_at = next((i for i, line in enumerate(quote.lines) if _REMEDY.match(line.text)), None)
    if remedy_at is None:
        problems.append(
            Problem(
                file,
                quote.line,
                f"no remedy in {quote.id}",
                "a paragraph that starts with `*Remedy:*`",
                "say what whoever broke the requirement has to do",
            )
        )
        remedy_at = len(quote.lines)
    body = "\n".join(line.text.rstrip() for line in quote.lines[1:remedy_at]).strip()
    remedy = " ".join(line.text.strip() for line in quote.lines[remedy_at:])
    remedy = _REMEDY.sub("", remedy).strip()
    if keywords(remedy):
        problems.append(
            Problem(
                file,
                quote.lines[min(remedy_at, len(quote.lines) - 1)].number,
                f"the BCP 14 keyword {keywords(remedy)[0]} in the remedy of {quote.id}",
                "no keyword: a remedy is informative",
                "reword the remedy",
            )
        )
    _one_keyword(file, quote, fields.get("level"), body, problems)
    if len(problems) > count:
        return None
    return Requirement(
        quote.id,
        chapter,
        quote.title,
        int(fields["rev"]),
        fields["level"],
        fields["role"],
        tuple(fields["profiles"].split(", ")) if fields["profiles"] else (),
        tuple(fields["verify"].split(", ")),
        fields.get("schema"),
        body,
        remedy,
        file,
        quote.line,
    )


def _one_keyword(file: str, quote: Quote, level: str | None, body: str, problems: list[Problem]) -> None:
    used = keywords(_without_fences(body))
    if len(used) != 1:
        problems.append(
            Problem(
                file,
                quote.line,
                f"{len(used)} BCP 14 keywords ({', '.join(used) or 'none'}) in {quote.id}",
                "exactly one",
                "split the requirement, or reword the rest in lower case",
            )
        )
    elif level is not None and used[0] != level:
        problems.append(
            Problem(
                file,
                quote.line,
                f"the keyword {used[0]} in the text of {quote.id}",
                f"{level}, as its header declares",
                "make header and text agree",
            )
        )


def _without_fences(body: str) -> str:
    return "\n".join(line.text for line in prose_lines(body))
