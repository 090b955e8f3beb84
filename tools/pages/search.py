"""What the search of one language looks through: the passages of its pages, as one script.

Owns which passages there are, their order and the form of the script; leaves finding and ranking to
`search.js`.
It is a script and no JSON, because a page that was opened from a folder may load scripts alone.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pages.home import chapter_titles
from specification import Book
from specification.vocabulary import IDENTIFIER

__all__ = ["Passage", "passages", "requirement_passages", "search_script"]

_HEADING = re.compile(r'<h[1-6][^>]*?\sid="([^"]+)"[^>]*>(.*?)</h[1-6]>', re.S)
_PERMALINK = re.compile(r'<a class="headerlink".*?</a>', re.S)
#: What a reader does not look for by its words: scripts, drawings, controls, and tables of all requirements.
_SILENT = re.compile(
    r"<(script|style|svg|template|form)\b.*?</\1>"
    r"|<table class=\"matrix(?![^\"]*(?:figures|subjects)).*?</table>",
    re.S,
)
_LISTING = re.compile(r"<pre\b.*?</pre>", re.S)
_BLOCK_END = re.compile(r"</(?:p|li|tr|td|th|h[1-6]|div|dt|dd|pre|summary|caption|figcaption)>|<br ?/?>")
_DIVISION = re.compile(r"<(/?)div\b[^>]*>")
_CARD = '<div class="requirement '
_MARKDOWN = re.compile(r"[`*]|\[([^\]]*)\]\([^)]*\)")
#: Listings of more characters are left out: they are files, which the search of an editor finds better.
MAX_LISTING = 600


@dataclass(frozen=True, slots=True)
class Passage:
    """One thing to find. `page` is the title of the page it stands on, `kind` its CSS class and weight."""

    location: str
    page: str
    title: str
    text: str
    kind: str


def passages(location: str, title: str, content: str, kind: str) -> Iterator[Passage]:
    """Yield the passages of one page's HTML, one a heading, without cards: each has a passage of its own.

    What follows a card, its reasons, is a passage whose title is the ID alone, for `requirement_passages`.
    """
    content = _without_cards(_SILENT.sub(" ", content))
    content = _LISTING.sub(lambda match: match.group() if len(match.group()) <= MAX_LISTING else " ", content)
    starts = list(_HEADING.finditer(content))
    first = content[: starts[0].start()] if starts else content
    if not starts or _plain(first):
        yield Passage(location, title, title, _plain(first), kind)
    for at, match in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(content)
        heading = _plain(_PERMALINK.sub("", match.group(2)))
        text = _plain(content[match.end() : end])
        if IDENTIFIER.fullmatch(match.group(1)):
            yield Passage(location, title, match.group(1), text, "reasons")
            continue
        anchor = "" if heading == title else f"#{match.group(1)}"
        yield Passage(location + anchor, title, heading, text, kind)


def requirement_passages(
    language: str, book: Book, addresses: Mapping[str, str], others: Iterable[Passage]
) -> Iterator[Passage]:
    """Yield one passage a requirement: clause, remedy, and the reasons among the `others` of its language.

    `addresses` are those of the requirements' pages, by ID.
    """
    chapters = chapter_titles("en", book) | chapter_titles(language, book)
    reasons = {}
    for other in others:
        if other.kind == "reasons":
            reasons[other.title] = other.text
    for each in book.requirements:
        said = book.translations.get(each.id) if language == "zh" else None
        source, colon = (each, ": ") if said is None else (said, "：")
        parts = [_MARKDOWN.sub(_label, part) for part in (source.text, source.remedy)]
        text = " ".join(" ".join([*parts, reasons.get(each.id, "")]).split())
        title = f"{each.id}{colon}{_MARKDOWN.sub(_label, source.title)}"
        yield Passage(addresses[each.id], chapters[each.chapter], title, text, "requirement")


def search_script(found: Iterable[Passage]) -> str:
    """Return the script that hands the passages to `search.js`, which defines `leptonSearch`."""
    rows = [
        [each.location, each.page, each.title, each.text, each.kind]
        for each in found
        if each.kind != "reasons"
    ]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return f"leptonSearch([\n{lines}\n]);\n"


def _label(match: re.Match[str]) -> str:
    return match.group(1) or ""


def _plain(markup: str) -> str:
    text = re.sub(r"<[^>]+>", "", _BLOCK_END.sub(" ", markup))
    return " ".join(html.unescape(text).replace("¶", " ").split())


def _without_cards(content: str) -> str:
    """Return the HTML without each requirement card, whose divisions are counted to find its end."""
    kept, at = [], 0
    while (start := content.find(_CARD, at)) >= 0:
        kept.append(content[at:start])
        depth = 0
        at = len(content)
        for mark in _DIVISION.finditer(content, start):
            depth += -1 if mark.group(1) else 1
            if depth == 0:
                at = mark.end()
                break
    kept.append(content[at:])
    return "".join(kept)
