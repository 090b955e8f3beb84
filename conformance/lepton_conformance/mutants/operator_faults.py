"""Images, text, boxes and lists computed as other programs compute them, one difference each.

Owns finer faults than `table_faults`: roundings, ties and limits in which well-known programs differ from the
table. Leaves the right answers to `oracle.steps`. Serves `package` (PKG-PRO-04, PKG-VEC-04).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from unittest import mock

import numpy as np

from lepton_conformance.oracle import png, resampling, selection, wordpiece
from lepton_conformance.oracle.answers import Array
from lepton_conformance.oracle.steps import Steps

__all__ = ["ALL"]

Step = Mapping[str, Any]


class _Patched(Steps):
    """One function of the oracle is another one."""

    module: ClassVar[Any] = None
    name: ClassVar[str] = ""
    other: ClassVar[Callable[..., Any]]

    def run(self, step: Step, arrays: Sequence[Array]) -> tuple[Array, ...]:
        with mock.patch.object(self.module, self.name, type(self).other):
            return super().run(step, arrays)


def _patch(identifier: str, document: str, module: Any, name: str, other: Callable[..., Any]) -> type[Steps]:
    members = {"module": module, "name": name, "other": staticmethod(other), "__doc__": document}
    return type(identifier, (_Patched,), {**members, "id": f"pro-04-{identifier}", "breaks": "PKG-PRO-04"})


class _Asked(Steps):
    """A step is computed with another member."""

    op: ClassVar[str] = ""
    changes: ClassVar[Mapping[str, Any]] = {}

    def run(self, step: Step, arrays: Sequence[Array]) -> tuple[Array, ...]:
        concerned = step["op"] == self.op and all(name in step for name in self.changes)
        return super().run({**step, **self.changes} if concerned else step, arrays)


def _ask(identifier: str, document: str, op: str, **changes: Any) -> type[Steps]:
    members = {"op": op, "changes": changes, "__doc__": document}
    return type(identifier, (_Asked,), {**members, "id": f"pro-04-{identifier}", "breaks": "PKG-PRO-04"})


_hat, _along, _whole = resampling.hat, resampling.along, resampling.whole
_eight_bits, _pieces, _words = png.eight_bits, wordpiece.pieces, wordpiece.words


def _sharper_hat(u: float, name: str) -> float:
    if name == "linear":
        return _hat(u, name)
    a = -0.75
    if u <= 1:
        return ((a + 2) * u - (a + 3)) * u * u + 1
    return ((a * u - 5 * a) * u + 8 * a) * u - 4 * a if u < 2 else 0.0


def _rounded_between(array: Array, axis: int, m: int, step: Step) -> Array:
    """Round to bytes after each axis."""
    answer = _along(array, axis, m, step)
    if "rounding" not in step or step["filter"] == "nearest":
        return answer
    flat = [float(_whole(float(value), step["rounding"])) for value in answer.reshape(-1)]
    return np.array(flat).reshape(answer.shape)


def _nearest_rounds(n: int, m: int, j: int, coordinates: str) -> int:
    return min(n - 1, round(j * n / m))


def _nearest_centres(n: int, m: int, j: int, coordinates: str) -> int:
    return min(n - 1, (2 * j + 1) * n // (2 * m))


def _paeth_corner_first(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((corner, left, above), key=lambda value: abs(guess - value))


def _low_bytes(image: png.Image, pixel: tuple[int, ...]) -> tuple[list[int], int]:
    values, alpha = _eight_bits(image, pixel)
    deep = image.depth == 16 and image.colour in (0, 2)
    return ([value & 255 for value in pixel], alpha) if deep else (values, alpha)


def _key_of_high_bytes(image: png.Image, pixel: tuple[int, ...]) -> tuple[list[int], int]:
    values, alpha = _eight_bits(image, pixel)
    if image.depth != 16 or image.transparency is None:
        return values, alpha
    return values, 0 if values == list(image.transparency[::2]) else 255


def _shifted_shades(image: png.Image, pixel: tuple[int, ...]) -> tuple[list[int], int]:
    values, alpha = _eight_bits(image, pixel)
    narrow = image.colour == 0 and image.depth < 8
    return ([value << (8 - image.depth) for value in pixel], alpha) if narrow else (values, alpha)


def _opaque_palette(image: png.Image, pixel: tuple[int, ...]) -> tuple[list[int], int]:
    values, alpha = _eight_bits(image, pixel)
    return values, 255 if image.colour == 3 else alpha


def _lowered_words(text: str) -> str:
    """Lower the whole text, so that a sigma at the end of a word is a final one."""
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")


def _with_marks(text: str) -> str:
    return "".join(c.lower() for c in text)


def _words_at_symbols(text: str, lowercase: bool) -> list[str]:
    import unicodedata

    apart = "".join(f" {c} " if unicodedata.category(c)[0] == "S" else c for c in text)
    return _words(apart, lowercase)


def _words_at_letters_alone(text: str, lowercase: bool) -> list[str]:
    """Take for punctuation what Unicode does, so not the dollar sign."""
    return _words(text.replace("$", "x"), lowercase)


def _pieces_of_any_length(word: str, lines: Mapping[str, int], step: Step) -> list[str]:
    return _pieces(word[:100], lines, step)


def _unknown_piece(word: str, lines: Mapping[str, int], step: Step) -> list[str]:
    """Replace only the rest of a word that is not found."""
    for length in range(len(word), 0, -1):
        found = _pieces(word[:length], lines, step)
        if step["unknown"] not in found:
            return found if length == len(word) else [*found, step["unknown"]]
    return [step["unknown"]]


def _shortest_first(word: str, lines: Mapping[str, int], step: Step) -> list[str]:
    found: list[str] = []
    while word:
        prefix = step["prefix"] if found else ""
        fitting = [n for n in range(1, len(word) + 1) if prefix + word[:n] in lines]
        if not fitting:
            return [step["unknown"]]
        found.append(prefix + word[: fitting[0]])
        word = word[fitting[0] :]
    return found


def _cleaned_lightly(text: str) -> Any:
    """Leave characters without a width in words."""
    return iter(" " if c in wordpiece.KEPT or c.isspace() else c for c in text if c != "\0")


class TokensCutAtTheEnd(Steps):
    """A row that is too long loses its last token, too."""

    id = "pro-04-tokens-cut"
    breaks = "PKG-PRO-04"

    def tokenize(self, array: Array, step: Step) -> tuple[Array, ...]:
        most = step["maxLength"]
        ids, *more = super().tokenize(array, step)
        full = ids.shape[1] == most
        if full and "last" in step:
            unlimited = {key: value for key, value in step.items() if key != "last"}
            ids = np.where(
                (more[0].sum(axis=1) == most)[:, None],
                super().tokenize(array, {**unlimited, "shape": [step["shape"][0], most]})[0],
                ids,
            )
        return ids, *more


class TopkNanLast(Steps):
    """A NaN counts as smaller than every number."""

    id = "pro-04-topk-nan"
    breaks = "PKG-PRO-04"

    def descending(self, line: Sequence[float]) -> list[int]:
        return super().descending([-math.inf if value != value else value for value in line])


class BoxesAtTheScore(Steps):
    """A box whose score is equal to the smallest is a candidate."""

    id = "pro-04-nms-score"
    breaks = "PKG-PRO-04"

    def nms(self, boxes: Array, scores: Array, step: Step) -> Array:
        return super().nms(boxes, scores, {**step, "score": np.nextafter(np.float32(step["score"]), -9)})


class BoxesLaterFirst(Steps):
    """Among equal scores the larger index comes first."""

    id = "pro-04-nms-ties"
    breaks = "PKG-PRO-04"

    def nms(self, boxes: Array, scores: Array, step: Step) -> Array:
        last = len(scores) - 1
        return last - super().nms(boxes[::-1], scores[::-1], step)


class BoxesWithoutEnd(Steps):
    """All boxes that no better one overlaps are kept."""

    id = "pro-04-nms-max"
    breaks = "PKG-PRO-04"

    def nms(self, boxes: Array, scores: Array, step: Step) -> Array:
        return super().nms(boxes, scores, {**step, "max": len(scores) + 1})


def _area(box: Sequence[float], more: float) -> float:
    return max(0.0, box[2] - box[0] + more) * max(0.0, box[3] - box[1] + more)


def _overlap(kept: Sequence[Any], candidate: Sequence[Any], more: float) -> float:
    a, b = [float(value) for value in kept], [float(value) for value in candidate]
    shared = _area([max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])], more)
    union = _area(a, more) + _area(b, more) - shared
    return shared / union if union else math.nan


class CtcFillsWithBlank(Steps):
    """What is left of a row is the blank."""

    id = "pro-04-ctc-fill"
    breaks = "PKG-PRO-04"

    def ctc_greedy(self, array: Array, step: Step) -> tuple[Array, Array]:
        classes, lengths = super().ctc_greedy(array, step)
        return np.where(classes < 0, step["blank"], classes), lengths


class CtcKeepsRepetitions(Steps):
    """Every time has its class."""

    id = "pro-04-ctc-repetitions"
    breaks = "PKG-PRO-04"

    def ctc_greedy(self, array: Array, step: Step) -> tuple[Array, Array]:
        classes, lengths = super().ctc_greedy(array, step)
        for number, line in enumerate(self.argmax(array, {"axis": 2}).tolist()):
            kept = [value for value in line if value != step["blank"]]
            classes[number] = kept + [-1] * (len(line) - len(kept))
            lengths[number] = len(kept)
        return classes, lengths


class LookupStrips(Steps):
    """Spaces around a line are no part of it."""

    id = "pro-04-lookup-strips"
    breaks = "PKG-PRO-04"

    def lines(self, step: Step) -> list[bytes]:
        return [line.strip() for line in super().lines(step)]


class LookupPassesEmptyLinesOver(Steps):
    """Empty lines are not counted."""

    id = "pro-04-lookup-empty"
    breaks = "PKG-PRO-04"

    def lines(self, step: Step) -> list[bytes]:
        return [line for line in super().lines(step) if line]


class LookupFromOne(Steps):
    """Lines are counted from 1."""

    id = "pro-04-lookup-one"
    breaks = "PKG-PRO-04"

    def lines(self, step: Step) -> list[bytes]:
        return [b"", *super().lines(step)] if step["op"] == "lookup" else super().lines(step)


class LookupWithSpaces(Steps):
    """Joined texts have a space between them."""

    id = "pro-04-lookup-spaces"
    breaks = "PKG-PRO-04"

    def lookup(self, array: Array, step: Step) -> Array:
        found = super().lookup(array, {**step, "join": False})
        if not step["join"]:
            return found
        joined = np.empty(array.shape[:-1], dtype=object)
        for place in np.ndindex(*joined.shape):
            joined[place] = b" ".join(text for text in found[place] if text)
        return joined


ALL: tuple[type[Steps], ...] = (
    _ask("resize-half-up", "Ties are rounded up.", "resize", rounding="half_up"),
    _ask("resize-half-even", "Ties are rounded to the even neighbour.", "resize", rounding="half_even"),
    _patch("resize-cubic", "The cubic filter is the one of OpenCV.", resampling, "hat", _sharper_hat),
    _patch("resize-between", "Bytes are rounded after each axis.", resampling, "along", _rounded_between),
    _patch("resize-nearest", "The nearest index is rounded.", resampling, "nearest", _nearest_rounds),
    _patch("resize-centres", "Nearest ignores `coordinates`.", resampling, "nearest", _nearest_centres),
    _patch("image-paeth", "Among equal distances the corner wins.", png, "paeth", _paeth_corner_first),
    _patch("image-deep", "Of 16 bits the low byte is taken.", png, "eight_bits", _low_bytes),
    _patch("image-key", "Transparency is compared in 8 bits.", png, "eight_bits", _key_of_high_bytes),
    _patch("image-shades", "Grey of few bits is shifted.", png, "eight_bits", _shifted_shades),
    _patch("image-palette", "A palette has no alpha.", png, "eight_bits", _opaque_palette),
    _patch("tokens-sigma", "A text is lowered as a whole.", wordpiece, "lowered", _lowered_words),
    _patch("tokens-marks", "Marks stay.", wordpiece, "lowered", _with_marks),
    _patch("tokens-symbols", "Symbols are punctuation.", wordpiece, "words", _words_at_symbols),
    _patch("tokens-dollar", "`$` is a letter.", wordpiece, "words", _words_at_letters_alone),
    _patch("tokens-long", "Words of any length are cut up.", wordpiece, "pieces", _pieces_of_any_length),
    _patch("tokens-unknown", "Only the rest is unknown.", wordpiece, "pieces", _unknown_piece),
    _patch("tokens-shortest", "The shortest beginning is taken.", wordpiece, "pieces", _shortest_first),
    _patch("tokens-cleaning", "Ideographs and invisible signs stay.", wordpiece, "cleaned", _cleaned_lightly),
    TokensCutAtTheEnd,
    TopkNanLast,
    BoxesAtTheScore,
    BoxesLaterFirst,
    BoxesWithoutEnd,
    _patch("nms-wide", "Overlaps are computed in binary64.", selection, "overlap",
           lambda a, b: _overlap(a, b, 0.0)),
    _patch("nms-pixels", "A box includes its last pixel.", selection, "overlap",
           lambda a, b: _overlap(a, b, 1.0)),
    CtcFillsWithBlank,
    CtcKeepsRepetitions,
    LookupStrips,
    LookupPassesEmptyLinesOver,
    LookupFromOne,
    LookupWithSpaces,
)  # fmt: skip
