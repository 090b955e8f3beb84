"""What a requirement says, in the words of one language and as HTML: title, text, remedy, citation.

Owns the choice of the words (English where no translation fits), the links between requirements, and the
addresses that are cited. Leaves where it stands to the pages.
"""

import markdown

from pages.dossier import Dossier, Library
from pages.links import link_identifiers_by
from specification.book import SPEC_VERSION

__all__ = [
    "NAMESPACE",
    "citation",
    "foreign",
    "inline",
    "one_line",
    "permanent_address",
    "plain_title",
    "render",
    "spoken",
    "title_cell",
]

#: Where the standard is published: the base of the schemas' `$id`.
NAMESPACE = "https://lepton-standard.org"
_EXTENSIONS = ["tables", "attr_list", "pymdownx.superfences", "pymdownx.highlight"]
_markdown = markdown.Markdown(extensions=_EXTENSIONS)


def permanent_address(language: str, identifier: str) -> str:
    """Return the address that is cited."""
    return f"{NAMESPACE}/{language}/requirements/{identifier}/"


def citation(language: str, dossier: Dossier) -> str:
    """Return the requirement as a citation: its text, edition, ID, revision and address."""
    title, text, _ = spoken(language, dossier)
    each = dossier.requirement
    address = permanent_address(language, each.id)
    if language == "zh":
        return f"“{one_line(text)}” Lepton {SPEC_VERSION}，{each.id}（修订 {each.rev}）：{title}。{address}"
    return f'"{one_line(text)}" Lepton {SPEC_VERSION}, {each.id} (revision {each.rev}): {title}. {address}'


def spoken(language: str, dossier: Dossier) -> tuple[str, str, str]:
    """Return title, text and remedy in a language, in English where there is no fitting translation."""
    each = dossier.requirement
    return (
        (each.title, each.text, each.remedy)
        if language == "en" or dossier.translation is None
        else (dossier.translation.title, dossier.translation.text, dossier.translation.remedy)
    )


def foreign(language: str, dossier: Dossier) -> str:
    """Return the attribute that marks English words on a page of another language, with a leading space."""
    return ' lang="en"' if language != "en" and dossier.translation is None else ""


def render(text: str, own: str, library: Library) -> str:
    """Return Markdown of a block as HTML, each mention of another requirement a link to its page."""

    def address(identifier: str) -> str:
        known = identifier in library.dossiers and identifier != own
        return f"[{identifier}](../{identifier}/)" if known else identifier

    lines, fenced = [], False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        lines.append(line if fenced else link_identifiers_by(line, address))
    return (
        _convert("\n".join(lines))
        .replace("<table>", '<div class="scroll" tabindex="0"><table>')
        .replace("</table>", "</table></div>")
    )


def _convert(text: str) -> str:
    _markdown.reset()
    return str(_markdown.convert(text))


def inline(text: str) -> str:
    """Return one line of Markdown as HTML."""
    return _convert(text).removeprefix("<p>").removesuffix("</p>")


def one_line(text: str) -> str:
    """Return text without its line breaks."""
    return " ".join(text.split())


def plain_title(language: str, dossier: Dossier) -> str:
    """Return the title of a requirement as HTML."""
    return inline(spoken(language, dossier)[0])


def title_cell(language: str, dossier: Dossier) -> str:
    """Return the cell of a table with the title."""
    return f"<td{foreign(language, dossier)}>{plain_title(language, dossier)}</td>"
