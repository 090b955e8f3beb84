"""Steps just beyond the edge of the table of operators, each tried alone beside the model of the gallery.

Owns the table `UNSOUND`: each breaks one rule, and nothing reads what it writes. Leaves the package to
`gallery`. Serves `package` (PKG-PRO-02).
"""

from collections.abc import Iterator, Mapping

from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Forged
from lepton_conformance.forge.gallery import MORE_SYMBOLS
from lepton_conformance.forge.sound_steps import (
    AT_INFINITY,
    Step,
    crop,
    decode,
    lookup,
    nms,
    pad,
    resize,
    step,
    tokens,
)
from lepton_conformance.forge.violation import Forge, Violation

__all__ = ["step_faults"]

#: What breaks one rule of the table of operators or of chains, by name; `+` stands for `post`.
UNSOUND: Mapping[str, Step] = {
    "cast-of-bf16": step("cast", "bf", datatype="FP32"),
    "cast-of-strings": step("cast", "t", datatype="FP32"),
    "cast-to-bf16": step("cast", "d", datatype="BF16"),
    "cast-to-strings": step("cast", "i", datatype="BYTES"),
    "rescale-of-fp64": step("rescale", "d", scale=1, offset=0),
    "rescale-of-fp16": step("rescale", "h", scale=1, offset=0),
    "rescale-of-integers": step("rescale", "i", scale=1, offset=0),
    "rescale-scale-infinite": step("rescale", "f", scale=AT_INFINITY, offset=0),
    "rescale-offset-infinite": step("rescale", "f", scale=1, offset=-AT_INFINITY),
    "normalize-of-fp64": step("normalize", "d", axis=1, mean=[0, 1], std=[1, 1]),
    "normalize-mean-infinite": step("normalize", "f", axis=2, mean=[0, 0, AT_INFINITY], std=[1, 1, 1]),
    "normalize-std-infinite": step("normalize", "f", axis=2, mean=[0, 0, 1], std=[1, 1, AT_INFINITY]),
    "normalize-last-std-zero": step("normalize", "f", axis=2, mean=[0, 0, 1], std=[1, 1, 7e-46]),
    "normalize-symbol": step("normalize", "f", axis=1, mean=[0, 0], std=[1, 1]),
    "normalize-few-means": step("normalize", "f", axis=2, mean=[0, 1], std=[1, 1, 1]),
    "normalize-many-means": step("normalize", "f", axis=2, mean=[0, 1, 2, 3], std=[1, 1, 1]),
    "normalize-few-std": step("normalize", "f", axis=2, mean=[0, 1, 2], std=[1, 1]),
    "normalize-many-std": step("normalize", "f", axis=2, mean=[0, 1, 2], std=[1, 1, 1, 1]),
    "normalize-axis": step("normalize", "f", axis=3, mean=[0, 1, 2], std=[1, 1, 1]),
    "normalize-axis-below": step("normalize", "f", axis=-4, mean=[0, 1, 2, 3], std=[1, 1, 1, 1]),
    "transpose-few": step("transpose", "f", perm=[1, 0]),
    "transpose-many": step("transpose", "d", perm=[1, 0, 2]),
    "transpose-gap": step("transpose", "f", perm=[0, 1, 3]),
    "transpose-of-a-scalar": step("transpose", "s", perm=[0]),
    "reshape-product": step("reshape", "f", shape=["M", 11]),
    "reshape-symbol-twice": step("reshape", "seq", shape=["N", "N", 5]),
    "reshape-symbol-lost": step("reshape", "seq", shape=["N", 5]),
    "reshape-symbol-more": step("reshape", "seq", shape=["N", "M", "M", 5]),
    "reshape-symbol-other": step("reshape", "seq", shape=["N", "H", 5]),
    "reshape-symbol-as-number": step("reshape", "z", shape=[2, 1]),
    "reshape-to-zero": step("reshape", "d", shape=[4, 0]),
    "softmax-of-fp64": step("softmax", "d", axis=1),
    "softmax-of-a-scalar": step("softmax", "s", axis=0),
    "softmax-of-a-scalar-below": step("softmax", "s", axis=-1),
    "softmax-axis": step("softmax", "f", axis=3),
    "softmax-axis-below": step("softmax", "f", axis=-4),
    "sigmoid-of-fp16": step("sigmoid", "h"),
    "sigmoid-of-fp64": step("sigmoid", "d"),
    "argmax-of-booleans": step("argmax", "b", axis=0),
    "argmax-of-strings": step("argmax", "t", axis=0),
    "argmax-of-bf16": step("argmax", "bf", axis=0),
    "argmax-of-a-scalar": step("argmax", "s", axis=0),
    "argmax-of-what-may-be-none": step("argmax", "z", axis=0),
    "argmax-axis": step("argmax", "d", axis=2),
    "argmax-axis-below": step("argmax", "d", axis=-3),
    "reverse-of-a-scalar": step("reverse", "at", axis=0),
    "reverse-axis": step("reverse", "b", axis=1),
    "reverse-axis-below": step("reverse", "b", axis=-2),
    "crop-larger": crop("f", [0], [5]),
    "crop-second-larger": crop("f", [0, 2], [2, 4]),
    "crop-axes-alike": crop("f", [0, -3], [2, 2]),
    "crop-axis": crop("f", [3], [1]),
    "crop-axis-below": crop("f", [-4], [1]),
    "crop-few-sizes": crop("f", [0, 2], [2]),
    "crop-many-sizes": crop("f", [0], [2, 2]),
    "pad-smaller": pad("f", [0], [3]),
    "pad-second-smaller": pad("f", [0, 2], [4, 2]),
    "pad-of-strings": pad("t", [0], [9]),
    "pad-of-bf16": pad("bf", [0], [3]),
    "pad-axes-alike": pad("f", [2, -1], [9, 9]),
    "pad-axis": pad("b", [1], [9], value=False),
    "pad-few-sizes": pad("f", [0, 2], [9]),
    "pad-value-beyond": pad("img", [1], [9], 256),
    "pad-value-below": pad("img", [1], [9], -1),
    "pad-value-fraction": pad("i", [1], [9], 0.5),
    "pad-value-beyond-int32": pad("i", [1], [9], 2147483648),
    "pad-value-beyond-fp16": pad("h", [0], [9], 65520),
    "pad-value-beyond-fp32": pad("f", [0], [9], AT_INFINITY),
    "pad-value-number-for-boolean": pad("b", [0], [9], 1),
    "pad-value-boolean-for-number": pad("f", [0], [9], value=True),
    "resize-of-integers": resize("i", [0, 1], [2, 2]),
    "resize-of-fp64": resize("d", [0, 1], [2, 2]),
    "resize-no-rounding": resize("img", [0, 1], [2, 2]),
    "resize-rounding": resize("f", [0, 2], [2, 2], rounding="floor"),
    "resize-axes-alike": resize("f", [0, -3], [2, 2]),
    "resize-axis": resize("f", [0, 3], [2, 2]),
    "resize-axis-below": resize("f", [-4, 2], [2, 2]),
    "resize-shape-rank": resize("f", [0, 2], {"shorter": 2}, shape=["Q", "M", "R", 1]),
    "resize-shape-elsewhere": resize("f", [0, 2], {"shorter": 2}, shape=["Q", "N", "R"]),
    "resize-shape-elsewhere-number": resize(
        "img", [0, 1], {"shorter": 2}, shape=["Q", "R", 1], rounding="floor"
    ),
    "tokenize-of-rank-two": tokens(["u"], ["N", 4], 3, read="tt"),
    "tokenize-of-integers": tokens(["u"], ["N", 4], 3, read="at1"),
    "tokenize-other-rows": tokens(["u"], ["M", 4], 3),
    "tokenize-one-row": tokens(["u"], [1, 4], 3),
    "tokenize-longer-than-the-columns": tokens(["u"], ["N", 4], 5),
    "tokenize-no-room": tokens(["u"], ["N", 4], 1, first="[CLS]", last="[SEP]"),
    "topk-of-fp64": step("topk", "d", ["u", "v"], axis=0, k=1),
    "topk-more-than-there-are": step("topk", "f", ["u", "v"], axis=0, k=5),
    "topk-more-than-the-smallest": step("topk", "f", ["u", "v"], axis=1, k=3),
    "topk-of-what-may-be-none": step("topk", "z", ["u", "v"], axis=0, k=1),
    "topk-axis": step("topk", "f", ["u", "v"], axis=3, k=1),
    "topk-axis-below": step("topk", "f", ["u", "v"], axis=-4, k=1),
    "topk-of-a-scalar": step("topk", "s", ["u", "v"], axis=0, k=1),
    "nms-boxes-of-three": nms("x", "xn"),
    "nms-boxes-of-rank-three": nms("f", "sc"),
    "nms-boxes-of-integers": nms("ib", "sc"),
    "nms-scores-of-another-size": nms("boxes", "sn"),
    "nms-scores-of-integers": nms("boxes", "is"),
    "nms-scores-of-rank-two": nms("boxes", "b2"),
    "ctc-of-rank-two": step("ctc_greedy", "boxes", ["u", "v"], blank=0),
    "ctc-of-an-open-size": step("ctc_greedy", "sm", ["u", "v"], blank=0),
    "ctc-of-fp64": step("ctc_greedy", "s64", ["u", "v"], blank=0),
    "ctc-blank": step("ctc_greedy", "seq", ["u", "v"], blank=5),
    "lookup-of-int32": lookup("i", join=False),
    "lookup-of-numbers": lookup("f", join=False),
    "lookup-join-of-a-scalar": lookup("at", join=True),
    "decode-of-bytes-of-many": decode("RGB", ["Q", "R", 3], read="t"),
    "decode-of-a-scalar": decode("RGB", ["Q", "R", 3], read="ones"),
    "decode-of-two": decode("RGB", ["Q", "R", 3], read="onem"),
    "decode-of-integers": decode("RGB", ["Q", "R", 3], read="i1"),
    "decode-grey-of-three": decode("GRAY", ["Q", "R", 3]),
    "decode-rgb-of-four": decode("RGB", ["Q", "R", 4]),
    "decode-rgba-of-three": decode("RGBA", ["Q", "R", 3]),
    "decode-open-channels": decode("RGB", ["Q", "R", "R"]),
    "reads-nothing-known": step("sigmoid", "nothing"),
    "second-reads-nothing-known": nms("boxes", "nothing"),
    "writes-what-is-there": step("sigmoid", "f", "sc"),
    "writes-the-input-of-the-model": step("sigmoid", "f", "x"),
    "second-writes-what-is-there": step("topk", "f", ["u", "sc"], axis=1, k=1),
    "writes-what-it-reads": step("sigmoid", "f", "f"),
    "+reads-an-input-of-the-interface": step("sigmoid", "f"),
    "+reads-an-input-of-the-model": step("sigmoid", "x"),
    "+writes-an-output": step("sigmoid", "y", "y"),
    "+normalize-infinite-mean": step("normalize", "y", axis=1, mean=[AT_INFINITY, 0], std=[1, 1]),
}
#: Sound steps in front of an unsound one: they write what it reads.
BEFORE: Mapping[str, tuple[Step, ...]] = {
    "tt": (step("reshape", "one", "tt", shape=[1, 1]),),
    "at1": (step("reshape", "at", "at1", shape=[1]),),
    "sn": (step("reshape", "s", "sn", shape=[1]),),
    "xn": (crop("x", [1], [1], "start", "xc"), step("reshape", "xc", "xn", shape=["N"])),
    "b2": (step("sigmoid", "boxes", "b2"),),
    "ib": (step("cast", "boxes", "ib", datatype="INT32"),),
    "is": (step("cast", "sc", "is", datatype="INT32"),),
    "sm": (step("transpose", "seq", "sm", perm=[0, 2, 1]),),
    "s64": (step("cast", "seq", "s64", datatype="FP64"),),
    "ones": (step("reshape", "one", "ones", shape=[]),),
    "onem": (step("reshape", "one", "onem", shape=[1, 1]),),
    "i1": (step("reshape", "at", "i1", shape=[1]),),
}


def _unsound(step: Step, *, post: bool) -> Forge:
    def forge(bases: Bases) -> Forged:
        draft = bases.gallery()
        read = [step["in"]] if isinstance(step["in"], str) else step["in"]
        before = [one for name in read for one in BEFORE.get(name, ())]
        chain = draft.manifest["processing"]["post" if post else "pre"]
        more = [{"version": 1, **one} for one in (*before, step)]
        chain.extend(more)
        used = {dim for one in more for dim in one.get("shape", ())}
        draft.manifest["symbols"].update({name: one for name, one in MORE_SYMBOLS.items() if name in used})
        return bases.finish(draft)

    return forge


def step_faults() -> Iterator[Violation]:
    """Yield the unsound steps."""
    for name, one in UNSOUND.items():
        forge = _unsound(one, post=name.startswith("+"))
        yield Violation("PKG-PRO-02", name.removeprefix("+"), forge)
