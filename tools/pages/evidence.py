"""What a requirement's page says of its evidence: coverage, checks, tests, mutants, packages, field results.

Owns these two sections; leaves what is known to `dossier` and the rest of the page to `requirements`.
"""

import html
from collections.abc import Iterator

from pages.body import link, table
from pages.dossier import FORGE, Deviation, Dossier, Outcome
from pages.labels import LABELS, REASONS, VERDICTS
from pages.sources import source_address
from specification.citations import Citation

__all__ = ["evidence", "field_results", "listed"]

#: From a requirement's page to the root of the site.
ROOT = "../../../"


def evidence(language: str, dossier: Dossier) -> Iterator[str]:
    """Yield the parts of the section on evidence."""
    words = LABELS[language]
    for waiver in dossier.waivers:
        reason = REASONS[language][waiver.reason]
        yield f"<p>{words['waiver'].format(day=waiver.expires.isoformat(), reason=reason)}</p>"
    if dossier.evidence == "none":
        yield f"<p>{words['no_evidence']}</p>"
    if dossier.evidence == "open":
        yield f"<p>{words['open']}</p>"
    yield _coverage(language, dossier)
    for kind in ("checks", "tests"):
        if dossier.cited[kind]:
            yield f'<h3 id="{kind}">{words[kind]} ({len(dossier.cited[kind])})</h3>'
            yield listed(_cited(one) for one in dossier.cited[kind])
    forged = [one for one in dossier.cited["mutants"] if one.file.startswith(FORGE)]
    planted = [one for one in dossier.cited["mutants"] if not one.file.startswith(FORGE)]
    if planted:
        yield f'<h3 id="mutants">{words["mutants"]} ({len(planted)})</h3><p>{words["mutants_intro"]}</p>'
        yield listed(f"<code>{html.escape(one.name)}</code> {_at(one)}" for one in planted)
    if forged:
        yield f'<h3 id="corpus">{words["corpus"]} ({len(forged)})</h3>'
        yield f"<p>{words['corpus_intro'].format(id=dossier.requirement.id)}</p>"
        yield listed(_package(one, dossier) for one in forged)


def _coverage(language: str, dossier: Dossier) -> str:
    words, found = LABELS[language], dossier.shown
    label = f"<strong>{words['coverage']}</strong>{words['colon']}{words['space']}"
    if found is None:
        return f'<p class="coverage">{label}{words["unmeasured"]}</p>'
    said = [words["passed"]] if found.passed else []
    said.append(
        words["killed"].format(killed=found.killed, mutants=found.mutants)
        if found.mutants
        else words["not_judged"]
    )
    marks = "".join(f'<span class="badge reached">{level}</span>' for level in dossier.levels)
    comma = "；" if language == "zh" else "; "
    line = words["coverage_line"].format(date=dossier.measured, levels=comma.join(said))
    return f'<p class="coverage">{label}{marks} {line}</p>'


def _cited(one: Citation) -> str:
    file, _, name = one.name.partition("::")
    label = f"{html.escape(file)}::<wbr><strong>{html.escape(name)}</strong>" if name else html.escape(file)
    return f'<a href="{source_address(ROOT, one.file, one.line)}"><code>{label}</code></a>'


def _at(one: Citation) -> str:
    return f'<a href="{source_address(ROOT, one.file, one.line)}"><code>{html.escape(one.file)}</code></a>'


def _package(one: Citation, dossier: Dossier) -> str:
    case = one.name.partition("/")[2]
    path = dossier.corpus.get(case)
    name = path.rpartition("/")[2] if path else case
    address = source_address(ROOT, one.file, one.line)
    return f'<a href="{address}"><code>{html.escape(name)}</code></a>'


def listed(items: Iterator[str]) -> str:
    """Return a list; each item is HTML."""
    return f'<ul class="listed">{"".join(f"<li>{item}</li>" for item in items)}</ul>'


def field_results(language: str, dossier: Dossier) -> Iterator[str]:
    """Yield the parts of the section on the field: one row a subject and verdict."""
    words = LABELS[language]
    if not dossier.outcomes:
        yield f"<p>{words['field_none']}</p>"
        return
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for one in dossier.outcomes:
        groups.setdefault((one.subject.name, one.verdict), []).append(one)
    rows = []
    for alike in groups.values():
        one = alike[0]
        profiles = "<br>".join(
            f"<code>{each.profile}</code>"
            + ("" if each.judged else f" <small>{words['informative']}</small>")
            for each in alike
        )
        about = "<br>".join(_deviation(language, each) for outcome in alike for each in outcome.deviations)
        rows.append(
            f'<tr><th scope="row" lang="en">{html.escape(one.subject.name)}</th>'
            f"<td>{html.escape(one.subject.versions)}</td><td>{profiles}</td>"
            f'<td><span class="verdict {one.verdict}">{VERDICTS[language][one.verdict]}</span></td>'
            f"<td>{about}</td></tr>"
        )
    head = [words[key] for key in ("subject", "version", "profile", "verdict", "what")]
    yield table(words["field"], head, rows, css="matrix outcomes")
    dates = sorted({one.subject.date for one in dossier.outcomes})
    judged = words["judged"].format(dates=", ".join(dates))
    yield f"<p>{judged} {link('../../field/', words['field_matrix'])}</p>"


def _deviation(language: str, one: Deviation) -> str:
    address = source_address(ROOT, one.reproducer)
    words = LABELS[language]
    return (
        f'<span lang="en">{html.escape(one.text)}</span> '
        f'<a href="{address}" title="{html.escape(one.reproducer)}">{words["reproducer"]}</a>'
    )
