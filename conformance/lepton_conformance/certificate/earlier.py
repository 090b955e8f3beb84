"""What a certificate of an earlier edition does not show about this one, and what its holder runs again.

Owns the rule: every test of a requirement that is new or that demands or is verified otherwise, and every
test that is new or was rewritten. Leaves the editions to `lepton_spec`. Serves the chapter `conformance`,
section on certificates.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

import lepton_spec
from lepton_conformance.edition import PACKAGE_DIR, sources_of_tests

__all__ = ["BINDING", "advise", "run_again"]

#: The members of a requirement whose change leaves nothing of an earlier verdict.
BINDING = ("rev", "level", "role", "profiles", "verify", "schema", "text")
#: Requirements that a message names; the command `lepton certify` finds the others.
_SHOWN = 12

Requirements = Mapping[str, Mapping[str, Any]]
#: By requirement ID, `file::function` of each test with the digest of its source.
Tests = Mapping[str, Mapping[str, str]]


def run_again(
    before: tuple[Requirements, Tests], after: tuple[Requirements, Tests], profiles: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Return the tests whose verdict under `before` says nothing under `after`, by requirement ID.

    `profiles` limits them to the requirements of those profiles; none means all.
    """
    (old, old_tests), (new, new_tests) = before, after
    chosen = {}
    for key, tests in sorted(new_tests.items()):
        requirement = new.get(key)
        if requirement is None or (profiles and not set(profiles).intersection(requirement["profiles"])):
            continue
        earlier = old.get(key)
        touched = earlier is None or any(earlier.get(name) != requirement.get(name) for name in BINDING)
        known = {} if touched else old_tests.get(key, {})
        names = tuple(name for name, source in tests.items() if known.get(name) != source)
        if names:
            chosen[key] = names
    return chosen


def advise(digest: str, profiles: Collection[str]) -> str:
    """Return what to do about a report whose requirement set has this digest, as the end of a message."""
    for folder in lepton_spec.editions():
        edition = json.loads((folder / "edition.json").read_bytes())
        if edition["requirementSet"] != digest:
            continue
        listed = json.loads((folder / "requirements.json").read_bytes())["requirements"]
        before = {each["id"]: each for each in listed}
        tests = json.loads((folder / "tests.json").read_bytes())
        current = lepton_spec.requirements(), sources_of_tests(PACKAGE_DIR / "suite")
        again = run_again((before, tests), current, profiles)
        advice = f"; it is that of edition {edition['edition']} of {edition['date']}: certify again"
        if not again:
            return f"{advice}; no test of these profiles has changed since"
        shown = ", ".join([*again][:_SHOWN]) + (", ..." if len(again) > _SHOWN else "")
        count = sum(map(len, again.values()))
        return f"{advice}; {count} tests of {len(again)} requirements are new or changed since: {shown}"
    return "; it is that of no published edition: verify with the version that made the report"
