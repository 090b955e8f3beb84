"""Where a finding has to be, for violations whose place the standard leaves no choice of.

Owns the table `PLACES`: for a violation, the files and pointers of which a finding has one; a deeper pointer
is right as well, and `byte N` where the place is the whole file. Serves `package` (PKG-VAL-03).
"""

from collections.abc import Mapping

from lepton_conformance.forge.draft import MANIFEST
from lepton_conformance.forge.package import CARD, MODEL, VECTORS

__all__ = ["PLACES"]


def _at(file: str, *pointers: str) -> tuple[tuple[str, str], ...]:
    return tuple((file, pointer) for pointer in pointers or ("",))


PLACES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "COR-VER-01/major-two": _at(MANIFEST, "/lepton"),
    "COR-TYP-01/manifest": _at(MANIFEST, "/signature/inputs/0/datatype"),
    "COR-TYP-01/vectors": _at(VECTORS, "/vectors/0/inputs/0/datatype"),
    "COR-TYP-02/too-short": _at(VECTORS, "/vectors/0/inputs/0/data", "/vectors/0/inputs/0"),
    "COR-TXT-01/title": _at(MANIFEST, "/title"),
    "COR-TXT-01/card": _at(CARD, "/intendedUse"),
    "COR-TXT-02/tensor": _at(MANIFEST, "/signature/inputs/0/name"),
    "COR-EXT-01/top": _at(MANIFEST, "/licence"),
    "COR-EXT-01/file": _at(MANIFEST, "/files/0/md5"),
    "COR-EXT-01/extension-without-domain": _at(MANIFEST, "/extensions/run"),
    "COR-LIM-01/card-too-deep": _at(CARD),
    "PKG-LAY-01/directory-without-manifest": _at("") + _at(MANIFEST),
    "PKG-LAY-02/backslash": _at("a\\b"),
    "PKG-LAY-02/colon": _at("c:file"),
    "PKG-LAY-03/case": _at("Readme") + _at("README"),
    "PKG-LAY-04/nul": _at("nul.txt"),
    "PKG-LAY-05/link-outside": _at("link"),
    "PKG-LAY-05/listed-link": _at("notes.txt"),
    "PKG-LAY-05/pipe": _at("pipe"),
    "PKG-LAY-06/extra-file": _at("notes.txt"),
    "PKG-LAY-06/deeper-manifest": _at("inner/lepton.json"),
    "PKG-LAY-07/zip-of-65545": _at(""),
    "PKG-ZIP-01/bzip2": _at(CARD),
    "PKG-ZIP-02/name-twice": _at(CARD),
    "PKG-ZIP-03/local-crc": _at(CARD),
    "PKG-ZIP-04/bytes-after": _at(""),
    "PKG-ZIP-05/manifest-last": _at("") + _at(MANIFEST),
    "PKG-ZIP-06/artifact-deflated": _at(MODEL),
    "PKG-ZIP-07/bomb": _at(CARD),
    "PKG-ZIP-09/second-name": _at(CARD),
    "PKG-MAN-01/too-deep": _at(MANIFEST),
    "PKG-MAN-02/cut": _at(MANIFEST),
    "PKG-MAN-03/spaces": _at(MANIFEST),
    "PKG-MAN-04/version-of-two-numbers": _at(MANIFEST, "/version"),
    "PKG-MAN-04/digest-in-capitals": _at(MANIFEST, "/files/0/sha256"),
    "PKG-MAN-04/unbounded-symbol": _at(MANIFEST, "/symbols/N"),
    "PKG-MAN-05/path": _at(MANIFEST, "/files/3", "/files/0"),
    "PKG-MAN-05/artifact": _at(MANIFEST, "/artifacts/1", "/artifacts/0"),
    "PKG-MAN-05/vector": _at(VECTORS, "/vectors/2", "/vectors/0"),
    "PKG-MAN-06/entry": _at(MANIFEST, "/artifacts/0/entry"),
    "PKG-MAN-06/vectors": _at(MANIFEST, "/vectors/1"),
    "PKG-DIG-01/card-gone": _at(CARD),
    "PKG-DIG-02/card-cut": _at(CARD),
    "PKG-DIG-03/one-bit-of-the-model": _at(MODEL),
    "PKG-ART-01/text": _at(MODEL),
    "PKG-ART-02/ir-version": _at(MANIFEST, "/artifacts/0"),
    "PKG-ART-03/input-datatype": _at(MANIFEST, "/signature/inputs") + _at(MODEL),
    "PKG-ART-04/not-declared": _at(MANIFEST, "/artifacts/0") + _at(MODEL),
    "PKG-ART-05/beyond-the-end": _at(MODEL),
    "PKG-ART-06/raw-data-too-short": _at(MODEL),
    "PKG-ART-07/elf": _at("notes.txt"),
    "PKG-ART-08/pt2-not-executable": _at(MANIFEST, "/artifacts/1"),
    "PKG-ART-10/custom-domain": _at(MANIFEST, "/artifacts/0/opsets"),
    "PKG-SIG-02/in-reshape": _at(MANIFEST, "/processing/pre/3"),
    "PKG-SIG-03/min-above-max": _at(MANIFEST, "/symbols/N"),
    "PKG-SIG-04/not-used": _at(MANIFEST, "/symbols/M"),
    "PKG-SIG-05/no-y": _at(MANIFEST, "/interface/inputs/0"),
    "PKG-SIG-06/too-few": _at(MANIFEST, "/signature/outputs/0/labels"),
    "PKG-SIG-07/second-language": _at(MANIFEST, "/signature/outputs/0/labels"),
    "PKG-SIG-08/too-few": _at(MANIFEST, "/signature/outputs/0/axes", "/signature/outputs/0"),
    "PKG-SIG-09/text-for-a-float": _at(MANIFEST, "/interface/inputs/1/default", "/interface/inputs/1"),
    "PKG-PRO-01/unknown-operator": _at(MANIFEST, "/processing/pre/1"),
    "PKG-PRO-02/unknown-tensor": _at(MANIFEST, "/processing/pre/1"),
    "PKG-PRO-02/argmax-axis": _at(MANIFEST, "/processing/post/1"),
    "PKG-PRO-03/interface-alone": _at(MANIFEST),
    "PKG-VEC-02/unknown-member": _at(VECTORS, "/vectors/0/note"),
    "PKG-VEC-03/input-name": _at(VECTORS, "/vectors/0"),
    "PKG-VEC-03/comparison-of-nothing": _at(VECTORS, "/vectors/0/comparisons"),
    "PKG-VEC-04/wrong-answer": _at(VECTORS, "/vectors/1"),
    "PKG-VEC-05/smallest-only": _at(MANIFEST, "/symbols/N") + _at(VECTORS, "/vectors"),
    "PKG-VEC-06/boolean": _at(VECTORS, "/vectors/0/comparisons/0"),
    "PKG-VEC-07/killed-by-nobody": _at(VECTORS, "/controls/1"),
    "PKG-VEC-08/weights-reversed": _at(VECTORS, "/controls/1"),
    "PKG-VEC-09/engine": _at(VECTORS, "/provenance/oracle"),
    "PKG-DOC-01/unknown-identifier": _at(MANIFEST, "/license"),
    "PKG-DOC-02/unknown-member": _at(CARD, "/usage"),
    "PKG-DOC-03/intended-use-is-a-string": _at(CARD, "/intendedUse"),
    "PKG-DOC-04/value-as-text": _at(CARD, "/evaluations/0"),
    "PKG-DOC-05/no-description": _at(MANIFEST),
    "PKG-DOC-06/no-digest": _at(CARD, "/evaluations/0/dataset"),
    "PKG-PRV-01/unknown-status": _at(CARD, "/personalData"),
}
