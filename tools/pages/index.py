"""The list of all requirements, which can be filtered by what their headers say.

Owns `/<language>/requirements/`; leaves each requirement to its page and the filter to requirements.js.
"""

import re
from collections.abc import Iterable, Sequence

from pages.body import Body, filters, keyword, table
from pages.clauses import title_cell
from pages.dossier import Dossier, Library
from pages.home import chapter_titles
from pages.labels import LABELS
from pages.words import badge, level_class
from specification.vocabulary import LEVELS, PROFILES, ROLES, VERIFICATIONS

__all__ = ["choices", "index_page", "row_data"]

EVIDENCE = ("mutant", "test", "waived", "open", "none")
STATES = ("current", "stale", "missing")
TABLE = "requirements"


def row_data(dossier: Dossier) -> str:
    """Return the `data-` attributes of a requirement's row, which the filters of every list read."""
    each = dossier.requirement
    values = {
        "chapter": each.chapter,
        "level": level_class(each.level),
        "role": each.role,
        "profile": " ".join(each.profiles),
        "verify": " ".join(each.verify),
        "state": dossier.evidence,
        "translation": dossier.state,
    }
    return " ".join(f'data-{name}="{value}"' for name, value in values.items())


def choices(
    language: str, library: Library, names: Iterable[str]
) -> dict[str, tuple[str, Sequence[tuple[str, str]]]]:
    """Return the named choices of a filter; a value that no requirement has is left out."""
    words = LABELS[language]
    titles = chapter_titles("en", library.book) | chapter_titles(language, library.book)
    every = {
        "chapter": list(titles.items()),
        "level": [(level_class(one), badge(language, one)) for one in LEVELS],
        "role": [(one, badge(language, one)) for one in ROLES],
        "profile": [(one, one) for one in PROFILES],
        "verify": [(one, words.get(one, one)) for one in VERIFICATIONS],
        "state": [(one, words[f"evidence_{one}"]) for one in EVIDENCE],
        "translation": [(one, words[one]) for one in STATES],
    }
    rows = " ".join(row_data(one) for one in library.dossiers.values())
    used = {name: set(" ".join(re.findall(rf'data-{name}="([^"]*)"', rows)).split()) for name in every}
    return {name: (words[name], [one for one in every[name] if one[0] in used[name]]) for name in names}


def index_page(language: str, library: Library) -> Body:
    """Return the list of all requirements."""
    words = LABELS[language]
    names = ("chapter", "level", "role", "profile", "verify", "state", "translation")
    rows = []
    for key, dossier in library.dossiers.items():
        each = dossier.requirement
        rows.append(
            f'<tr {row_data(dossier)}><th scope="row"><a href="{key}/">{key}</a></th>'
            f"{title_cell(language, dossier)}<td>{keyword(language, each.level)}</td>"
            f"<td>{badge(language, each.role)}</td><td>{', '.join(each.profiles)}</td>"
            f'<td class="nowrap">{words[f"evidence_{dossier.evidence}"]}</td></tr>'
        )
    head = ["ID", *(words[key] for key in ("title", "level", "role", "profile", "state"))]
    content = [
        f"<h1>{words['requirements']}</h1>",
        f"<p>{words['index_intro'].format(count=len(library.dossiers))}</p>",
        filters(TABLE, words["shown"], words["search"], choices(language, library, names)),
        table(words["requirements"], head, rows, anchor=TABLE),
    ]
    return Body(words["requirements"], "\n".join(content))
