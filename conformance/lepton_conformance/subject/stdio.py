"""A runtime under test, reached through an adapter that speaks the stdio protocol, version 1.

Owns the messages, the life of the adapter from hello to restart, the record of exchanges and blame: an
adapter that breaks the protocol is an `AdapterFault`, a process that ends or stays silent a `SubjectGone`.
Leaves judging to the suite. A `python:` object is hosted by `subject.python_host` in such a process. Serves
`runtime`.
"""

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lepton_conformance.outcome import SubjectFault
from lepton_conformance.subject.capabilities import Capabilities, read_capabilities
from lepton_conformance.subject.exchange import LineExchange
from lepton_conformance.subject.lines import MAX_MEMORY_BYTES
from lepton_conformance.subject.program import (
    ANSWER_SECONDS,
    HELLO_SECONDS,
    ProgramSubject,
    command_of,
    shown,
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


class StdioSubject(ProgramSubject):
    """A runtime behind an adapter. Starts the program at once, and again after it was lost."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        hello_seconds: float = HELLO_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        memory_bytes: int = MAX_MEMORY_BYTES,
    ) -> None:
        self._alone: tuple[str, LoadedModel | Rejection] | None = None
        self._last: LineExchange | None = None
        self._loads: dict[str, LineExchange] = {}
        super().__init__(
            command, hello_seconds=hello_seconds, answer_seconds=answer_seconds, memory_bytes=memory_bytes
        )

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

    def forget(self) -> None:
        """Forget the models of a program that was lost."""
        self._alone = None
        self._loads.clear()

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
        answer, seen = self.exchange(
            operation,
            lambda sent, received, problem: LineExchange(sent, received, problem, file, beside),
            **members,
        )
        assert isinstance(seen, LineExchange)
        self._last = seen
        return answer

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
            raise SubjectFault(f"found outputs {shown(outputs)} in the answer to infer, expected an array")
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
        return self.wait()


def _rejection(answer: Mapping[str, Any]) -> Rejection:
    error = answer["error"]
    if not isinstance(error, dict):
        return Rejection(None, None)
    return Rejection(error.get("code"), error.get("message"))
