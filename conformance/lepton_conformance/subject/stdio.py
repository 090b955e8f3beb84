"""A runtime under test, reached through an adapter that speaks the stdio protocol, version 1.

Owns the messages, the life of the adapter from hello to restart, the record of exchanges and blame: an
adapter that breaks the protocol is an `AdapterFault`, a process that ends or stays silent a `SubjectGone`.
Leaves judging to the suite. A `python:` object is hosted by `subject.python_host` in such a process. Serves
`runtime`.
"""

import json
import shlex
import sys
import tempfile
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lepton_conformance.outcome import AdapterFault, SubjectFault, SubjectGone
from lepton_conformance.subject import strict_json
from lepton_conformance.subject.capabilities import Capabilities, read_capabilities
from lepton_conformance.subject.exchange import LineExchange, Recorder
from lepton_conformance.subject.http import Unreachable
from lepton_conformance.subject.lines import (
    MAX_MEMORY_BYTES,
    Ended,
    LineProcess,
    LineTooLong,
    NotStarted,
    Silent,
)
from lepton_conformance.subject.tensor_lines import (
    Array,
    Spec,
    WrongTensor,
    read_specs,
    read_value,
    write_value,
)

__all__ = ["ERROR_CODES", "Inferred", "LoadedModel", "Rejection", "StdioSubject", "command_of"]

#: How long an adapter may take to say hello: engines are slow to import. Seconds.
HELLO_SECONDS = 60.0
#: How long one answer may take before it counts as none, in seconds.
ANSWER_SECONDS = 20.0
#: How long an adapter may take to end after it has answered shutdown, in seconds.
END_SECONDS = 5.0
ERROR_CODES = ("INVALID_MODEL", "INVALID_INPUT", "UNSUPPORTED", "INTERNAL")


@dataclass(frozen=True, slots=True)
class Rejection:
    """The adapter answered with an error. `code` and `message` may be anything: judging them is a test's."""

    code: Any
    message: Any

    @property
    def unsupported(self) -> bool:
        """Say whether the runtime lacks something, which makes a test not-tested."""
        return bool(self.code == "UNSUPPORTED")


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that the adapter has loaded."""

    handle: str
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]


@dataclass(frozen=True, slots=True)
class Inferred:
    """The outputs of a call by name, and what the host of a Python object saw happen to its arrays."""

    outputs: dict[str, Array]
    changed_inputs: tuple[str, ...]
    changed_outputs: tuple[str, ...]
    shared_outputs: tuple[str, ...] = ()


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


class StdioSubject:
    """A runtime behind an adapter. Starts the program at once, and again after it was lost."""

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
        self._folder = tempfile.TemporaryDirectory(prefix="lepton-runtime-")
        self._alone: tuple[str, LoadedModel | Rejection] | None = None
        self._number = 0
        self._last: LineExchange | None = None
        self._loads: dict[str, LineExchange] = {}
        self.hello_line = b""
        self._process = self._start()

    # -- life ----------------------------------------------------------------------------------------

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
        """Return the adapter's hello. Raises: AdapterFault when it is no JSON object."""
        return _object(self.hello_line, "the hello")

    def capabilities(self, kind: str) -> frozenset[str]:
        """Return what the hello lists under `datatypes` or `formats`."""
        capabilities = self.hello().get("capabilities")
        listed = capabilities.get(kind) if isinstance(capabilities, dict) else None
        return frozenset(str(entry) for entry in listed) if isinstance(listed, list) else frozenset()

    def declared(self) -> Capabilities:
        """Return what the hello declares beside datatypes and formats. Raises: AdapterFault."""
        return read_capabilities(self.hello())

    @property
    def hosted(self) -> bool:
        """Say whether a Python object is hosted, so that its arrays are watched."""
        return self.hello().get("host") == "python"

    def responds(self) -> bool:
        """Say whether the adapter runs, if need be after a restart."""
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
        self._alone = None
        self._loads.clear()
        try:
            self._process = self._start()
        except Unreachable as error:
            raise SubjectGone(f"found no adapter after it was started again: {error}") from error

    def restart(self) -> None:
        """Start the program anew."""
        self._process.close()
        self.ensure()

    def close(self) -> None:
        """End the program and remove the files that were written for it."""
        self._process.close()
        self._folder.cleanup()

    # -- messages ------------------------------------------------------------------------------------

    def ask(
        self,
        operation: str,
        *,
        file: bytes | None = None,
        beside: tuple[tuple[str, bytes], ...] = (),
        **members: Any,
    ) -> dict[str, Any]:
        """Send one request and return the answer, an object with the same `id`.

        Raises: SubjectGone when the process ends or stays silent, AdapterFault for another answer.
        """
        self.ensure()
        self._number += 1
        sent = json.dumps({"id": self._number, "op": operation, **members}, separators=(",", ":"))
        try:
            self._process.write(sent.encode(), self._answer_seconds)
            line = self._process.read(self._answer_seconds)
        except (Ended, Silent) as error:
            self.recorder.add(LineExchange(sent, None, str(error), file, beside))
            self._process.close()
            raise SubjectGone(f"sent {operation!r}, found: {error}; expected an answer") from error
        except LineTooLong as error:
            self.recorder.add(LineExchange(sent, None, str(error), file, beside))
            self._process.close()
            raise AdapterFault(f"sent {operation!r}, found: {error}") from error
        self._last = LineExchange(sent, line.decode("utf-8", "replace"), file=file, beside=beside)
        self.recorder.add(self._last)
        try:
            answer = _object(line, f"the answer to {operation!r}")
            if type(answer.get("id")) is not int or answer["id"] != self._number:
                raise AdapterFault(f"found the id {answer.get('id')!r} in an answer, expected {self._number}")
        except AdapterFault:
            # What follows on this pipe may answer an earlier request: nothing more is read from it.
            self._process.close()
            raise
        return answer

    def file(self, name: str, content: bytes) -> Path:
        """Write a file for the adapter to load and return its absolute path."""
        path = Path(self._folder.name) / name
        path.write_bytes(content)
        return path

    def load(
        self, path: Path, beside: Mapping[str, bytes] = types.MappingProxyType({})
    ) -> LoadedModel | Rejection:
        """Load a model file; `beside` are files that it refers to, for the record.

        Raises: as `ask`; SubjectFault for wrong members of the answer.
        """
        content = path.read_bytes() if path.is_file() else None
        answer = self.ask("load", file=content, beside=tuple(beside.items()), path=str(path))
        if "error" in answer:
            return _rejection(answer)
        handle = answer.get("model")
        if not isinstance(handle, str):
            raise SubjectFault(f"found the model {handle!r} in the answer to load, expected a string")
        if self._last is not None:
            self._loads[handle] = self._last
        try:
            return LoadedModel(handle, read_specs(answer.get("inputs")), read_specs(answer.get("outputs")))
        except WrongTensor as error:
            raise SubjectFault(f"in the answer to load, found {error}") from error

    def alone(self, name: str, content: bytes) -> LoadedModel | Rejection:
        """Return the model of a name of the suite's; the one that was asked for before is unloaded first."""
        self.ensure()
        if self._alone is None or self._alone[0] != name:
            if self._alone is not None and isinstance(self._alone[1], LoadedModel):
                self.unload(self._alone[1])
            self._alone = name, self.load(self.file(f"{name}.onnx", content))
        return self._alone[1]

    def infer(self, model: LoadedModel, inputs: Mapping[str, Array]) -> Inferred | Rejection:
        """Compute. Raises: as `ask`; SubjectFault for wrong members of the answer."""
        self._recall(model)
        values = [write_value(name, array) for name, array in inputs.items()]
        answer = self.ask("infer", model=model.handle, inputs=values)
        if "error" in answer:
            return _rejection(answer)
        outputs = answer.get("outputs")
        if not isinstance(outputs, list):
            raise SubjectFault(f"found outputs {_shown(outputs)} in the answer to infer, expected an array")
        found: dict[str, Array] = {}
        for entry in outputs:
            try:
                name, array = read_value(entry)
            except WrongTensor as error:
                raise SubjectFault(f"in the answer to infer, found {error}") from error
            if name in found:
                raise SubjectFault(f"in the answer to infer, found the output {name!r} twice")
            found[name] = array
        seen = answer.get("observed", {})
        members = ("changedInputs", "changedOutputs", "sharedOutputs")
        return Inferred(found, *(tuple(seen.get(member, ())) for member in members))

    def unload(self, model: LoadedModel) -> Rejection | None:
        """Unload a model. Raises: as `ask`."""
        self._recall(model)
        answer = self.ask("unload", model=model.handle)
        if self._alone is not None and self._alone[1] is model:
            self._alone = None
        return _rejection(answer) if "error" in answer else None

    def _recall(self, model: LoadedModel) -> None:
        """Record how a model was loaded, which may have been in an earlier case."""
        if model.handle in self._loads:
            self.recorder.recall(self._loads[model.handle])

    def shutdown(self) -> int | None:
        """Ask the adapter to end and return its exit status, None when it goes on. Raises: as `ask`."""
        self.ask("shutdown")
        status = self._process.wait(END_SECONDS)
        self._process.close()
        return status


def _object(line: bytes, what: str) -> dict[str, Any]:
    try:
        value = strict_json.parse(line).value
    except strict_json.NotJson as error:
        raise AdapterFault(f"{what} is no JSON ({error}): {_shown(line)}") from error
    if not isinstance(value, dict):
        raise AdapterFault(f"{what} is {_shown(value)}, expected a JSON object")
    return value


def _rejection(answer: Mapping[str, Any]) -> Rejection:
    error = answer["error"]
    if not isinstance(error, dict):
        return Rejection(None, None)
    return Rejection(error.get("code"), error.get("message"))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:120] + "..."
