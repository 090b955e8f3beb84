"""The first pages: the door with its two languages, and what each language shows first.

Owns the doors for the three kinds of visitors and the table of chapters; leaves every title to the chapters
themselves and the drawings to `diagrams`.
"""

import posixpath
import re
from collections.abc import Collection, Mapping

from pages.diagrams import DIAGRAMS, figure
from pages.words import LANGUAGES, WORDS
from specification import Book
from specification.book import SPEC_VERSION
from specification.vocabulary import CHAPTERS

__all__ = ["chapter_titles", "home_page", "landing_page"]

_INTRODUCTION = {
    "en": (
        "Lepton is an open standard for how data, models, inference and applications meet. "
        "It profiles what exists, decides what that leaves open, and gives each requirement an identifier "
        "that the schemas, the checks, the tests and the reports share. "
        "A conformance suite judges servers, runtimes and validators that other people wrote, and anybody "
        "can recompute its certificates."
    ),
    "zh": (
        "Lepton 是一个开放标准，规定数据、模型、推理与应用如何对接。"
        "它采用已有的规范，对它们留空的部分作出决定，并给每条要求一个编号，模式、检查、测试和报告都用这个编号。"
        "符合性套件评判别人编写的服务器、运行时和验证器，它签发的证书任何人都能重新计算。"
    ),
}
_TITLE = {"en": "Lepton, edition {version}", "zh": "Lepton {version} 版"}
_STATUS = {
    "en": "Edition {version} is a draft of {count} requirements. The English text binds.",
    "zh": "{version} 版目前是草案，共 {count} 条要求。以英文文本为准。",
}
#: Title, text and page of each door.
_DOORS = {
    "en": (
        (
            "Validate a model package",
            "Find out whether a package is what it says, down to its numbers.",
            "validate",
        ),
        (
            "Certify a runtime or server",
            "Run the suite on a program of yours and get a certificate.",
            "certify",
        ),
        ("Read the standard", "Start with the scope, the terms and the datatypes.", "core"),
    ),
    "zh": (
        ("验证模型包", "一个包是否与它声明的一致，直到每个数值。", "validate"),
        ("认证运行时或服务器", "用套件评判您的程序，得到证书。", "certify"),
        ("阅读标准", "从范围、术语和数据类型开始。", "core"),
    ),
}
_MORE = {
    "en": (
        "Build one from the text alone",
        "Write an adapter",
        "Cite the standard",
        "Decision records",
        "Python API",
    ),
    "zh": ("只凭文本实现", "编写适配器", "引用本标准", "决策记录（英文）", "Python API（英文）"),
}
#: As seen from the folder of a language.
_MORE_PAGES = (
    "guide/implement.md",
    "guide/adapter.md",
    "guide/cite.md",
    "../decisions/README.md",
    "../en/api/index.md",
)
_CERTIFICATION = {"en": "How a certificate comes about", "zh": "证书是怎样得来的"}
_LAYERS = {"en": "What it covers", "zh": "覆盖的内容"}


def chapter_titles(language: str, book: Book) -> dict[str, str]:
    """Return the title of each chapter that exists in this language, in the published order."""
    titles = {}
    for chapter in CHAPTERS:
        text = book.sources.get(f"spec/{language}/{chapter}.md")
        if text is not None:
            heading = re.search(r"^#\s+(.+)$", text, re.MULTILINE)
            titles[chapter] = heading.group(1).strip() if heading else chapter
    return titles


def home_page(language: str, book: Book, known: Collection[str] = ()) -> str:
    """Return the Markdown of a language's first page. `known` are the other pages there are."""
    words = WORDS[language]
    count = len(book.requirements)
    status = _STATUS[language].format(version=SPEC_VERSION, count=count)
    lines = ["---", "hide:", "  - navigation", "  - toc", "---", ""]
    lines += [f"# {_TITLE[language].format(version=SPEC_VERSION)}", ""]
    lines += [f'<p class="lepton-lead">{_INTRODUCTION[language]}</p>', ""]
    lines += ['<div class="lepton-doors" markdown="1">', ""]
    for title, text, name in _DOORS[language]:
        page = f"guide/{name}.md" if f"{language}/guide/{name}.md" in known else f"{name}.md"
        if f"{language}/{page}" in known:
            lines += [
                f'<div class="lepton-door" markdown="1">\n\n## [{title}]({page})\n\n{text}\n\n</div>',
                "",
            ]
    lines += ["</div>", ""]
    more = [
        f"[{label}]({page})"
        for label, page in zip(_MORE[language], _MORE_PAGES, strict=True)
        if posixpath.normpath(f"{language}/{page}") in known
    ]
    lines += [" · ".join(more), ""] if more else []
    layers, certification = DIAGRAMS[language]
    lines += [f"## {_LAYERS[language]}", "", figure(layers), "", status, ""]
    lines += _chapters(language, book, words)
    lines += [f"## {_CERTIFICATION[language]}", "", figure(certification), ""]
    return "\n".join(lines)


def landing_page() -> str:
    """Return the Markdown of the door."""
    lines = ["---", "hide:", "  - navigation", "  - toc", "---", "", "# Lepton", ""]
    lines += ['<div class="lepton-doors" markdown="1">', ""]
    for language, name in LANGUAGES.items():
        lines += [f'<div class="lepton-door" lang="{language}" markdown="1">', "", f"## {name}", ""]
        lines += [_INTRODUCTION[language], ""]
        title = _TITLE[language].format(version=SPEC_VERSION)
        lines += [f"[{title}]({language}/index.md){{ .md-button .md-button--primary }}", "", "</div>", ""]
    return "\n".join([*lines, "</div>", ""])


def _chapters(language: str, book: Book, words: Mapping[str, str]) -> list[str]:
    rows = [f"| {words['chapters']} | {words['all_requirements']} |", "|---|---:|"]
    for chapter, title in chapter_titles(language, book).items():
        number = sum(each.chapter == chapter for each in book.requirements)
        rows.append(f"| [{title}]({chapter}.md) | {number} |")
    return [*rows, ""]
