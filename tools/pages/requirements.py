"""The permanent page of each requirement: `/<language>/requirements/<ID>/`.

Owns that page: text, remedy, properties, revisions, state of the translation, and its neighbours. Leaves the
sections on evidence to `evidence`, what is known to `dossier` and the list of all requirements to `index`.
"""

import html
import re
from collections.abc import Iterator

from pages.body import Body, badges, copy_button, heading, link, table
from pages.clauses import citation, foreign, inline, one_line, permanent_address, render, spoken
from pages.dossier import Dossier, Library
from pages.evidence import ROOT, evidence, field_results, listed
from pages.home import chapter_titles
from pages.labels import LABELS
from pages.words import badge, level_class
from specification.book import SPEC_VERSION

__all__ = ["requirement_page"]

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*$", re.M)


def requirement_page(language: str, library: Library, dossier: Dossier) -> Body:
    """Return the page of one requirement."""
    words, each = LABELS[language], dossier.requirement
    title, text, remedy = spoken(language, dossier)
    english = foreign(language, dossier)
    own = "en" if english else language
    mark = "{remedy}{colon}</strong>{space}".format_map(LABELS[own])
    said = render(remedy, each.id, library).removeprefix("<p>").removesuffix("</p>")
    parts = [
        f"<h1{english}><code>{each.id}</code> {inline(title)}</h1>",
        _copies(language, dossier),
        f'<div class="requirement {level_class(each.level)}">',
        badges(_facts(language, dossier)),
        _state_badge(language, dossier),
        f"<div{english}>{render(text, each.id, library)}</div>",
        f'<div class="remedy"{english}><p><strong>{mark}{said}</p></div>',
        "</div>",
        _place(language, library, dossier),
        heading("evidence", words["evidence"]),
        *evidence(language, dossier),
        heading("field", words["field"]),
        *field_results(language, dossier),
        heading("history", words["history"]),
        *_history(language, dossier),
        heading("translation", words["language"]),
        f"<p>{words['state_binding']}{words['space']}{words['state_' + dossier.state]}</p>",
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
    plain = re.sub(r"<[^>]+>", "", inline(title))
    return Body(f"{each.id}: {plain}", "\n".join(parts), sections, one_line(text))


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

    def named(key: str) -> str:
        return f"<span>{words[key]}{words['colon']}</span>{words['space']}"

    yield f'<span class="badge level">{badge(language, each.level)}</span>'
    yield f'<a class="badge role" href="../#role={each.role}">{named("role")}{badge(language, each.role)}</a>'
    for profile in each.profiles:
        yield f'<a class="badge profile" href="../../profiles/#{profile}">{named("profile")}{profile}</a>'
    for way in each.verify:
        if way != "schema":
            label = named("verify") + words.get(way, way)
            yield f'<a class="badge verify" href="../#verify={way}">{label}</a>'
    if each.schema is not None:
        name, _, pointer = each.schema.partition("#")
        page = name.removesuffix(".json").removesuffix(".schema")
        steps = pointer.split("/")
        anchor = f"#{steps[2]}" if steps[1:2] == ["$defs"] else ""
        label = html.escape(each.schema.replace(".schema.json", ""))
        yield f'<a class="badge schema" href="../../schemas/{page}/{anchor}">{named("schema")}{label}</a>'
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
    way = [link(target, title), inline(section), link(f"{target}#{each.id}", words["in_chapter"])]
    number = f"({siblings.index(each.id) + 1}/{len(siblings)})"
    steps = " › ".join(one for one in way if one)
    return f'<p class="place"><span>{words["where"]}</span> {steps} {number}</p>'


def _history(language: str, dossier: Dossier) -> Iterator[str]:
    words = LABELS[language]
    rows = []
    for at, one in enumerate(dossier.revisions):
        edition = one.edition or words["draft"].format(version=SPEC_VERSION)
        then = ""
        if at:
            text = f'<p lang="en">{html.escape(one.text)}</p>'
            then = f"<details><summary>{words['wording']}</summary>{text}</details>"
        rows.append(
            f'<tr><th scope="row">{one.rev}</th><td>{html.escape(edition)}</td><td>{one.date}</td>'
            f'<td><code class="digest">{one.digest}</code>{then}</td></tr>'
        )
    for rev in range(dossier.revisions[-1].rev - 1, 0, -1):
        rows.append(f'<tr><th scope="row">{rev}</th><td colspan="3">{words["earlier"]}</td></tr>')
    head = [words[key] for key in ("revision", "edition", "date", "digest")]
    yield table(words["history"], head, rows, css="matrix history")
    if dossier.changes:
        yield f"<p>{words['changelog']}{words['colon']}</p>"
        entries = (f'<span lang="en">{inline(entry)}</span>' for entry in dossier.changes)
        yield listed(entries)


def _neighbours(language: str, library: Library, dossier: Dossier) -> str:
    words = LABELS[language]
    keys = list(library.dossiers)
    at = keys.index(dossier.requirement.id)
    parts = []
    for place, name, mark in ((at - 1, "previous", "← {}"), (at + 1, "next", "{} →")):
        if 0 <= place < len(keys):
            other = library.dossiers[keys[place]]
            title = re.sub(r"<[^>]+>", "", inline(spoken(language, other)[0]))
            relation = name.removesuffix("ious")
            parts.append(
                f'<a class="{name}" rel="{relation}" href="../{keys[place]}/">'
                f"<small>{words[name]}</small>{mark.format(keys[place])} <span>{title}</span></a>"
            )
    return f'<nav class="neighbours" aria-label="{words["neighbours"]}">{"".join(parts)}</nav>'
