"""Compare the Chinese chapters with the English ones, block for block.

Owns the grammar of a Chinese block (source digest, text, `*修正：*`) and what makes one missing, stale or
contrary. The English text binds; the Chinese one is checked against it.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from specification.blocks import Requirement, prose_lines, quotes
from specification.problem import Problem
from specification.vocabulary import CHINESE_KEYWORDS, chinese_keywords

__all__ = ["SOURCE_DIGITS", "Translation", "compare_translation", "read_translation"]

#: How many hex digits of the English block's digest a Chinese block repeats.
SOURCE_DIGITS = 12

_SOURCE = re.compile(r"^`source: ([0-9a-f]{12}|new)`$")
_REMEDY = re.compile(r"^\*修正[：:]\*\s*")


@dataclass(frozen=True, slots=True)
class Translation:
    """One Chinese block. `source` names the English wording that it translates."""

    id: str
    title: str
    text: str
    remedy: str
    source: str
    file: str
    line: int


def read_translation(file: str, text: str, problems: list[Problem]) -> list[Translation]:
    """Return the blocks of one Chinese chapter in order; what is malformed goes to `problems`."""
    found = []
    inside: set[int] = set()
    for quote in quotes(file, text, problems):
        inside.update(line.number for line in quote.lines)
        source = _SOURCE.match(quote.lines[0].text.strip())
        at = next((i for i, line in enumerate(quote.lines) if _REMEDY.match(line.text)), None)
        if source is None or at is None:
            problems.append(
                Problem(
                    file,
                    quote.lines[0].number,
                    f"a malformed Chinese block of {quote.id}",
                    "`source: <12 hex digits>` on the first line and a paragraph that starts with `*修正：*`",
                    "write `source: new` and run `python tools/spec.py stamp`",
                )
            )
            continue
        remedy = "".join(line.text.strip() for line in quote.lines[at:])
        found.append(
            Translation(
                quote.id,
                quote.title,
                "\n".join(line.text.rstrip() for line in quote.lines[1:at]).strip(),
                _REMEDY.sub("", remedy).strip(),
                source.group(1),
                file,
                quote.line,
            )
        )
    for line in prose_lines(text):
        if line.number in inside:
            continue
        for word in chinese_keywords(line.text):
            if word in ("必须", "不得"):
                problems.append(
                    Problem(
                        file,
                        line.number,
                        f"the keyword {word} outside a requirement block",
                        "必须 and 不得 only in blocks",
                        "reword it (要, 需, 不能), or set it as code if it is only mentioned",
                    )
                )
    return found


def compare_translation(
    english_file: str,
    requirements: Sequence[Requirement],
    chinese_file: str,
    translations: Sequence[Translation],
    problems: list[Problem],
) -> dict[str, Translation]:
    """Return the translations that fit their English block, by ID; missing and stale ones are warnings."""
    by_id: dict[str, Translation] = {}
    known = {requirement.id for requirement in requirements}
    for translation in translations:
        if translation.id not in known or translation.id in by_id:
            kind = "a second Chinese block of" if translation.id in by_id else "a Chinese block of"
            problems.append(
                Problem(
                    chinese_file,
                    translation.line,
                    f"{kind} {translation.id}",
                    f"one for each block of {english_file}",
                    "remove it, or write the English block",
                )
            )
            continue
        by_id[translation.id] = translation
    fitting = {}
    for requirement in requirements:
        found = by_id.get(requirement.id)
        if found is None:
            problems.append(
                Problem(
                    english_file,
                    requirement.line,
                    f"no Chinese block of {requirement.id}",
                    f"one in {chinese_file}",
                    f"translate it with `source: {requirement.digest[:SOURCE_DIGITS]}`",
                    warning=True,
                )
            )
        elif found.source != requirement.digest[:SOURCE_DIGITS]:
            problems.append(
                Problem(
                    chinese_file,
                    found.line,
                    f"source {found.source} in the Chinese block of {requirement.id}",
                    f"{requirement.digest[:SOURCE_DIGITS]}, the English block as it stands",
                    "bring the translation up to date, then its source",
                    warning=True,
                )
            )
        elif _keyword_fits(requirement, found, problems):
            fitting[requirement.id] = found
    _same_order(requirements, list(by_id.values()), chinese_file, problems)
    return fitting


def _keyword_fits(requirement: Requirement, translation: Translation, problems: list[Problem]) -> bool:
    expected = CHINESE_KEYWORDS[requirement.level]
    text = "\n".join(line.text for line in prose_lines(translation.text))
    used = chinese_keywords(text)
    # 可以 is an everyday word: it counts only where it is the keyword.
    counted = [word for word in used if word != "可以" or expected == "可以"]
    if counted == [expected]:
        return True
    problems.append(
        Problem(
            translation.file,
            translation.line,
            f"the keywords {', '.join(counted) or 'none'} in the Chinese block of {requirement.id}",
            f"exactly {expected}, which translates {requirement.level}",
            "reword the Chinese text",
        )
    )
    return False


def _same_order(
    requirements: Sequence[Requirement],
    translations: Sequence[Translation],
    file: str,
    problems: list[Problem],
) -> None:
    place = {requirement.id: index for index, requirement in enumerate(requirements)}
    for before, after in itertools.pairwise(translations):
        if place[before.id] > place[after.id]:
            problems.append(
                Problem(
                    file,
                    after.line,
                    f"{after.id} after {before.id}",
                    "the order of the English chapter",
                    "move the block",
                )
            )
