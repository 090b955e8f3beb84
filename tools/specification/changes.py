"""What changed between two editions, requirement by requirement, and what a certificate holder runs again.

Owns the kinds of changes; leaves the editions to `edition`, and the rule of what has to be run again to the
certifier, which tells it to holders of certificates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lepton_conformance.certificate.earlier import run_again
from specification.edition import Edition

__all__ = ["KINDS", "Change", "Differences", "differences", "render", "run_again_between"]

#: Kind of change -> what it says. The kinds above the line of `wording` change what binds.
KINDS = {
    "added": "new in the later edition",
    "withdrawn": "no longer in force; its ID is spent",
    "demand": "another text, level, role or profile, with a raised revision",
    "verification": "verified in another way, or by another schema",
    "wording": "another title, remedy or translation; what binds is the same",
}
_BINDS = ("rev", "level", "role", "profiles", "text")
_VERIFIES = ("verify", "schema")
_WORDS = ("title", "remedy", "zh")


@dataclass(frozen=True, slots=True)
class Change:
    """One requirement that differs. `members` are those that differ; `profiles` those of both editions."""

    id: str
    kind: str
    title: str
    members: tuple[str, ...]
    profiles: tuple[str, ...]
    revisions: tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Differences:
    """Every requirement that differs between two editions, by ID."""

    before: str
    after: str
    changes: tuple[Change, ...]

    def of_kind(self, kind: str) -> tuple[Change, ...]:
        """Return the changes of one kind, by ID."""
        return tuple(each for each in self.changes if each.kind == kind)


def differences(before: Edition, after: Edition) -> Differences:
    """Return what differs, sorted by ID."""
    changes = []
    for key in sorted({*before.requirements, *after.requirements}):
        change = _change(key, before.requirements.get(key), after.requirements.get(key))
        if change is not None:
            changes.append(change)
    return Differences(before.name, after.name, tuple(changes))


def _change(key: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Change | None:
    entry = new or old
    assert entry is not None
    profiles = sorted({*(old or {}).get("profiles", ()), *(new or {}).get("profiles", ())})
    revisions = (old["rev"] if old else None, new["rev"] if new else None)
    if old is None or new is None:
        kind = "added" if old is None else "withdrawn"
        return Change(key, kind, entry["title"], (), tuple(profiles), revisions)
    for kind, members in (("demand", _BINDS), ("verification", _VERIFIES), ("wording", _WORDS)):
        differing = tuple(each for each in members if old.get(each) != new.get(each))
        if differing:
            return Change(key, kind, entry["title"], differing, tuple(profiles), revisions)
    return None


def run_again_between(
    before: Edition, after: Edition, profiles: Sequence[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Return, by requirement, the tests whose verdict a certificate of `before` does not show any more."""
    return run_again((before.requirements, before.tests), (after.requirements, after.tests), profiles)


def render(found: Differences, again: Mapping[str, Sequence[str]]) -> str:
    """Return the differences as text for a terminal."""
    lines = [f"From {found.before} to {found.after}", ""]
    for kind, meaning in KINDS.items():
        members = found.of_kind(kind)
        if not members:
            continue
        lines.append(f"{kind}, {len(members)}: {meaning}")
        for each in members:
            old, new = each.revisions
            revision = f", rev {old} to {new}" if old and new and old != new else ""
            what = f" ({', '.join(each.members)}{revision})" if each.members else ""
            lines.append(f"  {each.id}  {each.title}{what}")
        lines.append("")
    count = sum(map(len, again.values()))
    lines.append(
        f"A holder of a certificate of {found.before} runs again {count} tests of {len(again)} requirements:"
    )
    lines += [
        f"  {key}  {', '.join(name.partition('::')[2] for name in names)}" for key, names in again.items()
    ]
    return "\n".join(lines) + "\n"
