"""Packages written byte by byte: valid ones, and ones that break one requirement each.

Owns the suite's own writer of packages, which shares nothing with the reference; leaves judging them to the
validator under test. Serves the chapters `core` and `package`.
"""

from lepton_conformance.forge.conformance_package import wrap_model
from lepton_conformance.forge.draft import Draft, Forged, Member
from lepton_conformance.forge.package import Case, build_package
from lepton_conformance.forge.valid import VALID, ValidPackage
from lepton_conformance.forge.violations import VIOLATIONS, Violation

__all__ = [
    "VALID",
    "VIOLATIONS",
    "Case",
    "Draft",
    "Forged",
    "Member",
    "ValidPackage",
    "Violation",
    "build_package",
    "wrap_model",
]
