"""Links from any mention of a requirement to its card.

Owns where a card stands: in the reader's language where the block is translated, else in English.
"""

import functools
import re
from collections.abc import Callable, Mapping

from specification import Book
from specification.blocks import headings
from specification.vocabulary import IDENTIFIER

__all__ = ["card_link", "link_identifiers", "link_identifiers_by"]

_CODE_OR_LINK = re.compile(r"(`+[^`]*`+|\[[^\]]*\]\([^)]*\)|<[^>]*>)")


def card_link(language: str, identifier: str, book: Book, up: str = "") -> str:
    """Return a Markdown link to the card of a requirement; the bare ID when there is no such card.

    `up` leads from the page to the folder of its language.
    """
    for home in (language, "en"):
        chapter = _cards(tuple(book.sources.items()), home).get(identifier)
        if chapter is not None:
            folder = up if home == language else f"{up}../{home}/"
            return f"[{identifier}]({folder}{chapter}.md#{identifier})"
    return identifier


def link_identifiers(language: str, line: str, book: Book, up: str = "") -> str:
    """Return the line with each requirement ID outside code and links as a link to its card."""
    return link_identifiers_by(line, lambda identifier: card_link(language, identifier, book, up))


def link_identifiers_by(line: str, link: Callable[[str], str]) -> str:
    """Return the line with what `link` returns for each requirement ID outside code and links."""
    parts = _CODE_OR_LINK.split(line)
    return "".join(
        part if index % 2 else IDENTIFIER.sub(lambda match: link(match.group()), part)
        for index, part in enumerate(parts)
    )


@functools.lru_cache(maxsize=4)
def _cards(sources: tuple[tuple[str, str], ...], language: str) -> Mapping[str, str]:
    """Return the chapter of each ID that has a heading in this language."""
    found = {}
    for file, text in sources:
        if file.startswith(f"spec/{language}/"):
            chapter = file.rpartition("/")[2].removesuffix(".md")
            found.update(dict.fromkeys(headings(text), chapter))
    return found
