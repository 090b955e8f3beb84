"""The page of profiles: what each one demands, requirement by requirement.

Owns that list, which is generated; leaves what a profile is for to the chapters.
"""

from pages.links import card_link
from pages.words import WORDS, badge, level_class
from specification import Book
from specification.vocabulary import PROFILES

__all__ = ["profiles_page"]


def profiles_page(language: str, book: Book) -> str:
    """Return the Markdown of the page: one section and one table a profile, each with its anchor."""
    words = WORDS[language]
    lines = [f"# {words['profiles']}", ""]
    for profile in PROFILES:
        members = [each for each in book.requirements if profile in each.profiles]
        if not members:
            continue
        counts: dict[str, int] = {}
        for each in members:
            counts[each.level] = counts.get(each.level, 0) + 1
        tally = ", ".join(f"{count} {level}" for level, count in sorted(counts.items()))
        lines += [f"## {profile} {{#{profile}}}", "", f"{len(members)} {words['requirements']}: {tally}.", ""]
        lines += [f"| ID | {words['level']} | {words['role']} | {words['title']} |", "|---|---|---|---|"]
        for each in members:
            translation = book.translations.get(each.id)
            title = translation.title if language == "zh" and translation else each.title
            level = f'<span class="keyword {level_class(each.level)}">{badge(language, each.level)}</span>'
            title = title.replace("|", "\\|")
            lines.append(
                f"| {card_link(language, each.id, book)} | {level} | {badge(language, each.role)} | {title} |"
            )
        lines.append("")
    return "\n".join(lines)
