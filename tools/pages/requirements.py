"""The permanent page of each requirement: `/<language>/requirements/<ID>/`.

Owns that page: text, remedy, properties, evidence, field results, revisions, state of the translation, and its
neighbours. Leaves what is known to `dossier` and the list of all requirements to `index`.
"""

import html
import re
from collections.abc import Iterator

import markdown

from pages.body import Body, badges, copy_button, heading, link, table
from pages.dossier import FORGE, Deviation, Dossier, Library, Outcome
from pages.home import chapter_titles
from pages.labels import LABELS, REASONS, VERDICTS
from pages.links import link_identifiers_by
from pages.sources import source_address
from pages.words import badge, level_class
from specification.book import SPEC_VERSION
from specification.citations import Citation

__all__ = ["NAMESPACE", "citation", "permanent_address", "plain_title", "requirement_page", "spoken"]

#: Where the standard is published: the base of the schemas' `$id`.
NAMESPACE = "https://lepton-standard.org"
#: From a requirement's page to the root of the site.
ROOT = "../../../"
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*$", re.M)
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
        return f"“{_one_line(text)}” Lepton {SPEC_VERSION}，{each.id}（修订 {each.rev}）：{title}。{address}"
    return f'"{_one_line(text)}" Lepton {SPEC_VERSION}, {each.id} (revision {each.rev}): {title}. {address}'


def spoken(language: str, dossier: Dossier) -> tuple[str, str, str]:
    """Return title, text and remedy in a language, in English where there is no fitting translation."""
    each = dossier.requirement
    return (
        (each.title, each.text, each.remedy)
        if language == "en" or dossier.translation is None
        else (dossier.translation.title, dossier.translation.text, dossier.translation.remedy)
    )


def requirement_page(language: str, library: Library, dossier: Dossier) -> Body:
    """Return the page of one requirement."""
    words, each = LABELS[language], dossier.requirement
    title, text, remedy = spoken(language, dossier)
    foreign = ' lang="en"' if language != "en" and dossier.state != "current" else ""
    parts = [
        f"<h1{foreign}><code>{each.id}</code> {_inline(title)}</h1>",
        _copies(language, dossier),
        f'<div class="requirement {level_class(each.level)}">',
        badges(_facts(language, dossier)),
        _state_badge(language, dossier),
        f"<div{foreign}>{_render(text, each.id, library)}</div>",
        f'<div class="remedy"{foreign}><p><strong>{words["remedy"] if not foreign else "Remedy"}'
        f"{'：' if language == 'zh' and not foreign else ':'}</strong> "
        f"{_render(remedy, each.id, library).removeprefix('<p>').removesuffix('</p>')}</p></div>",
        "</div>",
        _place(language, library, dossier),
        heading("evidence", words["evidence"]),
        *_evidence(language, dossier),
        heading("field", words["field"]),
        *_field(language, dossier),
        heading("history", words["history"]),
        *_history(language, dossier),
        heading("translation", words["language"]),
        f"<p>{words['state_binding']} {words['state_' + dossier.state]}</p>",
        _neighbours(language, library, dossier),
    ]
    sections = tuple(
        (anchor, words[key])
        for anchor, key in (
            ("evidence", "evidence"),
            ("field", "field"),
            ("history", "history"),
            ("translation", "language"),
        )
    )
    plain = re.sub(r"<[^>]+>", "", _inline(title))
    return Body(f"{each.id}: {plain}", "\n".join(parts), sections, _one_line(text))


def _copies(language: str, dossier: Dossier) -> str:
    words, identifier = LABELS[language], dossier.requirement.id
    buttons = [
        copy_button(words["copy_id"], identifier),
        copy_button(words["copy_link"], permanent_address(language, identifier)),
        copy_button(words["copy_citation"], citation(language, dossier)),
    ]
    return f'<p class="copies"><span>{words["copy"]}</span>{"".join(buttons)}</p>'


def _facts(language: str, dossier: Dossier) -> Iterator[str]:
    """Yield the badges; each leads to the list of what has the same property, or to the schema."""
    words, each = LABELS[language], dossier.requirement
    yield f'<span class="badge level">{badge(language, each.level)}</span>'
    yield f'<a class="badge role" href="../#role={each.role}">{badge(language, each.role)}</a>'
    for profile in each.profiles:
        yield f'<a class="badge profile" href="../../profiles/#{profile}">{profile}</a>'
    for way in each.verify:
        if way != "schema":
            yield f'<a class="badge verify" href="../#verify={way}">{words.get(way, way)}</a>'
    if each.schema is not None:
        name, _, pointer = each.schema.partition("#")
        page = name.removesuffix(".json").removesuffix(".schema")
        steps = pointer.split("/")
        anchor = f"#{steps[2]}" if steps[1:2] == ["$defs"] else ""
        label = html.escape(each.schema.replace(".schema.json", ""))
        yield f'<a class="badge schema" href="../../schemas/{page}/{anchor}">{words["schema"]}: {label}</a>'
    yield f'<a class="badge rev" href="#history">{words["revision"]} {each.rev}</a>'


def _state_badge(language: str, dossier: Dossier) -> str:
    text = LABELS[language].get(f"{dossier.state}_badge", "")
    return f'<p class="stale"><span class="badge stale">{text}</span></p>' if text else ""


def _place(language: str, library: Library, dossier: Dossier) -> str:
    """Return where the requirement stands: chapter, section, its number among those of the chapter."""
    each, words = dossier.requirement, LABELS[language]
    home = language if f"spec/{language}/{each.chapter}.md" in library.book.sources else "en"
    if home != "en" and not re.search(
        rf"^#+ {each.id}\b", library.book.sources[f"spec/{home}/{each.chapter}.md"], re.M
    ):
        home = "en"
    source = library.book.sources[f"spec/{home}/{each.chapter}.md"]
    section = ""
    for match in _HEADING.finditer(source):
        if match.group(2).startswith(each.id):
            break
        if len(match.group(1)) == 2:
            section = match.group(2)
    title = chapter_titles(home, library.book)[each.chapter]
    siblings = [one.id for one in library.book.requirements if one.chapter == each.chapter]
    folder = "../../" if home == language else f"{ROOT}{home}/"
    target = f"{folder}{each.chapter}/"
    way = [link(target, title), _inline(section), link(f"{target}#{each.id}", f"{words['in_chapter']}")]
    number = f"{siblings.index(each.id) + 1}/{len(siblings)}"
    return f'<p class="place"><span>{words["where"]}</span> {" › ".join(one for one in way if one)} ({number})</p>'


def _evidence(language: str, dossier: Dossier) -> Iterator[str]:
    words = LABELS[language]
    for waiver in dossier.waivers:
        reason = REASONS[language][waiver.reason]
        yield f"<p>{words['waiver'].format(day=waiver.expires.isoformat(), reason=reason)}</p>"
    if dossier.evidence == "none":
        yield f"<p>{words['no_evidence']}</p>"
    yield _coverage(language, dossier)
    for kind in ("checks", "tests"):
        if dossier.cited[kind]:
            yield f'<h3 id="{kind}">{words[kind]} ({len(dossier.cited[kind])})</h3>'
            yield _listed(_cited(one) for one in dossier.cited[kind])
    forged = [one for one in dossier.cited["mutants"] if one.file.startswith(FORGE)]
    planted = [one for one in dossier.cited["mutants"] if not one.file.startswith(FORGE)]
    if planted:
        yield f'<h3 id="mutants">{words["mutants"]} ({len(planted)})</h3><p>{words["mutants_intro"]}</p>'
        yield _listed(f"<code>{html.escape(one.name)}</code> {_at(one)}" for one in planted)
    if forged:
        yield f'<h3 id="corpus">{words["corpus"]} ({len(forged)})</h3>'
        yield f"<p>{words['corpus_intro'].format(id=dossier.requirement.id)}</p>"
        yield _listed(_package(one, dossier) for one in forged)


def _coverage(language: str, dossier: Dossier) -> str:
    words, found = LABELS[language], dossier.shown
    label = f"<strong>{words['coverage']}</strong>{'：' if language == 'zh' else ': '}"
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


def _listed(items: Iterator[str]) -> str:
    return f'<ul class="listed">{"".join(f"<li>{item}</li>" for item in items)}</ul>'


def _field(language: str, dossier: Dossier) -> Iterator[str]:
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
    yield f"<p>{words['date']} {', '.join(dates)}. {link('../../field/', words['field_matrix'])}</p>"


def _deviation(language: str, one: Deviation) -> str:
    address = source_address(ROOT, one.reproducer)
    words = LABELS[language]
    return (
        f'<span lang="en">{html.escape(one.text)}</span> '
        f'<a href="{address}" title="{html.escape(one.reproducer)}">{words["reproducer"]}</a>'
    )


def _history(language: str, dossier: Dossier) -> Iterator[str]:
    words = LABELS[language]
    rows = []
    for at, one in enumerate(dossier.revisions):
        edition = one.edition or words["draft"].format(version=SPEC_VERSION)
        then = ""
        if at:
            then = f'<details><summary>{words["wording"]}</summary><p lang="en">{html.escape(one.text)}</p></details>'
        rows.append(
            f'<tr><th scope="row">{one.rev}</th><td>{html.escape(edition)}</td><td>{one.date}</td>'
            f'<td><code class="digest">{one.digest}</code>{then}</td></tr>'
        )
    for rev in range(dossier.revisions[-1].rev - 1, 0, -1):
        rows.append(f'<tr><th scope="row">{rev}</th><td colspan="3">{words["earlier"]}</td></tr>')
    head = [words[key] for key in ("revision", "edition", "date", "digest")]
    yield table(words["history"], head, rows, css="matrix history")
    if dossier.changes:
        yield f"<p>{words['changelog']}{'：' if language == 'zh' else ':'}</p>"
        entries = (f'<span lang="en">{_inline(entry)}</span>' for entry in dossier.changes)
        yield _listed(entries)


def _neighbours(language: str, library: Library, dossier: Dossier) -> str:
    words = LABELS[language]
    keys = list(library.dossiers)
    at = keys.index(dossier.requirement.id)
    parts = []
    for place, name, mark in ((at - 1, "previous", "← {}"), (at + 1, "next", "{} →")):
        if 0 <= place < len(keys):
            other = library.dossiers[keys[place]]
            title = re.sub(r"<[^>]+>", "", _inline(spoken(language, other)[0]))
            parts.append(
                f'<a class="{name}" rel="{"prev" if name == "previous" else "next"}" href="../{keys[place]}/">'
                f"<small>{words[name]}</small>{mark.format(keys[place])} <span>{title}</span></a>"
            )
    return f'<nav class="neighbours" aria-label="{words["neighbours"]}">{"".join(parts)}</nav>'


def _render(text: str, own: str, library: Library) -> str:
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


def _inline(text: str) -> str:
    return _convert(text).removeprefix("<p>").removesuffix("</p>")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def plain_title(language: str, dossier: Dossier) -> str:
    """Return the title of a requirement as HTML."""
    return _inline(spoken(language, dossier)[0])
