"""Tests of a validator's side of the stdio protocol, and that no package ends it (Spec: PKG-VAL, CNF-REP)."""

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema_rs

import lepton_spec
from lepton_conformance.forge import VALID, VIOLATIONS
from lepton_conformance.forge.draft import MANIFEST, Forged
from lepton_conformance.forge.package import MODEL
from lepton_conformance.forge.valid import linear_draft
from lepton_conformance.outcome import AdapterFault, NotTested, SubjectFault, SubjectGone
from lepton_conformance.subject.exchange import LineExchange, PackageExchange
from lepton_conformance.subject.validator import (
    ErrorAnswer,
    Lost,
    Said,
    ValidatorReport,
    ValidatorSubject,
)
from lepton_conformance.subject.watch import opened_in
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.judging import (
    PackageCase,
    ask,
    checkable,
    first_violations,
    said_of,
    valid_cases,
    violating_cases,
)
from lepton_conformance.suite.marks import requirement

#: A validator may use so many times the size of the package, and so many bytes more (Spec: PKG-VAL-07).
MEMORY_FACTOR, MEMORY_BYTES = 10, 200_000_000
#: Packages that grow when they are read carelessly.
GREEDY = (
    "COR-LIM-01/card-too-long",
    "PKG-LAY-07/zip-of-65545",
    "PKG-MAN-01/a-million-brackets",
    "PKG-ZIP-07/bomb",
)
#: The code of the error for a path where nothing is.
NOT_FOUND = "NOT_FOUND"
#: The code of the error for a level that the hello does not declare.
UNSUPPORTED = "UNSUPPORTED"


@requirement("PKG-VAL-06")
def test_hello_errors_and_shutdown(validator: ValidatorSubject, budget: Budget) -> None:
    def check(what: str) -> None:
        if what == "hello":
            _hello(validator)
        elif what == "a path where nothing is":
            _error(validator, validator.at(validator.folder / "nothing", validator.levels()[0])[0], NOT_FOUND)
        elif what == "an unknown operation":
            answer, _ = validator.exchange("levitate", PackageExchange)
            if not isinstance(answer.get("error"), dict):
                raise SubjectFault(f"sent the operation 'levitate'; found {answer!r:.200}, expected an error")
        elif what == "an unknown level":
            said, _ = validator.at(linear_draft().directory().write(validator.folder, "thorough"), "thorough")
            shutil.rmtree(validator.folder / "thorough")
            _error(validator, said, UNSUPPORTED, "the level 'thorough'")
        elif what == "every package":
            _reports(validator)
        elif what in _NO_PACKAGES:
            said = validator.validate(_NO_PACKAGES[what](), validator.levels()[0])
            if not isinstance(said, ValidatorReport):
                raise SubjectFault(
                    f"sent {what}; found {said!r:.300}, expected a report with the verdict 'fail'"
                )
            if said.verdict != "fail" or not said.findings:
                raise SubjectFault(f"sent {what}; found {said_of(said)}, expected the verdict 'fail'")
        elif what in _NO_CONTAINERS:
            _refused_path(validator, what)
        elif what == _LINKED:
            _followed(validator)
        else:
            _shutdown(validator)

    asked = (
        "hello",
        "a path where nothing is",
        "an unknown operation",
        "an unknown level",
        "every package",
        *_NO_PACKAGES,
        *_NO_CONTAINERS,
        _LINKED,
    )
    each(budget, (*asked, "shutdown"), check)


_NO_PACKAGES: dict[str, Callable[[], Forged]] = {
    "an empty directory": Forged,
    "an empty file": lambda: Forged(archive=b""),
    "a file of text": lambda: Forged(archive=b"This is no package.\n" * 40),
    "a manifest that is null": lambda: Forged({MANIFEST: b"null"}),
}


#: What is at a path and is no container at all.
_NO_CONTAINERS: dict[str, Callable[[Path], object]] = {
    "a file of another name": lambda path: path.write_bytes(b"This is no package."),
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a device": lambda path: path.symlink_to(os.devnull),
}


def _refused_path(validator: ValidatorSubject, what: str) -> None:
    """Expect a report on what is no container. Raises: SubjectFault."""
    path = validator.folder / f"no-container-{list(_NO_CONTAINERS).index(what)}"
    path.unlink(missing_ok=True)
    _NO_CONTAINERS[what](path)
    said, _ = validator.at(path, validator.levels()[0])
    path.unlink()
    if not isinstance(said, ValidatorReport) or set(said.violated()) != {"PKG-ZIP-04"}:
        found = said_of(said) if isinstance(said, ValidatorReport) else f"{said!r:.300}"
        raise SubjectFault(f"sent the path of {what}; found {found}, expected a report with PKG-ZIP-04 alone")


#: A link at the path itself is followed; PKG-LAY-05 is about those in a package.
_LINKED = "a link to a package"


def _followed(validator: ValidatorSubject) -> None:
    """Expect a report on the package that a link leads to. Raises: SubjectFault."""
    folder = validator.folder / "linked"
    folder.mkdir(exist_ok=True)
    link = folder / "link"
    link.symlink_to(linear_draft().directory().write(folder, "package"))
    said, _ = validator.at(link, validator.levels()[0])
    shutil.rmtree(folder)
    if not isinstance(said, ValidatorReport) or said.verdict != "pass":
        found = said_of(said) if isinstance(said, ValidatorReport) else f"{said!r:.300}"
        raise SubjectFault(f"sent the path of {_LINKED}; found {found}, expected the verdict 'pass'")


def _hello(validator: ValidatorSubject) -> None:
    validator.recorder.add(LineExchange("", validator.hello_line.decode("utf-8", "replace")))
    try:
        hello = validator.hello()
        levels = validator.levels()
    except AdapterFault as fault:
        # This one requirement is about the program itself: its fault is the subject's.
        raise SubjectFault(str(fault)) from fault
    listed = hello["capabilities"]["validate"]
    right = {
        "lepton": isinstance(hello.get("lepton"), str),
        "protocol": type(hello.get("protocol")) is int and hello["protocol"] == 1,
        "name": isinstance(hello.get("name"), str) and hello["name"] != "",
        "version": isinstance(hello.get("version"), str),
        "capabilities.validate": len(listed) == len(levels) and "quick" in levels,
    }
    wrong = [member for member, is_right in right.items() if not is_right]
    if wrong:
        raise SubjectFault(f"found the hello {hello!r:.300}, expected other values of {', '.join(wrong)}")


def _error(validator: ValidatorSubject, said: Said, code: str, sent: str = "a path where nothing is") -> None:
    if not isinstance(said, ErrorAnswer):
        found = said_of(said) if isinstance(said, ValidatorReport) else said.reason
        raise SubjectFault(f"sent {sent}; found {found}, expected an error of code {code}")
    if said.code != code or not isinstance(said.message, str) or not said.message.strip():
        raise SubjectFault(
            f"sent {sent}; found an error of code {said.code!r:.60} and message "
            f"{said.message!r:.100}, expected the code {code} and a message"
        )


def _reports(validator: ValidatorSubject) -> None:
    """Expect a report of every forged package, whatever is wrong with it."""
    for case in (*valid_cases(validator), *first_violations(validator)):
        said = ask(validator, case)
        if isinstance(said, ErrorAnswer):
            raise SubjectFault(
                f"{case.shown()}; found the error {said.code!r:.60}: {said.message!r:.200}, expected a report"
            )


def _shutdown(validator: ValidatorSubject) -> None:
    validator.restart()
    try:
        validator.exchange("shutdown", PackageExchange)
    except SubjectGone as gone:
        raise SubjectFault(f"sent shutdown; found no answer: {gone}, expected one") from gone
    status = validator.wait()
    if status != 0:
        found = "that the process goes on" if status is None else f"the exit status {status}"
        raise SubjectFault(f"sent shutdown; found {found}, expected the exit status 0")


@requirement("CNF-REP-04")
def test_every_report_is_valid_against_its_schema(validator: ValidatorSubject, budget: Budget) -> None:
    schema = {"$ref": "https://lepton-standard.org/schemas/1.0/findings.schema.json#/$defs/package"}
    registry = jsonschema_rs.Registry(list(lepton_spec.schemas().items()))
    judge = jsonschema_rs.Draft202012Validator(schema, registry=registry)

    def check(case: PackageCase) -> None:
        said = ask(validator, case)
        if not isinstance(said, ValidatorReport):
            return
        errors = [f"{error.message} at {error.instance_path}" for error in judge.iter_errors(said.document)]
        if errors:
            raise SubjectFault(
                f"{case.shown()}; found a report with {errors[0]:.300}, expected one that is valid against "
                "findings.schema.json#/$defs/package"
            )

    each(budget, [*valid_cases(validator), *first_violations(validator)], check)


@requirement("PKG-VAL-08")
def test_every_package_is_survived_and_the_next_one_judged_right(
    validator: ValidatorSubject, budget: Budget
) -> None:
    level = validator.levels()[0]
    every = [case for key in checkable() for case in violating_cases(validator, key)]
    each(budget, [*valid_cases(validator), *every], lambda case: _survived(case, ask(validator, case)))
    places = {key: next(one for one in VIOLATIONS if one.requirement == key) for key in _with_violations()}
    each(budget, list(places), lambda key: _next_right(validator, key, places[key].forge(), level))
    each(budget, ("replaced",), lambda _: _replaced(validator, level))
    each(budget, ("altered", "restored"), lambda turn: _same_identity(validator, turn, level))


def _with_violations() -> list[str]:
    """Return the requirements of which the forge has a small violation that every level shows."""
    shown = {one.requirement for one in VIOLATIONS if not one.full and one.varies}
    return [key for key in checkable() if key in shown]


def _survived(case: PackageCase, said: Said) -> None:
    if isinstance(said, Lost):
        raise SubjectFault(f"{case.shown()}; found no report: {said.reason}, expected one")


def _next_right(validator: ValidatorSubject, key: str, broken: Forged, level: str) -> None:
    """Ask for a broken package and then for a valid one. Raises: SubjectFault."""
    validator.validate(broken, level)
    said = validator.validate(VALID[0].forge(), level)
    if isinstance(said, ValidatorReport) and (said.verdict != "pass" or said.findings):
        alone = validator.judged(f"valid/{VALID[0].name}", VALID[0].forge, level)
        if isinstance(alone, ValidatorReport) and alone.verdict == "pass" and not alone.findings:
            raise SubjectFault(
                f"sent a package that violates {key} and then a valid one; found {said_of(said)} of the "
                "valid one, expected the verdict 'pass' as when it comes first"
            )


def _replaced(validator: ValidatorSubject, level: str) -> None:
    """Ask for one path three times, a broken package standing there the second time. Raises: SubjectFault."""
    right, wrong = (
        VALID[0].forge(),
        next(one for one in VIOLATIONS if one.requirement == "PKG-DIG-03").forge(),
    )
    for turn, package in enumerate((right, wrong, right)):
        folder = validator.folder / "replaced" / str(turn)
        folder.mkdir(parents=True)
        path = Path(package.write(folder))
        stage = validator.folder / "replaced" / "package"
        path.rename(stage)
        said, _ = validator.at(stage, level, package)
        stage.rename(folder / "done")
        name = "PKG-DIG-03/alone" if turn == 1 else "valid/alone"
        alone = validator.judged(name, functools.partial(_same, package), level)
        if not isinstance(said, ValidatorReport) or not isinstance(alone, ValidatorReport):
            continue
        if (said.verdict, said.violated()) != (alone.verdict, alone.violated()):
            raise SubjectFault(
                f"sent the same path with another package in it; found {said_of(said)}, expected "
                f"{said_of(alone)} as of a path of its own"
            )


def _same_identity(validator: ValidatorSubject, turn: str, level: str) -> None:
    """Ask for two packages of one manifest, of which one has a file altered. Raises: SubjectFault."""
    right = linear_draft().directory()
    altered = Forged({**right.files, MODEL: right.files[MODEL][:-1] + b"?"})
    first, second = (right, altered) if turn == "altered" else (altered, right)
    validator.validate(first, level)
    said = validator.validate(second, level)
    found = isinstance(said, ValidatorReport) and "PKG-DIG-03" in said.violated()
    if isinstance(said, ValidatorReport) and found != (turn == "altered"):
        raise SubjectFault(
            f"sent two packages with the same manifest, the second {turn}; found {said_of(said)} of the "
            f"second, expected PKG-DIG-03 {'there' if turn == 'altered' else 'not there'}"
        )


def _same(package: Forged) -> Forged:
    return package


@requirement("PKG-VAL-07")
def test_memory_follows_the_size_of_the_package(validator: ValidatorSubject, budget: Budget) -> None:
    packages = {f"{one.requirement}/{one.name}": one for one in VIOLATIONS}
    if validator.forget_memory() is None:
        raise NotTested("the memory of a process cannot be measured on this system")

    def check(name: str) -> None:
        package = packages[name].forge()
        size = len(package.archive or b"") + sum(map(len, package.files.values()))
        before = validator.forget_memory()
        said = validator.validate(package, validator.levels()[0])
        most = validator.memory_bytes()
        if isinstance(said, Lost) or before is None or most is None:
            return
        allowed = MEMORY_FACTOR * size + MEMORY_BYTES
        if most - before > allowed:
            raise SubjectFault(
                f"sent the package {name} of {size} bytes; found {most - before} bytes of memory more than "
                f"before, expected at most {allowed}"
            )

    each(budget, GREEDY, check)
    each(budget, ("beside",), lambda _: _stays_inside(validator))
    each(budget, ("large",), lambda _: _large(validator))


#: What a validator might look for beside a package, or above it.
_BESIDE = (
    *("lepton.json", "policy.json", "card.json", ".leptonrc", "lepton.toml", ".lepton", "lepton.policy.json"),
    *("config.json", "weights.bin", "model.onnx", "package.sig", "package.json", ".env", "pyproject.toml"),
)


def _stays_inside(validator: ValidatorSubject) -> None:
    """Expect that nothing beside a package is opened, at any level. Raises: SubjectFault."""
    folder = validator.folder / "beside"
    folder.mkdir()
    for name in _BESIDE:
        (folder / name).write_bytes(b"{}")
    for level in validator.levels():
        for package in (linear_draft().directory(), linear_draft().archive()):
            with opened_in(folder) as names:
                validator.validate(package, level, folder=folder)
            read = sorted(set(names or ()) & set(_BESIDE))
            for made in (folder / "package", folder / "package.lepton"):
                if made.is_dir():
                    shutil.rmtree(made)
                made.unlink(missing_ok=True)
            if read:
                raise SubjectFault(
                    f"sent a package with files beside it, at the level {level}; found that {read[0]!r} was "
                    "opened, expected that nothing outside the package is read"
                )
    shutil.rmtree(folder)


#: Of so many bytes, one copy more than is allowed shows itself beside the 200 MB that are free.
LARGE_BYTES = 130_000_000


def _large(validator: ValidatorSubject) -> None:
    """Send a package of one large file, and measure the memory. Raises: SubjectFault."""
    package = (
        linear_draft().add("zeros.bin", bytes(LARGE_BYTES), "application/octet-stream", "other").archive()
    )
    folder = validator.folder / "large"
    folder.mkdir()
    path = package.write(folder)
    size = path.stat().st_size
    del package
    before = validator.forget_memory()
    said, _ = validator.at(path, validator.levels()[0])
    most = validator.memory_bytes()
    shutil.rmtree(folder)
    if isinstance(said, Lost):
        raise SubjectFault(f"sent a package of {size} bytes; found no report: {said.reason}, expected one")
    allowed = MEMORY_FACTOR * size + MEMORY_BYTES
    if before is not None and most is not None and most - before > allowed:
        raise SubjectFault(
            f"sent a package of {size} bytes; found {most - before} bytes of memory more than before, "
            f"expected at most {allowed}"
        )
