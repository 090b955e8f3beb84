"""Tests of what a validator of data sets reports and does, whatever the data set (Spec: DAT-VAL)."""

import hashlib
import re
from typing import Any

from lepton_conformance.forge.dataset_draft import DOCUMENT, as_bytes, least, rich
from lepton_conformance.forge.draft import Forged
from lepton_conformance.outcome import SubjectFault
from lepton_conformance.subject.validator import Lost, ValidatorReport, ValidatorSubject
from lepton_conformance.suite.dataset_judging import DatasetCase, ask, first_violations, known, valid_cases
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.judging import is_absolute
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.visits import listener
from lepton_conformance.verdict import DATA_FULL_ONLY

_PLACE = re.compile(r"(/([^~/]|~[01])*)*|(byte|record) (0|[1-9][0-9]*)")
#: Violations that hide the content of the document, and so what reads it.
_HIDING = ("DAT-DOC-01", "DAT-DOC-02", "DAT-DOC-03", "DAT-DOC-04", "DAT-LAY-01", "DAT-LAY-05")
_HIDDEN = ("DAT-DST-04", "DAT-DES-01", "DAT-REF-02", "DAT-MAP-02")
#: A table that a validator reads record by record: its size, and the memory that it may take.
RECORDS, RECORD_BYTES = 6_000, 10_000
MAX_GROWTH_BYTES = 40_000_000


@requirement("DAT-VAL-01")
def test_reports_follow_from_findings_and_what_was_not_checked(
    validator: ValidatorSubject, budget: Budget
) -> None:
    def check(case: DatasetCase) -> None:
        said = ask(validator, case)
        if isinstance(said, ValidatorReport):
            _expect_sound(case, said)

    each(budget, [*first_violations(validator), *valid_cases(validator)], check)


def _expect_sound(case: DatasetCase, said: ValidatorReport) -> None:
    violated = set(said.violated())
    outside = DATA_FULL_ONLY if case.level == "quick" else frozenset[str]()
    if any(is_absolute(one) for one in violated):
        expected = "fail"
    else:
        unsure = [one for one in said.not_checked if is_absolute(one) and one not in outside]
        expected = "inconclusive" if unsure else "pass"
    if said.verdict != expected:
        raise SubjectFault(f"{case.shown()}; found the verdict {said.verdict!r:.40}, expected {expected!r}")
    data = case.forge().files.get(DOCUMENT, b"")
    right = f"sha256:{hashlib.sha256(data).hexdigest()}"
    unread = {"DAT-LAY-01", "DAT-LAY-03", "DAT-LAY-05", "DAT-DOC-01"} & violated
    if said.identity != right and not (said.identity is None and unread):
        raise SubjectFault(f"{case.shown()}; found the identity {said.identity!r:.80}, expected {right}")
    for finding in said.findings:
        if not _PLACE.fullmatch(finding.pointer):
            raise SubjectFault(f"{case.shown()}; found the place {finding.pointer!r:.80}, expected a pointer")
    if said.checked is not None:
        lost = set(known()) - violated - set(said.not_checked) - said.checked
        twice = said.checked & set(said.not_checked)
        if lost or twice:
            raise SubjectFault(
                f"{case.shown()}; found {', '.join(sorted(lost or twice)[:5])} "
                f"{'nowhere' if lost else 'checked and not checked'}, expected each requirement once"
            )
    if case.violates in _HIDING:
        for one in _HIDDEN:
            if one not in said.not_checked:
                raise SubjectFault(
                    f"{case.shown()}; found {one} not among notChecked, expected it blocked by "
                    f"{case.violates}"
                )


@requirement("DAT-VAL-02")
def test_nothing_is_fetched_and_no_link_is_followed(validator: ValidatorSubject, budget: Budget) -> None:
    def check(what: str) -> None:
        for level in validator.levels():
            with listener() as (port, visits):
                said = validator.validate(_CALLING[what](port), level)
            if visits:
                raise SubjectFault(
                    f"sent a data set with {what} of 127.0.0.1:{port} at the level {level}; found a "
                    "connection to it, expected none"
                )
            if isinstance(said, Lost):
                raise SubjectFault(
                    f"sent a data set with {what} at the level {level}; found {said.reason}, expected "
                    "a report"
                )

    each(budget, _CALLING, check)


def _with_addresses(port: int) -> Forged:
    draft = rich()
    document = draft.sealed()
    document["distribution"][3]["contentUrl"] = f"https://127.0.0.1:{port}/archive.zip"
    document["url"] = f"http://127.0.0.1:{port}/"
    return Forged({DOCUMENT: as_bytes(document), **draft.files})


def _with_context(port: int) -> Forged:
    draft = rich()
    document: dict[str, Any] = draft.sealed()
    document["@context"] = f"http://127.0.0.1:{port}/context.jsonld"
    return Forged({DOCUMENT: as_bytes(document), **draft.files})


def _with_pipe(port: int) -> Forged:
    """The table that the document lists is a link to a pipe, which keeps a reader waiting for ever."""
    files = dict(rich().directory().files)
    del files["data/rows.csv"]
    return Forged(files, links={"data/rows.csv": "pipe"}, pipes=("data/pipe",))


_CALLING = {"addresses": _with_addresses, "a context": _with_context, "a link to a pipe": _with_pipe}


@requirement("DAT-VAL-03")
def test_a_long_table_takes_the_memory_of_a_record(validator: ValidatorSubject, budget: Budget) -> None:
    def check(level: str) -> None:
        validator.validate(_table(1), level)
        before = validator.forget_memory()
        validator.validate(_table(RECORDS), level)
        most = validator.memory_bytes()
        if before is not None and most is not None and most - before > MAX_GROWTH_BYTES:
            raise SubjectFault(
                f"sent a table of {RECORDS} records of {RECORD_BYTES} bytes at the level {level}; found "
                f"{most - before} bytes of memory more than before, expected at most {MAX_GROWTH_BYTES}"
            )

    each(budget, validator.levels(), check)


def _table(records: int) -> Forged:
    draft = least()
    draft.files["rows.csv"] = b"x,y\n" + (b"1," + b"y" * RECORD_BYTES + b"\n") * records
    draft.document["lepton"]["splits"][0]["records"] = records
    return draft.directory()
