"""Packages written byte by byte: valid ones, and ones that break one requirement each.

Owns the suite's own writer of packages, which shares nothing with the reference; leaves judging them to the
validator under test. Serves the chapters `core` and `package`.
"""

from lepton_conformance.forge.conformance_package import wrap_model
from lepton_conformance.forge.draft import Draft, Forged, Member
from lepton_conformance.forge.package import Case, build_package

__all__ = ["Case", "Draft", "Forged", "Member", "build_package", "wrap_model"]
