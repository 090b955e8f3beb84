"""Every forged violation: at least one for each requirement on packages that a validator can check.

Owns the table `VIOLATIONS`; leaves the packages to the modules of their topics. Serves `core` and `package`.
"""

from lepton_conformance.forge.artifact_faults import ARTIFACT_FAULTS
from lepton_conformance.forge.edge_faults import EDGE_FAULTS
from lepton_conformance.forge.layout_faults import LAYOUT_FAULTS
from lepton_conformance.forge.manifest_faults import MANIFEST_FAULTS
from lepton_conformance.forge.operator_faults import OPERATOR_FAULTS
from lepton_conformance.forge.signature_faults import SIGNATURE_FAULTS
from lepton_conformance.forge.signing_faults import SIGNING_FAULTS
from lepton_conformance.forge.vector_faults import VECTOR_FAULTS
from lepton_conformance.forge.violation import Violation
from lepton_conformance.forge.zip_faults import ZIP_FAULTS

__all__ = ["VIOLATIONS", "Violation"]

VIOLATIONS: tuple[Violation, ...] = (
    *LAYOUT_FAULTS,
    *ZIP_FAULTS,
    *MANIFEST_FAULTS,
    *ARTIFACT_FAULTS,
    *SIGNATURE_FAULTS,
    *VECTOR_FAULTS,
    *OPERATOR_FAULTS,
    *SIGNING_FAULTS,
    *EDGE_FAULTS,
)
