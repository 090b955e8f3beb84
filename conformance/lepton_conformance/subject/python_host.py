"""`python -m lepton_conformance.subject.python_host MODULE:ATTR`: a Python object behind the stdio protocol.

Owns hosting the in-process adapter in a process of its own, so that a crash is an outcome; keeps the
protocol's standard output clean of prints; watches whether inputs change, whether outputs given out change
later and whether they are memory of their own. Leaves judging to the suite, which runs on the other side of
the pipe. Serves `runtime`.
"""

import collections
import contextlib
import importlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

import lepton_spec
from lepton_conformance.subject.tensor_lines import Array, WrongTensor, datatype_of, read_value, write_value

__all__ = ["main"]

#: Names of exceptions that say that something is lacking, not wrong.
UNSUPPORTED = ("NotImplementedError", "NotImplemented")
#: Attributes of the object that go into its capabilities as they are.
DECLARED = ("operators", "opsets", "dynamic")
MAX_MESSAGE_CHARACTERS = 500
#: How many outputs are watched after they were given out, and up to which size each, in bytes.
WATCHED_OUTPUTS = 32
WATCHED_BYTES = 1 << 20
#: How hard is it tried to find an element that two arrays share, in numpy's units.
MAX_OVERLAP_WORK = 1000


class _Rejected(Exception):
    """A request is answered with an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class _Host:
    """One hosted object and its models."""

    adapter: Any
    models: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    watched: collections.deque[tuple[str, Array, bytes]] = field(
        default_factory=lambda: collections.deque(maxlen=WATCHED_OUTPUTS)
    )

    def hello(self) -> dict[str, Any]:
        """Return the hello; of what the object does not declare it is asked for all."""
        datatypes = getattr(self.adapter, "datatypes", None)
        if datatypes is None:
            datatypes = [name for name, entry in lepton_spec.datatypes().items() if entry["numpy"]]
        capabilities: dict[str, Any] = {"datatypes": list(datatypes), "formats": ["onnx"]}
        for member in DECLARED:
            if (value := getattr(self.adapter, member, None)) is not None:
                capabilities[member] = value if isinstance(value, bool) else list(value)
        return {
            "lepton": lepton_spec.SPEC_VERSION,
            "protocol": 1,
            "name": getattr(self.adapter, "name", None),
            "version": getattr(self.adapter, "version", None),
            "capabilities": capabilities,
            "host": "python",
        }

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request. Raises: _Rejected."""
        operation = request.get("op")
        if operation == "load":
            return self.load(str(request.get("path")))
        if operation == "infer":
            return self.infer(self.model(request), request.get("inputs"))
        if operation == "unload":
            return self.unload(request)
        if operation == "shutdown":
            for name in list(self.models):
                self._call("INTERNAL", self.models.pop(name).close)
            return {}
        raise _Rejected("INVALID_INPUT", f"unknown op {operation!r}")

    def model(self, request: Mapping[str, Any]) -> Any:
        """Return the model that a request names."""
        name = request.get("model")
        if name not in self.models:
            raise _Rejected("INVALID_INPUT", f"model {name!r} is not loaded")
        return self.models[name]

    def load(self, path: str) -> dict[str, Any]:
        """Load a model; its inputs and outputs are read from the file."""
        model = self._call("INVALID_MODEL", self.adapter.load, path)
        self.count += 1
        name = f"m{self.count}"
        self.models[name] = model
        inputs, outputs = _declared(path)
        return {"model": name, "inputs": inputs, "outputs": outputs}

    def unload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Close a model and forget it."""
        model = self.model(request)
        del self.models[request["model"]]
        self._call("INTERNAL", model.close)
        return {}

    def infer(self, model: Any, values: Any) -> dict[str, Any]:
        """Compute; report which arrays changed that should not have."""
        inputs: dict[str, Array] = {}
        try:
            for entry in values if isinstance(values, list) else ():
                name, array = read_value(entry)
                if name in inputs:
                    raise _Rejected("INVALID_INPUT", f"input {name!r} is given twice")
                inputs[name] = array.copy()
        except WrongTensor as error:
            raise _Rejected("INVALID_INPUT", str(error)) from error
        before = {name: _content(array) for name, array in inputs.items()}
        found = self._call("INVALID_INPUT", model.infer, dict(inputs))
        changed_inputs = [name for name, array in inputs.items() if _content(array) != before[name]]
        changed_outputs = sorted({name for name, array, kept in self.watched if _content(array) != kept})
        outputs = [write_value(name, array) for name, array in _checked(found).items()]
        for name, array in found.items():
            if array.nbytes <= WATCHED_BYTES:
                self.watched.append((name, array, _content(array)))
        observed = {
            "changedInputs": changed_inputs,
            "changedOutputs": changed_outputs,
            "sharedOutputs": _shared(inputs, found),
        }
        return {"outputs": outputs, "observed": observed}

    def _call(self, code: str, function: Any, *arguments: Any) -> Any:
        """Call the object; whatever it raises is its way of rejecting."""
        try:
            return function(*arguments)
        except Exception as error:
            kind = type(error).__name__
            message = f"{kind}: {error}".strip()[:MAX_MESSAGE_CHARACTERS]
            raise _Rejected("UNSUPPORTED" if kind in UNSUPPORTED else code, message) from error


def _shared(inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> list[str]:
    """Return the outputs that share memory with an input or with another output."""
    return [
        name
        for name, array in outputs.items()
        if any(_overlap(array, other) for other in inputs.values())
        or any(_overlap(array, other) for key, other in outputs.items() if key != name)
    ]


def _overlap(one: Array, other: Array) -> bool:
    """Say whether two arrays share an element; where that is hard to decide they do not."""
    try:
        shares: Any = np.shares_memory  # numpy's stub knows of two amounts of work only
        return bool(shares(one, other, max_work=MAX_OVERLAP_WORK))
    except np.exceptions.TooHardError:
        return False


def _content(array: Array) -> bytes:
    if array.dtype == object:
        return repr(array.tolist()).encode()
    return array.tobytes()


def _checked(found: Any) -> dict[str, Array]:
    """Return the outputs. Raises: _Rejected for what is no mapping of names to arrays of a datatype."""
    if not isinstance(found, Mapping):
        raise _Rejected("INTERNAL", f"infer returned a {type(found).__name__}, expected a dict of arrays")
    for name, array in found.items():
        if not isinstance(name, str) or not isinstance(array, np.ndarray):
            raise _Rejected("INTERNAL", f"output {name!r} is a {type(array).__name__}, expected an ndarray")
        try:
            datatype_of(array)
        except KeyError:
            raise _Rejected(
                "INTERNAL", f"output {name!r} has the numpy type {array.dtype}, no datatype"
            ) from None
        if array.dtype == object and not all(isinstance(value, bytes) for value in array.ravel()):
            raise _Rejected("INTERNAL", f"output {name!r} holds objects other than bytes")
    return dict(found)


def _declared(path: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return inputs and outputs as the model file declares them; none when it is no model."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(path, load_external_data=False).graph
    except (DecodeError, OSError):
        return [], []
    names = {entry["onnx"]: name for name, entry in lepton_spec.datatypes().items()}
    initialized = {entry.name for entry in graph.initializer}

    def described(value: Any) -> dict[str, Any]:
        tensor = value.type.tensor_type
        shape = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim]
        return {"name": value.name, "datatype": names.get(tensor.elem_type, ""), "shape": shape}

    return (
        [described(value) for value in graph.input if value.name not in initialized],
        [described(value) for value in graph.output],
    )


def _found(target: str) -> Any:
    """Return the object that MODULE:ATTR names; a class or function is called."""
    module, _, attribute = target.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found if hasattr(found, "load") and not isinstance(found, type) else found()


def _serve(host: _Host, requests: BinaryIO, answers: BinaryIO) -> None:
    def say(message: Mapping[str, Any]) -> None:
        answers.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        answers.flush()

    say(host.hello())
    for line in requests:
        request = json.loads(line)
        try:
            say({"id": request["id"], **host.answer(request)})
        except _Rejected as rejected:
            say({"id": request["id"], "error": {"code": rejected.code, "message": str(rejected)}})
        if request["op"] == "shutdown":
            return


def main(argv: list[str] | None = None) -> int:
    """Host the object until shutdown. Prints go to standard error: standard output is the protocol's."""
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1 or ":" not in arguments[0]:
        print("python_host: expected one argument, MODULE:ATTR", file=sys.stderr)
        return 2
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    try:
        adapter = _found(arguments[0])
    except Exception as error:
        print(f"python_host: cannot get {arguments[0]!r}: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        _serve(_Host(adapter), sys.stdin.buffer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
