"""What a forged violation is, and the small changes that most of them are made of.

Owns `Violation` and changes of drafts; leaves the tables to `layout_faults` and its siblings. Serves
`package`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rfc8785

from lepton_conformance.forge.draft import Draft, Forged
from lepton_conformance.forge.package import CARD, VECTORS
from lepton_conformance.forge.valid import linear_draft

__all__ = ["Violation", "card", "manifest", "manifest_bytes", "vectors"]


@dataclass(frozen=True, slots=True)
class Violation:
    """A package that violates exactly one requirement, once unless `findings` says how often.

    `full` is set when only replaying the vectors shows the violation.
    """

    requirement: str
    name: str
    forge: Callable[[], Forged]
    full: bool = False
    findings: int = 1


def manifest(
    change: Callable[[Any], object], draft: Callable[[], Draft] = linear_draft
) -> Callable[[], Forged]:
    """Return a forge whose manifest is changed before it is sealed; `files` is in it already."""

    def forge() -> Forged:
        made = draft()
        made.manifest = made.sealed()
        change(made.manifest)
        return made.directory()

    return forge


def manifest_bytes(change: Callable[[bytes], bytes]) -> Callable[[], Forged]:
    """Return a forge whose manifest has other bytes than the canonical ones."""

    def forge() -> Forged:
        draft = linear_draft()
        return draft.directory(change(rfc8785.dumps(draft.sealed())))

    return forge


def card(change: Callable[[Any], object]) -> Callable[[], Forged]:
    """Return a forge whose card is changed."""
    return _document(CARD, change, linear_draft)


def vectors(
    change: Callable[[Any], object], draft: Callable[[], Draft] = linear_draft
) -> Callable[[], Forged]:
    """Return a forge whose vectors document is changed."""
    return _document(VECTORS, change, draft)


def _document(path: str, change: Callable[[Any], object], draft: Callable[[], Draft]) -> Callable[[], Forged]:
    def forge() -> Forged:
        return draft().edit(path, change).directory()

    return forge
