"""Find and hand out the published files of the Lepton standard: schemas, datatypes, requirements.

This package owns no behaviour. Both the reference implementation and the conformance suite read the
standard through it, so that they share data and nothing else. Serves every chapter.
"""

from lepton_spec.files import (
    ROOT,
    SPEC_VERSION,
    datatypes,
    editions,
    path,
    requirements,
    schema,
    schemas,
    traceability,
)

__all__ = [
    "ROOT",
    "SPEC_VERSION",
    "datatypes",
    "editions",
    "path",
    "requirements",
    "schema",
    "schemas",
    "traceability",
]
