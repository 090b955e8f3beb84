"""Which declared tensors fit which binding."""

from typing import Any

import pytest

from lepton.application.fit import tensor_faults

SYMBOLS = {
    "N": {"min": 1, "max": 8},
    "Two": {"min": 2, "max": 8},
    "Even": {"min": 0, "max": 8, "multipleOf": 2},
}
LABELS = {"ids": ["a", "b"], "names": {"en": ["A", "B"]}}
F, I64, TEXT = "FP32", "INT64", "BYTES"
AXES = ["batch", "y", "x", "channel"]
COLUMN = {"bind": "columns", "columns": [{"name": "a"}]}
PAIR = {"bind": "columns", "columns": [{"name": "a"}, {"name": "b", "missing": "nan"}]}
AUDIO = {"bind": "audio", "sampleRate": 8}


def faults(side: str, binding: dict[str, Any], tensors: dict[str, Any]) -> list[str]:
    """Return the members whose tensors do not fit; each tensor is (datatype, shape) or with axes."""
    specs = {}
    named = dict(binding)
    for member, (datatype, shape, *more) in tensors.items():
        named[member] = member
        specs[member] = {"name": member, "datatype": datatype, "shape": shape}
        if more:
            specs[member]["axes"] = more[0]
    task = {"task": "x", "labels": LABELS, side: [named]}
    return [member for member, _ in tensor_faults(task, side, 0, specs, SYMBOLS)]


@pytest.mark.parametrize(
    ("binding", "tensor", "fits"),
    [
        ({"bind": "image-png"}, (TEXT, []), True),
        ({"bind": "image-png"}, (TEXT, [1, "N"]), True),
        ({"bind": "image-png"}, (TEXT, [2]), False),
        ({"bind": "image-png"}, (TEXT, ["Two"]), False),
        ({"bind": "image-png"}, (TEXT, ["Even"]), False),
        ({"bind": "image-png"}, ("UINT8", [1]), False),
        ({"bind": "image-pixels"}, ("UINT8", ["N", 8, "Two", 3], AXES), True),
        ({"bind": "image-pixels"}, ("UINT8", ["N", 8, "Two", 2], AXES), False),
        ({"bind": "image-pixels"}, ("UINT8", ["Two", 8, 8, 3], AXES), False),
        ({"bind": "image-pixels"}, ("UINT8", [8, 8]), False),
        ({"bind": "image-pixels"}, ("UINT8", [8, 8], ["y", "y"]), False),
        ({"bind": "image-pixels"}, (F, [8, 8], ["y", "x"]), False),
        ({"bind": "text"}, (TEXT, [3, "Two"]), True),
        ({"bind": "text"}, (I64, [1]), False),
        ({"bind": "number"}, ("BF16", [3]), True),
        ({"bind": "number"}, ("BOOL", [1]), False),
        ({"bind": "number"}, (TEXT, [1]), False),
        ({"bind": "texts"}, (TEXT, ["N"]), True),
        ({"bind": "texts"}, (TEXT, ["N", 1]), False),
        (AUDIO, ("INT16", ["N"]), True),
        (AUDIO, (F, ["N", "Two"]), True),
        (AUDIO, (F, ["Two", "N"]), False),
        (AUDIO, ("FP16", ["N"]), False),
        (AUDIO, (F, [1, 1, "N"]), False),
        (COLUMN, ("BOOL", ["N"]), True),
        (COLUMN, (TEXT, ["N", 1]), True),
        (COLUMN, (TEXT, ["N", "N"]), False),
        (PAIR, ("BF16", ["N", 2]), True),
        (PAIR, (F, ["N"]), False),
        (PAIR, (F, ["N", 3]), False),
        (PAIR, (I64, ["N", 2]), False),
        ({"bind": "series"}, (F, ["N"]), True),
        ({"bind": "series"}, (F, ["N", "Two", 1]), True),
        ({"bind": "series"}, (F, ["N", "Two", 2]), False),
        ({"bind": "series"}, (F, ["Two", "N"]), False),
        ({"bind": "series"}, (I64, ["N"]), False),
    ],
)
def test_an_input_fits_its_binding_or_not(binding: dict[str, Any], tensor: Any, fits: bool) -> None:
    assert faults("request", binding, {"input": tensor}) == ([] if fits else ["input"])


@pytest.mark.parametrize(
    ("binding", "tensors", "wrong"),
    [
        ({"bind": "label-scores"}, {"output": (F, ["N", 2])}, []),
        ({"bind": "label-scores"}, {"output": (F, [2])}, []),
        ({"bind": "label-scores"}, {"output": (F, [2, "N"])}, ["output"]),
        ({"bind": "label-scores"}, {"output": (I64, [2])}, ["output"]),
        ({"bind": "label-scores"}, {"output": (F, [1, 1, 2])}, ["output"]),
        ({"bind": "label-top"}, {"scores": (F, [1, 2]), "indices": ("INT32", [1, 2])}, []),
        ({"bind": "label-top"}, {"scores": (F, [1, 2]), "indices": (I64, [2])}, ["indices"]),
        ({"bind": "label-top"}, {"scores": (F, [1, 2]), "indices": ("UINT8", [1, 2])}, ["indices"]),
        ({"bind": "label-index"}, {"output": (I64, [])}, []),
        ({"bind": "label-index"}, {"output": (I64, [1, 1, 1])}, ["output"]),
        ({"bind": "label-id"}, {"output": (TEXT, ["N", 1])}, []),
        ({"bind": "label-id"}, {"output": (I64, ["N"])}, ["output"]),
        ({"bind": "boxes"}, {"boxes": (F, ["N", 4]), "scores": (F, ["N"]), "classes": (F, ["N"])}, []),
        ({"bind": "boxes"}, {"boxes": (F, [1, "N", 4]), "scores": (F, ["N"])}, ["scores"]),
        ({"bind": "boxes"}, {"boxes": (F, ["N", 5]), "scores": (F, ["N"])}, ["boxes"]),
        ({"bind": "boxes"}, {"boxes": (F, ["N", 4]), "scores": (F, ["N"]), "count": (F, [1])}, ["count"]),
        ({"bind": "text"}, {"output": (TEXT, ["N"])}, []),
        ({"bind": "lines"}, {"texts": (TEXT, ["N"]), "scores": (F, ["N", 1])}, ["scores"]),
        ({"bind": "lines"}, {"texts": (TEXT, ["N", 1])}, ["texts"]),
        ({"bind": "embeddings"}, {"output": ("FP16", ["N", "Two"])}, []),
        ({"bind": "embeddings"}, {"output": (F, ["N", 2, 2])}, ["output"]),
        ({"bind": "values"}, {"output": (I64, ["N"])}, ["output"]),
        ({"bind": "quantiles", "levels": [0.5]}, {"output": (F, ["N", 1])}, []),
        ({"bind": "quantiles", "levels": [0.5]}, {"output": (F, ["N", 2])}, ["output"]),
        ({"bind": "frames"}, {"output": (F, [1, 1, "N"])}, []),
        ({"bind": "spans"}, {"spans": (F, ["N", 2]), "texts": (TEXT, ["N"])}, []),
        ({"bind": "spans"}, {"spans": (F, ["N", 3]), "texts": (I64, ["N"])}, ["spans", "texts"]),
        ({"bind": "scores"}, {"output": (F, ["N", 1])}, []),
        ({"bind": "scores"}, {"output": (F, [1, "N", 1])}, ["output"]),
        ({"bind": "finish"}, {"output": ("INT32", [])}, []),
        ({"bind": "count"}, {"output": (F, [1])}, ["output"]),
    ],
)
def test_outputs_fit_their_binding_or_not(
    binding: dict[str, Any], tensors: dict[str, Any], wrong: list[str]
) -> None:
    assert sorted(faults("answer", binding, tensors)) == sorted(wrong)
