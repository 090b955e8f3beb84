"""Sound steps at the edge of the table of operators, each tried beside the model of the gallery.

Owns how steps are written, and the sound ones; leaves the package to `gallery` and what is unsound to
`step_edges`. Serves `package` (processing).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lepton_conformance.forge.draft import Draft, kept
from lepton_conformance.forge.gallery import GRAPH, LINES, MORE_SYMBOLS, WORDS, gallery_draft

__all__ = [
    "AT_INFINITY",
    "BELOW_INFINITY",
    "Step",
    "crop",
    "decode",
    "full_gallery",
    "graph",
    "lookup",
    "nms",
    "other_gallery",
    "pad",
    "plain_gallery",
    "resize",
    "sound_steps",
    "step",
    "tokens",
]

Step = Mapping[str, Any]


def step(op: str, read: Any, write: Any = "u", **members: Any) -> dict[str, Any]:
    """Return a step; `u` is a name that nothing has."""
    return {"op": op, "in": read, "out": write, **members}


def resize(read: Any, axes: Sequence[int], size: Any, **members: Any) -> dict[str, Any]:
    """Return a step that resizes, linear and without antialiasing unless said otherwise."""
    plain = {"filter": "linear", "antialias": False, "coordinates": "half_pixel"}
    return step("resize", read, axes=axes, size=size, **{**plain, **members})


def crop(
    read: Any, axes: Sequence[int], size: Sequence[int], anchor: str = "center", write: Any = "u"
) -> dict[str, Any]:
    """Return a step that cuts."""
    return step("crop", read, write, axes=axes, size=size, anchor=anchor)


def pad(read: Any, axes: Sequence[int], size: Sequence[int], value: Any = 0) -> dict[str, Any]:
    """Return a step that surrounds."""
    return step("pad", read, axes=axes, size=size, anchor="start", value=value)


def tokens(out: Any, shape: Sequence[Any], most: int, **members: Any) -> dict[str, Any]:
    """Return a step that cuts texts into words of the file of words."""
    said = {
        "algorithm": "wordpiece",
        "lowercase": False,
        "prefix": "##",
        "unknown": "[UNK]",
        "padding": "[PAD]",
    }
    return step(
        "tokenize", members.pop("read", "t"), out, file=WORDS, maxLength=most, shape=shape, **said, **members
    )


def nms(boxes: str, scores: str, shape: Sequence[Any] = ("K",)) -> dict[str, Any]:
    """Return a step that keeps boxes."""
    return step("nms", [boxes, scores], iou=0.5, score=0.25, max=9, shape=list(shape))


def decode(channels: str, shape: Sequence[Any], read: str = "one") -> dict[str, Any]:
    """Return a step that decodes an image."""
    alpha = "keep" if channels == "RGBA" else "drop"
    return step("decode_image", read, format="png", channels=channels, alpha=alpha, shape=shape)


def lookup(read: str, *, join: bool) -> dict[str, Any]:
    """Return a step that replaces numbers by lines."""
    return step("lookup", read, file=LINES, join=join)


def graph(
    read: Sequence[str], out: Sequence[str], *shapes: Sequence[Any], datatype: str = "FP32"
) -> dict[str, Any]:
    """Return a step that runs the graph of the gallery."""
    outputs = [{"datatype": datatype, "shape": list(shape)} for shape in shapes]
    return step("graph", list(read), list(out), file=GRAPH, outputs=outputs)


#: Largest number that is less than the middle of the largest binary32 and 2^128; that middle is rounded up.
BELOW_INFINITY, AT_INFINITY = 3.4028235677973362e38, 3.4028235677973366e38

#: Sound steps of `pre`; each writes a tensor that nothing reads.
SOUND: tuple[Step, ...] = (
    *(step("cast", read, datatype=kind) for read, kind in (
        ("i", "FP16"), ("b", "INT8"), ("d", "BOOL"), ("s", "FP64"), ("at", "UINT8"), ("h", "FP32"),
        ("img", "INT64"))),
    *(step("transpose", read, perm=perm) for read, perm in (
        ("f", [2, 0, 1]), ("bf", [0]), ("t", [0]), ("d", [1, 0]))),
    *(step("reshape", read, shape=shape) for read, shape in (
        ("f", ["M", 12]), ("f", ["M", 2, 6]), ("f", [12, 1, "M"]), ("s", [1, 1]), ("one", []),
        ("z", [2, "Z"]), ("seq", ["M", 5, "N"]), ("b", [2, 1]), ("bf", [1, 2]))),
    *(step("softmax", read, axis=axis) for read, axis in (("f", -3), ("f", 2), ("sc", 0), ("sc", -1))),
    *(step("argmax", read, axis=axis) for read, axis in (
        ("f", -1), ("f", 1), ("f", -3), ("idx", 0), ("img", 2), ("d", -1), ("h", 0))),
    *(step("reverse", read, axis=axis) for read, axis in (
        ("t", 0), ("b", -1), ("bf", -1), ("i", 1), ("z", 0))),
)  # fmt: skip
MORE_SOUND: tuple[Step, ...] = (
    *(crop(*one) for one in (
        ("f", [0], [4]), ("f", [0, 2], [4, 3], "start"), ("f", [-2], [2]), ("f", [2, 0], [1, 3]),
        ("t", [0], [1]), ("bf", [0], [1]), ("img", [1, 2], [3, 3]))),
    *(pad(*one) for one in (
        ("f", [0], [4]), ("f", [-3, -1], [5, 4]), ("f", [1], [6], -0.5), ("b", [0], [3], True),
        ("h", [0], [4], 65504), ("i", [1], [3], -2147483648), ("img", [1, 2], [5, 3], 255),
        ("d", [0], [3], 1e300), ("idx", [0], [3], -7))),
    resize("img", [0, 1], [1, 1], rounding="floor"),
    resize("img", [1, 0], [3, 2], rounding="half_up"),
    resize("f", [0, 2], [2, 2]),
    resize("f", [-1, -3], [1, 5], filter="cubic"),
    resize("img", [0, 1], {"longer": 4}, shape=["Q", "R", 3], rounding="half_even"),
    resize("f", [0, 2], {"shorter": 2}, shape=["Q", "M", "R"]),
    tokens(["u"], ["N", "T"], 2, first="[CLS]", last="[SEP]"),
    tokens(["u", "v"], ["N", 4], 4, first="[CLS]"),
    tokens(["u", "v", "w"], ["N", 3], 1),
    *(step("topk", "f", ["u", "v"], axis=axis, k=k) for axis, k in ((1, 2), (0, 4), (-1, 3))),
    nms("boxes", "sc"),
    *(step("ctc_greedy", "seq", ["u", "v"], blank=blank) for blank in (0, 4)),
    *(lookup(read, join=join) for read, join in (("idx", True), ("idx", False), ("at", False))),
    decode("RGB", ["Q", 4, 3]),
    decode("GRAY", ["Q", "R", 1]),
    decode("RGBA", ["Q", 4, 4]),
    graph(["f"], ["u"], [4, "M", 3]),
)  # fmt: skip
#: Sound steps of `post`, which reads what the model writes.
SOUND_POST: tuple[Step, ...] = (
    step("rescale", "y", scale=BELOW_INFINITY, offset=-BELOW_INFINITY),
    step("rescale", "y", scale=0.1, offset=0),
    step("normalize", "y", axis=1, mean=[BELOW_INFINITY, 0.5], std=[1e-45, 0.25]),
    step("normalize", "y", axis=-1, mean=[0.25, 0.5], std=[7.1e-46, 3]),
    step("sigmoid", "y"),
    step("transpose", "y", perm=[1, 0]),
)


def _numbered(steps: Sequence[Step], prefix: str = "u") -> list[Step]:
    """Return steps that all write names of their own, with sizes of their own."""
    found: list[Step] = []
    for number, step in enumerate(steps):
        new: Any = f"{prefix}{number}"
        if not isinstance(step["out"], str):
            new = [f"{prefix}{number}{one}" for one in step["out"]]
        changed = {**step, "out": new}
        if "shape" in step and step["op"] != "reshape":
            changed["shape"] = [f"{one}{number}" if one in MORE_SYMBOLS else one for one in step["shape"]]
        found.append(changed)
    return found


def sound_steps(chosen: Sequence[int]) -> tuple[list[Step], list[Step]]:
    """Return some of the sound steps, of `pre` and of `post`, by their numbers."""
    every = [*SOUND, *MORE_SOUND]
    pre: list[Step] = [every[at % len(every)] for at in chosen]
    return _numbered(pre), _numbered([SOUND_POST[at % len(SOUND_POST)] for at in chosen[:2]], "p")


@kept
def full_gallery() -> Draft:
    """Return the package with the first sound steps."""
    return gallery_draft(_numbered(SOUND), _numbered(SOUND_POST, "p"))


@kept
def other_gallery() -> Draft:
    """Return the package with the other sound steps."""
    return gallery_draft(_numbered(MORE_SOUND))


@kept
def plain_gallery() -> Draft:
    """Return the package without steps."""
    return gallery_draft()
