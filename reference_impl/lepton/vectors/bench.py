"""One artifact on the bench: answer vectors with it, rightly and as each wrong model would.

Owns the wrong models that controls and mutants stand for and their lifetime; leaves choosing vectors and
judging to its callers, `replay`, `mutation` and the packer. Serves PKG-VEC-04, PKG-VEC-08 and PKG-VEC-12.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lepton.errors import LeptonError
from lepton.formats.weights import WeightFact
from lepton.runtime.files import StepFiles
from lepton.runtime.onnxruntime import OnnxModel, OnnxRuntime
from lepton.runtime.pipeline import Pipeline, VerifiedPackage, load_model
from lepton.runtime.plan import Plan
from lepton.runtime.protocol import Array, Model
from lepton.vectors.compare import first_difference
from lepton.vectors.controls import (
    CHANNELS_SWAPPED,
    CONSTANT_ANSWER,
    STEP_OMITTED,
    WEIGHTS_REVERSED,
    swap_channels,
    swappable_axes,
)
from lepton.vectors.document import Control, Tensor, Vector
from lepton.vectors.mutants import Mutant, channel_axis, only_axis, step_alteration
from lepton.vectors.weights import CHANGES, Twin, WeightedFile

__all__ = ["Bench", "Wrong", "answer_parts", "kills"]

Inputs = Sequence[Tensor]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong model: another plan, another model, or inputs changed on their way in."""

    plan: Plan
    model: Model
    change: Callable[[Inputs], Inputs]

    def answer(self, vector: Vector) -> dict[str, Array]:
        """Answer a vector. Raises: LeptonError when a step refuses or the engine fails."""
        return _answer(self.plan, self.model, vector, self.change(vector.inputs))


class Bench:
    """One loaded artifact and, once asked for, its twin with reversed weights. Close it after use."""

    def __init__(self, package: VerifiedPackage, artifact: Mapping[str, Any], plan: Plan) -> None:
        """Load the artifact. Raises: RuntimeRefusal when its engine refuses it."""
        self._package, self._artifact, self._plan = package, artifact, plan
        self._precision: str = artifact.get("precision", "")
        self._model = load_model(package, artifact, plan)
        self._reversed: Model | None = None

    def close(self) -> None:
        """Free both models."""
        self._model.close()
        self.drop_reversed()

    def drop_reversed(self) -> None:
        """Free the twin with reversed weights; it is made again when it is asked for."""
        if self._reversed is not None:
            self._reversed.close()
            self._reversed = None

    @property
    def size(self) -> int:
        """Bytes of the artifact's files."""
        folder = self._package.materialize(self._artifact["id"])
        paths = (self._artifact["entry"], *self._artifact.get("external", ()))
        return sum((folder / path).stat().st_size for path in paths)

    @property
    def artifact(self) -> str:
        """The artifact's id."""
        name: str = self._artifact["id"]
        return name

    @functools.cached_property
    def _file(self) -> WeightedFile | None:
        if self._artifact["format"] != "onnx":
            return None
        return WeightedFile(self._package.materialize(self._artifact["id"]), self._artifact["entry"])

    @functools.cached_property
    def weights(self) -> str | None:
        """The name of the chosen initializer, None when the artifact has none or is not ONNX."""
        return None if self._file is None else self._file.chosen()

    @functools.cached_property
    def facts(self) -> tuple[WeightFact, ...]:
        """What mutants can do to the weights; none unless the artifact is ONNX."""
        return () if self._file is None else self._file.facts()

    def lines(self, path: str) -> int:
        """Return how many lines a vocabulary of the package has."""
        return len(self._plan.files.lines(path))

    def problem(self, vector: Vector, answer: Mapping[str, Array]) -> str | None:
        """Say how an answer differs from what the vector expects of an artifact of this precision."""
        comparisons = vector.comparisons
        if vector.stage in ("model", "raw"):
            comparisons = tuple(one.at(self._precision) for one in comparisons)
        return first_difference(vector.expected, answer, comparisons)

    def answer(self, vector: Vector) -> dict[str, Array]:
        """Answer a vector. Raises: BindError or RuntimeRefusal when it cannot be."""
        return _answer(self._plan, self._model, vector, vector.inputs)

    def wrong_answer(self, control: Control, vector: Vector, first: Vector) -> dict[str, Array]:
        """Answer a vector as the wrong model of `control` would; `first` is the first vector of its stage.

        Raises: BindError or RuntimeRefusal when the control could not be run.
        """
        if control.control == CONSTANT_ANSWER:
            return {tensor.name: tensor.array for tensor in first.expected}
        if control.control == CHANNELS_SWAPPED:
            specs = self._plan.signature.specs if vector.stage == "model" else self._plan.interface.specs
            inputs = swap_channels(vector.inputs, swappable_axes(specs))
            return _answer(self._plan, self._model, vector, inputs)
        if control.control == STEP_OMITTED:
            plan = self._plan.without_step(f"/processing/pre/{control.step}")
            return _answer(plan, self._model, vector, vector.inputs)
        assert control.control == WEIGHTS_REVERSED
        if self._reversed is None:
            if self.weights is None:
                raise LeptonError(f"artifact {self.artifact!r} has no weights to reverse")
            self._reversed = self._twin(self.weights, WEIGHTS_REVERSED)
        return _answer(self._plan, self._reversed, vector, vector.inputs)

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[Wrong]:
        """Make the wrong model of `mutant`. Raises: LeptonError when the engine refuses it."""
        if mutant.fault in CHANGES:
            assert self._file is not None
            twin = self._twin(self._file.mutable(int(mutant.subject)), mutant.fault)
            try:
                yield Wrong(self._plan, twin, lambda inputs: inputs)
            finally:
                twin.close()
            return
        if mutant.fault.endswith("swapped"):
            yield Wrong(self._plan, self._model, functools.partial(self._swapped, mutant))
            return
        if mutant.fault == "step-omitted":
            plan = self._plan.without_step(mutant.subject)
        else:
            changed, turned = step_alteration(self._package.document, mutant.subject)
            plan = self._plan
            if turned:
                plan = replace(plan, files=_TurnedFiles(plan.files))
                changed["file"] = _TURNED + changed["file"]
            plan = plan.with_step(mutant.subject, changed)
        yield Wrong(plan, self._model, lambda inputs: inputs)

    def _swapped(self, mutant: Mutant, inputs: Inputs) -> Inputs:
        stage, _, name = mutant.subject.partition("/")
        side = self._package.document["signature" if stage == "model" else "interface"]["inputs"]
        entry = next(one for one in side if one["name"] == name)
        if mutant.fault == "channels-swapped":
            axis = channel_axis(entry)
            assert axis is not None
            return swap_channels(inputs, {name: axis})
        y, x = only_axis(entry, "y"), only_axis(entry, "x")
        assert y is not None
        assert x is not None
        return tuple(
            replace(one, array=np.swapaxes(one.array, y, x).copy()) if one.name == name else one
            for one in inputs
        )

    def _twin(self, name: str, change: str) -> OnnxModel:
        assert self._file is not None
        twin: Twin = self._file.twin(name, CHANGES[change])
        folder = (self._package.materialize(self._artifact["id"]) / self._artifact["entry"]).parent
        outputs = [spec.name for spec in self._plan.model_outputs]
        return OnnxRuntime().load_altered(folder, twin.entry, twin.external, outputs)


#: Marks the path of a file whose lines are turned by one.
_TURNED = "\0turned:"


class _TurnedFiles(StepFiles):
    """The files of a package, of which those with a mark have line i + 1 in the place of line i."""

    __slots__ = ("_base",)

    def __init__(self, base: StepFiles) -> None:
        super().__init__()
        self._base = base

    def lines(self, path: str) -> tuple[bytes, ...]:
        lines = self._base.lines(path.removeprefix(_TURNED))
        return (*lines[1:], *lines[:1]) if path.startswith(_TURNED) else lines

    def graph(self, path: str) -> OnnxModel:
        return self._base.graph(path)


def answer_parts(plan: Plan, vector: Vector) -> dict[str, Array]:
    """Answer a vector of a stage that no artifact takes part in: `pre`, `post` or `step`.

    Raises: LeptonError when a step refuses.
    """
    stage = plan.stage(vector.stage, vector.step)
    return stage.infer({tensor.name: tensor.array for tensor in vector.inputs})


def _answer(plan: Plan, model: Model, vector: Vector, inputs: Inputs) -> dict[str, Array]:
    if vector.stage not in ("model", "raw"):
        return answer_parts(plan, replace(vector, inputs=tuple(inputs)))
    pipeline = Pipeline(plan if vector.stage == "raw" else plan.model_stage(), model)
    return pipeline.infer({tensor.name: tensor.array for tensor in inputs})


def kills(bench: Bench, control: Control, vector: Vector, first: Vector) -> tuple[bool | None, str]:
    """Say whether `vector` exposes the wrong model of `control`: yes, no, or None if it did not run."""
    try:
        answer = bench.wrong_answer(control, vector, first)
    except LeptonError as error:
        return None, f"could not be run: {error}"
    problem = bench.problem(vector, answer)
    if problem is None:
        return False, f"the wrong model passes the vector {vector.id!r}"
    return True, problem
