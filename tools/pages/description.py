"""What a search engine, or whoever is sent a link, is told of a page: its first paragraph.

Owns that choice, in the language of the page; leaves descriptions that a page gives itself as they are.
"""

import html
import re

__all__ = ["describe"]

#: Search engines show about so much.
MAX_CHARACTERS = 200
#: Shorter paragraphs are labels.
MIN_CHARACTERS = 12
_PARAGRAPH = re.compile(r"<p\b[^>]*>(.*?)</p>", re.S)
_TAG = re.compile(r"<[^>]+>")


def describe(content: str) -> str:
    """Return the first paragraph of a page's HTML that is prose, as plain text; empty where there is none."""
    for found in _PARAGRAPH.finditer(content):
        text = " ".join(html.unescape(_TAG.sub("", found.group(1))).split())
        if len(text) >= MIN_CHARACTERS:
            return text if len(text) <= MAX_CHARACTERS else _cut(text)
    return ""


def _cut(text: str) -> str:
    """Return the start of a text, up to the end of a word: a space, or any sign of Chinese."""
    start = text[: MAX_CHARACTERS - 1]
    at = max(start.rfind(" "), *(start.rfind(sign) + 1 for sign in "，。；：、"))
    return start[: at if at > MAX_CHARACTERS // 2 else None].rstrip(" ，、,;：:") + "…"
