"""The field matrix: what the suite found in programs of other people, requirement by requirement.

Owns `/<language>/field/`: subjects with their profiles, and a matrix of the servers and one of the engines.
Leaves the verdicts to the kept results, which `dossier` reads.
"""

import html
from collections.abc import Sequence

from pages.body import Body, filters, heading, table
from pages.clauses import plain_title
from pages.dossier import ORDER, Library, Outcome, Subject
from pages.index import choices, row_data
from pages.labels import LABELS, VERDICTS
from pages.sources import source_address

__all__ = ["GROUPS", "field_page"]

GROUPS = ("servers", "engines")
ROOT = "../../"


def field_page(language: str, library: Library) -> Body:
    """Return the page."""
    words = LABELS[language]
    picked = choices(language, library, ("chapter", "level"))
    judged = {one.requirement.chapter for one in library.dossiers.values() if one.outcomes}
    label, chapters = picked["chapter"]
    picked["chapter"] = (label, [one for one in chapters if one[0] in judged])
    picked["subject"] = (words["subject"], [(one.name, one.name) for one in library.subjects])
    picked["verdict"] = (words["verdict"], [(one, VERDICTS[language][one]) for one in ORDER])
    content = [
        f"<h1>{words['field_title']}</h1>",
        f"<p>{words['field_intro'].format(subjects=len(library.subjects))}</p>",
        filters(" ".join(GROUPS), words["shown"], words["search"], picked),
    ]
    for group in GROUPS:
        columns = [one for one in library.subjects if one.group == group]
        content += [heading(f"matrix-{group}", words[group]), f"<p>{words[f'{group}_intro']}</p>"]
        content.append(_matrix(language, library, group, columns))
    content += [heading("subjects", words["subjects"]), _subjects(language, library.subjects)]
    return Body(words["field_title"], "\n".join(content))


def _subjects(language: str, subjects: Sequence[Subject]) -> str:
    words = LABELS[language]
    rows = []
    for one in subjects:
        for at, (profile, verdict, judged, counts) in enumerate(one.profiles):
            first = ""
            if not at:
                span = f' rowspan="{len(one.profiles)}"' if len(one.profiles) > 1 else ""
                name = f"{html.escape(one.name)}<small>{html.escape(one.title)}</small>"
                first = (
                    f'<th scope="rowgroup"{span} lang="en">{name}</th>'
                    f"<td{span}>{html.escape(one.versions)}</td><td{span}>{one.date}</td>"
                )
            note = "" if judged else f" <small>{words['informative']}</small>"
            order = dict.fromkeys(("pass", *ORDER))
            said = ", ".join(f"{counts[key]} {VERDICTS[language][key]}" for key in order if counts.get(key))
            mark = f'<span class="verdict {verdict}">{VERDICTS[language][verdict]}</span>'
            rows.append(
                f"<tr>{first}<td><code>{profile}</code>{note}</td><td>{mark}</td><td>{said}</td></tr>"
            )
    head = [words[key] for key in ("subject", "version", "date", "profile", "verdict", "field_counts")]
    return table(words["subjects"], head, rows, css="matrix subjects")


def _matrix(language: str, library: Library, group: str, columns: Sequence[Subject]) -> str:
    words = LABELS[language]
    rows = []
    for key, dossier in library.dossiers.items():
        found = [dossier.worst(one) for one in columns]
        if not any(found):
            continue
        tokens = " ".join(f"{one.subject.name}:{one.verdict}" for one in found if one is not None)
        names = " ".join(one.subject.name for one in found if one is not None)
        cells = "".join(_cell(language, one) for one in found)
        rows.append(
            f'<tr {row_data(dossier)} data-subject="{names}" data-verdict="{tokens}">'
            f'<th scope="row"><a href="../requirements/{key}/">{key}</a>'
            f"<small>{plain_title(language, dossier)}</small></th>{cells}</tr>"
        )
    head = [words["requirement"], *(f'<span data-subject="{one.name}">{one.name}</span>' for one in columns)]
    return table(words[group], head, rows, anchor=group, css="matrix field")


def _cell(language: str, outcome: Outcome | None) -> str:
    if outcome is None:
        return "<td></td>"
    words, said = LABELS[language], VERDICTS[language][outcome.verdict]
    hint = outcome.profile if outcome.judged else f"{outcome.profile}, {words['informative']}"
    css = outcome.verdict if outcome.judged else f"{outcome.verdict} informative"
    if not outcome.deviations:
        return f'<td class="{css}" title="{hint}">{said}</td>'
    links = " ".join(
        f'<a href="{source_address(ROOT, one.reproducer)}" title="{html.escape(one.text)}">'
        f"{said if not at else at + 1}</a>"
        for at, one in enumerate(outcome.deviations)
    )
    return f'<td class="{css}" title="{hint}">{links}</td>'
