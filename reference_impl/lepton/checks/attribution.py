"""Which requirement a failure of a schema breaks: the attribution table of PKG-MAN-04.

Owns the table; leaves finding the failures to `lepton.package.schema`. Serves PKG-MAN-04, PKG-VEC-02,
PKG-DOC-02 and the requirements in the table.
"""

import re

from lepton.package.paths import MANIFEST
from lepton.package.schema import SchemaFault

__all__ = ["ASSURANCE", "CARD", "VECTORS", "requirement_of"]

#: The kinds of document that have a schema, beside the manifest.
CARD, VECTORS, ASSURANCE = "card", "vectors", "assurance"

_PATHS = r"/files/\d+/path|/artifacts/\d+/entry|/artifacts/\d+/external/\d+|/vectors/\d+|/card"
_TENSOR = r"/(?:signature|interface)/(?:inputs|outputs)/\d+"
_DATATYPE = _TENSOR + r"/datatype"
_VECTOR_DATATYPE = r"/vectors/\d+/(?:inputs|expected)/\d+/datatype"
_DEFAULT = _TENSOR + r"/(?:default|optional)"
_STATEMENTS = r"/(?:intendedUse|outOfScopeUse|limitations)(?:/|$)"
_STEP = r"/processing/(?:pre|post)(?:/|$)"
#: Places in the assurance document, the first that fits (ASR-DOC-02).
_ASSURED = (
    ("/use/misuse", "ASR-USE-02"),
    ("/use/instructions", "ASR-DOC-02"),
    ("/use", "ASR-USE-01"),
    ("/privacy/files", "ASR-PRV-01"),
    ("/privacy", "ASR-PRV-03"),
    ("/bias", "ASR-BIA-01"),
    ("/oversight", "ASR-OVS-01"),
    ("/robustness", "ASR-MON-01"),
    ("/monitoring", "ASR-MON-02"),
    ("/support", "ASR-SUP-01"),
    ("/environment", "ASR-ENV-01"),
    ("/generative", "ASR-GEN-01"),
)


def requirement_of(fault: SchemaFault, document: str) -> str:
    """Return the requirement that `fault` in a document (the manifest, `card`, ...) breaks."""
    if document == MANIFEST:
        return _of_manifest(fault)
    if document == VECTORS:
        return "COR-TYP-01" if re.fullmatch(_VECTOR_DATATYPE, fault.pointer) else "PKG-VEC-02"
    if document == ASSURANCE:
        return _of_assurance(fault)
    return _of_card(fault)


def _of_manifest(fault: SchemaFault) -> str:
    place = _place(fault)
    if place == "/lepton":
        return "COR-VER-01"
    if place.startswith("/extensions"):
        return "COR-EXT-01"
    if re.match(_STEP, place):
        return "PKG-PRO-01"
    if fault.keyword == "additionalProperties" and not _in_alternative(fault):
        return "COR-EXT-01"
    if re.fullmatch(_DATATYPE, place) and fault.keyword != "required":
        return "COR-TYP-01"
    if re.fullmatch(_PATHS, place) and fault.keyword not in ("required", "uniqueItems"):
        return "PKG-LAY-02"
    if fault.keyword == "dependentRequired" and place == "":
        return "PKG-PRO-03"
    if re.fullmatch(_DEFAULT, place) or (
        fault.keyword == "dependentRequired" and re.fullmatch(_TENSOR, place)
    ):
        return "PKG-SIG-09"
    if re.fullmatch(r"/artifacts/\d+/executable", place) and any("/then" in one for one in fault.locations):
        return "PKG-ART-08"
    return "PKG-MAN-04"


def _of_card(fault: SchemaFault) -> str:
    place = _place(fault)
    if re.match(_STATEMENTS, place):
        return "PKG-DOC-03"
    if place.startswith("/evaluations"):
        return "PKG-DOC-04"
    if place.startswith("/personalData"):
        return "PKG-PRV-01"
    return "PKG-DOC-02"


def _of_assurance(fault: SchemaFault) -> str:
    place = f"{_place(fault)}/"
    return next((one for beginning, one in _ASSURED if place.startswith(f"{beginning}/")), "ASR-DOC-02")


def _place(fault: SchemaFault) -> str:
    """Return where the fault is; a missing member is missing at its own place."""
    if fault.keyword != "required":
        return fault.pointer
    keyword = next(at for at, one in enumerate(fault.locations) if one.endswith("/required"))
    return f"{fault.pointer}/{fault.locations[keyword + 1].rpartition('/')[2]}"


def _in_alternative(fault: SchemaFault) -> bool:
    return any("/oneOf/" in one or "/anyOf/" in one for one in fault.locations)
