"""Each operator's rule of types, and the runtime's own: both accept and refuse the same (PKG-PRO-02)."""

from typing import Any

import pytest

from lepton.checks.steps import RULES, Type, UnsoundError
from lepton.errors import RuntimeRefusal
from lepton.runtime.files import StepFiles
from lepton.runtime.processing import compile_steps
from lepton.tensor import Symbol, TensorSpec

SYMBOLS = {"N": Symbol(0, 9), "M": Symbol(3, None, 4), "H": Symbol(1, None), "W": Symbol(1, None)}
SIZES = {"N": 0, "M": 4, "H": 1, "W": 1}
FILES = {"tokens": b"[U]\n[P]\n[F]\n[L]\n", "words": b"a\nb\n"}

Row = tuple[dict[str, Any], list[Type], list[Type]]
Fault = tuple[dict[str, Any], list[Type], str]


def t(datatype: str, *shape: int | str) -> Type:
    return Type(datatype, shape)


CAST = {"op": "cast", "datatype": "FP16"}
RESIZE = {"op": "resize", "axes": [0, 1], "size": [8, 9], "filter": "linear", "antialias": False,
          "coordinates": "half_pixel", "rounding": "floor"}  # fmt: skip
SHORTER = {**RESIZE, "size": {"shorter": 5}, "shape": ["H", "W", 3]}
CROP = {"op": "crop", "axes": [0, -1], "size": [2, 2], "anchor": "center"}
PAD = {"op": "pad", "axes": [0], "size": [6], "anchor": "start", "value": 7}
DECODE = {"op": "decode_image", "format": "png", "channels": "RGB", "alpha": "drop", "shape": ["H", "W", 3]}
TOKENIZE = {"op": "tokenize", "out": ["i", "m"], "file": "tokens", "algorithm": "wordpiece", "prefix": "##",
            "lowercase": False, "unknown": "[U]", "padding": "[P]", "first": "[F]", "last": "[L]",
            "maxLength": 6, "shape": ["N", 8]}  # fmt: skip
TOPK = {"op": "topk", "out": ["v", "i"], "axis": -1, "k": 4}
NMS = {"op": "nms", "in": ["b", "s"], "iou": 0.5, "score": 0.1, "max": 5, "shape": ["N"]}
CTC = {"op": "ctc_greedy", "out": ["c", "l"], "blank": 4}
LOOKUP = {"op": "lookup", "file": "words", "join": True}
IMAGE, FLOATS = t("UINT8", "H", 7, 3), t("FP32", "N", 6, 5)

SOUND: tuple[Row, ...] = (
    (CAST, [t("BOOL", "N")], [t("FP16", "N")]),
    ({"op": "reverse", "axis": -1}, [t("BYTES", "N", 2)], [t("BYTES", "N", 2)]),
    (RESIZE, [IMAGE], [t("UINT8", 8, 9, 3)]),
    ({**RESIZE, "axes": [-2, 0]}, [IMAGE], [t("UINT8", 9, 8, 3)]),
    (SHORTER, [IMAGE], [t("UINT8", "H", "W", 3)]),
    ({**SHORTER, "shape": [5, "W", 3]}, [IMAGE], [t("UINT8", 5, "W", 3)]),
    (CROP, [IMAGE], [t("UINT8", 2, 7, 2)]),
    (PAD, [t("INT8", 6, 2)], [t("INT8", 6, 2)]),
    (PAD, [t("FP16", "N", 2)], [t("FP16", 6, 2)]),
    ({**PAD, "value": True}, [t("BOOL", "N")], [t("BOOL", 6)]),
    (DECODE, [t("BYTES", 1)], [t("UINT8", "H", "W", 3)]),
    (TOKENIZE, [t("BYTES", "N")], [t("INT64", "N", 8), t("INT64", "N", 8)]),
    ({**TOKENIZE, "shape": ["N", "M"]}, [t("BYTES", "N")], [t("INT64", "N", "M"), t("INT64", "N", "M")]),
    (TOPK, [t("FP32", "N", "M")], [t("FP32", "N", 4), t("INT64", "N", 4)]),
    (NMS, [t("FP32", "M", 4), t("FP32", "M")], [t("INT64", "N")]),
    (CTC, [FLOATS], [t("INT64", "N", 6), t("INT64", "N")]),
    (LOOKUP, [t("INT64", "N", 3)], [t("BYTES", "N")]),
    ({**LOOKUP, "join": False}, [t("INT64")], [t("BYTES")]),
)

UNSOUND: tuple[Fault, ...] = (
    ({**CAST, "datatype": "BYTES"}, [t("FP32")], "datatype"),
    ({"op": "reverse", "axis": 1}, [t("FP32", 2)], "axis"),
    ({"op": "reverse", "axis": 0}, [t("FP32")], "axis"),
    ({**RESIZE, "axes": [0, 3]}, [IMAGE], "axes/1"),
    ({**RESIZE, "axes": [0, -3]}, [IMAGE], "axes"),
    (RESIZE, [FLOATS], "rounding"),
    ({**RESIZE, "rounding": None}, [IMAGE], ""),
    (RESIZE, [t("INT8", 2, 2)], "in"),
    ({**SHORTER, "shape": ["H", "W"]}, [IMAGE], "shape"),
    ({**SHORTER, "shape": ["H", "W", 4]}, [IMAGE], "shape/2"),
    ({**CROP, "size": [2, 4]}, [IMAGE], "size/1"),
    ({**CROP, "size": [2]}, [IMAGE], "size"),
    ({**CROP, "axes": [0, 0]}, [IMAGE], "axes"),
    (PAD, [t("UINT8", 7)], "size/0"),
    (PAD, [t("BYTES", "N")], "in"),
    ({**PAD, "value": 256}, [t("UINT8", "N")], "value"),
    ({**PAD, "value": 0.5}, [t("UINT8", "N")], "value"),
    ({**PAD, "value": True}, [t("UINT8", "N")], "value"),
    ({**PAD, "value": 1}, [t("BOOL", "N")], "value"),
    ({**PAD, "value": 1e6}, [t("FP16", "N")], "value"),
    (DECODE, [t("UINT8", 1)], "in"),
    (DECODE, [t("BYTES", "N")], "in"),
    ({**DECODE, "channels": "GRAY"}, [t("BYTES", 1)], "shape/2"),
    (TOKENIZE, [t("BYTES", "N", 1)], "in"),
    (TOKENIZE, [t("BYTES", "M")], "shape/0"),
    ({**TOKENIZE, "maxLength": 9}, [t("BYTES", "N")], "maxLength"),
    ({**TOKENIZE, "maxLength": 1}, [t("BYTES", "N")], "maxLength"),
    ({**TOPK, "k": 5}, [t("FP32", "N", "M")], "k"),
    ({**TOPK, "k": 1}, [t("FP32", "N")], "k"),
    (TOPK, [t("FP64", "M")], "in"),
    (NMS, [t("FP32", "M", 5), t("FP32", "M")], "in/0"),
    (NMS, [t("FP32", "M", 4), t("FP32", "N")], "in/1"),
    (NMS, [t("FP32", "M", 4), t("FP16", "M")], "in/1"),
    ({**CTC, "blank": 5}, [FLOATS], "blank"),
    (CTC, [t("FP32", 6, 5, "N")], "in"),
    (CTC, [t("FP32", 6, 5)], "in"),
    (LOOKUP, [t("INT32", 2)], "in"),
    (LOOKUP, [t("INT64")], "in"),
)


def _complete(step: dict[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in {"version": 1, "in": "x", "out": "y", **step}.items() if one is not None}


def _compiled(step: dict[str, Any], read: list[Type]) -> list[Type]:
    names = step["in"] if isinstance(step["in"], list) else [step["in"]]
    specs = [TensorSpec(name, *one) for name, one in zip(names, read, strict=True)]
    (operation,) = compile_steps([step], specs, SYMBOLS, StepFiles(FILES.__getitem__))
    return [Type(one.datatype, one.shape) for one in operation.yields]


@pytest.mark.parametrize(("step", "read", "written"), SOUND)
def test_a_sound_step_writes_what_the_table_says(
    step: dict[str, Any], read: list[Type], written: list[Type]
) -> None:
    step = _complete(step)
    assert list(RULES[step["op"]](step, read, SIZES)) == written
    assert _compiled(step, read) == written


@pytest.mark.parametrize(("step", "read", "member"), UNSOUND)
def test_an_unsound_step_is_told_at_its_member_and_refused_by_the_runtime(
    step: dict[str, Any], read: list[Type], member: str
) -> None:
    step = _complete(step)
    with pytest.raises(UnsoundError) as told:
        RULES[step["op"]](step, read, SIZES)
    assert told.value.member == member
    with pytest.raises(RuntimeRefusal):
        _compiled(step, read)


def test_both_sides_know_the_same_operators() -> None:
    from lepton.runtime.processing import OPERATORS

    assert {(op, 1) for op in RULES} == set(OPERATORS)
