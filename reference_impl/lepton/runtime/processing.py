"""The closed list of processing steps, version 1, compiled once per package.

Owns the table of operators and the rule that every step reads what is there and writes what is not; leaves
each operator to its family in `lepton.runtime.steps`, and where a chain starts and ends to `plan`. Serves
PKG-PRO-02 and PKG-PRO-04.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from lepton.errors import RuntimeRefusal
from lepton.runtime.files import StepFiles
from lepton.runtime.protocol import Array
from lepton.runtime.steps import Operation, Setting, UnfitError
from lepton.tensor import Symbol, TensorSpec, bind_shapes

__all__ = ["OPERATORS", "Operation", "apply_steps", "compile_steps", "compiler_of", "names"]

#: Compiles a step over the tensors that it reads.
Compiler = Callable[..., Operation]

#: The modules of `lepton.runtime.steps` and the operators that they compile.
_FAMILIES = {
    "arithmetic": ("cast", "rescale", "normalize", "softmax", "sigmoid", "argmax"),
    "graphs": ("graph",),
    "images": ("decode_image",),
    "layout": ("transpose", "reshape", "crop", "pad", "reverse"),
    "resampling": ("resize",),
    "selection": ("topk", "nms", "ctc_greedy"),
    "texts": ("tokenize", "lookup"),
}
#: Every registered step: (op, version) -> its family. Closed: the standard alone adds to it.
OPERATORS: dict[tuple[str, int], str] = {(op, 1): family for family, ops in _FAMILIES.items() for op in ops}


def compiler_of(op: str, version: int) -> Compiler:
    """Return what compiles a registered step. A family is imported for the first step that needs it."""
    family = importlib.import_module(f"lepton.runtime.steps.{OPERATORS[op, version]}")
    compiler: Compiler = getattr(family, op)
    return compiler


def names(value: str | Sequence[str]) -> tuple[str, ...]:
    """Return the tensors that a member `in` or `out` names."""
    return (value,) if isinstance(value, str) else tuple(value)


def compile_steps(
    steps: Sequence[Mapping[str, Any]],
    start: Iterable[TensorSpec],
    symbols: Mapping[str, Symbol] | None = None,
    files: StepFiles | None = None,
) -> tuple[Operation, ...]:
    """Compile `steps` (entries of a valid manifest) over the tensors `start`.

    Raises: RuntimeRefusal when a step reads a tensor that does not exist, writes one twice, or cannot take
    what it reads. Spec: PKG-PRO-02.
    """
    setting = Setting(symbols or {}, files or StepFiles())
    known = {spec.name: spec for spec in start}
    operations = []
    for number, step in enumerate(steps):
        place = f"step {number} ({step['op']} v{step['version']})"
        if (step["op"], step["version"]) not in OPERATORS:
            raise RuntimeRefusal(f"{place}: not a registered step; expected one of {sorted(OPERATORS)}")
        for name in names(step["in"]):
            if name not in known:
                raise RuntimeRefusal(f"{place}: reads {name!r}, expected one of {sorted(known)}")
        try:
            read = [known[name] for name in names(step["in"])]
            operation = compiler_of(step["op"], step["version"])(step, setting, *read)
        except UnfitError as unfit:
            raise RuntimeRefusal(f"{place}: {unfit}") from None
        for spec in operation.yields:
            if spec.name in known:
                raise RuntimeRefusal(f"{place}: writes {spec.name!r}, which exists already; name it anew")
            known[spec.name] = spec
        operations.append(operation)
    return tuple(operations)


def apply_steps(
    operations: Sequence[Operation],
    tensors: Mapping[str, Array],
    symbols: Mapping[str, Symbol],
    bound: MutableMapping[str, int],
) -> dict[str, Array]:
    """Return `tensors` with those that the steps write; sizes that data decides are added to `bound`.

    Raises: BindError when the data does not fit a step, or a size does not fit its symbol. Spec: PKG-PRO-06.
    """
    grown = dict(tensors)
    with np.errstate(all="ignore"):  # overflow to infinity is an answer, not a warning on stderr
        for operation in operations:
            written = operation.apply(*[grown[name] for name in operation.sources])
            for spec, array in zip(operation.yields, written, strict=True):
                grown[spec.name] = array
            if operation.sized:
                shapes = {spec.name: grown[spec.name].shape for spec in operation.yields}
                bind_shapes(operation.yields, symbols, shapes, bound)
    return grown
