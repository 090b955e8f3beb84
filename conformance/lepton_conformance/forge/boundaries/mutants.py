"""Mutants that survive: those that are declared are not run, and those that are not are found.

Owns packages whose identity puts a chosen mutant among the first four. Serves `package` (PKG-VEC-12).
"""

import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import rfc8785

from lepton_conformance.forge.boundaries.controls import many_draft
from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.gallery import gallery_draft
from lepton_conformance.forge.package import VECTORS
from lepton_conformance.forge.sound_steps import step
from lepton_conformance.forge.valid import ValidPackage
from lepton_conformance.forge.violation import Forge, Violation

__all__ = ["mutant_faults", "sound_mutants"]

#: How many mutants a validator runs at least, and how many titles are tried.
JUDGED, TITLES = 4, 5000
_LOOSE = 1e9


def _loosened(draft: Draft, output: str, atol: float) -> Draft:
    """Let an output differ by so much in every vector."""

    def change(document: Any) -> None:
        for vector in document["vectors"]:
            for rule in vector["comparisons"]:
                if rule["output"] == output:
                    rule.clear()
                    rule.update(output=output, comparator="allclose", atol=atol, rtol=0, nan="forbidden")

    return draft.edit(VECTORS, change)


def _titled(draft: Draft, fits: Callable[[Callable[[str], bytes]], bool]) -> Forged:
    """Return the package under the first title whose identity fits; it is asked for the order of names."""
    for number in range(TITLES):
        draft.manifest["title"] = {"en": f"Title {number}"}
        identity = "sha256:" + hashlib.sha256(rfc8785.dumps(draft.sealed())).hexdigest()

        def order(name: str, identity: str = identity) -> bytes:
            return hashlib.sha256(f"{identity}\n{name}".encode()).digest()

        if fits(order):
            return draft.directory()
    raise AssertionError("no title fits")


def _declared(draft: Draft, hidden: Sequence[str]) -> tuple[Draft, list[str], list[str]]:
    """Seal the score without the hidden survivors; return it, the survivors named, and the other mutants."""
    draft.sealed()
    draft.score = None
    mutation = json.loads(draft.member(VECTORS).data)["mutation"]
    named = [one["mutant"] for one in mutation["survivors"] if one["mutant"] not in hidden]

    def change(document: Any) -> None:
        found = document["mutation"]
        found["survivors"] = [one for one in found["survivors"] if one["mutant"] in named]
        found["killed"] = found["mutants"] - len(named)

    return draft.edit(VECTORS, change), named, [one["mutant"] for one in mutation["survivors"]]


def _weights() -> tuple[Draft, list[str]]:
    """Return the package of many weights, whose fifth may be anything, and the names of all mutants."""
    draft = _loosened(many_draft(), "yw14", _LOOSE)
    names = [f"weights-{kind}:{at}" for at in range(16) for kind in ("perturbed", "zeroed") if at != 12]
    return draft, names


def _hidden(rank: int) -> Forged:
    """Return that package with a survivor that nothing names, in this place of those that are run."""
    draft, names = _weights()
    _, _, survivors = _declared(draft.copied(), ())
    # one that does not come early where the identity is forgotten
    hidden = max(survivors, key=lambda name: hashlib.sha256(name.encode()).digest())
    made, named, _ = _declared(draft, (hidden,))
    run = [name for name in names if name not in named]

    def fits(order: Callable[[str], bytes]) -> bool:
        return sorted(run, key=order).index(hidden) == rank

    return _titled(made, fits)


def _first_survive() -> Forged:
    """Return that package with its survivors named; they would come first of all."""
    made, named, _ = _declared(_weights()[0], ())
    names = _weights()[1]

    def fits(order: Callable[[str], bytes]) -> bool:
        return set(sorted(names, key=order)[: len(named)]) == set(named)

    return _titled(made, fits)


def _hidden_step(op: dict[str, Any], atol: float, mutant: str) -> Forged:
    """Return the package of all kinds of tensors with a step whose vectors let a change pass."""
    draft = gallery_draft(post=[{**op, "out": "p0"}])
    draft = _loosened(draft, "p0", atol)
    made, named, _ = _declared(draft, (mutant,))
    names = [f"weights-{kind}:{at}" for at in range(2) for kind in ("perturbed", "zeroed")]
    names += ["step-omitted:/processing/post/0", "step-altered:/processing/post/0"]
    run = [name for name in names if name not in named]

    def fits(order: Callable[[str], bytes]) -> bool:
        return mutant in sorted(run, key=order)[:JUDGED]

    return _titled(made, fits)


def mutant_faults() -> Iterator[Violation]:
    """Yield packages with a survivor that nothing names."""
    for rank in range(JUDGED):
        forge = functools.partial(_hidden, rank)
        yield Violation("PKG-VEC-12", f"place-{rank}", _made(forge), full=True)
    altered = "step-altered:/processing/post/0"
    rescale = step("rescale", "y", scale=1, offset=50)
    normalize = step("normalize", "y", axis=1, mean=[50, 50], std=[1, 1])
    for name, op in (("scale", rescale), ("deviation", normalize)):
        stepped = functools.partial(_hidden_step, op, 8, altered)
        yield Violation("PKG-VEC-12", name, _made(stepped), full=True)


def _made(make: Callable[[], Forged]) -> Forge:
    return lambda _: make()


def sound_mutants() -> Iterator[ValidPackage]:
    """Yield a package whose survivors are named, and are not run for that."""
    yield ValidPackage("survivors-come-first", _first_survive)
