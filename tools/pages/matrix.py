"""The traceability matrix: each requirement, and what checks, tests and breaks it.

Owns `/<language>/traceability/`; leaves the names of checks, tests and mutants to the requirement's page.
"""

from collections.abc import Mapping

from measurement.coverage import LEVELS
from pages.body import Body, filters, keyword, table
from pages.clauses import title_cell
from pages.dossier import FORGE, Dossier, Library
from pages.home import chapter_titles
from pages.index import choices, row_data
from pages.labels import LABELS

__all__ = ["matrix_page"]

TABLE = "traceability"
COUNTED = ("checks", "tests", "mutants", "corpus")


def matrix_page(language: str, library: Library) -> Body:
    """Return the matrix, with a summary of the chapters before it."""
    words = LABELS[language]
    counted = {key: _counts(one) for key, one in library.dossiers.items()}
    rows = []
    for key, dossier in library.dossiers.items():
        cells = "".join(_cell(key, kind, counted[key][kind]) for kind in COUNTED)
        marks = "".join(f"<td>{'✓' if level in dossier.levels else ''}</td>" for level in LEVELS)
        rows.append(
            f'<tr {row_data(dossier)}><th scope="row"><a href="../requirements/{key}/">{key}</a></th>'
            f"{title_cell(language, dossier)}"
            f"<td>{keyword(language, dossier.requirement.level)}</td>"
            f"{cells}{marks}<td>{_field(dossier, key)}</td><td>{_waived(dossier)}</td></tr>"
        )
    head = ["ID", words["title"], words["level"], words["check"], words["test"], words["mutant"]]
    head += [words["package"], *LEVELS, words["in_field"], words["waived"]]
    names = ("chapter", "level", "role", "profile", "state")
    content = [
        f"<h1>{words['traceability']}</h1>",
        f"<p>{words['trace_intro']}</p>",
        f"<p>{_measured(language, library)}</p>",
        _summary(language, library, counted),
        filters(TABLE, words["shown"], words["search"], choices(language, library, names)),
        table(words["traceability"], head, rows, anchor=TABLE, css="matrix counts"),
    ]
    return Body(words["traceability"], "\n".join(content))


def _counts(dossier: Dossier) -> Mapping[str, int]:
    forged = sum(one.file.startswith(FORGE) for one in dossier.cited["mutants"])
    return {
        "checks": len(dossier.cited["checks"]),
        "tests": len(dossier.cited["tests"]),
        "mutants": len(dossier.cited["mutants"]) - forged,
        "corpus": forged,
    }


def _cell(key: str, kind: str, count: int) -> str:
    if not count:
        return '<td class="zero"></td>'
    return f'<td><a href="../requirements/{key}/#{kind}">{count}</a></td>'


def _field(dossier: Dossier, key: str) -> str:
    judged = {one.subject.name: dossier.worst(one.subject) for one in dossier.outcomes}
    verdicts = [one.verdict for one in judged.values() if one is not None]
    if not verdicts:
        return ""
    return f'<a href="../requirements/{key}/#field">{verdicts.count("pass")}/{len(verdicts)}</a>'


def _waived(dossier: Dossier) -> str:
    return ", ".join(one.expires.isoformat() for one in dossier.waivers)


def _measured(language: str, library: Library) -> str:
    words, figures = LABELS[language], library.figures
    if figures is None:
        return words["trace_unmeasured"]
    judged = sum(one["mutants"] for one in figures["requirements"].values())
    said = words["trace_measured"].format(
        date=figures["date"], command=f"<code>{figures['command']}</code>", judged=judged
    )
    return said + (f" {words['trace_quick']}" if figures["quick"] else "")


def _summary(language: str, library: Library, counted: Mapping[str, Mapping[str, int]]) -> str:
    """Return the table of chapters: how many requirements, and how many have what."""
    words = LABELS[language]
    titles = chapter_titles("en", library.book) | chapter_titles(language, library.book)
    groups = {
        name: [k for k, d in library.dossiers.items() if d.requirement.chapter == name] for name in titles
    }
    groups = {name: keys for name, keys in groups.items() if keys} | {"": list(library.dossiers)}
    rows = []
    for name, keys in groups.items():
        cells = "".join(f"<td>{sum(counted[key][kind] for key in keys)}</td>" for kind in COUNTED)
        marks = "".join(
            f"<td>{sum(level in library.dossiers[key].levels for key in keys) or ''}</td>" for level in LEVELS
        )
        label = f'<a href="../{name}/">{titles[name]}</a>' if name in titles else words["all"]
        if name and f"spec/{language}/{name}.md" not in library.book.sources:
            label = f'<a href="../../en/{name}/" lang="en">{titles[name]}</a>'
        css = "" if name else ' class="sum"'
        rows.append(f'<tr{css}><th scope="row">{label}</th><td>{len(keys)}</td>{cells}{marks}</tr>')
    head = [
        words["chapter"],
        words["count"],
        words["check"],
        words["test"],
        words["mutant"],
        words["package"],
    ]
    return table(words["chapter"], [*head, *LEVELS], rows, css="matrix counts summary")
