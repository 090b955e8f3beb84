"""Packages invented from one integer: valid ones, and the same broken in exactly one place.

Owns which variation and which container an integer stands for; leaves the packages to `forge`. A smaller
integer is a plainer package. Serves `package`.
"""

from lepton_conformance.forge.bases import Bases, Variation
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.violation import Violation
from lepton_conformance.strategies.cases import Digits

__all__ = ["bases", "broken", "varied"]


def bases(number: int) -> Bases:
    """Return the valid packages in the variation that an integer stands for; 0 is the plain one."""
    digits = Digits(number)
    return Bases(
        Variation(
            zipped=digits.take(2) == 1,
            deflated=digits.take(2) == 1,
            files=digits.take(4),
            unlisted=digits.take(2),
            texts=digits.take(4),
            licence=digits.take(4),
            extensions=digits.take(4),
            card=digits.take(4),
            copies=digits.take(2),
            seed=digits.rest & 0xFFFF,
        )
    )


def varied(number: int) -> Forged:
    """Return a valid package."""
    digits = Digits(number)
    kind = digits.take(8)
    return bases(digits.rest).of_kind(kind)


def broken(violation: Violation, number: int) -> Forged:
    """Return a package that breaks one requirement, and is valid but for that."""
    return violation.forge(bases(number))
