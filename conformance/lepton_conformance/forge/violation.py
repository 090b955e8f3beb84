"""What a forged violation is, and the small changes that most of them are made of.

Owns `Violation` and changes of drafts; leaves the tables to `layout_faults` and its siblings. Serves
`package`.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rfc8785

from lepton_conformance.forge.bases import PLAIN, Bases
from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.package import CARD, VECTORS

__all__ = ["Base", "Forge", "Violation", "card", "manifest", "manifest_bytes", "vectors"]


#: Makes a broken package from the valid ones in some variation.
Forge = Callable[[Bases], Forged]
#: Picks the valid package that is broken.
Base = Callable[[Bases], Draft]


@dataclass(frozen=True, slots=True)
class Violation:
    """A package that violates exactly one requirement, once unless `findings` says how often.

    `full` is set when only replaying the vectors shows the violation. `varies` is not set where the package
    is too big to be made often. `exact` says that not more findings may be there than `findings`.
    """

    requirement: str
    name: str
    make: Forge
    full: bool = False
    findings: int = 1
    varies: bool = True
    exact: bool = False

    def forge(self, bases: Bases = PLAIN) -> Forged:
        """Return the package, made from the valid ones in the given variation."""
        return self.make(bases)


def manifest(change: Callable[[Any], object], base: Base = Bases.linear) -> Forge:
    """Return a forge whose manifest is changed before it is sealed; `files` is in it already."""

    def forge(bases: Bases) -> Forged:
        made = base(bases)
        changed = copy.deepcopy(made.sealed())
        change(changed)
        made.rescore(changed)
        made.manifest = {"files": made.entries(), **made.manifest}
        change(made.manifest)
        return bases.finish(made)

    return forge


def manifest_bytes(change: Callable[[bytes], bytes]) -> Forge:
    """Return a forge whose manifest has other bytes than the canonical ones."""

    def forge(bases: Bases) -> Forged:
        draft = bases.linear()
        return bases.finish(draft, change(rfc8785.dumps(draft.sealed())))

    return forge


def card(change: Callable[[Any], object]) -> Forge:
    """Return a forge whose card is changed."""
    return _document(CARD, change, Bases.linear)


def vectors(change: Callable[[Any], object], base: Base = Bases.linear) -> Forge:
    """Return a forge whose vectors document is changed."""
    return _document(VECTORS, change, base)


def _document(path: str, change: Callable[[Any], object], base: Base) -> Forge:
    return lambda bases: bases.finish(base(bases).edit(path, change))
