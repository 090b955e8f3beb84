"""Images, text, boxes and lists computed wrongly, one fault each.

Owns the faults of PKG-PRO-04 and PKG-PRO-06 in the operators that `step_faults` does not touch; leaves the
right answers to `oracle.steps`. Serves `package`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.steps import Refused, Steps

__all__ = ["ALL"]

Step = Mapping[str, Any]


class ImageInBgr(Steps):
    """Channels come in the order that OpenCV has."""

    id = "pro-04-image-bgr"
    breaks = "PKG-PRO-04"

    def decode_image(self, array: Array, step: Step) -> Array:
        return super().decode_image(array, step)[:, :, ::-1]


class ImageWithoutAlpha(Steps):
    """Transparent pixels keep their hidden colour."""

    id = "pro-04-image-alpha"
    breaks = "PKG-PRO-04"

    def decode_image(self, array: Array, step: Step) -> Array:
        return super().decode_image(array, {**step, "alpha": "drop"} if step["alpha"] == "white" else step)


class ImageAnyway(Steps):
    """A file that is cut off becomes a black image."""

    id = "pro-06-image-anyway"
    breaks = "PKG-PRO-06"

    def decode_image(self, array: Array, step: Step) -> Array:
        try:
            return super().decode_image(array, step)
        except Refused:
            return np.zeros((1, 1, step["shape"][2]), dtype=np.uint8)


class ResizeWithoutAntialias(Steps):
    """Smaller images skip pixels."""

    id = "pro-04-resize-antialias"
    breaks = "PKG-PRO-04"

    def resize(self, array: Array, step: Step) -> Array:
        return super().resize(array, {**step, "antialias": False})


class ResizeOnCorners(Steps):
    """Corners are taken for centres."""

    id = "pro-04-resize-corners"
    breaks = "PKG-PRO-04"

    def resize(self, array: Array, step: Step) -> Array:
        return super().resize(array, {**step, "coordinates": "align_corners", "antialias": False})


class ResizeFloors(Steps):
    """Values are cut instead of rounded."""

    id = "pro-04-resize-floors"
    breaks = "PKG-PRO-04"

    def resize(self, array: Array, step: Step) -> Array:
        return super().resize(array, {**step, "rounding": "floor"})


class ResizeLongerSide(Steps):
    """The longer side gets the size of the shorter one."""

    id = "pro-04-resize-longer"
    breaks = "PKG-PRO-04"

    def resize(self, array: Array, step: Step) -> Array:
        size = step["size"]
        return super().resize(
            array, {**step, "size": {"longer": size["shorter"]} if "shorter" in size else size}
        )


class CropAtTheStart(Steps):
    """The middle is taken for the start."""

    id = "pro-04-crop-start"
    breaks = "PKG-PRO-04"

    def before(self, spare: int, step: Step) -> int:
        return 0


class PadWithNought(Steps):
    """The value around is always 0."""

    id = "pro-04-pad-nought"
    breaks = "PKG-PRO-04"

    def pad(self, array: Array, step: Step) -> Array:
        return super().pad(array, {**step, "value": 0})


class ReverseNothing(Steps):
    """The order stays."""

    id = "pro-04-reverse-nothing"
    breaks = "PKG-PRO-04"

    def reverse(self, array: Array, step: Step) -> Array:
        return array


class TokensInAnyCase(Steps):
    """Text is never lowered."""

    id = "pro-04-tokens-case"
    breaks = "PKG-PRO-04"

    def tokenize(self, array: Array, step: Step) -> tuple[Array, ...]:
        return super().tokenize(array, {**step, "lowercase": False})


class TokensWithoutPrefix(Steps):
    """Pieces inside a word are looked up like its first one."""

    id = "pro-04-tokens-prefix"
    breaks = "PKG-PRO-04"

    def tokenize(self, array: Array, step: Step) -> tuple[Array, ...]:
        return super().tokenize(array, {**step, "prefix": ""})


class TokensOfBrokenText(Steps):
    """Bytes that are not UTF-8 are replaced."""

    id = "pro-06-tokens-broken-text"
    breaks = "PKG-PRO-06"

    def tokenize(self, array: Array, step: Step) -> tuple[Array, ...]:
        mended = np.array([text.decode(errors="replace").encode() for text in array], dtype=object)
        return super().tokenize(mended.reshape(array.shape), step)


class TopkTakesLaterTies(Steps):
    """Among equals the larger index comes first."""

    id = "pro-04-topk-ties"
    breaks = "PKG-PRO-04"

    def descending(self, line: Sequence[float]) -> list[int]:
        last = len(line) - 1
        return [last - index for index in super().descending(line[::-1])]


class BoxesAtTheThreshold(Steps):
    """A box whose overlap is equal to the threshold is dropped."""

    id = "pro-04-nms-threshold"
    breaks = "PKG-PRO-04"

    def nms(self, boxes: Array, scores: Array, step: Step) -> Array:
        return super().nms(
            boxes, scores, {**step, "iou": np.nextafter(np.float32(step["iou"]), np.float32(-1))}
        )


class BoxesInTheirOrder(Steps):
    """Indices are written in ascending order."""

    id = "pro-04-nms-order"
    breaks = "PKG-PRO-04"

    def nms(self, boxes: Array, scores: Array, step: Step) -> Array:
        return np.sort(super().nms(boxes, scores, step))


class CtcJoinsAcrossBlanks(Steps):
    """Blanks are dropped before repetitions."""

    id = "pro-04-ctc-order"
    breaks = "PKG-PRO-04"

    def ctc_greedy(self, array: Array, step: Step) -> tuple[Array, Array]:
        classes, lengths = super().ctc_greedy(array, step)
        for number, line in enumerate(classes.tolist()):
            once = [
                value
                for place, value in enumerate(line)
                if value >= 0 and value not in line[max(0, place - 1) : place]
            ]
            classes[number] = once + [-1] * (len(line) - len(once))
            lengths[number] = len(once)
        return classes, lengths


class LookupFromTheEnd(Steps):
    """Negative numbers count from the end."""

    id = "pro-06-lookup-negative"
    breaks = "PKG-PRO-06"

    def lookup(self, array: Array, step: Step) -> Array:
        count = len(self.lines(step))
        kept = np.where((array < 0) & (array != step.get("skip")), array % count, array)
        return super().lookup(kept, step)


ALL: tuple[type[Steps], ...] = (
    ImageInBgr,
    ImageWithoutAlpha,
    ImageAnyway,
    ResizeWithoutAntialias,
    ResizeOnCorners,
    ResizeFloors,
    ResizeLongerSide,
    CropAtTheStart,
    PadWithNought,
    ReverseNothing,
    TokensInAnyCase,
    TokensWithoutPrefix,
    TokensOfBrokenText,
    TopkTakesLaterTies,
    BoxesAtTheThreshold,
    BoxesInTheirOrder,
    CtcJoinsAcrossBlanks,
    LookupFromTheEnd,
)
