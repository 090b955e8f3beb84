"""One artifact on the bench: answer vectors with it, rightly and under each negative control.

Owns the wrong models that the controls stand for and their lifetime; leaves choosing vectors and judging to
its callers, `replay` and the packer. Serves PKG-VEC-04 and PKG-VEC-08.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lepton.errors import LeptonError
from lepton.runtime.pipeline import Pipeline, VerifiedPackage, load_model, runtime_for
from lepton.runtime.plan import Plan
from lepton.runtime.protocol import Array, Model
from lepton.vectors.compare import first_difference
from lepton.vectors.controls import (
    CHANNELS_SWAPPED,
    CONSTANT_ANSWER,
    STEP_OMITTED,
    WEIGHTS_REVERSED,
    omit_step,
    swap_channels,
    swappable_axes,
)
from lepton.vectors.document import Control, Tensor, Vector
from lepton.vectors.weights import Weights, chosen_weights, reverse_weights

__all__ = ["Bench", "kills"]


class Bench:
    """One loaded artifact and, once asked for, its twin with reversed weights. Close it after use."""

    def __init__(self, package: VerifiedPackage, artifact: Mapping[str, Any], plan: Plan) -> None:
        """Load the artifact. Raises: RuntimeRefusal when its engine refuses it."""
        self._package, self._artifact, self._plan = package, artifact, plan
        self._model = load_model(package, artifact, plan)
        self._reversed: Model | None = None
        self._scratch: Path | None = None

    def close(self) -> None:
        """Free both models and remove the twin's files."""
        self._model.close()
        if self._reversed is not None:
            self._reversed.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def weights(self) -> Weights | None:
        """Return the chosen initializer, None when the artifact has none or is not ONNX."""
        if self._artifact["format"] != "onnx":
            return None
        return chosen_weights(self._package.materialize(self._artifact["id"]), self._artifact["entry"])

    def answer(self, vector: Vector) -> dict[str, Array]:
        """Answer a vector. Raises: BindError or RuntimeRefusal when it cannot be."""
        return self._answer(self._plan, self._model, vector.stage, vector.inputs)

    def wrong_answer(self, control: Control, vector: Vector, first: Vector) -> dict[str, Array]:
        """Answer a vector as the wrong model of `control` would; `first` is the first vector of its stage.

        Raises: BindError or RuntimeRefusal when the control could not be run.
        """
        if control.control == CONSTANT_ANSWER:
            return {tensor.name: tensor.array for tensor in first.expected}
        if control.control == CHANNELS_SWAPPED:
            specs = self._plan.signature.specs if vector.stage == "model" else self._plan.interface.specs
            inputs = swap_channels(vector.inputs, swappable_axes(specs))
            return self._answer(self._plan, self._model, vector.stage, inputs)
        if control.control == STEP_OMITTED:
            assert control.step is not None
            plan = replace(self._plan, pre=omit_step(self._plan.pre, control.step))
            return self._answer(plan, self._model, vector.stage, vector.inputs)
        assert control.control == WEIGHTS_REVERSED
        return self._answer(self._plan, self._reversed_model(), vector.stage, vector.inputs)

    def _answer(self, plan: Plan, model: Model, stage: str, inputs: Sequence[Tensor]) -> dict[str, Array]:
        pipeline = Pipeline(plan if stage == "raw" else plan.model_stage(), model)
        return pipeline.infer({tensor.name: tensor.array for tensor in inputs})

    def _reversed_model(self) -> Model:
        if self._reversed is None:
            weights = self.weights()
            if weights is None:
                raise LeptonError(f"artifact {self._artifact['id']!r} has no weights to reverse")
            folder = self._package.materialize(self._artifact["id"])
            self._scratch = Path(tempfile.mkdtemp(prefix="lepton-control-"))
            reverse_weights(folder, self._artifact, weights, self._scratch)
            self._reversed = runtime_for(self._artifact["format"]).load(
                self._scratch / self._artifact["entry"],
                [spec.name for spec in self._plan.signature.specs],
                [spec.name for spec in self._plan.model_outputs],
            )
        return self._reversed


def kills(bench: Bench, control: Control, vector: Vector, first: Vector) -> tuple[bool | None, str]:
    """Say whether `vector` exposes the wrong model of `control`: yes, no, or None if it did not run."""
    try:
        answer = bench.wrong_answer(control, vector, first)
    except LeptonError as error:
        return None, f"could not be run: {error}"
    problem = first_difference(vector.expected, answer, vector.comparisons)
    if problem is None:
        return False, f"the wrong model passes the vector {vector.id!r}"
    return True, problem
