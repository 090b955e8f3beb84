"""Data sets that each violate one requirement of the chapter `data`, and the valid ones beside them.

Owns the tables `DATASETS` and `DATASET_VIOLATIONS`; leaves the valid data sets to `dataset_draft`. Serves
`data`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from lepton_conformance.forge.dataset_draft import DOCUMENT, POINTS, ROWS, DataDraft, as_bytes, least, rich
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.violation import Forge, Violation

__all__ = ["DATASETS", "DATASET_VIOLATIONS"]

#: Valid data sets, by name.
DATASETS: Mapping[str, Callable[[], DataDraft]] = {"least": least, "rich": rich}

_MEBIBYTE = 1 << 20
Change = Callable[[Any], object]


def _document(change: Change, base: Callable[[], DataDraft] = rich) -> Forge:
    """Return a forge whose document is changed after the digests are in it."""

    def forge(_: object) -> Forged:
        draft = base()
        document = draft.sealed()
        change(document)
        return Forged({DOCUMENT: as_bytes(document), **draft.files})

    return forge


def _profile(change: Change) -> Forge:
    return _document(lambda d: change(d["lepton"]))


def _text(change: Callable[[bytes], bytes]) -> Forge:
    """Return a forge whose document has other bytes."""

    def forge(_: object) -> Forged:
        draft = rich()
        return Forged({DOCUMENT: change(as_bytes(draft.sealed())), **draft.files})

    return forge


def _replaced(old: bytes, new: bytes) -> Forge:
    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return _text(change)


def _files(change: Callable[[dict[str, bytes]], object]) -> Forge:
    """Return a forge whose files are changed after the document describes them."""

    def forge(_: object) -> Forged:
        files = dict(rich().directory().files)
        change(files)
        return Forged(files)

    return forge


def _content(path: str, data: bytes, change: Change = lambda d: None) -> Forge:
    """Return a forge in which a file has other content, which the document describes."""

    def forge(_: object) -> Forged:
        draft = rich()
        draft.files[path] = data
        for node in draft.document["distribution"]:
            if node.get("contentUrl") == path:
                node.pop("md5", None)
        change(draft.document)
        return draft.directory()

    return forge


def _rows(data: bytes) -> Forge:
    return _content("data/rows.csv", data)


def _lines(data: bytes) -> Forge:
    return _content("data/points.jsonl", data)


def _mapping(change: Change, path: str = "mapping.json") -> Forge:
    def forge(_: object) -> Forged:
        draft = rich()
        document = json.loads(draft.files[path])
        change(document)
        draft.files[path] = as_bytes(document)
        return draft.directory()

    return forge


def _input(change: Change) -> Forge:
    return _mapping(lambda m: change(m["inputs"][0]))


def _target(change: Change) -> Forge:
    return _mapping(lambda m: change(m["targets"][0]))


def _listed(path: str, data: bytes, role: str = "other") -> Forge:
    """Return a forge with one more listed file."""

    def forge(_: object) -> Forged:
        draft = rich()
        draft.files[path] = data
        draft.roles[path] = role
        return draft.directory()

    return forge


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


def _nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def _field(document: Any, record_set: int, at: int) -> Any:
    return document["recordSet"][record_set]["field"][at]


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


def _shared_row(document: Any) -> None:
    """Let the splits be two record sets over two files; see `_second_table`."""
    second = json.loads(json.dumps(document["recordSet"][1]).replace("rows/", "more/"))
    second["@id"] = "more"
    for one in second["field"]:
        if "source" in one:
            one["source"]["fileObject"]["@id"] = "more.csv"
    document["recordSet"].append(second)
    document["distribution"].append(
        {
            "@type": "cr:FileObject",
            "@id": "more.csv",
            "contentUrl": "data/more.csv",
            "encodingFormat": "text/csv",
        }
    )
    document["lepton"]["splits"] = [
        {"name": "a", "role": "train", "recordSet": "table", "records": 3},
        {"name": "b", "role": "validation", "recordSet": "more", "records": 1},
    ]


def _second_table(_: object) -> Forged:
    draft = rich()
    _shared_row(draft.document)
    draft.files["data/more.csv"] = b"id,height,color,use\n3,9.5,blue,test\n"
    return draft.directory()


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


def _huge(_: object) -> Forged:
    """An array field and a tensor agree on more elements than a record may have."""
    draft = rich()
    draft.document["recordSet"][2]["field"][1]["arrayShape"] = "2097152, 2, 2"
    path = "mappings/points.json"
    mapping = json.loads(draft.files[path])
    mapping["inputs"][0]["shape"] = ["B", 2_097_152, 2, 2]
    draft.files[path] = as_bytes(mapping)
    draft.files["data/points.jsonl"] = b'{"id": 1, "name": "a"}\n{"id": 2, "name": "b"}\n'
    del draft.document["distribution"][1]["md5"]
    return draft.directory()


def _long_record() -> bytes:
    return b'id,height,color,use\n1,1.25,"' + b"a" * (16 * _MEBIBYTE) + b'",train\n'


_FOLDER: tuple[Violation, ...] = (
    Violation("DAT-LAY-01", "absent", _files(lambda f: f.pop(DOCUMENT))),
    Violation("DAT-LAY-01", "deeper", _files(lambda f: f.update({"d/" + DOCUMENT: f.pop(DOCUMENT)}))),
    Violation("DAT-LAY-02", "reserved", _listed("data/nul.csv", b"")),
    Violation("DAT-LAY-02", "case", _listed("data/ROWS.csv", b"")),
    Violation("DAT-LAY-02", "colon", _listed("data/a:b", b"")),
    Violation(
        "DAT-LAY-02",
        "out-of-the-root",
        _profile(lambda p: p["files"].append({**p["files"][0], "path": "../secret.bin"})),
    ),
    Violation("DAT-LAY-03", "link", _link),
    Violation("DAT-LAY-03", "pipe", _pipe),
    Violation("DAT-LAY-03", "document", _linked_document),
    Violation("DAT-LAY-03", "listed-link-out-of-the-root", _linked_table),
    Violation("DAT-LAY-04", "unlisted", _files(lambda f: f.update({"data/more.csv": b"x\n1\n"}))),
    Violation("DAT-LAY-04", "hidden", _files(lambda f: f.update({".hidden": b""}))),
    Violation(
        "DAT-LAY-04",
        "twice",
        _profile(lambda p: p["files"].append(dict(p["files"][0]))),
    ),
    Violation("DAT-LAY-05", "one-more", _many, varies=False),
    Violation("DAT-DST-01", "parent", _document(lambda d: _leave(d, "../secret.csv"))),
    Violation("DAT-DST-01", "absolute", _document(lambda d: _leave(d, "/etc/passwd"))),
    Violation("DAT-DST-01", "file", _document(lambda d: _leave(d, "file:///etc/passwd"))),
    Violation("DAT-DST-01", "http", _document(lambda d: _leave(d, "http://example.org/x.csv"))),
    Violation("DAT-DST-01", "user", _document(lambda d: _leave(d, "https://u:p@example.org/x.csv"))),
    Violation("DAT-DST-01", "backslash", _document(lambda d: _leave(d, "data\\x.csv"))),
    Violation("DAT-DST-02", "absent", _document(lambda d: d["distribution"][0].pop("sha256"))),
    Violation("DAT-DST-02", "live", _document(_live)),
    Violation("DAT-DST-02", "only-md5", _document(_only_md5)),
    Violation(
        "DAT-DST-02",
        "no-digest",
        _document(lambda d: d["distribution"][0].update(sha256="https://example.org/issues/80")),
    ),
    Violation("DAT-DST-03", "removed", _files(lambda f: f.pop("data/rows.csv"))),
    Violation("DAT-DST-03", "removed-mapping", _files(lambda f: f.pop("mapping.json"))),
    Violation(
        "DAT-DST-04", "altered", _files(lambda f: f.update({"data/rows.csv": ROWS + b"4,1,red,test\n"}))
    ),
    Violation("DAT-DST-04", "size", _profile(lambda p: p["files"][0].update(size=7))),
    Violation("DAT-DST-04", "right-md5", _document(_right_md5_wrong_sha256)),
    Violation("DAT-DST-05", "wrong-md5", _document(lambda d: d["distribution"][1].update(md5="0" * 32))),
)

_DOCUMENT: tuple[Violation, ...] = (
    Violation("DAT-DOC-01", "size", _text(lambda data: data + b" " * (16 * _MEBIBYTE))),
    Violation("DAT-DOC-01", "depth", _document(lambda d: d.update(keywords=_nested(64)))),
    Violation("DAT-DOC-02", "mark", _text(lambda data: b"\xef\xbb\xbf" + data)),
    Violation("DAT-DOC-02", "twice", _replaced(b'"sha256":', b'"sha256": "' + b"0" * 64 + b'", "sha256":')),
    Violation("DAT-DOC-02", "nan", _replaced(b'"license"', b'"x": NaN, "license"')),
    Violation("DAT-DOC-02", "surrogate", _replaced(b'"license"', b'"x": "\\ud800", "license"')),
    Violation("DAT-DOC-02", "cut", _text(lambda data: data[:-3])),
    Violation("DAT-DOC-03", "no-creator", _document(lambda d: d.pop("creator"))),
    Violation("DAT-DOC-03", "no-lepton", _document(lambda d: d.pop("lepton"))),
    Violation("DAT-DOC-03", "misspelt", _profile(lambda p: p.update(splitz=[]))),
    Violation(
        "DAT-DOC-03",
        "two-sources",
        _document(lambda d: _field(d, 1, 0)["source"].update(fileSet={"@id": "pictures"})),
    ),
    Violation("DAT-DOC-03", "list", _text(lambda data: b"[" + data + b"]")),
    Violation("DAT-DOC-04", "edition-two", _profile(lambda p: p.update(lepton="2.0"))),
    Violation("DAT-DOC-04", "number", _profile(lambda p: p.update(lepton=1))),
    Violation("DAT-DOC-05", "one", _document(lambda d: d["conformsTo"].pop())),
    Violation("DAT-DOC-05", "text", _document(lambda d: d.update(conformsTo=d["conformsTo"][0]))),
    Violation("DAT-CTX-01", "address", _document(lambda d: d.update({"@context": "https://schema.org/"}))),
    Violation("DAT-CTX-01", "list", _document(lambda d: d.update({"@context": [d["@context"]]}))),
    Violation("DAT-CTX-01", "other-meaning", _document(lambda d: d["@context"].update(field="cr:column"))),
    Violation(
        "DAT-CTX-01",
        "no-prefix",
        _document(lambda d: d["@context"].update(sha512="https://schema.org/sha256")),
    ),
    Violation(
        "DAT-CTX-01",
        "import",
        _document(lambda d: d["@context"].update({"@import": "https://example.org/"})),
    ),
    Violation(
        "DAT-CTX-01", "two-schemas", _document(lambda d: d["@context"].update(sc="http://schema.org/"))
    ),
    Violation("DAT-CTX-02", "term", _document(lambda d: d["@context"].pop("recordSet"))),
    Violation("DAT-CTX-02", "prefix", _document(lambda d: d.update({"prov:wasDerivedFrom": "x"}))),
    Violation("DAT-CTX-02", "type", _document(lambda d: _field(d, 1, 2)["dataType"].append("wd:Q1"))),
    Violation("DAT-CTX-02", "language", _document(lambda d: d["@context"].pop("description"))),
    Violation("DAT-CTX-02", "no-text-by-language", _document(lambda d: d.update(description="Rows."))),
    Violation("DAT-CTX-03", "nested-context", _document(lambda d: d["creator"].update({"@context": {}}))),
    Violation("DAT-CTX-03", "graph", _document(lambda d: d.update({"@graph": []}))),
    Violation("DAT-REF-01", "field", _document(lambda d: _field(d, 3, 1).update({"@id": "rows"}))),
    Violation("DAT-REF-01", "split", _profile(lambda p: p["splits"][2].update(name="test"))),
    Violation(
        "DAT-REF-02", "file", _document(lambda d: _field(d, 1, 0)["source"].update(fileObject={"@id": "row"}))
    ),
    Violation(
        "DAT-REF-02",
        "kind",
        _document(lambda d: _field(d, 1, 0)["source"].update(fileObject={"@id": "table"})),
    ),
    Violation("DAT-REF-02", "key", _document(lambda d: d["recordSet"][1].update(key={"@id": "points/id"}))),
    Violation(
        "DAT-REF-02",
        "foreign-key",
        _document(lambda d: _field(d, 1, 2).update(references={"field": {"@id": "colors"}})),
    ),
    Violation(
        "DAT-REF-02",
        "container",
        _document(lambda d: d["distribution"][4].update(containedIn={"@id": "zip"})),
    ),
    Violation("DAT-REF-02", "split", _profile(lambda p: p["splits"][2].update(recordSet="image"))),
    Violation("DAT-REF-02", "where", _profile(lambda p: p["splits"][0]["where"].update(field="points/name"))),
    Violation(
        "DAT-REF-03",
        "container",
        _document(lambda d: d["distribution"][4].update(containedIn={"@id": "inner"})),
    ),
    Violation("DAT-REF-03", "fields", _document(_self_reference)),
    Violation("DAT-REF-04", "no-file", _document(lambda d: d["distribution"][2].update(includes="*.bin"))),
)

_RECORDS: tuple[Violation, ...] = (
    Violation("DAT-REC-01", "none", _document(lambda d: _field(d, 1, 3).update(dataType="sc:Thing"))),
    Violation(
        "DAT-REC-01", "two", _document(lambda d: _field(d, 1, 3).update(dataType=["sc:Text", "sc:Integer"]))
    ),
    Violation("DAT-REC-01", "array-in-csv", _document(lambda d: _field(d, 1, 0).update(isArray=True))),
    Violation(
        "DAT-REC-01", "number-of-content", _document(lambda d: _field(d, 3, 0).update(dataType="sc:Integer"))
    ),
    Violation("DAT-REC-02", "too-few", _rows(ROWS + b"4,1,red\n"), full=True),
    Violation("DAT-REC-02", "too-many", _rows(ROWS + b"4,1,red,test,x\n"), full=True),
    Violation("DAT-REC-02", "mark", _rows(b"\xef\xbb\xbf" + ROWS), full=True),
    Violation("DAT-REC-02", "zero", _rows(ROWS + b"4,1,re\0d,test\n"), full=True),
    Violation("DAT-REC-02", "not-utf-8", _rows(ROWS + b"4,1,r\xff,test\n"), full=True),
    Violation("DAT-REC-02", "empty-line", _rows(ROWS + b"\n"), full=True),
    Violation("DAT-REC-02", "quote-inside", _rows(ROWS + b'4,1,re"d",test\n'), full=True),
    Violation("DAT-REC-02", "open-quote", _rows(ROWS + b'4,1,"red,test\n'), full=True),
    Violation("DAT-REC-02", "carriage-return", _rows(ROWS + b"4,1,red\r,test\n"), full=True),
    Violation("DAT-REC-02", "column-twice", _rows(ROWS.replace(b"use", b"id", 1)), full=True),
    Violation("DAT-REC-02", "empty", _rows(b""), full=True),
    Violation("DAT-REC-02", "long-record", _rows(_long_record()), full=True, varies=False),
    Violation("DAT-REC-02", "wide-header", _rows(b"id" + b",x" * 65_536 + b"\n"), full=True, varies=False),
    Violation("DAT-REC-03", "no-object", _lines(POINTS + b"[1]\n"), full=True),
    Violation("DAT-REC-03", "twice", _lines(POINTS + b'{"id": 3, "id": 4}\n'), full=True),
    Violation("DAT-REC-03", "nan", _lines(POINTS + b'{"id": 3, "xy": [NaN, 1]}\n'), full=True),
    Violation("DAT-REC-03", "empty-line", _lines(POINTS + b"\n"), full=True),
    Violation("DAT-REC-03", "deep", _lines(POINTS + b'{"x":' + b"[" * 64 + b"]" * 64 + b"}\n"), full=True),
    Violation("DAT-REC-03", "cut", _lines(POINTS[:-4]), full=True),
    Violation(
        "DAT-REC-04",
        "renamed",
        _document(lambda d: _field(d, 1, 1)["source"]["extract"].update(column="Height")),
        full=True,
    ),
    Violation("DAT-REC-05", "nan", _rows(ROWS.replace(b"1.25", b"NaN")), full=True),
    Violation("DAT-REC-05", "comma", _rows(ROWS.replace(b"1.25", b'"1,25"')), full=True),
    Violation("DAT-REC-05", "plus", _rows(ROWS.replace(b"1.25", b"+1.25")), full=True),
    Violation("DAT-REC-05", "fraction", _rows(ROWS + b"4.0,1,red,test\n"), full=True),
    Violation("DAT-REC-05", "beyond-int64", _rows(ROWS + b"9223372036854775808,1,red,test\n"), full=True),
    Violation("DAT-REC-05", "beyond-float", _rows(ROWS.replace(b"1.25", b"1e39")), full=True),
    Violation("DAT-REC-05", "beyond-uint8", _lines(POINTS + b'{"id": 256}\n'), full=True),
    Violation(
        "DAT-REC-05",
        "beyond-2-53",
        _content(
            "data/points.jsonl",
            POINTS + b'{"id": 9007199254740993, "xy": [0, 0], "name": "c"}\n',
            lambda d: _field(d, 2, 0).update(dataType="sc:Integer"),
        ),
        full=True,
    ),
    Violation(
        "DAT-REC-05", "shape", _lines(POINTS + b'{"id": 3, "xy": [1, 2, 3], "name": "c"}\n'), full=True
    ),
    Violation("DAT-REC-05", "hole", _lines(POINTS + b'{"id": 3, "xy": [1, null], "name": "c"}\n'), full=True),
    Violation(
        "DAT-REC-05",
        "inline",
        _document(lambda d: d["recordSet"][0]["data"].append({"colors/name": 3})),
        full=True,
    ),
    Violation("DAT-REC-05", "constant", _document(lambda d: _field(d, 1, 4).update(value=3)), full=True),
    Violation("DAT-REC-06", "twice", _rows(ROWS + b"3,1,red,other\n"), full=True),
    Violation("DAT-REC-06", "missing", _rows(ROWS + b",1,red,other\n"), full=True),
    Violation("DAT-REC-07", "unknown-color", _document(lambda d: d["recordSet"][0]["data"].pop()), full=True),
    Violation("DAT-SPL-01", "absent", _profile(lambda p: p.pop("splits"))),
    Violation("DAT-SPL-01", "role", _profile(lambda p: p["splits"][0].update(role="training"))),
    Violation("DAT-SPL-02", "number", _profile(lambda p: p["splits"][0].update(records=3)), full=True),
    Violation("DAT-SPL-03", "no-key", _document(lambda d: d["recordSet"][1].pop("key")), findings=2),
    Violation(
        "DAT-SPL-04",
        "one-record-set",
        _profile(lambda p: p["splits"][1].update(where={"field": "rows/color", "value": "red"}, records=2)),
        full=True,
    ),
    Violation("DAT-SPL-04", "two-record-sets", _second_table, full=True),
)

_STATEMENTS: tuple[Violation, ...] = (
    Violation("DAT-DES-01", "name", _document(lambda d: d.update(license="CC BY 4.0"))),
    Violation(
        "DAT-DES-01",
        "address",
        _document(lambda d: d.update(license="https://creativecommons.org/licenses/by/4.0/")),
    ),
    Violation("DAT-DES-01", "no-text", _document(lambda d: d.update(license="LicenseRef-Harbour"))),
    Violation("DAT-DES-02", "description", _document(lambda d: d["description"].pop("en"))),
    Violation(
        "DAT-DES-02",
        "reason",
        _profile(lambda p: p["notProvided"].update({"rai:dataBiases": {"zh": "没有"}})),
    ),
    Violation("DAT-DES-03", "silence", _document(lambda d: d.pop("rai:dataCollection"))),
    Violation("DAT-DES-03", "both", _document(lambda d: d.update({"rai:dataBiases": "None."}))),
    Violation("DAT-DES-03", "reason", _profile(lambda p: p.update(notProvided={"rai:dataBiases": True}))),
    Violation("DAT-DES-04", "absent", _document(lambda d: d.pop("citeAs"))),
    Violation("DAT-DES-05", "number", _document(lambda d: d.update(version=1))),
    Violation("DAT-DES-05", "two-numbers", _document(lambda d: d.update(version="1.0"))),
    Violation("DAT-DES-06", "absent", _document(lambda d: d.pop("isBasedOn"))),
    Violation("DAT-PRV-01", "absent", _profile(lambda p: p.pop("personalData"))),
    Violation("DAT-PRV-01", "no-basis", _profile(lambda p: p.update(personalData={"status": "possible"}))),
    Violation("DAT-PRV-01", "status", _profile(lambda p: p.update(personalData={"status": "no"}))),
    Violation("DAT-PRV-02", "no-kinds", _document(_personal)),
)

_MAPPINGS: tuple[Violation, ...] = (
    Violation("DAT-MAP-01", "no-missing-rule", _input(lambda b: b.pop("missing"))),
    Violation("DAT-MAP-01", "no-unit", _input(lambda b: b.pop("unit"))),
    Violation("DAT-MAP-01", "no-vector", _mapping(lambda m: m.update(vectors=[]))),
    Violation("DAT-MAP-01", "scaling", _input(lambda b: b.update(mean=[0.5]))),
    Violation("DAT-MAP-01", "no-json", _listed("more.json", b"{", "mapping")),
    Violation("DAT-MAP-02", "record-set", _mapping(lambda m: m.update(recordSet="rows"))),
    Violation("DAT-MAP-02", "field", _input(lambda b: b.update(fields=["rows/depth"]))),
    Violation("DAT-MAP-02", "symbol", _input(lambda b: b.update(shape=["M", 1]))),
    Violation("DAT-MAP-02", "tensor-twice", _target(lambda b: b.update(name="height"))),
    Violation("DAT-MAP-02", "vector-twice", _mapping(lambda m: m["vectors"].append(m["vectors"][0]))),
    Violation(
        "DAT-MAP-03",
        "float-to-integer",
        _input(lambda b: b.update(datatype="INT32", unit={"field": "m", "tensor": "m"})),
    ),
    Violation("DAT-MAP-03", "text-to-number", _target(lambda b: b.pop("categories"))),
    Violation("DAT-MAP-03", "elements", _input(lambda b: b.update(shape=["N", 2]))),
    Violation("DAT-MAP-03", "too-many-elements", _huge),
    Violation("DAT-MAP-03", "filling", _input(lambda b: b.update(missing={"rule": "fill", "value": 1e39}))),
    Violation(
        "DAT-MAP-03", "other-category", _target(lambda b: b.update(datatype="UINT8", otherCategory=-1))
    ),
    Violation("DAT-MAP-03", "unit", _input(lambda b: b["unit"].update(field="ft"))),
    Violation("DAT-MAP-03", "no-unit", _input(lambda b: b.update(unit="none"))),
    Violation("DAT-MAP-03", "no-conversion", _input(lambda b: b.update(unit={"field": "m", "tensor": "cm"}))),
    Violation("DAT-MAP-04", "missing", _input(lambda b: b.update(missing={"rule": "refuse"})), full=True),
    Violation("DAT-MAP-04", "category", _target(lambda b: b.update(categories=["red", "green"])), full=True),
    Violation("DAT-MAP-04", "range", _input(lambda b: b["unit"].update(scale=1e39)), full=True),
    Violation(
        "DAT-MAP-05",
        "order-of-categories",
        _target(lambda b: b.update(categories=["blue", "red"])),
        full=True,
    ),
    Violation("DAT-MAP-05", "filling", _input(lambda b: b["missing"].update(value=0)), full=True),
    Violation("DAT-MAP-05", "offset", _input(lambda b: b["unit"].update(offset=1)), full=True),
    Violation(
        "DAT-MAP-05",
        "no-such-record",
        _mapping(lambda m: m["vectors"][0].update(records=[2, 0, 3])),
        full=True,
    ),
    Violation("DAT-MAP-05", "left-out", _input(lambda b: b.update(missing={"rule": "skip"})), full=True),
    Violation("DAT-MAP-05", "no-tensor", _mapping(lambda m: m["vectors"][0]["tensors"].pop()), full=True),
    Violation(
        "DAT-MAP-06",
        "one-record",
        _mapping(
            lambda m: m["vectors"][0].update(
                records=[0],
                tensors=[
                    {"name": "height", "datatype": "FP32", "shape": [1, 1], "data": "AAD6Qg=="},
                    {"name": "color", "datatype": "INT64", "shape": [1], "data": "AAAAAAAAAAA="},
                ],
            )
        ),
        full=True,
    ),
)

#: Every violating data set; the table is like that of packages.
DATASET_VIOLATIONS: tuple[Violation, ...] = (*_FOLDER, *_DOCUMENT, *_RECORDS, *_STATEMENTS, *_MAPPINGS)
