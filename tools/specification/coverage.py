"""The coverage gate: every MUST is cited by what can fail, or carries a waiver that ends.

Owns `spec/waivers.yml` and the rule of what each requirement has to have; leaves finding the citations to
`citations`. That a citation is true is shown elsewhere, by what ran and by the mutants.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from specification.blocks import Requirement
from specification.problem import Problem

__all__ = ["LACKS", "REASONS", "Waiver", "check_coverage", "read_waivers"]

#: Why a requirement may lack its evidence for a time.
REASONS = {
    "planned": "the check, test or mutant is being written",
    "person": "only a person can judge it",
    "elsewhere": "another project's tool verifies it",
    "unobservable": "nothing that can be seen from outside tells a violation from conformance",
}
#: What a waiver excuses: that nothing checks or tests the requirement, or that no mutant breaks it.
LACKS = ("test", "mutant")
#: A waiver ends at most this many days from the day of the check: half a year.
MAX_WAIVER_DAYS = 184
_MEMBERS = ("requirement", "lacks", "reason", "expires", "note")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One excuse. `expires` is the last day on which it holds."""

    requirement: str
    lacks: str
    reason: str
    expires: datetime.date
    line: int


def read_waivers(file: str, text: str, problems: list[Problem]) -> list[Waiver]:
    """Return the waivers of the file; a malformed one goes to `problems`."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        problems.append(
            Problem(file, 1, f"no YAML ({str(error).splitlines()[0]})", "a list", "mend the file")
        )
        return []
    if root is None:
        return []
    if not isinstance(root, yaml.SequenceNode):
        problems.append(Problem(file, 1, "no list", "a list of waivers", "start each waiver with `- `"))
        return []
    found = []
    for node in root.value:
        line = node.start_mark.line + 1
        members = {}
        if isinstance(node, yaml.MappingNode):
            members = {key.value: value.value for key, value in node.value}
        try:
            expires = datetime.date.fromisoformat(str(members.get("expires")))
        except ValueError:
            expires = None
        if (
            expires is None
            or sorted(members) != sorted(_MEMBERS)
            or members["reason"] not in REASONS
            or members["lacks"] not in LACKS
            or not str(members["note"]).strip()
        ):
            problems.append(
                Problem(
                    file,
                    line,
                    "a malformed waiver",
                    f"requirement, lacks ({', '.join(LACKS)}), reason ({', '.join(REASONS)}), "
                    "expires (YYYY-MM-DD) and note",
                    "write all five",
                )
            )
            continue
        found.append(Waiver(members["requirement"], members["lacks"], members["reason"], expires, line))
    return found


def _missing(requirement: Requirement, cited: Mapping[str, Sequence[str]]) -> list[str]:
    """Return which of LACKS the requirement lacks and has to have."""
    if requirement.level not in ("MUST", "MUST NOT"):
        return []
    missing = []
    if not cited.get("checks") and not cited.get("tests"):
        missing.append("test")
    tested = requirement.role in ("server", "runtime") and "test" in requirement.verify
    checked = requirement.role in ("package", "dataset") and "check" in requirement.verify
    if (tested or checked) and not cited.get("mutants"):
        missing.append("mutant")
    return missing


def check_coverage(
    requirements: Sequence[Requirement],
    table: Mapping[str, Mapping[str, Sequence[str]]],
    waivers: Sequence[Waiver],
    waivers_file: str,
    today: datetime.date,
    problems: list[Problem],
) -> None:
    """Note what lacks evidence without a waiver, and each waiver that has expired or has become stale."""
    excused: dict[tuple[str, str], Waiver] = {}
    for waiver in waivers:
        fault = None
        if (waiver.requirement, waiver.lacks) in excused:
            fault = ("a second waiver", "one for each requirement and lack", "remove one")
        elif waiver.expires < today:
            fault = ("a waiver that expired", f"an expiry on or after {today}", "write the missing evidence")
        elif waiver.expires - today > datetime.timedelta(MAX_WAIVER_DAYS):
            fault = ("a waiver for too long", f"at most {MAX_WAIVER_DAYS} days", "name an earlier day")
        if fault is not None:
            found, expected, remedy = fault
            found = f"{found} of {waiver.requirement} ({waiver.lacks}, {waiver.expires})"
            problems.append(Problem(waivers_file, waiver.line, found, expected, remedy))
        excused[waiver.requirement, waiver.lacks] = waiver
    needed = set()
    for requirement in requirements:
        for lack in _missing(requirement, table.get(requirement.id, {})):
            needed.add((requirement.id, lack))
            if (requirement.id, lack) not in excused:
                what = "check or test that cites" if lack == "test" else "mutant that breaks"
                problems.append(
                    Problem(
                        requirement.file,
                        requirement.line,
                        f"no {what} {requirement.id} ({requirement.level}, {requirement.role})",
                        f"one, or a waiver in {waivers_file} that lacks: {lack}",
                        "write it; a waiver only with its reason and expiry",
                    )
                )
    for key, waiver in excused.items():
        if key not in needed:
            problems.append(
                Problem(
                    waivers_file,
                    waiver.line,
                    f"a waiver of {waiver.requirement} ({waiver.lacks}), which needs none",
                    "waivers only of MUSTs that lack evidence",
                    "remove it",
                )
            )
