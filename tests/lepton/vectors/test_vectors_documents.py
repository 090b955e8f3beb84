"""Tensors of vectors documents: bytes in, bytes out, and contradictions named (COR-TYP-02)."""

import base64
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import lepton_spec
from lepton.errors import SourceError
from lepton.runtime.binding import numpy_dtype
from lepton.vectors.document import (
    Comparison,
    Control,
    Provenance,
    Tensor,
    Vector,
    VectorDocument,
    decode_tensor,
    encode_tensor,
)


def _entry(datatype: str, shape: list[int], raw: bytes) -> dict[str, Any]:
    return {"name": "x", "datatype": datatype, "shape": shape, "data": base64.b64encode(raw).decode()}


#: The examples of the standard and others worked out by hand from its table.
KNOWN = [
    ("INT16", [2], "01 00 FE FF", [1, -2]),
    ("BYTES", [2], "02 00 00 00 68 69 00 00 00 00", [b"hi", b""]),
    ("BYTES", [1], "02 00 00 00 FF 00", [b"\xff\x00"]),
    ("BOOL", [2, 1], "01 00", [[True], [False]]),
    ("FP32", [], "00 00 80 3F", 1.0),
    ("FP64", [1], "00 00 00 00 00 00 00 80", [-0.0]),
    ("UINT64", [1], "FF FF FF FF FF FF FF FF", [2**64 - 1]),
    ("BF16", [2], "80 3F 00 C0", [1.0, -2.0]),
    ("FP16", [1], "00 3C", [1.0]),
    ("INT8", [0, 7], "", []),
]


@pytest.mark.parametrize(("datatype", "shape", "raw", "values"), KNOWN)
def test_reads_and_writes_the_byte_form_of_the_standard(
    datatype: str, shape: list[int], raw: str, values: Any
) -> None:
    entry = _entry(datatype, shape, bytes.fromhex(raw))
    tensor = decode_tensor(entry)
    assert tensor.array.dtype == numpy_dtype(datatype)
    assert (list(tensor.array.shape), tensor.array.tolist()) == (shape, values)
    assert encode_tensor(tensor) == entry


def test_writes_arrays_of_any_layout_row_major_and_little_endian() -> None:
    array = np.arange(6, dtype=">i2").reshape(2, 3).T
    written = base64.b64decode(encode_tensor(Tensor("x", "INT16", array))["data"])
    assert written == bytes([0, 0, 3, 0, 1, 0, 4, 0, 2, 0, 5, 0])


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (_entry("FP32", [2], b"\0" * 7), "found 7 bytes of data, expected 8"),
        (_entry("FP32", [2**53 - 1, 2**53 - 1], b"\0" * 4), "found 4 bytes"),
        (_entry("BOOL", [1], b"\2"), "other than 0 and 1"),
        (_entry("BYTES", [1], b"\5\0\0\0abc"), "element 0 overruns"),
        (_entry("BYTES", [1], b"\0\0\0\0\0\0"), "element 1 overruns"),
        (_entry("BYTES", [2], b"\0\0\0\0"), "found 1 BYTES elements, expected 2"),
        (_entry("BYTES", [2**53 - 1], b""), "found 0 BYTES elements"),
        ({**_entry("INT8", [1], b"\0"), "data": "A==="}, "base64"),
    ],
)
def test_names_what_contradicts_datatype_or_shape(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(SourceError, match=words):
        decode_tensor(entry)


def test_a_document_written_is_valid_and_reads_back_as_it_was() -> None:
    x = Tensor("x", "FP32", np.array([1.0], np.float32))
    k = Tensor("k", "INT64", np.array([3]))
    document = VectorDocument(
        (
            Vector(
                "first",
                "raw",
                (x,),
                (x, k),
                (Comparison("x", "allclose", 0.5, 0.25, "equal"), Comparison("k", "exact")),
            ),
        ),
        (Control("constant-answer", None, "first"), Control("step-omitted", 2, "first")),
        Provenance("numpy", "2", "FP64", 7, "By hand."),
    )
    written = document.to_json()
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(schema)) for name, schema in lepton_spec.schemas().items()
    )
    Draft202012Validator(lepton_spec.schema("vectors"), registry=registry).validate(written)
    again = VectorDocument.from_json(written)
    assert (again.controls, again.provenance) == (document.controls, document.provenance)
    assert again.vectors[0].comparisons == document.vectors[0].comparisons
    assert again.vectors[0].expected[1].array.tolist() == [3]
