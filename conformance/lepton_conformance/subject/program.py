"""A program that speaks the stdio protocol: its life from hello to restart, and one question at a time.

Owns starting and ending the program, its limits, the record of exchanges and blame: a program that breaks the
protocol is an `AdapterFault`, one that ends or stays silent a `SubjectGone`. Leaves the operations to
`subject.stdio` (runtimes) and `subject.validator`. Serves `runtime` and `package`.
"""

import json
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lepton_conformance.outcome import AdapterFault, SubjectGone
from lepton_conformance.subject import strict_json
from lepton_conformance.subject.exchange import Exchange, Recorder
from lepton_conformance.subject.http import Unreachable
from lepton_conformance.subject.lines import (
    MAX_MEMORY_BYTES,
    Ended,
    LineProcess,
    LineTooLong,
    NotStarted,
    Silent,
)

__all__ = ["ANSWER_SECONDS", "HELLO_SECONDS", "ProgramSubject", "Record", "command_of", "shown"]

#: How long a program may take to say hello: engines are slow to import. Seconds.
HELLO_SECONDS = 60.0
#: How long one answer may take before it counts as none, in seconds.
ANSWER_SECONDS = 20.0
#: How long a program may take to end after it has answered shutdown, in seconds.
END_SECONDS = 5.0

#: Makes the record of one exchange: the line sent, the line received or None, and what went wrong.
Record = Callable[[str, str | None, str], Exchange]


def command_of(subject: str) -> list[str]:
    """Return the command line of an `exec:` or `python:` subject. Raises: Unreachable."""
    kind, _, rest = subject.partition(":")
    if kind == "python":
        module, _, attribute = rest.partition(":")
        if not module or not attribute:
            raise Unreachable(f"cannot use {subject!r} as a subject: expected python:MODULE:ATTR")
        return [sys.executable, "-m", "lepton_conformance.subject.python_host", rest]
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise Unreachable(f"cannot read the command of {subject!r}: {error}") from error
    if not words:
        raise Unreachable(f"cannot use {subject!r} as a subject: expected exec:COMMAND")
    return words


class ProgramSubject:
    """A program. It is started at once, and again after it was lost."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        hello_seconds: float = HELLO_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        memory_bytes: int = MAX_MEMORY_BYTES,
    ) -> None:
        self.recorder = Recorder()
        self._command = list(command)
        self._hello_seconds = hello_seconds
        self._answer_seconds = answer_seconds
        self._memory_bytes = memory_bytes
        self._folder = tempfile.TemporaryDirectory(prefix="lepton-subject-")
        self._number = 0
        self.hello_line = b""
        self._process = self._start()

    @property
    def folder(self) -> Path:
        """Return the folder of the files that are written for the program."""
        return Path(self._folder.name)

    def _start(self) -> LineProcess:
        """Start the program and wait for its first line. Raises: Unreachable."""
        try:
            process = LineProcess(self._command, memory_bytes=self._memory_bytes)
        except NotStarted as error:
            raise Unreachable(str(error)) from error
        try:
            self.hello_line = process.read(self._hello_seconds)
        except (Ended, Silent, LineTooLong) as error:
            process.close()
            raise Unreachable(f"the adapter said no hello: {error}") from error
        return process

    def hello(self) -> dict[str, Any]:
        """Return the program's hello. Raises: AdapterFault when it is no JSON object."""
        return _object(self.hello_line, "the hello")

    def responds(self) -> bool:
        """Say whether the program runs, if need be after a restart."""
        try:
            self.ensure()
        except (SubjectGone, Unreachable):
            return False
        return True

    def ensure(self) -> None:
        """Start the program again if it is lost. Raises: SubjectGone when it does not start any more."""
        if self._process.alive:
            return
        self._process.close()
        self.forget()
        try:
            self._process = self._start()
        except Unreachable as error:
            raise SubjectGone(f"found no adapter after it was started again: {error}") from error

    def forget(self) -> None:
        """Forget what the program held before it was lost."""

    def restart(self) -> None:
        """Start the program anew."""
        self._process.close()
        self.ensure()

    def close(self) -> None:
        """End the program and remove the files that were written for it."""
        self._process.close()
        self._folder.cleanup()

    def exchange(
        self, operation: str, record: Record, seconds: float | None = None, **members: Any
    ) -> tuple[dict[str, Any], Exchange]:
        """Send one request; return the answer, an object with the same `id`, and the recorded exchange.

        `seconds` is how long the answer may take, the program's usual time when it is None.
        Raises: SubjectGone when the process ends or stays silent, AdapterFault for another answer.
        """
        self.ensure()
        seconds = self._answer_seconds if seconds is None else seconds
        self._number += 1
        sent = json.dumps({"id": self._number, "op": operation, **members}, separators=(",", ":"))
        try:
            self._process.write(sent.encode(), seconds)
            line = self._process.read(seconds)
        except (Ended, Silent) as error:
            self.recorder.add(record(sent, None, str(error)))
            self._process.close()
            raise SubjectGone(f"sent {operation!r}, found: {error}; expected an answer") from error
        except LineTooLong as error:
            self.recorder.add(record(sent, None, str(error)))
            self._process.close()
            raise AdapterFault(f"sent {operation!r}, found: {error}") from error
        seen = record(sent, line.decode("utf-8", "replace"), "")
        self.recorder.add(seen)
        try:
            answer = _object(line, f"the answer to {operation!r}")
            if type(answer.get("id")) is not int or answer["id"] != self._number:
                raise AdapterFault(f"found the id {answer.get('id')!r} in an answer, expected {self._number}")
        except AdapterFault:
            # What follows on this pipe may answer an earlier request: nothing more is read from it.
            self._process.close()
            raise
        return answer, seen

    def file(self, name: str, content: bytes) -> Path:
        """Write a file for the program to read and return its absolute path."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def wait(self) -> int | None:
        """Return the exit status of a program that was asked to end, None when it goes on."""
        status = self._process.wait(END_SECONDS)
        self._process.close()
        return status


def _object(line: bytes, what: str) -> dict[str, Any]:
    try:
        value = strict_json.parse(line).value
    except strict_json.NotJson as error:
        raise AdapterFault(f"{what} is no JSON ({error}): {shown(line)}") from error
    if not isinstance(value, dict):
        raise AdapterFault(f"{what} is {shown(value)}, expected a JSON object")
    return value


def shown(value: object) -> str:
    """Return a value for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 120 else text[:120] + "..."
