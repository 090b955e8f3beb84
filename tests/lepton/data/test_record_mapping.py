"""From values to tensors: conversions at their edges, batches, and patterns of file sets."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lepton.data import batches, open_dataset
from lepton.data.mapper import Mapper, Refused, element_bytes
from lepton.data.nodes import Field, Nodes
from lepton.data.records import Column
from lepton.data.values import DATA_TYPES
from lepton.errors import LeptonError
from lepton_conformance.forge.dataset_draft import least, rich


def _column(kind: str, shape: tuple[int, ...] | None = None) -> Column:
    return Column(Field({"@id": "f"}, "", "r"), "f", DATA_TYPES[kind], shape, None, has_constant=False)


def _mapper(kind: str, datatype: str, *, shape: tuple[int, ...] | None = None, **more: Any) -> Mapper:
    binding = {
        "name": "t",
        "datatype": datatype,
        "shape": ["N", *(shape or ())],
        "fields": ["f"],
        "missing": {"rule": "refuse"},
        "unit": "none",
        **more,
    }
    return Mapper({"inputs": [binding]}, [_column(kind, shape)])


def _one(mapper: Mapper, value: Any) -> Any:
    elements = mapper.elements([value])
    assert elements is not None
    return elements[0]


@pytest.mark.parametrize(
    ("kind", "value", "datatype", "expected"),
    [
        ("sc:Boolean", True, "BOOL", b"\x01"),
        ("sc:Boolean", True, "FP32", struct.pack("<f", 1.0)),
        ("sc:Boolean", False, "INT8", b"\x00"),
        ("sc:Integer", -1, "INT16", b"\xff\xff"),
        ("sc:Integer", 255, "UINT8", b"\xff"),
        ("cr:UInt64", 2**64 - 1, "UINT64", b"\xff" * 8),
        # 2^53 + 1 is first rounded to a binary64, ties to even.
        ("sc:Integer", 2**53 + 1, "FP64", struct.pack("<d", 2.0**53)),
        ("sc:Integer", 16777217, "FP32", struct.pack("<f", 16777216.0)),
        ("sc:Float", 0.1, "FP16", bytes.fromhex("662e")),
        ("sc:Float", -0.0, "FP32", b"\x00\x00\x00\x80"),
        ("sc:Float", 1e-46, "FP32", b"\x00\x00\x00\x00"),
        ("sc:Text", b"hi", "BYTES", b"\x02\x00\x00\x00hi"),
    ],
)
def test_elements_have_their_bytes(kind: str, value: Any, datatype: str, expected: bytes) -> None:
    assert element_bytes(datatype, _one(_mapper(kind, datatype), value)) == expected


@pytest.mark.parametrize(
    ("kind", "value", "datatype"),
    [
        ("sc:Integer", 256, "UINT8"),
        ("sc:Integer", -1, "UINT64"),
        ("sc:Integer", 2**31, "INT32"),
        ("sc:Float", 3.5e38, "FP32"),
        ("sc:Float", 65520.0, "FP16"),
    ],
)
def test_what_no_element_can_hold_is_refused(kind: str, value: Any, datatype: str) -> None:
    with pytest.raises(Refused, match="beyond the range"):
        _mapper(kind, datatype).elements([value])


def test_a_conversion_of_units_rounds_twice_in_binary64() -> None:
    unit = {"field": "a", "tensor": "b", "scale": 0.1, "offset": 0.7}
    for value in (0.3, 3, -1e-17):
        expected = np.float64(np.float64(value) * np.float64(0.1)) + np.float64(0.7)
        kind = "sc:Integer" if isinstance(value, int) else "sc:Float"
        assert _one(_mapper(kind, "FP64", unit=unit), value) == [float(expected)]


def test_categories_count_from_zero_and_others_have_their_number() -> None:
    mapper = _mapper("sc:Text", "INT8", categories=["b", "a"], otherCategory=-1)
    assert [_one(mapper, text)[0] for text in (b"a", b"b", b"c", b"A")] == [1, 0, -1, -1]
    with pytest.raises(Refused, match="none of the categories"):
        _mapper("sc:Text", "INT8", categories=["b"]).elements([b"a"])


def test_missing_values_follow_the_rule() -> None:
    assert _mapper("sc:Float", "FP32", missing={"rule": "skip"}).elements([None]) is None
    assert _one(_mapper("sc:Float", "FP32", missing={"rule": "fill", "value": 0.1}), None) == [
        float(np.float32(0.1))
    ]
    array = _mapper("sc:Float", "INT8", shape=(2, 2), missing={"rule": "fill", "value": 7})
    assert _one(array, None) == [7, 7, 7, 7]
    assert _one(_mapper("sc:Text", "BYTES", missing={"rule": "fill", "value": "é"}), None) == [b"\xc3\xa9"]
    with pytest.raises(Refused, match="missing value"):
        _mapper("sc:Float", "FP32").elements([None])


def test_batches_keep_or_drop_what_is_left_and_leave_out_what_is_skipped(tmp_path: Path) -> None:
    folder = rich().directory().write(tmp_path)
    with open_dataset(folder) as dataset:
        mapping = dataset.mapping("mapping.json").text.value
        kept = list(batches(dataset, mapping))
        assert [one["height"].tolist() for one in kept] == [[[125.0], [-1.0]], [[-50.0]]]
        mapping["batch"]["last"] = "drop"
        assert len(list(batches(dataset, mapping))) == 1
        mapping["inputs"][0]["missing"] = {"rule": "skip"}
        assert [one["color"].tolist() for one in batches(dataset, mapping)] == [[0, 0]]
        assert [one["color"].tolist() for one in batches(dataset, mapping, "test")] == []
        mapping["inputs"][0]["missing"] = {"rule": "refuse"}
        with pytest.raises(LeptonError, match="missing value"):
            list(batches(dataset, mapping))
        with pytest.raises(LeptonError, match="no split"):
            list(batches(dataset, mapping, "pictures"))


def test_strings_are_batched_as_objects(tmp_path: Path) -> None:
    folder = rich().directory().write(tmp_path)
    with open_dataset(folder) as dataset:
        (first, second) = batches(dataset, dataset.mapping("mappings/points.json").text.value)
    assert first["name"].tolist() == ["é".encode()]
    assert second["xy"].tolist() == [[-1.0, 0.5]]
    assert second["xy"].dtype == np.float16


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.png", "a.png", True),
        ("*.png", "d/a.png", False),
        ("**/*.png", "a.png", True),
        ("**/*.png", "d/e/a.png", True),
        ("d/**/a.png", "d/a.png", True),
        ("d/**/a.png", "e/a.png", False),
        ("d/*", "d/a.png", True),
        ("d/*", "d/e/a.png", False),
        ("?.png", "é.png", True),
        ("?.png", "ab.png", False),
        ("a*b*c", "aXbYbZc", True),
        ("a*b*c", "acb", False),
        ("[a].png", "a.png", False),
        ("[a].png", "[a].png", True),
        ("**", "a/b", False),
        ("a**.png", "axx.png", True),
        ("", "a", False),
    ],
)
def test_patterns_stand_for_whole_paths(pattern: str, path: str, matches: bool) -> None:
    document = least().sealed()
    document["lepton"]["files"] = [{"path": path, "size": 0, "sha256": "0" * 64, "role": "data"}]
    document["distribution"].append({"@type": "cr:FileSet", "@id": "s", "includes": pattern})
    assert Nodes(document).included("s") == ([path] if matches else [])
