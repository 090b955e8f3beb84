"""Which requirement a failure of `dataset.schema.json` breaks: the table of DAT-DOC-03.

Owns the table; leaves finding the failures to `lepton.package.schema`.
"""

import re

from lepton.package.schema import SchemaFault

__all__ = ["STATEMENTS", "requirement_of"]

#: The statements of Croissant RAI that a data set makes, or gives a reason for not making.
STATEMENTS = (
    "rai:dataCollection",
    "rai:dataAnnotationProtocol",
    "rai:dataUseCases",
    "rai:dataLimitations",
    "rai:dataBiases",
)
_TABLE = (
    (r"/@context(/|$)", "DAT-CTX-01"),
    (r"/conformsTo(/|$)", "DAT-DOC-05"),
    (r"/lepton/lepton$", "DAT-DOC-04"),
    (r"/version$", "DAT-DES-05"),
    (r"/distribution/\d+/contentUrl$", "DAT-DST-01"),
    (r"/distribution/\d+/sha256$", "DAT-DST-02"),
    (r"/lepton/splits(/|$)", "DAT-SPL-01"),
    (r"/lepton/personalData(/|$)", "DAT-PRV-01"),
    (r"/lepton/notProvided(/|$)", "DAT-DES-03"),
    (rf"/(?:{'|'.join(STATEMENTS)})(/|$)", "DAT-DES-03"),
)
_MISSING = re.compile(r"found no member '(.*)', expected one", re.DOTALL)


def requirement_of(fault: SchemaFault) -> str:
    """Return the requirement that a failure in the document breaks; a missing member is at its own place."""
    place = fault.pointer
    if fault.keyword == "required":
        match = _MISSING.fullmatch(fault.message)
        place = f"{place}/{match[1]}" if match else place
    return next((identifier for shape, identifier in _TABLE if re.match(shape, place)), "DAT-DOC-03")
