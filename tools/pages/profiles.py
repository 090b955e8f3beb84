"""The page of profiles: what each one demands, requirement by requirement.

Owns that list, which is generated; leaves what a profile is for to the chapters.
"""

from collections.abc import Sequence

from pages.body import Body, keyword, table
from pages.clauses import title_cell
from pages.dossier import Dossier, Library
from pages.labels import LABELS
from pages.words import badge
from specification.vocabulary import LEVELS, PROFILES, ROLES

__all__ = ["profiles_page"]


def profiles_page(language: str, library: Library) -> Body:
    """Return the page: a table of the profiles, then one section and one table a profile, with its anchor."""
    words = LABELS[language]
    members = {
        profile: [one for one in library.dossiers.values() if profile in one.requirement.profiles]
        for profile in PROFILES
    }
    members = {profile: those for profile, those in members.items() if those}
    used = {one.requirement.level for those in members.values() for one in those}
    levels = [level for level in LEVELS if level in used]
    head = [words["profile"], words["count"], *(badge(language, level) for level in levels)]
    head += [words["roles"], words["executed"]]
    rows = [_summary(language, profile, those, levels) for profile, those in members.items()]
    content = [
        f"<h1>{words['profiles']}</h1>",
        f"<p>{words['profiles_intro']}</p>",
        table(words["profiles_caption"], head, rows, css="matrix counts summary"),
    ]
    for profile, those in members.items():
        content.append(f'<h2 id="{profile}"><code>{profile}</code></h2>')
        columns = ["ID", words["title"], words["level"], words["role"]]
        lines = [_row(language, one) for one in those]
        content.append(table(profile, columns, lines))
    return Body(words["profiles"], "\n".join(content), tuple((name, name) for name in members))


def _summary(language: str, profile: str, those: Sequence[Dossier], used: Sequence[str]) -> str:
    levels = "".join(
        f"<td>{sum(one.requirement.level == level for one in those) or ''}</td>" for level in used
    )
    bound = [badge(language, role) for role in ROLES if any(one.requirement.role == role for one in those)]
    executed = sum(one.evidence in ("mutant", "test") for one in those)
    return (
        f'<tr><th scope="row"><a href="#{profile}">{profile}</a></th>'
        f'<td><a href="../requirements/#profile={profile}">{len(those)}</a></td>{levels}'
        f"<td>{', '.join(bound)}</td>"
        f"<td>{executed}/{len(those)}</td></tr>"
    )


def _row(language: str, dossier: Dossier) -> str:
    each = dossier.requirement
    return (
        f'<tr><th scope="row"><a href="../requirements/{each.id}/">{each.id}</a></th>'
        f"{title_cell(language, dossier)}<td>{keyword(language, each.level)}</td>"
        f"<td>{badge(language, each.role)}</td></tr>"
    )
