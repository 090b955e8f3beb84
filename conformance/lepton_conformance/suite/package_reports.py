"""Tests of what every report of a validator has to be, whatever the package (Spec: PKG-VAL, PKG-DIG, COR)."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from lepton_conformance.forge import VIOLATIONS
from lepton_conformance.forge.bases import Bases, Variation
from lepton_conformance.forge.draft import MANIFEST, Forged
from lepton_conformance.forge.package import CARD, MODEL, VECTORS
from lepton_conformance.forge.places import PLACES
from lepton_conformance.forge.valid import linear_draft
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.cases import Cases
from lepton_conformance.strategies.packages import broken
from lepton_conformance.subject.validator import Found, ValidatorReport, ValidatorSubject
from lepton_conformance.suite.driver import Budget, each, examples
from lepton_conformance.suite.judging import (
    OUTSIDE_QUICK,
    PackageCase,
    ask,
    checkable,
    first_violations,
    is_absolute,
    said_of,
    undecided_cases,
    valid_cases,
    violating_cases,
)
from lepton_conformance.suite.marks import requirement

#: What is blocked whatever else: a few rows of the table of causes, as (violated, not checked).
BLOCKED = {
    "PKG-LAY-01": ("PKG-MAN-04", "PKG-DIG-03", "PKG-ART-03", "PKG-VEC-03", "PKG-DOC-03"),
    "PKG-LAY-07": ("PKG-MAN-04", "PKG-DIG-03", "PKG-LAY-02"),
    "PKG-ZIP-04": ("PKG-MAN-04", "PKG-DIG-03", "PKG-ZIP-03", "PKG-ZIP-07"),
    "PKG-ZIP-02": ("PKG-ZIP-07", "PKG-MAN-04", "PKG-DIG-03", "PKG-LAY-06"),
    "PKG-MAN-01": ("PKG-MAN-04", "PKG-DIG-03", "PKG-DOC-01"),
    "PKG-MAN-02": ("PKG-MAN-04", "PKG-DIG-03", "PKG-VEC-02"),
    "COR-VER-01": ("PKG-MAN-04", "PKG-DIG-03", "PKG-DOC-01", "PKG-VEC-02"),
    "PKG-MAN-04": ("PKG-DIG-03", "PKG-ART-03", "PKG-SIG-02"),
    "PKG-DOC-02": ("PKG-DOC-06", "COR-TXT-01"),
    "PKG-VEC-02": ("COR-TYP-02", "PKG-VEC-01", "PKG-VEC-03", "PKG-VEC-05", "PKG-VEC-07", "PKG-VEC-08"),
    "PKG-VEC-03": ("PKG-VEC-05", "PKG-VEC-07", "PKG-VEC-08"),
    "PKG-ART-01": ("PKG-ART-03", "PKG-ART-06", "PKG-VEC-08"),
    "PKG-SIG-02": ("PKG-PRO-02", "PKG-VEC-03", "PKG-VEC-08"),
    "PKG-VEC-07": ("PKG-VEC-08",),
}
VERDICTS = ("pass", "fail", "inconclusive")
_POINTER = re.compile(r"(/([^~/]|~[01])*)*|byte (0|[1-9][0-9]*)")


@requirement("PKG-VAL-01")
def test_the_verdict_follows_from_findings_and_what_was_not_checked(
    validator: ValidatorSubject, budget: Budget
) -> None:
    def check(case: PackageCase) -> None:
        said = ask(validator, case)
        if not isinstance(said, ValidatorReport):
            return
        if said.verdict not in VERDICTS:
            return  # a matter of CNF-REP-04
        open_questions = [key for key in said.not_checked if key in checkable() and is_absolute(key)]
        if case.level == "quick":
            open_questions = [key for key in open_questions if key not in OUTSIDE_QUICK]
        if any(is_absolute(key) for key in said.violated()):
            right = "fail"
        else:
            right = "inconclusive" if open_questions else "pass"
        if said.verdict != right:
            because = f", not checked {', '.join(open_questions[:3])}" if open_questions else ""
            raise SubjectFault(
                f"{case.shown()}; found {said_of(said)}{because}, expected the verdict {right!r}"
            )

    each(
        budget,
        [*valid_cases(validator), *first_violations(validator), *undecided_cases(validator)],
        check,
    )


@requirement("PKG-VAL-03")
def test_every_finding_says_what_and_where(validator: ValidatorSubject, budget: Budget) -> None:
    def check(case: PackageCase) -> None:
        said = ask(validator, case)
        if not isinstance(said, ValidatorReport):
            return
        files = _files(case.forge())
        for finding in said.findings:
            _placed(case, finding, files)
            absolute = is_absolute(finding.requirement)
            right = "error" if absolute else "warning"
            if finding.requirement in checkable() and finding.severity != right:
                raise SubjectFault(
                    f"{case.shown()}; found {finding.requirement} with the severity "
                    f"{finding.severity!r:.40}, expected {right}"
                )

    each(budget, first_violations(validator), check)
    known = {f"{one.requirement}/{one.name}" for one in VIOLATIONS}
    every = [case for key in checkable() for case in violating_cases(validator, key) if case.name in PLACES]
    assert set(PLACES) <= known
    each(budget, [case for case in every if not case.hidden], lambda case: _right_place(validator, case))


def _files(package: Forged) -> frozenset[str]:
    """Return every path that a finding may be about, empty for one where the names are part of the fault."""
    if package.archive is not None:
        return frozenset()
    listed: list[str] = []
    try:
        entries = json.loads(package.files.get(MANIFEST, b"{}")).get("files", [])
        listed = [entry["path"] for entry in entries]
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        listed = []
    return frozenset((*package.files, *package.links, *package.pipes, *listed, MANIFEST))


def _placed(case: PackageCase, finding: Found, files: frozenset[str]) -> None:
    """Raises: SubjectFault for a place that no package of this kind has."""
    if not _POINTER.fullmatch(finding.pointer):
        raise SubjectFault(
            f"{case.shown()}; found {finding.requirement} at {finding.pointer!r:.60}, expected "
            "a JSON pointer or `byte N`"
        )
    if finding.file and files and finding.file not in files:
        raise SubjectFault(
            f"{case.shown()}; found {finding.requirement} in {finding.file!r:.60}, "
            "expected a file of the package"
        )
    if not finding.file and finding.requirement[:7] not in ("PKG-LAY", "PKG-ZIP"):
        raise SubjectFault(f"{case.shown()}; found {finding.requirement} in no file, expected the file")


def _right_place(validator: ValidatorSubject, case: PackageCase) -> None:
    said = ask(validator, case)
    if not isinstance(said, ValidatorReport):
        return
    found = [(one.file, one.pointer) for one in said.findings if one.requirement == case.violates]
    right = PLACES[case.name]
    if found and not any(
        file == one[0] and _within(pointer, one[1]) for file, pointer in found for one in right
    ):
        wanted = " or ".join(f"{file}#{pointer}" for file, pointer in right)
        raise SubjectFault(
            f"{case.shown()}; found {case.violates} at {found[0][0]:.60}#{found[0][1]:.60}, expected {wanted}"
        )


def _within(pointer: str, right: str) -> bool:
    """Say whether a pointer is the right one or leads deeper; `byte N` says more than an empty place."""
    return (
        pointer == right or pointer.startswith(f"{right}/") or (right == "" and pointer.startswith("byte "))
    )


@requirement("PKG-VAL-04")
def test_one_cause_is_one_finding(validator: ValidatorSubject, budget: Budget) -> None:
    def check(case: PackageCase) -> None:
        said = ask(validator, case)
        if not isinstance(said, ValidatorReport) or case.hidden:
            return
        others = [key for key in said.violated() if key != case.violates]
        own = len(said.findings) - len(others)
        counted = case.remembered and own > case.findings
        if own and (others or counted):
            raise SubjectFault(
                f"{case.shown()}; found {said_of(said)}, expected "
                f"{case.findings} of {case.violates} and nothing else"
            )

    def decode(number: int) -> PackageCase:
        level = validator.levels()[-1]
        faults = [one for one in VIOLATIONS if one.varies]
        violation = faults[number % len(faults)]
        rest = number // len(faults)
        name = f"{violation.requirement}/{violation.name}, variation {rest},"
        return PackageCase(
            name, level, lambda: broken(violation, rest), violation.requirement, remembered=False
        )

    every = [case for key in checkable() for case in violating_cases(validator, key)]
    examples(budget, Cases(every, decode), check)


@requirement("PKG-VAL-05")
def test_what_was_not_checked_is_said(validator: ValidatorSubject, budget: Budget) -> None:
    def check(case: PackageCase) -> None:
        said = ask(validator, case)
        if not isinstance(said, ValidatorReport):
            return
        both = sorted(said.not_checked.keys() & (said.checked or frozenset()))
        if both:
            raise SubjectFault(
                f"{case.shown()}; found {both[0]} checked and not checked, expected one of the two"
            )
        silent = [key for key, reason in said.not_checked.items() if not reason.strip()]
        if silent:
            raise SubjectFault(
                f"{case.shown()}; found {silent[0]} not checked without a reason, expected one"
            )
        unsaid = [
            key
            for key in BLOCKED.get(case.violates, ())
            if case.violates in said.violated()
            and not (case.level == "quick" and key in OUTSIDE_QUICK)
            and not said.not_checked.get(key, "blocked by").startswith("blocked by")
        ]
        if unsaid:
            raise SubjectFault(
                f"{case.shown()}; found {unsaid[0]} not checked because {said.not_checked[unsaid[0]]!r:.60}, "
                "expected `blocked by` and the identifier"
            )
        if said.checked is not None:
            known = said.checked | said.not_checked.keys() | set(said.violated())
            forgotten = sorted(set(checkable()) - known)
            if forgotten:
                raise SubjectFault(
                    f"{case.shown()}; found {forgotten[0]} neither checked nor among notChecked, "
                    "expected it there"
                )
        if case.violates and case.violates not in said.violated():
            return
        wanted = [*BLOCKED.get(case.violates, ()), *(OUTSIDE_QUICK if case.level == "quick" else ())]
        passed = [key for key in wanted if key in checkable() and key not in said.not_checked]
        passed = [key for key in passed if key not in said.violated()]
        if passed:
            cause = f"{case.violates} blocks it" if passed[0] in BLOCKED.get(case.violates, ()) else "quick"
            raise SubjectFault(
                f"{case.shown()}; found {passed[0]} not among notChecked, expected it there: {cause}"
            )

    each(budget, [*valid_cases(validator), *first_violations(validator)], check)


@requirement("PKG-DIG-04")
def test_content_is_interpreted_after_its_digest(validator: ValidatorSubject, budget: Budget) -> None:
    def check(case: tuple[str, str]) -> None:
        path, how = case
        files = dict(linear_draft().files())
        files[path] = _content(path, how, len(files[path]))
        said = validator.validate(Forged(files), validator.levels()[-1])
        if not isinstance(said, ValidatorReport):
            return
        right = "PKG-DIG-03" if how == "as long" else "PKG-DIG-02"
        others = [key for key in said.violated() if not key.startswith("PKG-DIG")]
        if others:
            raise SubjectFault(
                f"sent {path} with other bytes than its digest says ({how}); found {others[0]}, expected "
                f"{right} alone: what is not verified is not interpreted"
            )

    each(budget, [(path, how) for path in (CARD, VECTORS, MODEL) for how in ("as long", "longer")], check)


def _content(path: str, how: str, size: int) -> bytes:
    """Return bytes that would have findings of their own."""
    data = b'{"lepton":"1.0","lepton":"9.9"}' if path != MODEL else b"not what it should be"
    return data.ljust(size, b" ") if how == "as long" else data.ljust(size + 7, b" ")


@requirement("PKG-DIG-05")
def test_the_identity_is_the_digest_of_the_manifest_as_it_is(
    validator: ValidatorSubject, budget: Budget
) -> None:
    readable = ("PKG-MAN-03", "PKG-MAN-04", "PKG-DIG-03", "PKG-DOC-01", "PKG-VEC-03")

    def check(case: PackageCase) -> None:
        said = ask(validator, case)
        if not isinstance(said, ValidatorReport):
            return
        package = case.forge()
        if package.archive is not None:
            return
        right = "sha256:" + hashlib.sha256(package.files[MANIFEST]).hexdigest()
        if said.identity != right:
            raise SubjectFault(
                f"{case.shown()}; found the identity {said.identity!r:.90}, expected {right}: the digest "
                "of the manifest's bytes"
            )

    every = [case for key in readable for case in violating_cases(validator, key)]
    each(budget, [*valid_cases(validator), *every], check)


@requirement("COR-VER-02")
def test_another_edition_is_not_guessed_at(validator: ValidatorSubject, budget: Budget) -> None:
    def check(version: Any) -> None:
        draft = linear_draft()
        draft.manifest.update(lepton=version, licence="unknown", artifacts="none")
        said = validator.validate(draft.directory(), validator.levels()[-1])
        if not isinstance(said, ValidatorReport):
            return
        dependent = [key for key in BLOCKED["COR-VER-01"] if key not in said.not_checked]
        if set(said.violated()) != {"COR-VER-01"} or dependent:
            passed = f", {dependent[0]} not among notChecked" if dependent else ""
            raise SubjectFault(
                f"sent a manifest of edition {version!r} with members that this edition does not know; found "
                f"{said_of(said)}{passed}, expected COR-VER-01 and the rest not checked"
            )

    each(budget, ("2.0", "0.9", "10.1", "1", "1.00", "01.0", "1.0 ", "", 2, None, ["1.0"]), check)


_CONTENTS: tuple[Any, ...] = (
    None,
    [],
    {"lepton": "2.0", "sha256": "x"},
    "\u202e",
    1e300,
    {"a": {"b": [1.5]}},
    {"path": "../evil", "$ref": "x"},
)
#: Contents with members of a manifest, each of which would be wrong there.
_MIMICS: tuple[Any, ...] = (
    {"e\u0301": {"\u2126": 1}},
    {"title": {"fr": "x"}, "description": {}, "labels": {"names": {"fr": ["x"]}}},
    {"files": [{"path": "a\\b"}, {"path": "a\\b"}], "entry": "/x", "card": "nowhere"},
    {"datatype": "float32", "shape": ["Q", -1], "default": 1, "name": "e\u0301"},
    {"license": "nope", "lepton": 2, "version": "1", "id": "A"},
    {"processing": {"pre": [{"op": "none", "in": "\u212b"}]}, "symbols": {"N": {"min": 9, "max": 1}}},
    {"artifacts": [{"format": "pt2", "executable": False}], "extensions": {"run": 1}},
    ["x" * 70_000, "\0", "[" * 90, {"": {"": []}}],
)


@requirement("COR-EXT-02")
def test_extensions_change_no_finding(validator: ValidatorSubject, budget: Budget) -> None:
    last, first = validator.levels()[-1], validator.levels()[0]

    def check(case: tuple[str, Any, str]) -> None:
        what, content, level = case
        plain = validator.judged(f"extension-free/{what}", lambda: _extended(what), level)
        said = validator.validate(_extended(what, content), level)
        if not isinstance(said, ValidatorReport) or not isinstance(plain, ValidatorReport):
            return
        one, other = ((each.verdict, _essence(each)) for each in (plain, said))
        if one != other:
            raise SubjectFault(
                f"sent the extension {content!r:.100} in {what}; found {said_of(said)}, expected "
                f"{said_of(plain)} as without it"
            )

    every = [(what, content, last) for what in _EXTENDED for content in _CONTENTS]
    each(budget, [*every, *((what, content, first) for what in _EXTENDED for content in _MIMICS)], check)


def _extended(what: str, *content: Any) -> Forged:
    draft = linear_draft()
    if content:
        draft.manifest["extensions"] = {"org.example.x": content[0]}
    return _EXTENDED[what](draft)


def _without_description(draft: Any) -> Forged:
    del draft.manifest["description"]
    return Bases(Variation()).finish(draft)


def _with_a_flipped_bit(draft: Any) -> Forged:
    files = draft.files()
    return Forged({**files, MODEL: files[MODEL][:-1] + bytes([files[MODEL][-1] ^ 1])})


def _moved_to_the_card(draft: Any) -> Forged:
    """Return the package whose card has the extensions that were meant for the manifest."""
    extensions = draft.manifest.pop("extensions", None)
    more = {} if extensions is None else {"extensions": extensions}
    return Bases(Variation()).finish(draft.edit(CARD, lambda card: card.update(more)))


_EXTENDED: dict[str, Callable[[Any], Forged]] = {
    "a valid package": lambda draft: draft.directory(),
    "a package without description": _without_description,
    "a package with a flipped bit": _with_a_flipped_bit,
    "a card": _moved_to_the_card,
}


def _essence(report: ValidatorReport) -> list[tuple[str, str, str]]:
    return [(one.requirement, one.file, one.pointer) for one in report.findings]
