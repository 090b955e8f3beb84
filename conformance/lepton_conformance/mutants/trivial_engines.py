"""Runtimes that compute nothing: does nothing, rejects all, accepts all, echoes, constant.

No profile may pass on any of them. Serves `conformance` (CNF-VER-02, CNF-VER-04).
"""

from typing import Any

import numpy as np

from lepton_conformance.mutants.computing import Array
from lepton_conformance.mutants.engine import Engine, Loaded

__all__ = ["ALL"]


class DoesNothing(Engine):
    """Loads anything and answers no outputs."""

    id = "trivial-runtime-nothing"

    def load(self, path: str) -> Loaded:
        return Loaded(self, (), (), (), {})

    def infer(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        return {}


class RejectsAll(Engine):
    """Rejects every model."""

    id = "trivial-runtime-rejects"

    def load(self, path: str) -> Loaded:
        raise ValueError("this runtime rejects every model")


class Unsupports(Engine):
    """Says of every model that it is not supported: nothing is ever tested."""

    id = "trivial-runtime-unsupported"

    def load(self, path: str) -> Loaded:
        raise NotImplementedError("this runtime supports no model")


class AcceptsAll(Engine):
    """Accepts any file and any inputs and answers one zero."""

    id = "trivial-runtime-accepts"

    def load(self, path: str) -> Loaded:
        try:
            return super().load(path)
        except Exception:
            return Loaded(self, (), (), (), {})

    def infer(self, model: Loaded, inputs: dict[str, Array]) -> dict[str, Array]:
        return {spec.name: np.zeros((1, 1), dtype=np.float32) for spec in model.outputs}


class Echoes(Engine):
    """Answers the first input as every output."""

    id = "trivial-runtime-echoes"

    def compute(self, model: Loaded, inputs: Any) -> dict[str, Array]:
        first = next(iter(inputs.values()))
        return {spec.name: first.copy() for spec in model.outputs}


class Constant(Engine):
    """Checks everything and answers zeros of the right shape."""

    id = "trivial-runtime-constant"

    def finish(self, model: Loaded, outputs: dict[str, Array]) -> dict[str, Array]:
        for array in outputs.values():
            array.fill(b"" if array.dtype == object else 0)
        return outputs


ALL: tuple[type[Engine], ...] = (DoesNothing, RejectsAll, Unsupports, AcceptsAll, Echoes, Constant)
