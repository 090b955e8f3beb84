"""A data set on the workbench: files, and a Croissant document whose digests are computed when it is sealed.

Owns the valid data sets of the suite, with tensors written down by hand: what a mapping makes of a record is
known here without any program that maps. Leaves what breaks them to `datasets`. Serves `data`.
"""

import base64
import copy
import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from lepton_conformance.forge.draft import Forged

__all__ = ["DOCUMENT", "DataDraft", "least", "rich"]

DOCUMENT = "croissant.json"

_CROISSANT = "http://mlcommons.org/croissant/"
_TERMS = (
    "arrayShape",
    "citeAs",
    "column",
    "containedIn",
    "equivalentProperty",
    "excludes",
    "extract",
    "field",
    "fileObject",
    "fileProperty",
    "fileSet",
    "includes",
    "isArray",
    "isLiveDataset",
    "key",
    "md5",
    "recordSet",
    "references",
    "source",
    "subField",
    "value",
)


def context() -> dict[str, Any]:
    """Return a context of the closed form."""
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": _CROISSANT,
        "rai": f"{_CROISSANT}RAI/",
        "dct": "http://purl.org/dc/terms/",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "description": {"@container": "@language"},
        "lepton": {"@id": "https://lepton-standard.org/ns/dataset", "@type": "@json"},
        **{term: f"cr:{term}" for term in _TERMS},
    }


@dataclass(slots=True)
class DataDraft:
    """A data set that is still being made. `roles` are those of the files that `lepton.files` lists."""

    document: dict[str, Any]
    files: dict[str, bytes]
    roles: dict[str, str] = field(default_factory=dict)

    def copied(self) -> "DataDraft":
        """Return a draft that can be changed by itself."""
        return DataDraft(copy.deepcopy(self.document), dict(self.files), dict(self.roles))

    def sealed(self) -> dict[str, Any]:
        """Return the document with the size and the digest of each file that is there."""
        document = copy.deepcopy(self.document)
        for node in document["distribution"]:
            data = self.files.get(node.get("contentUrl", ""))
            if data is not None and "containedIn" not in node:
                node.setdefault("sha256", hashlib.sha256(data).hexdigest())
        entries = [
            {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "role": role}
            for path, role in self.roles.items()
            if (data := self.files.get(path)) is not None
        ]
        if entries:
            document["lepton"].setdefault("files", entries)
        return document

    def directory(self) -> Forged:
        """Finish the data set."""
        return Forged({DOCUMENT: as_bytes(self.sealed()), **self.files})


def as_bytes(value: Any) -> bytes:
    """Return a JSON document as people write it."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def column(record_set: str, name: str, kind: Any, file: str, **more: Any) -> dict[str, Any]:
    """Return a field that is a column of a file."""
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{name}",
        "dataType": kind,
        "source": {"fileObject": {"@id": file}, "extract": {"column": name}},
        **more,
    }


def _document(**more: Any) -> dict[str, Any]:
    return {
        "@context": context(),
        "@type": "sc:Dataset",
        "conformsTo": [f"{_CROISSANT}1.1", f"{_CROISSANT}RAI/1.0"],
        "name": "rows",
        "description": {"en": "Rows without a meaning.", "zh": "没有含义的行。"},
        "license": "CC0-1.0",
        "url": "https://example.org/rows",
        "creator": {"@type": "sc:Organization", "name": "Lepton"},
        "datePublished": "2026-01-01",
        "version": "1.0.0",
        "citeAs": "Lepton: Rows, 2026.",
        "isBasedOn": "https://example.org/older-rows",
        "rai:dataCollection": "Written by hand.",
        "rai:dataAnnotationProtocol": "None.",
        "rai:dataUseCases": "Testing validators.",
        "rai:dataLimitations": "Nothing follows from it.",
        **more,
    }


def _profile(*splits: dict[str, Any]) -> dict[str, Any]:
    return {
        "lepton": "1.0",
        "personalData": {"status": "none"},
        "notProvided": {"rai:dataBiases": {"en": "Rows without a meaning misrepresent nobody."}},
        "splits": list(splits),
    }


def least() -> DataDraft:
    """Return the smallest data set: one table of two records."""
    table = {
        "@type": "cr:FileObject",
        "@id": "rows.csv",
        "contentUrl": "rows.csv",
        "encodingFormat": "text/csv",
    }
    fields = [column("rows", "x", "sc:Integer", "rows.csv")]
    document = _document(
        distribution=[table],
        recordSet=[{"@type": "cr:RecordSet", "@id": "rows", "field": fields}],
        lepton=_profile({"name": "all", "role": "other", "recordSet": "rows", "records": 2}),
    )
    return DataDraft(document, {"rows.csv": b"x\n1\n2\n"})


ROWS = b'id,height,color,use\n1,1.25,red,train\n2,NA,blue,train\n3,-0.5,"red",test\n'
POINTS = b'{"id": 1, "xy": [0.1, 2], "name": "\xc3\xa9"}\n{"xy": [-1, 0.5], "id": 2, "name": "b"}\n'


def tensor(name: str, datatype: str, shape: list[int], data: bytes) -> dict[str, Any]:
    """Return a tensor of a vector."""
    return {"name": name, "datatype": datatype, "shape": shape, "data": base64.b64encode(data).decode()}


def _mapping_of_rows() -> dict[str, Any]:
    unit = {"field": "m", "tensor": "cm", "scale": 100, "offset": 0}
    return {
        "lepton": "1.0",
        "recordSet": "table",
        "batch": {"symbol": "N", "size": 2, "last": "keep"},
        "inputs": [
            {
                "name": "height",
                "datatype": "FP32",
                "shape": ["N", 1],
                "fields": ["rows/height"],
                "missing": {"rule": "fill", "value": -1},
                "unit": unit,
            }
        ],
        "targets": [
            {
                "name": "color",
                "datatype": "INT64",
                "shape": ["N"],
                "fields": ["rows/color"],
                "missing": {"rule": "refuse"},
                "unit": "none",
                "categories": ["red", "blue"],
            }
        ],
        "vectors": [
            {
                "id": "all",
                "records": [2, 0, 1],
                "tensors": [
                    # -0.5 m and 1.25 m in centimetres; the record without a height has the filling.
                    tensor("height", "FP32", [3, 1], struct.pack("<3f", -50.0, 125.0, -1.0)),
                    tensor("color", "INT64", [3], struct.pack("<3q", 0, 0, 1)),
                ],
            }
        ],
    }


def _mapping_of_points() -> dict[str, Any]:
    plain = {"missing": {"rule": "skip"}, "unit": "none"}
    return {
        "lepton": "1.0",
        "recordSet": "lines",
        "batch": {"symbol": "B", "size": 1, "last": "drop"},
        "inputs": [
            {"name": "xy", "datatype": "FP16", "shape": ["B", 2], "fields": ["points/xy"], **plain},
            {"name": "name", "datatype": "BYTES", "shape": ["B"], "fields": ["points/name"], **plain},
        ],
        "vectors": [
            {
                "id": "both",
                "records": [0, 1],
                "tensors": [
                    # 0.1 in binary16 is 0x2E66: 1638 / 2^14, the nearest of its neighbours.
                    tensor("xy", "FP16", [2, 2], bytes.fromhex("662E 0040 00BC 0038")),
                    tensor("name", "BYTES", [2], b"\x02\0\0\0\xc3\xa9\x01\0\0\0b"),
                ],
            }
        ],
    }


def rich() -> DataDraft:
    """Return a data set with every readable kind of record set, two mappings, splits and an archive."""
    files = {
        "data/rows.csv": ROWS,
        "data/points.jsonl": POINTS,
        "pictures/a.bin": b"\x89first",
        "pictures/b.bin": b"\x89second",
        "mapping.json": as_bytes(_mapping_of_rows()),
        "mappings/points.json": as_bytes(_mapping_of_points()),
    }
    roles = {"pictures/a.bin": "data", "pictures/b.bin": "data"}
    roles |= {"mapping.json": "mapping", "mappings/points.json": "mapping"}
    distribution: list[dict[str, Any]] = [
        {
            "@type": "cr:FileObject",
            "@id": "rows",
            "contentUrl": "data/rows.csv",
            "encodingFormat": "text/csv",
        },
        {
            "@type": "cr:FileObject",
            "@id": "points",
            "contentUrl": "data/points.jsonl",
            "encodingFormat": "application/jsonlines",
            "md5": hashlib.md5(POINTS, usedforsecurity=False).hexdigest(),
        },
        {
            "@type": "cr:FileSet",
            "@id": "pictures",
            "encodingFormat": "application/octet-stream",
            "includes": "**/*.bin",
        },
        {
            "@type": "cr:FileObject",
            "@id": "archive",
            "contentUrl": "https://example.org/archive.zip",
            "encodingFormat": "application/zip",
            "sha256": hashlib.sha256(b"elsewhere").hexdigest(),
        },
        {
            "@type": "cr:FileObject",
            "@id": "inner",
            "contentUrl": "inner.csv",
            "encodingFormat": "text/csv",
            "containedIn": {"@id": "archive"},
        },
    ]
    colors = [{"@type": "cr:Field", "@id": "colors/name", "dataType": "sc:Text"}]
    rows = [
        column("rows", "id", "sc:Integer", "rows"),
        column("rows", "height", "cr:Float32", "rows", unitText="m"),
        column(
            "rows", "color", ["sc:Text", "cr:Label"], "rows", references={"field": {"@id": "colors/name"}}
        ),
        column("rows", "use", "sc:Text", "rows"),
        {"@type": "cr:Field", "@id": "rows/pier", "dataType": "sc:Text", "value": "north"},
    ]
    points = [
        column("points", "id", "cr:UInt8", "points"),
        column("points", "xy", "cr:Float32", "points", isArray=True, arrayShape="2"),
        column("points", "name", "sc:Text", "points"),
    ]
    pictures = [
        {
            "@type": "cr:Field",
            "@id": f"pictures/{name}",
            "dataType": kind,
            "source": {"fileSet": {"@id": "pictures"}, "extract": {"fileProperty": name}},
        }
        for name, kind in (("content", "sc:ImageObject"), ("filename", "sc:Text"))
    ]
    document = _document(
        distribution=distribution,
        recordSet=[
            {
                "@type": "cr:RecordSet",
                "@id": "colors",
                "key": {"@id": "colors/name"},
                "field": colors,
                "data": [{"colors/name": "red"}, {"colors/name": "blue"}],
            },
            {"@type": "cr:RecordSet", "@id": "table", "key": {"@id": "rows/id"}, "field": rows},
            {"@type": "cr:RecordSet", "@id": "lines", "key": [{"@id": "points/id"}], "field": points},
            {"@type": "cr:RecordSet", "@id": "images", "field": pictures},
        ],
        lepton=_profile(
            {
                "name": "train",
                "role": "train",
                "recordSet": "table",
                "where": {"field": "rows/use", "value": "train"},
                "records": 2,
            },
            {
                "name": "test",
                "role": "test",
                "recordSet": "table",
                "where": {"field": "rows/use", "value": "test"},
                "records": 1,
            },
            {"name": "pictures", "role": "other", "recordSet": "images", "records": 2},
        ),
    )
    document["lepton"]["missingValues"] = ["NA"]
    return DataDraft(document, files, roles)


def seldom() -> DataDraft:
    """Return the rich data set with what is seldom: units of categories, two formats, addresses."""
    draft = rich()
    table = next(one for one in draft.document["distribution"] if one.get("contentUrl") == "data/rows.csv")
    table["encodingFormat"] = ["text/csv", "application/jsonlines"]
    number, _, color = draft.document["recordSet"][1]["field"][:3]
    number["dataType"] = "http://schema.org/Integer"
    color["unitText"] = "a name in English"
    color["dataType"] = [*_as_list(color["dataType"]), "sc:AudioObject"]
    return draft


def _as_list(value: Any) -> list[Any]:
    """Return a value that may be one or several as a list."""
    return value if isinstance(value, list) else [value]
