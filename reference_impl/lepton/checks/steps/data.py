"""The rules of steps from files and texts to tensors, through graphs, and from scores to answers.

Serves PKG-PRO-02.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lepton.checks.steps.types import Type, UnsoundError, axis_of, need, smallest

__all__ = ["ctc_greedy", "decode_image", "graph", "lookup", "nms", "tokenize", "topk"]

CHANNELS = {"RGB": 3, "RGBA": 4, "GRAY": 1}


def graph(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type, ...]:
    """Any; what it writes is declared."""
    if len(step["outputs"]) != len(step["out"]):
        message = f"found {len(step['outputs'])} tensors described, expected {len(step['out'])} as in out"
        raise UnsoundError("outputs", message)
    return tuple(Type(one["datatype"], tuple(one["shape"])) for one in step["outputs"])


def decode_image(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """BYTES [1] to UINT8."""
    read = need(step, given, 0, "BYTES")
    if read.shape != (1,):
        raise UnsoundError("in", f"found {list(read.shape)}, expected the shape [1]")
    count = CHANNELS[step["channels"]]
    if step["shape"][2] != count:
        message = f"found {step['shape'][2]!r}, expected {count} for {step['channels']}"
        raise UnsoundError("shape/2", message)
    return (Type("UINT8", tuple(step["shape"])),)


def tokenize(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type, ...]:
    """BYTES of rank 1 to rows of INT64 with room for the special tokens."""
    read = need(step, given, 0, "BYTES")
    if len(read.shape) != 1:
        raise UnsoundError("in", f"found the rank {len(read.shape)}, expected 1")
    rows, columns = step["shape"]
    if rows != read.shape[0]:
        raise UnsoundError("shape/0", f"found {rows!r}, expected {read.shape[0]!r} as read")
    special = sum(name in step for name in ("first", "last"))
    if special > step["maxLength"]:
        raise UnsoundError("maxLength", f"found {step['maxLength']}, expected room for {special} tokens")
    if isinstance(columns, int) and step["maxLength"] > columns:
        raise UnsoundError("maxLength", f"found {step['maxLength']}, expected at most {columns} as in shape")
    return tuple(Type("INT64", (rows, columns)) for _ in step["out"])


def lookup(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """INT64 to BYTES."""
    read = need(step, given, 0, "INT64")
    if not step["join"]:
        return (Type("BYTES", read.shape),)
    if not read.shape:
        raise UnsoundError("in", "found the rank 0, expected an axis to join along")
    return (Type("BYTES", read.shape[:-1]),)


def topk(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type, ...]:
    """FP32, along an axis that is never shorter than k."""
    read = need(step, given, 0, "FP32")
    axis = axis_of(step, read)
    least = smallest(read.shape[axis], sizes)
    if step["k"] > least:
        raise UnsoundError("k", f"found {step['k']}, expected at most {least}, the smallest size of the axis")
    shape = (*read.shape[:axis], step["k"], *read.shape[axis + 1 :])
    return Type("FP32", shape), Type("INT64", shape)


def nms(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type]:
    """FP32 boxes [m, 4] and scores [m]."""
    boxes, scores = need(step, given, 0, "FP32"), need(step, given, 1, "FP32")
    if len(boxes.shape) != 2 or boxes.shape[1] != 4:
        raise UnsoundError("in/0", f"found {list(boxes.shape)}, expected the shape [m, 4]")
    if scores.shape != boxes.shape[:1]:
        raise UnsoundError("in/1", f"found {list(scores.shape)}, expected {list(boxes.shape[:1])}")
    return (Type("INT64", tuple(step["shape"])),)


def ctc_greedy(step: Any, given: Sequence[Type], sizes: Mapping[str, int]) -> tuple[Type, ...]:
    """FP32 [n, t, c] with a fixed c above the blank."""
    read = need(step, given, 0, "FP32")
    if len(read.shape) != 3 or not isinstance(read.shape[2], int):
        raise UnsoundError("in", f"found {list(read.shape)}, expected the rank 3 with a fixed last size")
    if step["blank"] >= read.shape[2]:
        raise UnsoundError("blank", f"found {step['blank']}, expected less than {read.shape[2]}")
    return Type("INT64", read.shape[:2]), Type("INT64", read.shape[:1])
