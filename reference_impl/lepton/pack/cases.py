"""Cases: inputs at every stage with what the oracle answers, in float64, as the model is, and shaken.

Owns how one input set becomes a case of each stage, and which sets no tolerance could be fair to; leaves
which sets there are to `samples` and what becomes of cases to `golden`. Serves PKG-VEC-01 and PKG-VEC-10.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lepton.errors import BindError, RecipeError
from lepton.pack.exact_steps import ExactSteps
from lepton.pack.oracle import Oracle
from lepton.pack.rounding import UNIT_ROUNDOFF
from lepton.runtime.binding import numpy_dtype
from lepton.runtime.plan import Plan
from lepton.runtime.protocol import Array
from lepton.tensor import TensorSpec, datatype

__all__ = ["Case", "CaseMaker", "expected"]

#: Steps whose result the standard leaves to the runtime's rounding.
_INEXACT = ("softmax", "sigmoid", "graph")

Arrays = Mapping[str, Array]


def _step_widths(seed: int) -> tuple[tuple[type[np.floating[Any]], tuple[float, int] | None], ...]:
    """Say how steps are computed by themselves: as they are, in float64, and there with errors of FP32."""
    return ((np.float32, None), (np.float64, None), (np.float64, (UNIT_ROUNDOFF["FP32"], seed)))


@dataclass(frozen=True, slots=True)
class Case:
    """One input set at one stage with the answers to it.

    `wide` is None where float64 was not possible, `shaken` where rounding errors could not be planted; `step`
    is the pointer of the step at the stage `step`, else empty.
    """

    stage: str
    inputs: Arrays
    wide: Arrays | None
    native: Arrays
    shaken: Arrays | None = None
    step: str = ""
    #: Answers of the artifacts of other precisions, by precision: each as float64, as it is, and shaken.
    others: Mapping[str, tuple[Arrays, ...]] = field(default_factory=dict)

    @property
    def answers(self) -> Arrays:
        """What is expected: the best answers there are."""
        return self.native if self.wide is None else self.wide

    def steady(self, outputs: Sequence[TensorSpec]) -> bool:
        """Say whether the outputs of exact datatypes are the same in every precision."""
        exact = [spec.name for spec in outputs if datatype(spec.datatype).kind != "float"]
        others = [one for one in (self.wide, self.shaken) if one is not None]
        return all(np.array_equal(one[name], self.native[name]) for one in others for name in exact)


def expected(spec: TensorSpec, answer: Array) -> Array:
    """Return an answer as an array of the declared datatype."""
    with np.errstate(over="ignore"):
        rounded: Array = np.asarray(answer).astype(numpy_dtype(spec.datatype))
    return rounded


@dataclass(frozen=True, slots=True)
class CaseMaker:
    """Makes the cases of a package that is not written yet."""

    manifest: Mapping[str, Any]
    plan: Plan
    oracle: Oracle
    steps: ExactSteps
    #: Precision and oracle of the artifacts that compute in another precision than the first one.
    others: Sequence[tuple[str, Oracle]] = ()

    @property
    def _unit(self) -> float:
        precision = self.manifest["artifacts"][0]["precision"]
        return UNIT_ROUNDOFF.get(precision, UNIT_ROUNDOFF["FP32"])

    def model_inputs(self, inputs: Arrays) -> dict[str, Array]:
        """Return what the steps before the model make of an input set.

        Raises: RecipeError when the set does not fit the interface or the signature.
        """
        try:
            bound = self.plan.interface.bind(inputs)
            fed = self.steps.apply("pre", bound, np.float32)
            return self.plan.signature.bind(
                {spec.name: fed[spec.name] for spec in self.plan.signature.specs if spec.name in fed}
            )
        except BindError as error:
            raise RecipeError(f"a sample does not fit the declared inputs: {error}") from error

    def cases(self, inputs: Arrays, seed: int, parts: bool = True) -> tuple[Case, ...]:
        """Compute an input set at every stage that the package has; without `parts`, at model and raw alone.

        None at all for a set on which an exact output depends on rounding: no tolerance could be fair to it.
        Raises: RecipeError when the oracle cannot compute it.
        """
        model = self._model(self.model_inputs(inputs), seed)
        if not model.steady(self.plan.model_outputs):
            return ()
        if not self.plan.pre and not self.plan.post:
            return (model,)
        bound = self.plan.interface.bind(inputs)
        found = [self._raw(bound, model, seed), model]
        if self.plan.pre and parts:
            found.append(self._pre(bound, seed))
        if self.plan.post and parts:
            found.append(self._post(model, seed))
        outputs = {"raw": self.plan.outputs, "pre": self.plan.signature.specs, "post": self.plan.outputs}
        if not all(one.steady(self._made(one, outputs.get(one.stage, ()))) for one in found):
            return ()
        return (*found, *self._graphs(bound, model, seed)) if parts else tuple(found)

    def _made(self, case: Case, specs: Sequence[TensorSpec]) -> list[TensorSpec]:
        return [spec for spec in specs if spec.name in case.native]

    def _model(self, inputs: Arrays, seed: int) -> Case:
        native = self.oracle.native(inputs)
        wide = self.oracle.double(inputs)
        shaken = None if wide is None else self.oracle.shaken(inputs, self._unit, seed)
        others: dict[str, tuple[Arrays, ...]] = {}
        for precision, oracle in self.others:
            unit = UNIT_ROUNDOFF.get(precision, UNIT_ROUNDOFF["FP32"])
            answers = (oracle.native(inputs), oracle.double(inputs), oracle.shaken(inputs, unit, seed))
            known = others.get(precision, ())
            others[precision] = (*known, *(one for one in answers if one is not None))
        return Case("model", inputs, wide, native, shaken, others=others)

    def _raw(self, inputs: Arrays, model: Case, seed: int) -> Case:
        """Continue the model's answers through `post`; what `pre` rounds freely is in float64, too."""
        wide, shaken = model.wide, model.shaken
        if wide is not None and any(step["op"] in _INEXACT for step in self.plan.steps["pre"]):
            fed = self.steps.apply("pre", inputs, np.float64)
            exact = {
                spec.name: fed.get(spec.name, model.inputs[spec.name]) for spec in self.plan.signature.specs
            }
            wide = self.oracle.double(exact)
            if shaken is not None:
                loose = self.steps.apply("pre", inputs, np.float64, (self._unit, seed))
                shaken = self.oracle.shaken(
                    {**exact, **{n: loose[n] for n in exact if n in loose}}, self._unit, seed
                )
        return Case(
            "raw",
            inputs,
            None if wide is None else self._behind(wide, np.float64),
            self._behind(model.native, np.float32),
            None if shaken is None else self._behind(shaken, np.float64, (self._unit, seed)),
            others={
                precision: tuple(self._behind(one, np.float64) for one in answers)
                for precision, answers in model.others.items()
            },
        )

    def _behind(
        self, answers: Arrays, width: type[np.floating[Any]], shake: tuple[float, int] | None = None
    ) -> dict[str, Array]:
        made = self.steps.apply("post", answers, width, shake)
        return {spec.name: made[spec.name] for spec in self.plan.outputs}

    def _pre(self, inputs: Arrays, seed: int) -> Case:
        names = [spec.name for spec in self.plan.signature.specs]
        native, wide, shaken = (
            self.steps.apply("pre", inputs, width, shake) for width, shake in _step_widths(seed)
        )
        made = [{name: one[name] for name in names if name in one} for one in (native, wide, shaken)]
        return Case("pre", inputs, made[1], made[0], made[2])

    def _post(self, model: Case, seed: int) -> Case:
        fed = self._fed_behind(model)
        native, wide, shaken = (self._behind(fed, width, shake) for width, shake in _step_widths(seed))
        return Case("post", fed, wide, native, shaken)

    def _fed_behind(self, model: Case) -> dict[str, Array]:
        return {spec.name: expected(spec, model.answers[spec.name]) for spec in self.plan.model_outputs}

    def _graphs(self, inputs: Arrays, model: Case, seed: int) -> Iterator[Case]:
        """Yield a case for each step that is a graph."""
        starts: dict[str, Arrays] = {"pre": inputs, "post": self._fed_behind(model)}
        for part, start in starts.items():
            for at, step in enumerate(self.plan.steps[part]):
                if step["op"] == "graph":
                    yield self._graph(part, at, start, seed)

    def _graph(self, part: str, at: int, start: Arrays, seed: int) -> Case:
        pointer = f"/processing/{part}/{at}"
        fed = self.steps.apply(part, start, np.float32, until=at)
        stage = self.plan.stage("step", pointer)
        read = {spec.name: expected(spec, fed[spec.name]) for spec in stage.inputs}
        native, wide, shaken = (
            self.steps.step(pointer, read, width, shake) for width, shake in _step_widths(seed)
        )
        return replace(Case("step", read, wide, native, shaken), step=pointer)
