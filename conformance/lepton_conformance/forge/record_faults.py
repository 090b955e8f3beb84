"""Data sets whose records, splits or mappings break DAT-REC, DAT-SPL or DAT-MAP.

Owns the table `RECORD_FAULTS`. Serves `data`.
"""

import json
from typing import Any

from lepton_conformance.forge.dataset_changes import (
    Change,
    changed,
    field,
    in_mapping,
    in_profile,
    with_content,
    with_file,
)
from lepton_conformance.forge.dataset_draft import POINTS, ROWS, as_bytes, rich
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.violation import Forge, Violation

__all__ = ["RECORD_FAULTS"]

_MEBIBYTE = 1 << 20


def _rows(data: bytes) -> Forge:
    return with_content("data/rows.csv", data)


def _lines(data: bytes) -> Forge:
    return with_content("data/points.jsonl", data)


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


def _by_expression(document: Any) -> None:
    """Make the mapped record set one that is not readable."""
    document["@context"] |= {"transform": "cr:transform", "regex": "cr:regex"}
    field(document, 1, 0)["source"]["transform"] = {"regex": "(.*)"}


def _second_table(_: object) -> Forged:
    draft = rich()
    _shared_row(draft.document)
    draft.files["data/more.csv"] = b"id,height,color,use\n3,9.5,blue,test\n"
    return draft.directory()


def _long_record() -> bytes:
    return b'id,height,color,use\n1,1.25,"' + b"a" * (16 * _MEBIBYTE) + b'",train\n'


def _input(change: Change) -> Forge:
    return in_mapping(lambda m: change(m["inputs"][0]))


def _target(change: Change) -> Forge:
    return in_mapping(lambda m: change(m["targets"][0]))


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


_RECORDS: tuple[Violation, ...] = (
    Violation("DAT-REC-01", "none", changed(lambda d: field(d, 1, 3).update(dataType="sc:Thing"))),
    Violation(
        "DAT-REC-01",
        "two",
        changed(lambda d: field(d, 1, 3).update(dataType=["sc:Text", "sc:Integer"])),
    ),
    Violation("DAT-REC-01", "array-in-csv", changed(lambda d: field(d, 1, 0).update(isArray=True))),
    Violation(
        "DAT-REC-01",
        "number-of-content",
        changed(lambda d: field(d, 3, 0).update(dataType="sc:Integer")),
    ),
    Violation(
        "DAT-REC-01", "number-of-name", changed(lambda d: field(d, 3, 1).update(dataType="sc:Integer"))
    ),
    Violation("DAT-REC-01", "array-of-names", changed(lambda d: field(d, 3, 1).update(isArray=True))),
    Violation("DAT-REC-01", "bare-name", changed(lambda d: field(d, 1, 0).update(dataType="Integer"))),
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
        changed(lambda d: field(d, 1, 1)["source"]["extract"].update(column="Height")),
        full=True,
    ),
    Violation("DAT-REC-05", "nan", _rows(ROWS.replace(b"1.25", b"NaN")), full=True),
    Violation(
        "DAT-REC-05",
        "before-a-short-record",
        _rows(ROWS.replace(b"1.25", b"NaN") + b"4,1,red\n"),
        full=True,
    ),
    Violation("DAT-REC-05", "comma", _rows(ROWS.replace(b"1.25", b'"1,25"')), full=True),
    Violation("DAT-REC-05", "plus", _rows(ROWS.replace(b"1.25", b"+1.25")), full=True),
    Violation("DAT-REC-05", "fraction", _rows(ROWS + b"4.0,1,red,test\n"), full=True),
    Violation("DAT-REC-05", "beyond-int64", _rows(ROWS + b"9223372036854775808,1,red,test\n"), full=True),
    Violation("DAT-REC-05", "beyond-float", _rows(ROWS.replace(b"1.25", b"1e39")), full=True),
    Violation("DAT-REC-05", "beyond-uint8", _lines(POINTS + b'{"id": 256}\n'), full=True),
    Violation(
        "DAT-REC-05",
        "beyond-2-53",
        with_content(
            "data/points.jsonl",
            POINTS + b'{"id": 9007199254740993, "xy": [0, 0], "name": "c"}\n',
            lambda d: field(d, 2, 0).update(dataType="sc:Integer"),
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
        changed(lambda d: d["recordSet"][0]["data"].append({"colors/name": 3})),
        full=True,
    ),
    Violation("DAT-REC-05", "constant", changed(lambda d: field(d, 1, 4).update(value=3)), full=True),
    Violation("DAT-REC-06", "twice", _rows(ROWS + b"3,1,red,other\n"), full=True),
    Violation("DAT-REC-06", "missing", _rows(ROWS + b",1,red,other\n"), full=True),
    Violation("DAT-REC-07", "unknown-color", changed(lambda d: d["recordSet"][0]["data"].pop()), full=True),
    Violation("DAT-SPL-01", "absent", in_profile(lambda p: p.pop("splits"))),
    Violation("DAT-SPL-01", "role", in_profile(lambda p: p["splits"][0].update(role="training"))),
    Violation("DAT-SPL-02", "number", in_profile(lambda p: p["splits"][0].update(records=3)), full=True),
    Violation("DAT-SPL-03", "no-key", changed(lambda d: d["recordSet"][1].pop("key"))),
    Violation(
        "DAT-SPL-04",
        "one-record-set",
        in_profile(lambda p: p["splits"][1].update(where={"field": "rows/color", "value": "red"}, records=2)),
        full=True,
    ),
    Violation("DAT-SPL-04", "two-record-sets", _second_table, full=True),
)

_MAPPINGS: tuple[Violation, ...] = (
    Violation("DAT-MAP-01", "no-missing-rule", _input(lambda b: b.pop("missing"))),
    Violation("DAT-MAP-01", "no-unit", _input(lambda b: b.pop("unit"))),
    Violation("DAT-MAP-01", "no-vector", in_mapping(lambda m: m.update(vectors=[]))),
    Violation("DAT-MAP-01", "scaling", _input(lambda b: b.update(mean=[0.5]))),
    Violation("DAT-MAP-01", "no-json", with_file("more.json", b"{", "mapping")),
    Violation("DAT-MAP-02", "record-set", in_mapping(lambda m: m.update(recordSet="rows"))),
    Violation(
        "DAT-MAP-02",
        "not-readable",
        changed(_by_expression),
    ),
    Violation("DAT-MAP-02", "field", _input(lambda b: b.update(fields=["rows/depth"]))),
    Violation("DAT-MAP-02", "symbol", _input(lambda b: b.update(shape=["M", 1]))),
    Violation("DAT-MAP-02", "tensor-twice", _target(lambda b: b.update(name="height"))),
    Violation("DAT-MAP-02", "vector-twice", in_mapping(lambda m: m["vectors"].append(m["vectors"][0]))),
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
    Violation(
        "DAT-MAP-03", "unit-of-categories", _target(lambda b: b.update(unit={"field": "m", "tensor": "m"}))
    ),
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
        in_mapping(lambda m: m["vectors"][0].update(records=[2, 0, 3])),
        full=True,
    ),
    Violation("DAT-MAP-05", "left-out", _input(lambda b: b.update(missing={"rule": "skip"})), full=True),
    Violation("DAT-MAP-05", "no-tensor", in_mapping(lambda m: m["vectors"][0]["tensors"].pop()), full=True),
    Violation(
        "DAT-MAP-06",
        "one-record",
        in_mapping(
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


RECORD_FAULTS: tuple[Violation, ...] = (*_RECORDS, *_MAPPINGS)
