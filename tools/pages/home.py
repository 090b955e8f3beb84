"""The first pages: the door with its two languages, and the table of chapters of each.

Owns what is generated there; leaves every title to the chapters themselves.
"""

import re

from pages.words import LANGUAGES, WORDS
from specification import Book
from specification.vocabulary import CHAPTERS

__all__ = ["chapter_titles", "home_page", "landing_page"]

_INTRODUCTION = {
    "en": (
        "Lepton says how models, data, inference and applications meet. Each requirement has an ID that is "
        "never used twice; the schemas, the checks, the tests and the reports use the same one. The English "
        "text binds."
    ),
    "zh": (
        "Lepton 规定模型、数据、推理与应用如何衔接。每项要求都有一个永不改派的编号，"
        "模式、检查、测试和报告使用同一个编号。以英文文本为准。"
    ),
}
_TITLE = {"en": "The Lepton standard 1.0, draft", "zh": "Lepton 标准 1.0（草案）"}


def chapter_titles(language: str, book: Book) -> dict[str, str]:
    """Return the title of each chapter that exists in this language, in the published order."""
    titles = {}
    for chapter in CHAPTERS:
        text = book.sources.get(f"spec/{language}/{chapter}.md")
        if text is not None:
            heading = re.search(r"^#\s+(.+)$", text, re.MULTILINE)
            titles[chapter] = heading.group(1).strip() if heading else chapter
    return titles


def home_page(language: str, book: Book) -> str:
    """Return the Markdown of a language's first page: chapters with the number of their requirements."""
    words = WORDS[language]
    lines = [f"# {_TITLE[language]}", "", _INTRODUCTION[language], ""]
    lines += [f"| {words['chapters']} | {words['requirement']} |", "|---|---|"]
    for chapter, title in chapter_titles(language, book).items():
        count = sum(each.chapter == chapter for each in book.requirements)
        lines.append(f"| [{title}]({chapter}.md) | {count} |")
    lines += ["", f"- [{words['profiles']}](profiles.md)", f"- [{words['schemas']}](schemas/index.md)", ""]
    return "\n".join(lines)


def landing_page() -> str:
    """Return the Markdown of the door."""
    lines = ["---", "hide:", "  - navigation", "  - toc", "---", "", "# Lepton", ""]
    for language, name in LANGUAGES.items():
        lines += [f"## {name}", "", _INTRODUCTION[language], ""]
        lines += [f"[{_TITLE[language]}]({language}/index.md){{ .md-button .md-button--primary }}", ""]
    return "\n".join(lines)
