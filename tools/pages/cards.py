"""Turn the Markdown of one chapter into Markdown with requirement cards.

Owns the card (badges, text, remedy, way to the requirement's page), its permanent anchor `#PKG-DIG-03`,
labels on examples, and links from any mention of an ID to its card. A Chinese block that does not fit its
English one is shown in English, with a badge. Leaves the grammar of blocks to `specification` and evidence to
`requirements`.
"""

import html
import re
from collections.abc import Mapping, Sequence

from pages.links import link_identifiers
from pages.words import WORDS, badge, level_class
from specification import Book
from specification.blocks import Requirement
from specification.published import EXAMPLE_TAG
from specification.vocabulary import HEADING

__all__ = ["render_chapter"]

_REMEDY = re.compile(r"^\*(?:Remedy:|修正[：:])\*\s*")
_FENCE = re.compile(r"^\s*(?:>\s?)?(?:```|~~~)")


def render_chapter(
    language: str, text: str, book: Book, evidence: Mapping[str, Mapping[str, Sequence[str]]]
) -> str:
    """Return the chapter's Markdown with each requirement block as a card.

    `evidence` is the traceability table. A block that `book` does not hold stays as it is written.
    """
    requirements = {each.id: each for each in book.requirements}
    lines = text.splitlines()
    done: list[str] = []
    index, fenced = 0, False
    while index < len(lines):
        line = lines[index]
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else HEADING.match(line)
        if heading and heading.group(1) in requirements:
            start = index + 1
            while start < len(lines) and not lines[start].startswith(">"):
                start += 1
            end = start
            while end < len(lines) and lines[end].startswith(">"):
                end += 1
            quote = [each[1:].removeprefix(" ") for each in lines[start:end]]
            requirement = requirements[heading.group(1)]
            done += _card(language, heading.group(2), requirement, quote, evidence[requirement.id], book)
            index = end
            continue
        if fenced or line.startswith("#"):
            done.append(line)
        elif EXAMPLE_TAG.match(line):
            done += _label(language, line)
        else:
            done.append(link_identifiers(language, line, book))
        index += 1
    return "\n".join(done) + "\n"


def _card(
    language: str,
    title: str,
    requirement: Requirement,
    quote: list[str],
    evidence: Mapping[str, Sequence[str]],
    book: Book,
) -> list[str]:
    stale = language == "zh" and requirement.id not in book.translations
    spoken = "en" if stale else language
    words = WORDS[spoken]
    if stale:
        # What binds stands in place of a translation of something else.
        title = requirement.title
        lines, remedy = requirement.text.splitlines(), requirement.remedy
    else:
        at = next((i for i, line in enumerate(quote) if _REMEDY.match(line)), len(quote))
        lines = quote[1:at]
        remedy = _REMEDY.sub("", " ".join(line.strip() for line in quote[at:]))
    foreign = ' lang="en"' if stale else ""
    label = f"**{words['remedy']}{words['colon']}**"
    return [
        f"### {requirement.id}: {title} {{#{requirement.id}}}",
        "",
        f'<div class="requirement {level_class(requirement.level)}" markdown="1">',
        _badges(language, requirement, stale=stale),
        "",
        f'<div class="clause"{foreign} markdown="1">',
        "",
        *(link_identifiers(language, line, book) for line in lines),
        "",
        "</div>",
        "",
        f'<div class="remedy"{foreign} markdown="1">',
        "",
        f"{label} {link_identifiers(language, remedy, book)}",
        "",
        "</div>",
        _more(language, requirement, evidence),
        "</div>",
        "",
    ]


def _more(language: str, requirement: Requirement, evidence: Mapping[str, Sequence[str]]) -> str:
    """Return the line that leads to the requirement's own page, with the number of each kind of evidence."""
    words = WORDS[language]
    forged = [name for name in evidence["mutants"] if name.startswith(f"{requirement.id}/")]
    counted = {kind: len(names) for kind, names in evidence.items()} | {"corpus": len(forged)}
    counted["mutants"] -= len(forged)
    counts = [f"{words[kind]} {count}" for kind, count in counted.items() if count]
    said = f"（{'，'.join(counts)}）" if language == "zh" else f" ({', '.join(counts)})"
    link = f'<a href="../requirements/{requirement.id}/">{words["whole_page"]}</a>'
    return f'<p class="more">{link}{said if counts else ""}</p>'


def _badges(language: str, requirement: Requirement, *, stale: bool) -> str:
    words = WORDS[language]
    level = f'<span class="badge level">{badge(language, requirement.level)}</span>'
    parts = [level, f'<span class="badge role">{badge(language, requirement.role)}</span>']
    parts += [
        f'<a class="badge profile" href="../profiles/#{profile}">{profile}</a>'
        for profile in requirement.profiles
    ]
    parts += [
        f'<span class="badge verify">{badge(language, way)}</span>'
        for way in requirement.verify
        if way != "schema"
    ]
    if requirement.schema is not None:
        name, _, pointer = requirement.schema.partition("#")
        label = html.escape(requirement.schema.replace(".schema.json", ""))
        page, anchor = name.removesuffix(".json").removesuffix(".schema"), pointer.split("/")
        target = f"#{anchor[2]}" if anchor[1:2] == ["$defs"] else ""
        parts.append(
            f'<a class="badge schema" href="../schemas/{page}/{target}">{words["schema"]}: {label}</a>'
        )
    parts.append(f'<span class="badge rev">{words["revision"]} {requirement.rev}</span>')
    if stale:
        parts.append(f'<span class="badge stale">{words["stale"]}</span>')
    return f'<p class="badges">{"".join(parts)}</p>'


def _label(language: str, line: str) -> list[str]:
    """Return the label of a tagged example, with a link to the schema that it is judged by."""
    tag = EXAMPLE_TAG.match(line)
    words = (tag.group(1) if tag else "").split()
    if len(words) != 2 or words[0] not in ("valid", "invalid"):
        return [line]
    kind, reference = words
    name = reference.partition("#")[0].removesuffix(".schema.json")
    label = html.escape(reference.replace(".schema.json", ""))
    return [
        f'<p class="example {kind}">{WORDS[language][kind]} <a href="../schemas/{name}/">{label}</a></p>',
        "",
    ]
