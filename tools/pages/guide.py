"""The pages of the guide as the site shows them: included files, and values that are never typed twice.

Owns both replacements; leaves the marks of executed steps to `specification.guide`.
"""

import hashlib
from pathlib import Path

from specification import Book
from specification.book import REQUIREMENTS, SPEC_VERSION
from specification.edition import read_editions
from specification.guide import MARK, VALUE

__all__ = ["digest_of_edition", "guide_page"]

_FENCES = {".py": "python", ".cpp": "cpp", ".hpp": "cpp", ".mjs": "javascript"}
#: The requirement that the page on citing shows.
_EXAMPLE = "PKG-DIG-03"


def digest_of_edition(root: Path) -> str:
    """Return `sha256:` and the digest of the requirements of the edition, as they are published."""
    return "sha256:" + hashlib.sha256((root / REQUIREMENTS).read_bytes()).hexdigest()


def guide_page(text: str, book: Book) -> str:
    """Return a page without its marks, with the files that it includes, and its values filled in."""
    lines = []
    for line in text.splitlines():
        mark = MARK.match(line.strip())
        if mark is None:
            lines.append(line)
        elif mark.group(1) == "include":
            path = book.root / mark.group(2)
            if not path.is_file():  # a problem of the check, which the build reports
                continue
            lines += [f'```{_FENCES.get(path.suffix, "text")} title="{mark.group(2)}"']
            lines += [*path.read_text(encoding="utf-8").splitlines(), "```"]
        elif mark.group(1) == "file":
            lines.append(f'<p class="lepton-file"><code>{mark.group(2)}</code></p>\n')
    values = _values(book)
    return VALUE.sub(lambda found: values.get(found.group(1), found.group()), "\n".join(lines) + "\n")


def _year(root: Path) -> str:
    """Return the year of the newest edition: a citation does not change with the day of the build."""
    return max(each.date for each in read_editions(root))[:4]


def _values(book: Book) -> dict[str, str]:
    example = next(each for each in book.requirements if each.id == _EXAMPLE)
    return {
        "EDITION": SPEC_VERSION,
        "DIGEST": digest_of_edition(book.root),
        "YEAR": _year(book.root),
        "REQUIREMENT": example.id,
        "CHAPTER": example.chapter,
        "REV": str(example.rev),
        "TITLE": example.title,
    }
