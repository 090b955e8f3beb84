"""The table of what became of planted faults.

Owns counting and wording. Serves `package`.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

__all__ = ["Judged", "written"]

HEAD = "| faults | planted | noticed | by their own requirement | equivalent | survived |"


class Judged(Protocol):
    """What the table needs of a fate."""

    @property
    def id(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def requirement(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def equivalent(self) -> str: ...


def written(fates: Sequence[Judged]) -> str:
    """Return the table as Markdown: by rule, by topic, and the survivors."""
    applied = [one for one in fates if one.by != "does not apply"]
    stale = [one.id for one in fates if one.by == "does not apply"]
    lines = [
        "| faults | planted | noticed | by their own requirement | equivalent | survived |",
        "|---|---|---|---|---|---|",
    ]
    lines += _rows(applied, lambda one: one.rule)
    lines += _rows([one for one in applied if one.requirement], lambda one: one.requirement[:7])
    lines += _rows(applied, lambda one: "all")
    survivors = [one for one in applied if not one.by and not one.equivalent]
    lines += ["", f"Survivors ({len(survivors)}):", ""]
    lines += [f"- `{one.id}` {one.requirement}".rstrip() for one in sorted(survivors, key=lambda one: one.id)]
    equivalent = [one for one in applied if one.equivalent]
    if equivalent:
        lines += ["", "Equivalent by the text:", ""]
        lines += [f"- `{one.id}`: {one.equivalent}" for one in equivalent]
    if stale:
        lines += ["", f"Patches that no longer apply: {', '.join(stale)}"]
    return "\n".join(lines) + "\n"


def _rows(fates: Sequence[Judged], key: Callable[[Judged], str]) -> list[str]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in fates:
        groups[key(one)].append(one)
    rows = []
    for name in sorted(groups):
        found = groups[name]
        noticed = [one for one in found if one.by]
        own = [one for one in noticed if one.by == one.requirement]
        equal = [one for one in found if not one.by and one.equivalent]
        left = len(found) - len(noticed) - len(equal)
        rows.append(f"| {name} | {len(found)} | {len(noticed)} | {len(own)} | {len(equal)} | {left} |")
    return rows
