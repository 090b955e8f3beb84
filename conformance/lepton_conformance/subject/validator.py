"""A validator under test, reached through a program that speaks the stdio protocol with the op `validate`.

Owns laying a package out for the validator, its time and memory, and reading a report; what it says of a
package is asked once and remembered. Leaves judging to the suite. Serves `package` (PKG-VAL-06).
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from lepton_conformance.outcome import AdapterFault, SubjectGone
from lepton_conformance.subject.exchange import PackageExchange
from lepton_conformance.subject.lines import MAX_MEMORY_BYTES
from lepton_conformance.subject.program import ProgramSubject, Record

__all__ = ["LEVELS", "ErrorAnswer", "Found", "Laid", "Lost", "Said", "ValidatorReport", "ValidatorSubject"]

LEVELS = ("quick", "full")
#: How long a validator may take over a package: so many seconds, and as many more for each 10^6 bytes.
SECONDS, SECONDS_A_MEGABYTE = 60.0, 1.0
MEGABYTE = 1_000_000


class Laid(Protocol):
    """A package that can be written: the files of a directory, or the bytes of a ZIP container."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """Return the files by path."""

    @property
    def archive(self) -> bytes | None:
        """Return the bytes of the container, None for a directory."""

    @property
    def links(self) -> Mapping[str, str]:
        """Return the targets of links by path."""

    @property
    def pipes(self) -> tuple[str, ...]:
        """Return the paths of pipes."""

    def write(self, folder: Path, name: str = ...) -> Path:
        """Write the package into a folder and return its path."""


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of a report."""

    requirement: str
    severity: str
    file: str
    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class ValidatorReport:
    """What a validator says of one package; `line` is the answer as it came, `document` its report."""

    verdict: Any
    identity: Any
    findings: tuple[Found, ...]
    checked: frozenset[str] | None
    not_checked: Mapping[str, str]
    document: Any
    line: str

    def violated(self) -> tuple[str, ...]:
        """Return the requirements of the findings, in their order."""
        return tuple(finding.requirement for finding in self.findings)


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """The validator answered with an error instead of a report."""

    code: Any
    message: Any


@dataclass(frozen=True, slots=True)
class Lost:
    """The validator ended or stayed silent over a package."""

    reason: str


Said = ValidatorReport | ErrorAnswer | Lost


@dataclass
class _Known:
    """What has been said of one package at one level, and the exchange in which it was."""

    said: Said
    exchange: PackageExchange | None = field(default=None)


class ValidatorSubject(ProgramSubject):
    """A validator behind a program. It is started at once, and again after it was lost."""

    def __init__(
        self, command: Sequence[str], *, memory_bytes: int = MAX_MEMORY_BYTES, profile: str | None = None
    ) -> None:
        """Start the program; each request names the profile, when there is one."""
        self._profile = {} if profile is None else {"profile": profile}
        self._known: dict[tuple[str, str], _Known] = {}
        self._count = 0
        super().__init__(command, memory_bytes=memory_bytes)

    def levels(self) -> tuple[str, ...]:
        """Return the levels that the hello declares. Raises: AdapterFault when it declares none."""
        capabilities = self.hello().get("capabilities")
        listed = capabilities.get("validate") if isinstance(capabilities, dict) else None
        found = tuple(level for level in LEVELS if isinstance(listed, list) and level in listed)
        if not found:
            raise AdapterFault(
                f"the hello declares {capabilities!r:.200}; expected capabilities with validate: "
                f"a list of {' and '.join(LEVELS)}, or of one of them"
            )
        return found

    def judged(self, name: str, forge: Callable[[], Laid], level: str) -> Said:
        """Return what the validator says of a package of the suite's own; it is asked once for each name."""
        known = self._known.get((name, level))
        if known is None:
            known = self._known[name, level] = _Known(*self._ask(forge(), level))
        elif known.exchange is not None:
            self.recorder.recall(known.exchange)
        return known.said

    def validate(self, package: Laid, level: str, *, folder: Path | None = None) -> Said:
        """Ask for a package, written anew: into `folder`, which exists, or into one of its own.

        Raises: AdapterFault for an answer that breaks the protocol.
        """
        return self._ask(package, level, folder)[0]

    def _ask(
        self, package: Laid, level: str, folder: Path | None = None
    ) -> tuple[Said, PackageExchange | None]:
        place = folder
        if place is None:
            self._count += 1
            place = self.folder / f"p{self._count}"
            place.mkdir()
        try:
            path = package.write(place)
            return self.at(path, level, package)
        finally:
            if folder is None:
                shutil.rmtree(place, ignore_errors=True)

    def at(self, path: Path, level: str, package: Laid | None = None) -> tuple[Said, PackageExchange | None]:
        """Ask for a path. Raises: AdapterFault for an answer that breaks the protocol."""
        record: Record = PackageExchange
        if package is not None:
            record = partial(
                PackageExchange,
                files=package.files,
                archive=package.archive,
                links=package.links,
                pipes=package.pipes,
            )
        size = 0 if package is None else len(package.archive or b"") + sum(map(len, package.files.values()))
        seconds = SECONDS + SECONDS_A_MEGABYTE * size / MEGABYTE
        try:
            answer, seen = self.exchange(
                "validate", record, seconds, path=str(path), level=level, **self._profile
            )
        except SubjectGone as gone:
            last = self.recorder.last()
            return Lost(str(gone)), last if isinstance(last, PackageExchange) else None
        assert isinstance(seen, PackageExchange)
        return _said(answer, seen.received or ""), seen

    def memory_bytes(self) -> int | None:
        """Return the most memory that the process has had since `forget_memory`, None where unknown."""
        return self._process.peak_bytes()

    def forget_memory(self) -> int | None:
        """Begin to measure; return what the process has now, None where that cannot be measured."""
        self.ensure()
        return self._process.forget_peak()


def _said(answer: Mapping[str, Any], line: str) -> Said:
    if "error" in answer:
        error = answer["error"]
        if not isinstance(error, dict):
            return ErrorAnswer(None, None)
        return ErrorAnswer(error.get("code"), error.get("message"))
    document = answer.get("report")
    if not isinstance(document, dict):
        raise AdapterFault(
            f"found the report {document!r:.120} in the answer to 'validate', expected an object"
        )
    checked = document.get("checked")
    found = []
    for entry in _objects(document.get("findings")):
        members = (
            str(entry.get(key, "")) for key in ("requirement", "severity", "file", "pointer", "message")
        )
        found.append(Found(*members))
    return ValidatorReport(
        document.get("verdict"),
        document.get("identity"),
        tuple(found),
        frozenset(str(entry) for entry in checked) if isinstance(checked, list) else None,
        {
            str(entry.get("requirement", "")): str(entry.get("reason", ""))
            for entry in _objects(document.get("notChecked"))
        },
        document,
        line,
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
