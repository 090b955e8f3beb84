"""The proof that vectors discriminate: a killer for each control, and the mutants that none kills.

Owns running every wrong model of a package; leaves making vectors to `golden` and better ones to `search`.
Serves PKG-VEC-07, PKG-VEC-08 and PKG-VEC-11.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lepton.runtime.plan import Plan
from lepton.vectors.bench import Bench, kills
from lepton.vectors.controls import CONSTANT_ANSWER, STEP_OMITTED, WEIGHTS_REVERSED, same_shapes
from lepton.vectors.document import Control, Vector
from lepton.vectors.mutants import Mutant, score_fault, subject
from lepton.vectors.mutation import package_mutants, run_mutant
from lepton.vectors.replay import required_controls

__all__ = ["Proof", "control_killed", "mutated_bench", "proved"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What the vectors of a package expose; `unproved` are controls (with the step) that none kills."""

    controls: tuple[Control, ...]
    unproved: dict[str, tuple[str, int | None]]
    mutants: int
    survivors: dict[str, Mutant]

    @property
    def low(self) -> str | None:
        """Why the mutation score is too low, None when it is not."""
        return score_fault(self.mutants, self.mutants - len(self.survivors))

    @property
    def fault(self) -> str | None:
        """Why the vectors are not enough, None when they are."""
        faults = [f"no vector exposes {name}" for name in self.unproved]
        if self.low is not None:
            faults.append(f"{self.low}; these survive: {', '.join(self.survivors)}")
        return "; ".join(faults) or None


def proved(
    benches: Sequence[Bench],
    manifest: Mapping[str, Any],
    plan: Plan,
    vectors: Sequence[Vector],
    tell: Callable[[str, int, int], None],
) -> Proof:
    """Run every control and every mutant."""
    controls, unproved = [], {}
    for name, step in required_controls(manifest, plan, any(bench.weights is not None for bench in benches)):
        killer = next(
            (vector for vector in vectors if control_killed(benches, name, step, vector, vectors)), None
        )
        if killer is None:
            unproved[name if step is None else f"{name} (step {step} of processing.pre)"] = (name, step)
        else:
            controls.append(Control(name, step, killer.id))
    bench = mutated_bench(benches, manifest)
    mutants = package_mutants(bench, manifest, vectors)
    survivors = {}
    for done, mutant in enumerate(mutants):
        tell("running mutants", done, len(mutants))
        if not run_mutant(bench, manifest, mutant, vectors).killed:
            survivors[mutant.name] = mutant
    return Proof(tuple(controls), unproved, len(mutants), survivors)


def mutated_bench(benches: Sequence[Bench], manifest: Mapping[str, Any]) -> Bench:
    """Return the bench of the artifact that mutants are made of."""
    name = subject(manifest)["id"]
    return next(bench for bench in benches if bench.artifact == name)


def control_killed(
    benches: Sequence[Bench], name: str, step: int | None, vector: Vector, vectors: Sequence[Vector]
) -> bool:
    """Say whether a vector exposes a control on every artifact that it is run on."""
    if vector.stage not in ("model", "raw"):
        return False
    first = next(one for one in vectors if one.stage == vector.stage)
    if name == CONSTANT_ANSWER and (vector is first or not same_shapes(vector, first)):
        return False
    if name == STEP_OMITTED and vector.stage != "raw":
        return False
    concerned = [bench for bench in benches if name != WEIGHTS_REVERSED or bench.weights is not None]
    control = Control(name, step, vector.id)
    return all(kills(bench, control, vector, first)[0] is True for bench in concerned)
