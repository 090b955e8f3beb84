"""The engine PyTorch, for `pt2` archives made by `torch.export.save`.

Loading such an archive may evaluate expressions and unpickle objects: it is an executable format, and whoever
calls `load` has been told that the owner allows it. Leaves that permission to `pipeline`. Serves PKG-ART-09.
"""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lepton.errors import RuntimeRefusal, UnsupportedError
from lepton.runtime.protocol import Array

__all__ = ["TorchModel", "TorchRuntime"]


class TorchRuntime:
    """Loads `pt2` artifacts; tensors are matched to the signature by order."""

    name = "torch"
    formats = ("pt2",)

    @functools.cached_property
    def version(self) -> str:
        """The version of the installed distribution, without importing it."""
        from importlib import metadata  # it costs more than the rest of this module

        return metadata.version("torch")

    def load(self, entry: Path, inputs: Sequence[str], outputs: Sequence[str]) -> "TorchModel":
        """Load an exported program. Sets torch to one thread in this process, for reproducible sums.

        Raises: RuntimeRefusal when torch is absent, refuses the file, or the program keeps state.
        """
        try:
            import torch  # 1.3 s, and optional
        except ImportError as error:
            raise UnsupportedError(
                "a pt2 artifact needs PyTorch, which is not installed: pip install 'lepton-standard[torch]'"
            ) from error
        torch.set_num_threads(1)
        try:
            program = torch.export.load(entry)
            if _mutates(program):
                # Only the functional form says whether it is a buffer that changes, or something temporary.
                program = program.run_decompositions({})
            module = program.module()
        except Exception as error:  # whatever an archive can make torch raise
            raise RuntimeRefusal(f"torch refuses {entry.name}: {_first_line(error)}") from error
        facts = program.graph_signature
        if facts.buffers_to_mutate:
            raise RuntimeRefusal(
                f"{entry.name}: found a program that changes its buffers "
                f"{sorted(facts.buffers_to_mutate.values())}, expected one without state"
            )
        for kind, found, expected in (
            ("inputs", facts.user_inputs, inputs),
            ("outputs", facts.user_outputs, outputs),
        ):
            if len(found) != len(expected):
                raise RuntimeRefusal(f"{entry.name}: found {len(found)} {kind}, expected {list(expected)}")
        return TorchModel(module, tuple(inputs), tuple(outputs))


def _mutates(program: Any) -> bool:
    """Say whether an operator of the program writes to one of its arguments."""
    schemas = (getattr(node.target, "_schema", None) for node in program.graph.nodes)
    return any(schema is not None and schema.is_mutable for schema in schemas)


class TorchModel:
    """One exported program."""

    __slots__ = ("_inputs", "_module", "_outputs")

    def __init__(self, module: Any, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        """Keep the module and the names that stand for its positions."""
        self._module, self._inputs, self._outputs = module, inputs, outputs

    def infer(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Compute every output on copies of the inputs. Raises: RuntimeRefusal when torch fails."""
        import torch

        try:
            with torch.inference_mode():
                answer = self._module(*(to_torch(inputs[name]) for name in self._inputs))
        except Exception as error:  # the program decides what it raises
            raise RuntimeRefusal(f"torch failed: {_first_line(error)}") from error
        tensors, _ = torch.utils._pytree.tree_flatten(answer)
        return {name: from_torch(tensor) for name, tensor in zip(self._outputs, tensors, strict=True)}

    def close(self) -> None:
        """Let the program go."""
        self._module = None


def to_torch(array: Array) -> Any:
    """Copy an array into a torch tensor. Raises: RuntimeRefusal for BYTES, which torch does not have."""
    import torch

    if array.dtype == np.object_:
        raise RuntimeRefusal("found a BYTES tensor, expected numbers: torch has no strings")
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.uint16).copy()).view(torch.bfloat16)
    return torch.from_numpy(np.array(array, order="C"))


def from_torch(tensor: Any) -> Array:
    """Copy a torch tensor into an array of its own."""
    import torch

    tensor = tensor.detach().cpu().contiguous()
    if tensor.dtype == torch.bfloat16:
        import ml_dtypes

        return np.array(tensor.view(torch.uint16).numpy()).view(ml_dtypes.bfloat16)
    return np.array(tensor.numpy())


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:500]
