"""`python -m lepton_conformance.mutants.talker [--mutant ID]`: an adapter program around the engine.

Owns a second writing of the stdio protocol, one overridable method a step, and its mutants (Spec: RUN-ADP);
leaves computing to `engine`. Serves `runtime`.
"""

import argparse
import base64
import json
import os
import sys
import time
from typing import Any, BinaryIO, ClassVar

import numpy as np

from lepton_conformance.mutants.computing import DTYPES, Array, Spec
from lepton_conformance.mutants.engine import Engine, Loaded

__all__ = ["ALL", "Talker", "main"]


class Talker:
    """The correct adapter."""

    id: ClassVar[str] = "adapter-correct"
    breaks: ClassVar[str] = ""
    exit_status = 0

    def __init__(self, answers: BinaryIO) -> None:
        self.engine = Engine()
        self.answers = answers
        self.models: dict[str, Loaded] = {}
        self.count = 0

    def serve(self, requests: BinaryIO) -> int:
        """Answer requests until shutdown; return the exit status."""
        self.greet()
        for line in requests:
            request = json.loads(line)
            try:
                answer = {"id": request["id"], **self.answer(request)}
            except Exception as error:
                answer = {"id": request["id"], "error": self.error(request, error)}
            self.say(answer)
            if request["op"] == "shutdown":
                return self.end()
        return 0

    def say(self, message: dict[str, Any]) -> None:
        self.answers.write(json.dumps(message).encode() + b"\n")
        self.answers.flush()

    def greet(self) -> None:
        self.say(self.hello())

    def hello(self) -> dict[str, Any]:
        return {
            "lepton": "1.0",
            "protocol": 1,
            "name": "lepton-talker",
            "version": "1.0",
            "capabilities": {"datatypes": list(DTYPES), "formats": ["onnx"], "operators": []},
        }

    def error(self, request: dict[str, Any], error: Exception) -> Any:
        code = "INVALID_MODEL" if request["op"] == "load" else "INVALID_INPUT"
        return {"code": code, "message": f"{type(error).__name__}: {error}"}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "load":
            return self.load(request["path"])
        if request["op"] == "infer":
            return self.infer(request["model"], request["inputs"])
        if request["op"] == "unload":
            return self.unload(request["model"])
        return {}

    def load(self, path: str) -> dict[str, Any]:
        model = self.engine.load(path)
        self.count += 1
        name = f"m{self.count}"
        self.models[name] = model
        return {
            "model": name,
            "inputs": [self.describe(spec) for spec in self.model_inputs(model)],
            "outputs": [self.describe(spec) for spec in model.outputs],
        }

    def model_inputs(self, model: Loaded) -> tuple[Spec, ...]:
        return model.inputs

    def describe(self, spec: Spec) -> dict[str, Any]:
        return {"name": spec.name, "datatype": spec.datatype, "shape": spec.published_shape()}

    def infer(self, name: str, values: list[dict[str, Any]]) -> dict[str, Any]:
        found = self.models[name].infer({value["name"]: self.decode(value) for value in values})
        return {"outputs": [self.encode(key, array) for key, array in found.items()]}

    def unload(self, name: str) -> dict[str, Any]:
        del self.models[name]
        return {}

    def decode(self, value: dict[str, Any]) -> Array:
        data, shape = base64.b64decode(value["data"]), value["shape"]
        if value["datatype"] != "BYTES":
            return np.frombuffer(data, DTYPES[value["datatype"]]).reshape(shape).copy()
        found = []
        start = 0
        while start < len(data):
            end = start + 4 + int.from_bytes(data[start : start + 4], "little")
            found.append(data[start + 4 : end])
            start = end
        array = np.empty(len(found), dtype=object)
        array[:] = found
        return array.reshape(shape)

    def encode(self, name: str, array: Array) -> dict[str, Any]:
        datatype = next(key for key, dtype in DTYPES.items() if dtype == array.dtype)
        data = array.tobytes()
        if datatype == "BYTES":
            data = b"".join(len(value).to_bytes(4, "little") + value for value in array.ravel())
        shape = list(array.shape)
        return {"name": name, "datatype": datatype, "shape": shape, "data": base64.b64encode(data).decode()}

    def end(self) -> int:
        return self.exit_status


class Banner(Talker):
    """A banner is printed before the hello."""

    id = "run-adp-01-banner"
    breaks = "RUN-ADP-01"

    def greet(self) -> None:
        self.answers.write(b"Loading libraries...\n")
        super().greet()


class ProtocolQuoted(Talker):
    """The protocol's version is a string."""

    id = "run-adp-01-protocol"
    breaks = "RUN-ADP-01"

    def hello(self) -> dict[str, Any]:
        return {**super().hello(), "protocol": "1"}


class NoCapabilities(Talker):
    """The hello has no capabilities."""

    id = "run-adp-01-capabilities"
    breaks = "RUN-ADP-01"

    def hello(self) -> dict[str, Any]:
        return {key: value for key, value in super().hello().items() if key != "capabilities"}


class NoName(Talker):
    """The hello has no name."""

    id = "run-adp-01-name"
    breaks = "RUN-ADP-01"

    def hello(self) -> dict[str, Any]:
        return {**super().hello(), "name": None}


class WeightsAreInputs(Talker):
    """Initializers are listed as inputs."""

    id = "run-adp-02-weights"
    breaks = "RUN-ADP-02"

    def model_inputs(self, model: Loaded) -> tuple[Spec, ...]:
        weights = (Spec(name, "FP32", array.shape) for name, array in model.constants.items())
        return (*model.inputs, *weights)


class InputsReversed(Talker):
    """Inputs are listed in reverse."""

    id = "run-adp-02-order"
    breaks = "RUN-ADP-02"

    def model_inputs(self, model: Loaded) -> tuple[Spec, ...]:
        return model.inputs[::-1]


class FreeSizesAreOne(Talker):
    """Sizes that are not fixed are listed as 1."""

    id = "run-adp-02-sizes"
    breaks = "RUN-ADP-02"

    def describe(self, spec: Spec) -> dict[str, Any]:
        return {**super().describe(spec), "shape": [abs(size) for size in spec.published_shape()]}


class LoadRejected(Talker):
    """Models with strings are rejected, though BYTES are listed."""

    id = "run-adp-02-rejected"
    breaks = "RUN-ADP-02"

    def load(self, path: str) -> dict[str, Any]:
        found = super().load(path)
        if found["inputs"][0]["datatype"] == "BYTES":
            raise ValueError("strings are not supported")
        return found


class FirstOutputOnly(Talker):
    """Only the first output is answered."""

    id = "run-adp-03-first"
    breaks = "RUN-ADP-03"

    def infer(self, name: str, values: list[dict[str, Any]]) -> dict[str, Any]:
        return {"outputs": super().infer(name, values)["outputs"][:1]}


class OutputFlattened(Talker):
    """Outputs are flat."""

    id = "run-adp-03-flat"
    breaks = "RUN-ADP-03"

    def encode(self, name: str, array: Array) -> dict[str, Any]:
        return super().encode(name, array.reshape(-1))


class OutputWidened(Talker):
    """FP16 outputs are sent as FP32."""

    id = "run-adp-03-widened"
    breaks = "RUN-ADP-03"

    def encode(self, name: str, array: Array) -> dict[str, Any]:
        return super().encode(name, array.astype(np.float32) if array.dtype == np.float16 else array)


class OutputShort(Talker):
    """The last byte of an output is missing."""

    id = "run-adp-03-short"
    breaks = "RUN-ADP-03"

    def encode(self, name: str, array: Array) -> dict[str, Any]:
        entry = super().encode(name, array)
        return {**entry, "data": base64.b64encode(base64.b64decode(entry["data"])[:-1]).decode()}


class ErrorAsText(Talker):
    """An error is a string."""

    id = "run-adp-04-text"
    breaks = "RUN-ADP-04"

    def error(self, request: dict[str, Any], error: Exception) -> Any:
        return f"{type(error).__name__}: {error}"


class ErrorCodeUnknown(Talker):
    """Errors have a code of their own."""

    id = "run-adp-04-code"
    breaks = "RUN-ADP-04"

    def error(self, request: dict[str, Any], error: Exception) -> Any:
        return {"code": type(error).__name__, "message": str(error)}


class ErrorSilent(Talker):
    """Errors have an empty message."""

    id = "run-adp-04-message"
    breaks = "RUN-ADP-04"

    def error(self, request: dict[str, Any], error: Exception) -> Any:
        return {**super().error(request, error), "message": ""}


class ErrorEnds(Talker):
    """The adapter ends after the first error."""

    id = "run-adp-04-ends"
    breaks = "RUN-ADP-04"

    def error(self, request: dict[str, Any], error: Exception) -> Any:
        sys.exit(1)


class ErrorSwallowed(Talker):
    """What goes wrong in a call is answered with no outputs."""

    id = "run-adp-04-swallowed"
    breaks = "RUN-ADP-04"

    def infer(self, name: str, values: list[dict[str, Any]]) -> dict[str, Any]:
        try:
            return super().infer(name, values)
        except (KeyError, ValueError):
            return {"outputs": []}


class UnloadKeeps(Talker):
    """An unloaded model still answers."""

    id = "run-adp-05-keeps"
    breaks = "RUN-ADP-05"

    def unload(self, name: str) -> dict[str, Any]:
        if name not in self.models:
            raise KeyError(name)
        return {}


class UnloadTwice(Talker):
    """A model can be unloaded any number of times."""

    id = "run-adp-05-twice"
    breaks = "RUN-ADP-05"

    def unload(self, name: str) -> dict[str, Any]:
        if name.startswith("no-"):
            raise KeyError(name)
        self.models.pop(name, None)
        return {}


class UnloadAll(Talker):
    """Unloading a model unloads all."""

    id = "run-adp-05-all"
    breaks = "RUN-ADP-05"

    def unload(self, name: str) -> dict[str, Any]:
        super().unload(name)
        self.models.clear()
        return {}


class ExitStatusOne(Talker):
    """The adapter ends with status 1."""

    id = "run-adp-06-status"
    breaks = "RUN-ADP-06"

    exit_status = 1


class ShutdownUnanswered(Talker):
    """The adapter ends without an answer to shutdown."""

    id = "run-adp-06-unanswered"
    breaks = "RUN-ADP-06"

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "shutdown":
            os._exit(0)
        return super().answer(request)


class ShutdownIgnored(Talker):
    """The adapter goes on after shutdown."""

    id = "run-adp-06-ignored"
    breaks = "RUN-ADP-06"

    def end(self) -> int:
        time.sleep(600)
        return 0


ALL: tuple[type[Talker], ...] = (
    Banner,
    ProtocolQuoted,
    NoCapabilities,
    NoName,
    WeightsAreInputs,
    InputsReversed,
    FreeSizesAreOne,
    LoadRejected,
    FirstOutputOnly,
    OutputFlattened,
    OutputWidened,
    OutputShort,
    ErrorAsText,
    ErrorCodeUnknown,
    ErrorSilent,
    ErrorEnds,
    ErrorSwallowed,
    UnloadKeeps,
    UnloadTwice,
    UnloadAll,
    ExitStatusOne,
    ShutdownUnanswered,
    ShutdownIgnored,
)


def main(argv: list[str] | None = None) -> int:
    """Speak on standard input and output, correctly or with one planted fault."""
    parser = argparse.ArgumentParser(prog="python -m lepton_conformance.mutants.talker")
    parser.add_argument("--mutant", default=Talker.id, metavar="ID", help="the fault (default: none)")
    arguments = parser.parse_args(argv)
    every: tuple[type[Talker], ...] = (Talker, *ALL)
    known = {mutant.id: mutant for mutant in every}
    if arguments.mutant not in known:
        print(f"mutants.talker: no mutant {arguments.mutant!r}, only {', '.join(known)}", file=sys.stderr)
        return 2
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return known[arguments.mutant](answers).serve(sys.stdin.buffer)


if __name__ == "__main__":
    sys.exit(main())
