"""What a manifest says about computing, compiled: bindings of both stages and the steps between them.

Owns the reading of `signature`, `interface`, `processing` and `symbols`, and the same with one step changed;
leaves engines to `pipeline`. Serves PKG-PRO-02 and PKG-PRO-03.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lepton.errors import RuntimeRefusal
from lepton.runtime.binding import Binding
from lepton.runtime.files import Read, StepFiles
from lepton.runtime.processing import Operation, compile_steps
from lepton.runtime.stage import Stage
from lepton.tensor import Symbol, TensorSpec

__all__ = ["Plan", "tensor_specs"]


def tensor_specs(entries: Iterable[Mapping[str, Any]]) -> tuple[TensorSpec, ...]:
    """Read a list of tensor entries of a valid manifest."""
    return tuple(TensorSpec.from_json(entry) for entry in entries)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to compute the answers of one package, apart from the model itself.

    `signature` binds the inputs of the model and `interface` those of the package; they are one object when
    the package has no processing. `outputs` describes what `infer` answers. `steps` are those of the manifest
    by their list, `pre` and `post` what they were compiled to.
    """

    symbols: dict[str, Symbol]
    signature: Binding
    model_outputs: tuple[TensorSpec, ...]
    interface: Binding
    outputs: tuple[TensorSpec, ...]
    pre: tuple[Operation, ...]
    post: tuple[Operation, ...]
    steps: Mapping[str, Sequence[Mapping[str, Any]]]
    files: StepFiles

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any], read: Read | None = None) -> "Plan":
        """Compile a manifest that is valid against its schema; `read` returns verified bytes of its files.

        Raises: RuntimeRefusal when the steps do not lead from interface to signature and back, or a file
        that a step needs cannot be used.
        """
        symbols = {
            name: Symbol(entry["min"], entry.get("max"), entry.get("multipleOf", 1))
            for name, entry in manifest["symbols"].items()
        }
        files = StepFiles() if read is None else StepFiles(read)
        signature = Binding(tensor_specs(manifest["signature"]["inputs"]), symbols)
        outputs = tensor_specs(manifest["signature"]["outputs"])
        nothing: tuple[()] = ()
        if "processing" not in manifest:
            steps = {"pre": nothing, "post": nothing}
            return cls(symbols, signature, outputs, signature, outputs, nothing, nothing, steps, files)
        interface = Binding(tensor_specs(manifest["interface"]["inputs"]), symbols)
        raw_outputs = tensor_specs(manifest["interface"]["outputs"])
        plan = cls(
            symbols,
            signature,
            outputs,
            interface,
            raw_outputs,
            nothing,
            nothing,
            manifest["processing"],
            files,
        )
        return replace(plan, pre=plan.compiled("pre"), post=plan.compiled("post"))

    def compiled(self, name: str) -> tuple[Operation, ...]:
        """Compile the list `pre` or `post`. Raises: RuntimeRefusal when it is not sound."""
        before, behind = (self.interface.specs, self.signature.specs)
        if name == "post":
            before, behind = (self.model_outputs, self.outputs)
        try:
            operations = compile_steps(self.steps[name], before, self.symbols, self.files)
        except RuntimeRefusal as refusal:
            raise RuntimeRefusal(f"processing.{name}, {refusal}") from None
        _require_goal(name, (*before, *(spec for one in operations for spec in one.yields)), behind)
        return operations

    def model_stage(self) -> "Plan":
        """Return the plan of the model alone, without the steps around it."""
        if self.interface is self.signature:
            return self
        return replace(self, interface=self.signature, outputs=self.model_outputs, pre=(), post=())

    def stage(self, name: str, pointer: str = "") -> Stage:
        """Return the stage `pre`, `post`, or `step` with the pointer of the step, as `/processing/pre/3`.

        Raises: RuntimeRefusal when there is no such step.
        """
        if name == "pre":
            return Stage(self.interface, self.pre, self.signature.specs)
        if name == "post":
            return Stage(Binding(self.model_outputs, self.symbols), self.post, self.outputs)
        part, place = self._place(pointer)
        operation = (self.pre if part == "pre" else self.post)[place]
        specs = {spec.name: spec for spec in self._environment(part)}
        read = [replace(specs[name], optional=False, default=None) for name in operation.sources]
        return Stage(Binding(read, self.symbols), (operation,), operation.yields)

    def with_step(self, pointer: str, step: Mapping[str, Any]) -> "Plan":
        """Return the plan with another step in the place of one.

        Raises: RuntimeRefusal when the chain is then not sound.
        """
        part, place = self._place(pointer)
        changed = [step if at == place else one for at, one in enumerate(self.steps[part])]
        plan = replace(self, steps={**self.steps, part: changed})
        return (
            replace(plan, pre=plan.compiled("pre"))
            if part == "pre"
            else replace(plan, post=plan.compiled("post"))
        )

    def without_step(self, pointer: str) -> "Plan":
        """Return the plan with a step that writes what it reads.

        Raises: RuntimeRefusal when the step does not write the datatype and shape that it reads.
        """
        part, place = self._place(pointer)
        operations = self.pre if part == "pre" else self.post
        operation = operations[place]
        specs = {spec.name: spec for spec in self._environment(part)}
        read, written = [specs[name] for name in operation.sources], operation.yields
        if (
            len(read) != 1
            or len(written) != 1
            or ((read[0].datatype, read[0].shape) != (written[0].datatype, written[0].shape))
        ):
            raise RuntimeRefusal(f"{pointer}: found a step that changes datatype or shape, expected another")
        idle = replace(operation, apply=lambda array: (array.copy(),))
        kept = tuple(idle if at == place else one for at, one in enumerate(operations))
        return replace(self, pre=kept) if part == "pre" else replace(self, post=kept)

    def _environment(self, part: str) -> tuple[TensorSpec, ...]:
        operations = self.pre if part == "pre" else self.post
        start = self.interface.specs if part == "pre" else self.model_outputs
        return (*start, *(spec for one in operations for spec in one.yields))

    def _place(self, pointer: str) -> tuple[str, int]:
        part, _, number = pointer.removeprefix("/processing/").partition("/")
        known = [f"/processing/{name}/{at}" for name, steps in self.steps.items() for at in range(len(steps))]
        if pointer not in known:
            raise RuntimeRefusal(f"found the step {pointer!r}, expected one of {known}")
        return part, int(number)


def _require_goal(name: str, made: Iterable[TensorSpec], goal: Iterable[TensorSpec]) -> None:
    """Raise RuntimeRefusal unless every tensor of `goal` that is not optional is there, as declared."""
    found = {spec.name: spec for spec in made}
    for spec in goal:
        one = found.get(spec.name)
        if one is None and spec.optional:
            continue
        if one is None:
            raise RuntimeRefusal(f"processing.{name}: no step writes {spec.name!r}, expected one that does")
        if (one.datatype, one.shape) != (spec.datatype, spec.shape):
            raise RuntimeRefusal(
                f"processing.{name}: found {one.datatype} {list(one.shape)} for {spec.name!r}, expected "
                f"{spec.datatype} {list(spec.shape)}"
            )
