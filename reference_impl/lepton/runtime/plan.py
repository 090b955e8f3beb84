"""What a manifest says about computing, compiled: bindings of both stages and the steps between them.

Owns the reading of `signature`, `interface`, `processing` and `symbols`; leaves engines to `pipeline`. Serves
PKG-PRO-02 and PKG-PRO-03.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lepton.errors import RuntimeRefusal
from lepton.runtime.binding import Binding
from lepton.runtime.processing import Operation, compile_steps
from lepton.tensor import Symbol, TensorSpec

__all__ = ["Plan", "tensor_specs"]


def tensor_specs(entries: Iterable[Mapping[str, Any]]) -> tuple[TensorSpec, ...]:
    """Read a list of tensor entries of a valid manifest."""
    return tuple(TensorSpec.from_json(entry) for entry in entries)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to compute the answers of one package, apart from the model itself.

    `signature` binds the inputs of the model and `interface` those of the package; they are one object when
    the package has no processing. `outputs` describes what `infer` answers.
    """

    symbols: dict[str, Symbol]
    signature: Binding
    model_outputs: tuple[TensorSpec, ...]
    interface: Binding
    outputs: tuple[TensorSpec, ...]
    pre: tuple[Operation, ...]
    post: tuple[Operation, ...]

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> "Plan":
        """Compile a manifest that is valid against its schema.

        Raises: RuntimeRefusal when the steps do not lead from interface to signature and back.
        """
        symbols = {
            name: Symbol(entry["min"], entry.get("max"), entry.get("multipleOf", 1))
            for name, entry in manifest["symbols"].items()
        }
        inputs = tensor_specs(manifest["signature"]["inputs"])
        outputs = tensor_specs(manifest["signature"]["outputs"])
        signature = Binding(inputs, symbols)
        if "processing" not in manifest:
            return cls(symbols, signature, outputs, signature, outputs, (), ())
        raw_inputs = tensor_specs(manifest["interface"]["inputs"])
        raw_outputs = tensor_specs(manifest["interface"]["outputs"])
        pre = _chain("pre", manifest["processing"]["pre"], raw_inputs, inputs)
        post = _chain("post", manifest["processing"]["post"], outputs, raw_outputs)
        return cls(symbols, signature, outputs, Binding(raw_inputs, symbols), raw_outputs, pre, post)

    def model_stage(self) -> "Plan":
        """Return the plan of the model alone, without the steps around it."""
        if self.interface is self.signature:
            return self
        return replace(self, interface=self.signature, outputs=self.model_outputs, pre=(), post=())


def _chain(
    name: str, steps: Sequence[Mapping[str, Any]], start: Sequence[TensorSpec], goal: Sequence[TensorSpec]
) -> tuple[Operation, ...]:
    try:
        operations = compile_steps(steps, start)
    except RuntimeRefusal as refusal:
        raise RuntimeRefusal(f"processing.{name}, {refusal}") from None
    found = {spec.name: spec for spec in (*start, *(operation.yields for operation in operations))}
    for spec in goal:
        made = found.get(spec.name)
        if made is None and spec.optional:
            continue
        if made is None:
            raise RuntimeRefusal(f"processing.{name}: no step writes {spec.name!r}, expected one that does")
        if (made.datatype, made.shape) != (spec.datatype, spec.shape):
            raise RuntimeRefusal(
                f"processing.{name}: found {made.datatype} {list(made.shape)} for {spec.name!r}, expected "
                f"{spec.datatype} {list(spec.shape)}"
            )
    return operations
