"""Symbols, images, labels and defaults at the edge of the topic PKG-SIG, in every place where they may stand.

Owns valid packages full of them, and what breaks one rule. Serves `package`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lepton_conformance.forge.bases import Bases
from lepton_conformance.forge.draft import Draft, Forged, kept
from lepton_conformance.forge.gallery import gallery_draft
from lepton_conformance.forge.sound_steps import BELOW_INFINITY, Step, step, tokens
from lepton_conformance.forge.valid import ValidPackage, vision_draft
from lepton_conformance.forge.violation import Forge, Violation, manifest

__all__ = ["interface_faults", "sound_interfaces"]

#: Defaults that are elements of their datatypes, at both ends.
RIGHT: Sequence[tuple[str, Any]] = (
    ("BOOL", True),
    ("BOOL", False),
    *((f"INT{bits}", sign * 2 ** (bits - 1) - (sign > 0)) for bits in (8, 16, 32) for sign in (-1, 1)),
    *((f"UINT{bits}", value) for bits in (8, 16, 32) for value in (0, 2**bits - 1)),
    ("INT64", 1 - 2**53),
    ("UINT64", 2**53 - 1),
    ("FP16", 65519.99),
    ("FP16", -65504),
    ("BF16", 3.3961775292304597e38),
    ("FP32", BELOW_INFINITY),
    ("FP32", -BELOW_INFINITY),
    ("FP64", 1.7976931348623157e308),
    ("FP64", 5e-324),
    ("BYTES", ""),
    ("BYTES", "a\u0000\u00e9"),
)
#: Defaults that are none.
WRONG: Mapping[str, tuple[str, Any]] = {
    "zero-for-a-boolean": ("BOOL", 0),
    "one-for-a-boolean": ("BOOL", 1),
    "text-for-a-boolean": ("BOOL", "true"),
    "boolean-for-an-integer": ("INT32", True),
    "fraction-for-an-integer": ("INT32", 0.5),
    "text-for-an-integer": ("INT32", "1"),
    "number-for-text": ("BYTES", 1),
    "boolean-for-text": ("BYTES", False),
    "text-for-fp64": ("FP64", "1"),
    "boolean-for-fp16": ("FP16", True),
    **{f"beyond-int{bits}": (f"INT{bits}", 2 ** (bits - 1)) for bits in (8, 16, 32)},
    **{f"below-int{bits}": (f"INT{bits}", -(2 ** (bits - 1)) - 1) for bits in (8, 16, 32)},
    **{f"beyond-uint{bits}": (f"UINT{bits}", 2**bits) for bits in (8, 16, 32)},
    **{f"below-uint{bits}": (f"UINT{bits}", -1) for bits in (8, 16, 32, 64)},
    "beyond-int64": ("INT64", 1e19),
    "below-int64": ("INT64", -1e19),
    "beyond-uint64": ("UINT64", 2e19),
    "beyond-fp16": ("FP16", 65520),
    "below-fp16": ("FP16", -65520),
    "beyond-bf16": ("BF16", 3.39617752923046e38),
    "beyond-fp32": ("FP32", 3.4028235677973366e38),
    "below-fp32": ("FP32", -3.4028235677973366e38),
}


@kept
def defaults_draft() -> Draft:
    """Return the package of all kinds of tensors with optional inputs beside them, of every datatype."""
    draft = gallery_draft()
    for number, (datatype, value) in enumerate(RIGHT):
        draft.manifest["interface"]["inputs"].append(_optional(f"o{number}", datatype, value))
    return draft


def _optional(name: str, datatype: str, value: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": ["N"], "optional": True, "default": value}


def _wrong(datatype: str, value: Any) -> Forge:
    return _added(lambda m: m["interface"]["inputs"].append(_optional("o", datatype, value)))


def _added(change: Callable[[Any], object]) -> Forge:
    def forge(bases: Bases) -> Forged:
        draft = bases.gallery()
        change(draft.manifest)
        return bases.finish(draft)

    return forge


def _image(order: str, shape: Sequence[Any], axes: Sequence[str], datatype: str = "UINT8") -> dict[str, Any]:
    space = "grayscale" if order == "GRAY" else "sRGB"
    content = {"kind": "image", "channelOrder": order, "colourSpace": space, "range": [0, 255]}
    return {"datatype": datatype, "shape": list(shape), "axes": list(axes), "content": content}


#: Images that say how they are laid out.
IMAGES: Sequence[dict[str, Any]] = (
    _image("GRAY", ["H", 3], ["y", "x"]),
    _image("GRAY", [1, 3, "H"], ["channel", "x", "y"]),
    _image("GRAY", [2, 2, 3, 1, 3], ["y", "x", "other", "channel", "batch"], "FP32"),
)
BAD_IMAGES: Mapping[str, dict[str, Any]] = {
    "grey-of-a-symbol": _image("GRAY", [2, 3, "H"], ["y", "x", "channel"]),
    "grey-of-two": _image("GRAY", [2, 3, 2], ["y", "x", "channel"]),
    "grey-of-none": _image("GRAY", [2, 3, 0], ["y", "x", "channel"]),
    "grey-of-two-axes": _image("GRAY", [2, 3, 1, 1], ["y", "x", "channel", "channel"]),
    "bgr-of-a-symbol": _image("BGR", [2, 3, "H"], ["y", "x", "channel"]),
    "rgb-of-one": _image("RGB", [2, 3, 1], ["y", "x", "channel"]),
    "rgb-of-four": _image("RGB", [2, 3, 4], ["y", "x", "channel"]),
    "bgr-of-four": _image("BGR", [2, 3, 4], ["y", "x", "channel"]),
    "rgba-of-three": _image("RGBA", [2, 3, 3], ["y", "x", "channel"]),
    "rgb-of-two-axes": _image("RGB", [2, 3, 3, 3], ["y", "x", "channel", "channel"]),
    "two-y": _image("RGB", [2, 3, 3, 2], ["y", "x", "channel", "y"]),
    "no-x": _image("RGB", [2, 3, 3], ["y", "other", "channel"]),
    "grey-without-y": _image("GRAY", [2, 3], ["x", "other"]),
}
_AXES = ["y", "x", "channel"]
_TWO = {"en": ["a", "b"]}
_NAMES = {"en": ["a", "b"], "zh": ["甲", "乙"], "fr": ["a", "b"]}


@kept
def images_draft() -> Draft:
    """Return the package with images, labels and axes of many kinds, and symbols that only steps have."""
    rows = tokens(["u"], ["N", "T"], 2)
    shown = step("reshape", "d", "r", shape=[4, 1])
    draft = gallery_draft([rows, shown])
    inputs = draft.manifest["interface"]["inputs"]
    for number, image in enumerate(IMAGES):
        inputs.append({"name": f"g{number}", "optional": True, "default": 0, **image})
    labelled = {"datatype": "FP32", "optional": True, "default": 0}
    inputs.append({"name": "l0", **labelled, "shape": [2, "N"], "labels": {"axis": 0, "names": _TWO}})
    inputs.append({"name": "l1", **labelled, "shape": [1, 2], "labels": {"axis": 1, "names": _NAMES}})
    inputs.append({"name": "l2", **labelled, "shape": [], "axes": []})
    return draft


@kept
def colours_draft() -> Draft:
    """Return the package with an image at its interface whose model reads an image, too, and another one."""
    draft = vision_draft()
    manifest_ = draft.manifest
    planes = _image("BGR", ["N", 3, "H", "W"], ["batch", "channel", "y", "x"], "FP32")
    manifest_["signature"]["inputs"][0].update(planes)
    more = _image("RGBA", [2, 2, 4, 3], ["y", "x", "channel", "other"])
    manifest_["interface"]["inputs"].append({"name": "g", "optional": True, "default": 0, **more})
    return draft


def _bad_image(image: Mapping[str, Any]) -> Forge:
    more = {"name": "g", "optional": True, "default": 0, **image}
    return manifest(lambda m: m["interface"]["inputs"].append(more), Bases.vision)


def _labels(shape: Sequence[Any], axis: int, names: Mapping[str, Any]) -> Forge:
    more: dict[str, Any] = {"name": "g", "datatype": "FP32", "shape": list(shape), "optional": True}
    more |= {"default": 0, "labels": {"axis": axis, "names": dict(names)}}
    return _added(lambda m: m["interface"]["inputs"].append(more))


def _axes(shape: Sequence[Any], axes: Sequence[str]) -> Forge:
    more = {"name": "g", "datatype": "FP32", "shape": list(shape), "optional": True, "default": 0}
    return _added(lambda m: m["interface"]["inputs"].append({**more, "axes": list(axes)}))


def _undeclared(*steps: Step) -> Forge:
    """Return a forge with steps whose symbols nothing declares."""
    return _added(lambda m: m["processing"]["pre"].extend({"version": 1, **one} for one in steps))


def _side(side: str, which: str, **members: Any) -> Forge:
    return manifest(lambda m: m[side][which][0].update(members), Bases.threshold)


def _symbol(**bounds: Any) -> Forge:
    """Return a forge in which a symbol that an optional input has is bounded otherwise."""

    def change(document: dict[str, Any]) -> None:
        document["symbols"]["X"] = bounds
        more = {"name": "g", "datatype": "FP32", "shape": ["X"], "optional": True, "default": 0}
        document["interface"]["inputs"].append(more)

    return _added(change)


_BOTH = {"optional": True, "default": False}
_FAULTS: tuple[Violation, ...] = (
    *(Violation("PKG-SIG-09", name, _wrong(*one)) for name, one in WRONG.items()),
    Violation("PKG-SIG-09", "optional-output-of-the-interface", _side("interface", "outputs", **_BOTH)),
    Violation("PKG-SIG-09", "optional-output-of-the-signature", _side("signature", "outputs", **_BOTH)),
    Violation(
        "PKG-SIG-09",
        "default-in-the-signature",
        manifest(lambda m: m["signature"]["inputs"][1].update(default="half"), Bases.threshold),
    ),
    *(Violation("PKG-SIG-05", name, _bad_image(one)) for name, one in BAD_IMAGES.items()),
    Violation(
        "PKG-SIG-05",
        "in-the-signature",
        manifest(lambda m: m["signature"]["inputs"][0].update(content=IMAGES[0]["content"]), Bases.vision),
    ),
    Violation(
        "PKG-SIG-05",
        "in-an-output",
        manifest(lambda m: m["interface"]["outputs"][0].update(content=IMAGES[0]["content"]), Bases.vision),
    ),
    Violation("PKG-SIG-06", "fewer", _labels([3, "N"], 0, _TWO)),
    Violation("PKG-SIG-06", "more", _labels([1, "N"], 0, _TWO)),
    Violation("PKG-SIG-06", "open", _labels([2, "N"], 1, _TWO)),
    Violation("PKG-SIG-06", "no-such-axis", _labels([2, 2], 2, _TWO)),
    Violation("PKG-SIG-06", "axis-of-a-scalar", _labels([], 0, _TWO)),
    Violation("PKG-SIG-06", "other-axis-fits", _labels([3, 2], 0, _TWO)),
    Violation("PKG-SIG-07", "third-language", _labels([2], 0, {**_NAMES, "fr": ["a"]})),
    Violation("PKG-SIG-07", "one-more", _labels([2], 0, {**_TWO, "zh": ["甲", "乙", "丙"]})),
    Violation("PKG-SIG-07", "default-language-shorter", _labels([2], 0, {"de": ["a", "b"], "en": ["a"]})),
    Violation("PKG-SIG-08", "of-a-scalar", _axes([], ["batch"])),
    Violation("PKG-SIG-08", "none-of-one", _axes([2], [])),
    Violation("PKG-SIG-08", "two-of-three", _axes([2, 3, 4], _AXES[:2])),
    Violation(
        "PKG-SIG-08",
        "output-of-the-interface",
        manifest(lambda m: m["interface"]["outputs"][0].update(axes=["batch"]), Bases.vision),
    ),
    Violation("PKG-SIG-02", "in-tokenize", _undeclared(tokens(["u"], ["N", "T"], 2))),
    Violation(
        "PKG-SIG-02",
        "in-a-graph-of-post",
        manifest(lambda m: m["processing"]["post"][0]["outputs"][0]["shape"].__setitem__(0, "V"), Bases.text),
    ),
    Violation(
        "PKG-SIG-02",
        "in-two-places",
        _undeclared(tokens(["u"], ["N", "T"], 2), tokens(["v"], ["N", "T"], 2)),
        exact=True,
    ),
    Violation(
        "PKG-SIG-02",
        "two-symbols",
        _undeclared(tokens(["u"], ["N", "T"], 2), tokens(["v"], ["N", "U"], 2)),
        findings=2,
    ),
    Violation(
        "PKG-SIG-02",
        "in-an-output-of-the-interface",
        manifest(lambda m: m["interface"]["outputs"][1].update(shape=["V"]), Bases.vision),
    ),
    Violation(
        "PKG-SIG-02",
        "in-an-input-of-the-interface",
        _added(lambda m: m["interface"]["inputs"].append({**_optional("o", "FP32", 0), "shape": [1, "V"]})),
    ),
    Violation("PKG-SIG-03", "max-one-too-small", _symbol(min=5, max=4)),
    Violation("PKG-SIG-03", "no-multiple", _symbol(min=5, max=7, multipleOf=4)),
    Violation("PKG-SIG-03", "multiple-beyond", _symbol(min=1, max=2, multipleOf=3)),
    Violation(
        "PKG-SIG-04", "declared-in-vain", _added(lambda m: m["symbols"].update(V={"min": 1, "max": 2}))
    ),
    Violation(
        "PKG-SIG-04",
        "unbounded-in-vain",
        _added(lambda m: m["symbols"].update(V={"min": 1, "unbounded": True})),
    ),
)


def interface_faults() -> Iterator[Violation]:
    """Yield the packages that break one rule."""
    yield from _FAULTS


def sound_interfaces() -> Iterator[ValidPackage]:
    """Yield the valid packages."""
    yield ValidPackage("defaults", lambda: defaults_draft().directory())
    yield ValidPackage("colours", lambda: colours_draft().directory())
    yield ValidPackage("images-and-labels", lambda: images_draft().archive())
