"""Look for inputs that expose a wrong model which no vector exposes yet, before the oracle is asked.

Owns the search: a candidate is answered by the engine, rightly and as each surviving wrong model, and is
worth the oracle's time if the two differ by more than the tolerance. Leaves what is expected to `cases`.
Serves PKG-VEC-07 and PKG-VEC-11.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lepton.errors import LeptonError, RecipeError
from lepton.pack.cases import CaseMaker
from lepton.pack.proof import Proof, control_killed, mutated_bench
from lepton.runtime.protocol import Array
from lepton.tensor import TensorSpec
from lepton.vectors.bench import Bench
from lepton.vectors.document import Tensor, Vector
from lepton.vectors.mutation import run_mutant

__all__ = ["MOST_CANDIDATES", "telling_candidate"]

#: Candidates that are tried before the search for one more vector ends.
MOST_CANDIDATES = 24

Arrays = Mapping[str, Array]


def telling_candidate(
    benches: Sequence[Bench],
    manifest: Mapping[str, Any],
    maker: CaseMaker,
    proof: Proof,
    vectors: Sequence[Vector],
    candidates: Iterable[Arrays],
) -> Arrays | None:
    """Return the first candidate that exposes something new, None when none does."""
    bench = mutated_bench(benches, manifest)
    for candidate in candidates:
        try:
            trials = list(_trials(bench, maker, vectors, candidate))
        except (LeptonError, RecipeError):
            continue  # a step or the engine refuses these inputs: no vector can be made of them
        for name, step in proof.unproved.values():
            known = (*vectors, *trials)
            if any(control_killed(benches, name, step, trial, known) for trial in trials):
                return candidate
        if any(run_mutant(bench, manifest, one, trials).killed for one in proof.survivors.values()):
            return candidate
    return None


def _trials(bench: Bench, maker: CaseMaker, vectors: Sequence[Vector], inputs: Arrays) -> Iterator[Vector]:
    """Yield the candidate as vectors of the stages model and raw that expect what the engine answers."""
    plan = maker.plan
    stages: dict[str, tuple[Arrays, Sequence[TensorSpec]]] = {
        "model": (maker.model_inputs(inputs), plan.signature.specs)
    }
    if plan.pre or plan.post:
        stages["raw"] = (plan.interface.bind(inputs), plan.interface.specs)
    for stage, (arrays, specs) in stages.items():
        like = next(one for one in vectors if one.stage == stage)
        fed = tuple(Tensor(spec.name, spec.datatype, arrays[spec.name]) for spec in specs)
        answer = bench.answer(replace(like, inputs=fed))
        expected = tuple(replace(one, array=answer[one.name]) for one in like.expected)
        yield replace(like, id="candidate", inputs=fed, expected=expected)
