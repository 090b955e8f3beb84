"""Write scikit-learn's digits as a data set of the standard: a table, a Croissant document, a mapping.

`python examples/digits/dataset.py DIR` writes the folder DIR, which `lepton validate DIR` judges and which
the tools of Croissant load. The last images, by other writers than the first ones, are the split `test`. The
vectors of the mapping are computed here with NumPy, from the arrays, not from the table.
"""

import argparse
import base64
import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits

__all__ = ["HELD_OUT", "main", "write_dataset"]

#: The last images of the data set are for testing.
HELD_OUT = 360
SIDE = 8
BATCH = 32
#: Records of the one vector: among the first and the last images, and every digit.
VECTOR = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1437, 1796)

TABLE, MAPPING = "data/digits.csv", "mapping.json"
_CROISSANT = "http://mlcommons.org/croissant/"
_PIXELS = [f"y{y}x{x}" for y in range(SIDE) for x in range(SIDE)]

Array = npt.NDArray[Any]


def _context() -> dict[str, Any]:
    terms = ("citeAs", "column", "extract", "field", "fileObject", "key", "recordSet", "references", "source")
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
        **{term: f"cr:{term}" for term in terms},
    }


def _field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    source = {"fileObject": {"@id": "digits.csv"}, "extract": {"column": name}}
    return {"@type": "cr:Field", "@id": f"digits/{name}", "dataType": kind, "source": source, **more}


def _document(table: bytes, mapping: bytes, images: int) -> dict[str, Any]:
    roles = {"train": "cr:TrainingSplit", "test": "cr:TestSplit"}
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": [f"{_CROISSANT}1.1", f"{_CROISSANT}RAI/1.0"],
        "name": "digits",
        "description": {
            "en": "Handwritten digits of 8 x 8 pixels, grey values 0 to 16, as scikit-learn has them.",
            "zh": "手写数字，8 × 8 像素，灰度 0 至 16，由 scikit-learn 分发。",
        },
        "license": "CC-BY-4.0",
        "url": "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
        "creator": [
            {"@type": "sc:Person", "name": "E. Alpaydin"},
            {"@type": "sc:Person", "name": "C. Kaynak"},
        ],
        "datePublished": "1998-07-01",
        "version": "1.0.0",
        "citeAs": "Alpaydin, E. and Kaynak, C.: Optical Recognition of Handwritten Digits. UCI, 1998.",
        "isBasedOn": "https://doi.org/10.24432/C50P49",
        "rai:dataCollection": "43 people wrote digits on forms, which were scanned and reduced to 8 x 8.",
        "rai:dataAnnotationProtocol": "The writers were told which digit to write where.",
        "rai:dataUseCases": "Teaching, and trying out tools.",
        "rai:dataLimitations": "One kind of form, pen and scanner; 8 x 8 pixels.",
        "lepton": {
            "lepton": "1.0",
            "personalData": {
                "status": "possible",
                "basis": {
                    "en": "Handwriting of volunteers, published without names as a research data set.",
                    "zh": "志愿者的手写数字，作为研究数据集公开，不含姓名。",
                },
            },
            "notProvided": {
                "rai:dataBiases": {
                    "en": "Nothing is published about the writers.",
                    "zh": "没有公布关于书写者的任何信息。",
                }
            },
            "files": [
                {
                    "path": MAPPING,
                    "size": len(mapping),
                    "sha256": hashlib.sha256(mapping).hexdigest(),
                    "role": "mapping",
                }
            ],
            "splits": [
                {
                    "name": name,
                    "role": name,
                    "recordSet": "images",
                    "where": {"field": "digits/use", "value": name},
                    "records": count,
                }
                for name, count in (("train", images - HELD_OUT), ("test", HELD_OUT))
            ],
        },
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "digits.csv",
                "contentUrl": TABLE,
                "encodingFormat": "text/csv",
                "sha256": hashlib.sha256(table).hexdigest(),
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "splits",
                "dataType": "cr:Split",
                "key": {"@id": "splits/name"},
                "field": [
                    {"@type": "cr:Field", "@id": "splits/name", "dataType": "sc:Text"},
                    {"@type": "cr:Field", "@id": "splits/url", "dataType": "sc:URL"},
                ],
                "data": [{"splits/name": name, "splits/url": url} for name, url in roles.items()],
            },
            {
                "@type": "cr:RecordSet",
                "@id": "images",
                "key": {"@id": "digits/number"},
                "field": [
                    _field("number", "cr:Int32"),
                    *(_field(name, "cr:UInt8") for name in _PIXELS),
                    _field("digit", ["sc:Integer", "cr:Label"]),
                    _field("use", "sc:Text", references={"field": {"@id": "splits/name"}}),
                ],
            },
        ],
    }


def _mapping(images: Array, digits: Array) -> dict[str, Any]:
    records = list(VECTOR)
    tensors = {"image": images[records].astype("<u1"), "digit": digits[records].astype("<i8")}
    datatypes = {"image": "UINT8", "digit": "INT64"}
    plain = {"missing": {"rule": "refuse"}, "unit": "none"}
    return {
        "lepton": "1.0",
        "recordSet": "images",
        "batch": {"symbol": "N", "size": BATCH, "last": "keep"},
        "inputs": [
            {
                "name": "image",
                "datatype": "UINT8",
                "shape": ["N", SIDE, SIDE],
                "fields": [f"digits/{name}" for name in _PIXELS],
                **plain,
            }
        ],
        "targets": [
            {"name": "digit", "datatype": "INT64", "shape": ["N"], "fields": ["digits/digit"], **plain}
        ],
        "vectors": [
            {
                "id": "every-digit",
                "records": records,
                "tensors": [
                    {
                        "name": name,
                        "datatype": datatypes[name],
                        "shape": list(array.shape),
                        "data": base64.b64encode(array.tobytes()).decode(),
                    }
                    for name, array in tensors.items()
                ],
            }
        ],
    }


def _table(images: Array, digits: Array) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", *_PIXELS, "digit", "use"])
    for number, (image, digit) in enumerate(zip(images, digits, strict=True)):
        use = "test" if number >= len(images) - HELD_OUT else "train"
        writer.writerow([number, *image.ravel().tolist(), int(digit), use])
    return text.getvalue().encode()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def write_dataset(folder: Path) -> Path:
    """Write the data set into a folder and return it; the bytes are the same every time."""
    data = load_digits()
    images, digits = data.images.astype(np.uint8), data.target.astype(np.int64)
    table, mapping = _table(images, digits), _json(_mapping(images, digits))
    files = {TABLE: table, MAPPING: mapping, "croissant.json": _json(_document(table, mapping, len(images)))}
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def main() -> None:
    """Write the data set into the folder that is named."""
    parser = argparse.ArgumentParser(description="Write the digits as a data set of the standard.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    print(write_dataset(parser.parse_args().folder))


if __name__ == "__main__":
    main()
