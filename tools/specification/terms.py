"""One word for one thing: the table of terms, and the chapters and guide pages that keep to it.

Owns `spec/terms.yml` and where its variants are looked for. Leaves it to the translator which Chinese word a
sentence needs; only those are refused that mean one of these things and are not its name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from specification.blocks import prose_lines
from specification.problem import Problem
from specification.source import read_source
from specification.vocabulary import without_code

__all__ = ["TERMS", "Term", "check_terms", "read_terms"]

TERMS = "spec/terms.yml"
_LANGUAGES = ("en", "zh")
#: What a link leads to and what an HTML tag says are no prose.
_ADDRESS = re.compile(r"\]\([^)]*\)|<[^>]*>|https?://\S+")


@dataclass(frozen=True, slots=True)
class Term:
    """A term by language, and its refused variants by language."""

    names: dict[str, str]
    refused: dict[str, tuple[str, ...]]


def read_terms(file: str, text: str, problems: list[Problem]) -> list[Term]:
    """Return the terms of the table; what is malformed goes to `problems`."""
    try:
        entries = yaml.safe_load(text) or []
        return [
            Term(
                {language: str(entry[language]) for language in _LANGUAGES},
                {language: tuple(map(str, entry["not"][language])) for language in _LANGUAGES},
            )
            for entry in entries
        ]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        found = f"a malformed table of terms ({str(error).splitlines()[0]})"
        expected = "a list of {en: TERM, zh: TERM, not: {en: [VARIANT], zh: [VARIANT]}}"
        problems.append(Problem(file, 1, found, expected, "mend the file"))
        return []


def check_terms(root: Path, problems: list[Problem]) -> None:
    """Note each refused variant in the prose below `root`; where there is no table, nothing is refused."""
    if not (root / TERMS).is_file():
        return
    terms = read_terms(TERMS, read_source(root / TERMS), problems)
    for language in _LANGUAGES:
        wanted = {variant: term for term in terms for variant in term.refused[language]}
        if not wanted:
            continue
        longest_first = sorted(wanted, key=len, reverse=True)
        edge = r"\b" if language == "en" else ""
        pattern = re.compile(f"{edge}(?:{'|'.join(map(re.escape, longest_first))}){edge}", re.IGNORECASE)
        for path in _pages(root, language):
            for line in prose_lines(read_source(path)):
                for found in pattern.findall(_ADDRESS.sub(" ", without_code(line.text))):
                    term = wanted.get(found, wanted.get(found.lower()))
                    assert term is not None
                    problems.append(
                        Problem(
                            path.relative_to(root).as_posix(),
                            line.number,
                            f"the word {found!r}",
                            f"{term.names[language]!r} ({term.names['en']}), the term of {TERMS}",
                            "use the term, or set the word as code if it is a name",
                        )
                    )


def _pages(root: Path, language: str) -> Iterator[Path]:
    for folder in (root / "spec" / language, root / "spec" / language / "guide"):
        yield from sorted(folder.glob("*.md"))
