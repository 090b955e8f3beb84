"""A generated page as HTML: its title, its sections and the few forms that such pages share.

Owns boxes that scroll, badges, copy buttons and the controls of a filter; leaves what stands in them to each
page. These pages are many and hold tables, so that they are written as HTML and not as Markdown.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pages.words import badge, level_class

__all__ = ["Body", "badges", "box", "copy_button", "filters", "heading", "keyword", "link", "table"]


@dataclass(frozen=True, slots=True)
class Body:
    """One page. `sections` are anchors and titles, for the table of contents."""

    title: str
    content: str
    sections: tuple[tuple[str, str], ...] = ()
    description: str = ""


def link(address: str, text: str, title: str = "") -> str:
    """Return a link; `text` is plain."""
    hint = f' title="{html.escape(title)}"' if title else ""
    return f'<a href="{html.escape(address)}"{hint}>{html.escape(text)}</a>'


def heading(anchor: str, title: str) -> str:
    """Return the heading of a section."""
    return f'<h2 id="{anchor}">{html.escape(title)}</h2>'


def keyword(language: str, level: str) -> str:
    """Return the keyword of a requirement for a cell of a table."""
    return f'<span class="keyword {level_class(level)}">{badge(language, level)}</span>'


def badges(parts: Iterable[str]) -> str:
    """Return the line of badges; each part is HTML."""
    return f'<p class="badges">{"".join(parts)}</p>'


def copy_button(label: str, text: str) -> str:
    """Return a button that copies `text`: the theme's script serves it."""
    return (
        f'<button type="button" class="copy" data-clipboard-text="{html.escape(text)}">'
        f"{html.escape(label)}</button>"
    )


def box(label: str, content: str) -> str:
    """Return a box in which a wide table scrolls, by keyboard too; `label` names it for who cannot see it."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(label)}">{content}</div>'


def table(label: str, head: Sequence[str], rows: Iterable[str], anchor: str = "", css: str = "matrix") -> str:
    """Return a table in its box. `head` are cells as HTML, `rows` whole `<tr>`s."""
    identity = f' id="{anchor}"' if anchor else ""
    cells = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = f"<thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return box(label, f'<table class="{css}"{identity}>{body}</table>')


def filters(
    tables: str, shown: str, search: str, choices: Mapping[str, tuple[str, Sequence[tuple[str, str]]]]
) -> str:
    """Return the controls of the tables with these IDs, which requirements.js shows and obeys.

    `choices` are, by the name of a row's `data-` attribute, a label and the values with their names; `shown`
    says how many rows are left, with `{n}` and `{all}`.
    """
    parts = [
        f'<label><span>{html.escape(search)}</span><input type="search" name="q" autocomplete="off"></label>'
    ]
    for name, (label, values) in choices.items():
        options = "".join(
            f'<option value="{html.escape(value)}">{html.escape(text)}</option>' for value, text in values
        )
        parts.append(
            f'<label><span>{html.escape(label)}</span><select name="{name}">'
            f'<option value=""></option>{options}</select></label>'
        )
    return (
        f'<form class="filters" hidden data-tables="{tables}" data-shown="{html.escape(shown)}">'
        f'{"".join(parts)}<output aria-live="polite"></output></form>'
    )
