"""Data sets whose folder, document or statements break a requirement.

Owns the table `DATASET_FAULTS`: DAT-LAY, DAT-DST, DAT-DOC, DAT-CTX, DAT-REF, DAT-DES, DAT-PRV. Serves `data`.
"""

import hashlib
from typing import Any

from lepton_conformance.forge.dataset_changes import (
    changed,
    field,
    in_files,
    in_profile,
    in_text,
    nested,
    replaced,
    with_file,
)
from lepton_conformance.forge.dataset_draft import DOCUMENT, ROWS, rich
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.violation import Violation

__all__ = ["DATASET_FAULTS"]

_MEBIBYTE = 1 << 20


def _link(_: object) -> Forged:
    return Forged(dict(rich().directory().files), links={"data/link.csv": "rows.csv"})


def _pipe(_: object) -> Forged:
    return Forged(dict(rich().directory().files), pipes=("data/pipe",))


def _linked_document(_: object) -> Forged:
    files = dict(rich().directory().files)
    files["other.json"] = files.pop(DOCUMENT)
    return Forged(files, links={DOCUMENT: "other.json"})


def _linked_table(_: object) -> Forged:
    """The table that the document lists is a link out of the folder."""
    files = dict(rich().directory().files)
    del files["data/rows.csv"]
    return Forged(files, links={"data/rows.csv": "/etc/passwd"})


def _many(_: object) -> Forged:
    files = dict(rich().directory().files)
    return Forged(files | {f"many/{number:05d}": b"" for number in range(65_536 - len(files))})


def _leave(document: Any, url: str) -> None:
    """Describe one more file, which is elsewhere."""
    document["distribution"].append(
        {
            "@type": "cr:FileObject",
            "@id": "secret",
            "contentUrl": url,
            "encodingFormat": "text/csv",
            "sha256": hashlib.sha256(b"").hexdigest(),
        }
    )


def _live(document: Any) -> None:
    document["isLiveDataset"] = True
    del document["distribution"][0]["sha256"]


def _only_md5(document: Any) -> None:
    table = document["distribution"][0]
    del table["sha256"]
    table["md5"] = hashlib.md5(ROWS, usedforsecurity=False).hexdigest()


def _right_md5_wrong_sha256(document: Any) -> None:
    table = document["distribution"][0]
    table["sha256"] = hashlib.sha256(b"other").hexdigest()
    table["md5"] = hashlib.md5(ROWS, usedforsecurity=False).hexdigest()


def _no_creator_and_two_schemas(document: Any) -> None:
    """Break what the schema shows, and what is judged only of documents that are valid against it."""
    del document["creator"]
    document["@context"]["sc"] = "http://schema.org/"


def _self_reference(document: Any) -> None:
    document["recordSet"].append(
        {
            "@type": "cr:RecordSet",
            "@id": "circle",
            "field": [
                {
                    "@type": "cr:Field",
                    "@id": f"circle/{a}",
                    "dataType": "sc:Text",
                    "source": {"@id": f"circle/{b}"},
                }
                for a, b in (("a", "b"), ("b", "a"))
            ],
        }
    )


def _personal(document: Any) -> None:
    text = {"en": "Consent."}
    document["lepton"]["personalData"] = {
        "status": "present",
        "basis": text,
        "anonymisation": text,
        "retention": text,
    }


_FOLDER: tuple[Violation, ...] = (
    Violation("DAT-LAY-01", "absent", in_files(lambda f: f.pop(DOCUMENT))),
    Violation("DAT-LAY-01", "deeper", in_files(lambda f: f.update({"d/" + DOCUMENT: f.pop(DOCUMENT)}))),
    Violation("DAT-LAY-02", "reserved", with_file("data/nul.csv", b"")),
    Violation("DAT-LAY-02", "case", with_file("data/ROWS.csv", b"")),
    Violation("DAT-LAY-02", "colon", with_file("data/a:b", b"")),
    Violation(
        "DAT-LAY-02",
        "out-of-the-root",
        in_profile(lambda p: p["files"].append({**p["files"][0], "path": "../secret.bin"})),
    ),
    Violation("DAT-LAY-02", "reserved-and-unlisted", in_files(lambda f: f.update({"aux": b""}))),
    Violation("DAT-LAY-02", "case-and-unlisted", in_files(lambda f: f.update({"data/ROWS.csv": b""}))),
    Violation("DAT-LAY-02", "case-of-an-address", changed(lambda d: _leave(d, "data/Rows.csv"))),
    Violation("DAT-LAY-03", "link", _link),
    Violation("DAT-LAY-03", "pipe", _pipe),
    Violation("DAT-LAY-03", "document", _linked_document),
    Violation("DAT-LAY-03", "listed-link-out-of-the-root", _linked_table),
    Violation("DAT-LAY-04", "unlisted", in_files(lambda f: f.update({"data/more.csv": b"x\n1\n"}))),
    Violation("DAT-LAY-04", "hidden", in_files(lambda f: f.update({".hidden": b""}))),
    Violation(
        "DAT-LAY-04",
        "twice",
        in_profile(lambda p: p["files"].append(dict(p["files"][0]))),
    ),
    Violation(
        "DAT-LAY-04",
        "the-document-in-itself",
        in_profile(lambda p: p["files"].append({**p["files"][0], "path": DOCUMENT})),
    ),
    Violation("DAT-LAY-05", "one-more", _many, varies=False),
    Violation("DAT-DST-01", "parent", changed(lambda d: _leave(d, "../secret.csv"))),
    Violation("DAT-DST-01", "absolute", changed(lambda d: _leave(d, "/etc/passwd"))),
    Violation("DAT-DST-01", "file", changed(lambda d: _leave(d, "file:///etc/passwd"))),
    Violation("DAT-DST-01", "http", changed(lambda d: _leave(d, "http://example.org/x.csv"))),
    Violation("DAT-DST-01", "user", changed(lambda d: _leave(d, "https://u:p@example.org/x.csv"))),
    Violation("DAT-DST-01", "control", changed(lambda d: _leave(d, "https://example.org/\x01.csv"))),
    Violation("DAT-DST-01", "backslash", changed(lambda d: _leave(d, "data\\x.csv"))),
    Violation("DAT-DST-01", "reserved", changed(lambda d: _leave(d, "data/nul.csv"))),
    Violation("DAT-DST-02", "absent", changed(lambda d: d["distribution"][0].pop("sha256"))),
    Violation("DAT-DST-02", "live", changed(_live)),
    Violation("DAT-DST-02", "only-md5", changed(_only_md5)),
    Violation(
        "DAT-DST-02",
        "no-digest",
        changed(lambda d: d["distribution"][0].update(sha256="https://example.org/issues/80")),
    ),
    Violation("DAT-DST-03", "removed", in_files(lambda f: f.pop("data/rows.csv"))),
    Violation("DAT-DST-03", "removed-mapping", in_files(lambda f: f.pop("mapping.json"))),
    Violation(
        "DAT-DST-04", "altered", in_files(lambda f: f.update({"data/rows.csv": ROWS + b"4,1,red,test\n"}))
    ),
    Violation("DAT-DST-04", "size", in_profile(lambda p: p["files"][0].update(size=7))),
    Violation("DAT-DST-04", "right-md5", changed(_right_md5_wrong_sha256)),
    Violation("DAT-DST-05", "wrong-md5", changed(lambda d: d["distribution"][1].update(md5="0" * 32))),
)

_DOCUMENT: tuple[Violation, ...] = (
    Violation("DAT-DOC-01", "size", in_text(lambda data: data + b" " * (16 * _MEBIBYTE))),
    Violation("DAT-DOC-01", "depth", changed(lambda d: d.update(keywords=nested(64)))),
    Violation("DAT-DOC-02", "mark", in_text(lambda data: b"\xef\xbb\xbf" + data)),
    Violation("DAT-DOC-02", "twice", replaced(b'"sha256":', b'"sha256": "' + b"0" * 64 + b'", "sha256":')),
    Violation("DAT-DOC-02", "nan", replaced(b'"license"', b'"x": NaN, "license"')),
    Violation("DAT-DOC-02", "surrogate", replaced(b'"license"', b'"x": "\\ud800", "license"')),
    Violation("DAT-DOC-02", "cut", in_text(lambda data: data[:-3])),
    Violation("DAT-DOC-03", "no-creator", changed(lambda d: d.pop("creator"))),
    Violation("DAT-DOC-03", "no-creator-and-two-schemas", changed(_no_creator_and_two_schemas)),
    Violation("DAT-DOC-03", "no-lepton", changed(lambda d: d.pop("lepton"))),
    Violation("DAT-DOC-03", "misspelt", in_profile(lambda p: p.update(splitz=[]))),
    Violation(
        "DAT-DOC-03",
        "two-sources",
        changed(lambda d: field(d, 1, 0)["source"].update(fileSet={"@id": "pictures"})),
    ),
    Violation("DAT-DOC-03", "list", in_text(lambda data: b"[" + data + b"]")),
    Violation("DAT-DOC-04", "edition-two", in_profile(lambda p: p.update(lepton="2.0"))),
    Violation("DAT-DOC-04", "number", in_profile(lambda p: p.update(lepton=1))),
    Violation("DAT-DOC-05", "one", changed(lambda d: d["conformsTo"].pop())),
    Violation("DAT-DOC-05", "text", changed(lambda d: d.update(conformsTo=d["conformsTo"][0]))),
    Violation("DAT-CTX-01", "address", changed(lambda d: d.update({"@context": "https://schema.org/"}))),
    Violation("DAT-CTX-01", "list", changed(lambda d: d.update({"@context": [d["@context"]]}))),
    Violation("DAT-CTX-01", "other-meaning", changed(lambda d: d["@context"].update(field="cr:column"))),
    Violation(
        "DAT-CTX-01",
        "no-prefix",
        changed(lambda d: d["@context"].update(sha512="https://schema.org/sha256")),
    ),
    Violation(
        "DAT-CTX-01",
        "import",
        changed(lambda d: d["@context"].update({"@import": "https://example.org/"})),
    ),
    Violation("DAT-CTX-01", "two-schemas", changed(lambda d: d["@context"].update(sc="http://schema.org/"))),
    Violation("DAT-CTX-02", "term", changed(lambda d: d["@context"].pop("recordSet"))),
    Violation("DAT-CTX-02", "prefix", changed(lambda d: d.update({"prov:wasDerivedFrom": "x"}))),
    Violation("DAT-CTX-02", "type", changed(lambda d: field(d, 1, 2)["dataType"].append("wd:Q1"))),
    Violation("DAT-CTX-02", "language", changed(lambda d: d["@context"].pop("description"))),
    Violation("DAT-CTX-02", "no-text-by-language", changed(lambda d: d.update(description="Rows."))),
    Violation("DAT-CTX-03", "nested-context", changed(lambda d: d["creator"].update({"@context": {}}))),
    Violation("DAT-CTX-03", "graph", changed(lambda d: d.update({"@graph": []}))),
    Violation("DAT-REF-01", "field", changed(lambda d: field(d, 3, 1).update({"@id": "rows"}))),
    Violation("DAT-REF-01", "split", in_profile(lambda p: p["splits"][2].update(name="test"))),
    Violation(
        "DAT-REF-02",
        "file",
        changed(lambda d: field(d, 1, 0)["source"].update(fileObject={"@id": "row"})),
    ),
    Violation(
        "DAT-REF-02",
        "kind",
        changed(lambda d: field(d, 1, 0)["source"].update(fileObject={"@id": "table"})),
    ),
    Violation("DAT-REF-02", "key", changed(lambda d: d["recordSet"][1].update(key={"@id": "points/id"}))),
    Violation(
        "DAT-REF-02",
        "foreign-key",
        changed(lambda d: field(d, 1, 2).update(references={"field": {"@id": "colors"}})),
    ),
    Violation(
        "DAT-REF-02",
        "container",
        changed(lambda d: d["distribution"][4].update(containedIn={"@id": "zip"})),
    ),
    Violation("DAT-REF-02", "split", in_profile(lambda p: p["splits"][2].update(recordSet="image"))),
    Violation(
        "DAT-REF-02", "where", in_profile(lambda p: p["splits"][0]["where"].update(field="points/name"))
    ),
    Violation(
        "DAT-REF-03",
        "container",
        changed(lambda d: d["distribution"][4].update(containedIn={"@id": "inner"})),
    ),
    Violation("DAT-REF-03", "fields", changed(_self_reference)),
    Violation("DAT-REF-04", "no-file", changed(lambda d: d["distribution"][2].update(includes="*.bin"))),
)

_STATEMENTS: tuple[Violation, ...] = (
    Violation("DAT-DES-01", "name", changed(lambda d: d.update(license="CC BY 4.0"))),
    Violation(
        "DAT-DES-01",
        "address",
        changed(lambda d: d.update(license="https://creativecommons.org/licenses/by/4.0/")),
    ),
    Violation("DAT-DES-01", "no-text", changed(lambda d: d.update(license="LicenseRef-Harbour"))),
    Violation("DAT-DES-02", "description", changed(lambda d: d["description"].pop("en"))),
    Violation(
        "DAT-DES-02",
        "reason",
        in_profile(lambda p: p["notProvided"].update({"rai:dataBiases": {"zh": "没有"}})),
    ),
    Violation("DAT-DES-03", "silence", changed(lambda d: d.pop("rai:dataCollection"))),
    Violation("DAT-DES-03", "both", changed(lambda d: d.update({"rai:dataBiases": "None."}))),
    Violation("DAT-DES-03", "reason", in_profile(lambda p: p.update(notProvided={"rai:dataBiases": True}))),
    Violation("DAT-DES-04", "absent", changed(lambda d: d.pop("citeAs"))),
    Violation("DAT-DES-05", "number", changed(lambda d: d.update(version=1))),
    Violation("DAT-DES-05", "two-numbers", changed(lambda d: d.update(version="1.0"))),
    Violation("DAT-DES-06", "absent", changed(lambda d: d.pop("isBasedOn"))),
    Violation("DAT-PRV-01", "absent", in_profile(lambda p: p.pop("personalData"))),
    Violation("DAT-PRV-01", "no-basis", in_profile(lambda p: p.update(personalData={"status": "possible"}))),
    Violation("DAT-PRV-01", "status", in_profile(lambda p: p.update(personalData={"status": "no"}))),
    Violation("DAT-PRV-02", "no-kinds", changed(_personal)),
)


DATASET_FAULTS: tuple[Violation, ...] = (*_FOLDER, *_DOCUMENT, *_STATEMENTS)
