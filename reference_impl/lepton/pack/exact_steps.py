"""The processing steps as the oracle computes them: in any float width, written apart from the runtime's.

Owns a second, plain implementation of the table of operators, so that a fault in the runtime's steps shows in
the vectors; images are in `exact_images`, texts in `exact_texts`. Leaves the soundness of chains to
`lepton.runtime.plan`. Serves PKG-PRO-04 and PKG-VEC-09.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lepton.errors import RecipeError
from lepton.pack import exact_images, exact_selection, exact_texts
from lepton.pack.rounding import Shaker
from lepton.runtime.binding import numpy_dtype
from lepton.runtime.protocol import Array
from lepton.vectors.chain import Type, chain

if TYPE_CHECKING:
    from lepton.pack.oracle import OnnxOracle

__all__ = ["ExactSteps"]

#: Operators whose rounding is the runtime's, by the ONNX operator that they are.
_ROUNDED = {"softmax": "Softmax", "sigmoid": "Sigmoid"}
#: TensorProto.FLOAT.
FLOAT = 1
#: Answers of graphs that are kept.
MOST_ANSWERS = 64

Width = type[np.floating[Any]]
Shake = tuple[float, int] | None
Read = Callable[[str], bytes]


class ExactSteps:
    """The chains of one manifest. FP32 tensors are computed and held in the width that is asked for."""

    def __init__(self, manifest: Mapping[str, Any], read: Read) -> None:
        """Keep the sound chains of a manifest; `read` returns the bytes of a file of its steps."""
        self._manifest, self._read = manifest, read
        self._oracles: dict[str, OnnxOracle] = {}
        #: What graphs answered; the stages of one input set ask a graph for the same again and again.
        self._answers: dict[tuple[Any, ...], list[Array]] = {}

    def apply(
        self,
        part: str,
        tensors: Mapping[str, Array],
        width: Width,
        shake: Shake = None,
        until: int | None = None,
    ) -> dict[str, Array]:
        """Apply `pre` or `post` to `tensors`, or its steps before number `until`.

        `shake` is a unit of roundoff and a seed: rounding errors are then planted into the graphs of steps
        and into what the standard leaves to the runtime's rounding. Raises: RecipeError when a sample is
        refused by a step.
        """
        known = dict(tensors)
        sizes = self._sizes(part, known)
        with np.errstate(all="ignore"):
            for at, (_, step, read, written) in enumerate(chain(self._manifest, part)):
                if until is not None and at >= until:
                    break
                known |= self._computed(step, read, written, known, width, shake, sizes)
        return known

    def step(
        self, pointer: str, tensors: Mapping[str, Array], width: Width, shake: Shake = None
    ) -> dict[str, Array]:
        """Apply one step to the tensors that it reads."""
        for at, step, read, written in chain(self._manifest, pointer.split("/")[2]):
            if at == pointer:
                return self._computed(step, read, written, tensors, width, shake, {})
        raise AssertionError(pointer)

    def _sizes(self, part: str, tensors: Mapping[str, Array]) -> dict[str, int]:
        side = "interface" if part == "pre" and "interface" in self._manifest else "signature"
        entries = self._manifest[side]["inputs" if part == "pre" else "outputs"]
        sizes: dict[str, int] = {}
        for entry in entries:
            if entry["name"] in tensors:
                _bind(entry["shape"], tensors[entry["name"]], sizes)
        return sizes

    def _computed(
        self,
        step: Mapping[str, Any],
        read: Sequence[Type],
        written: Sequence[Type],
        known: Mapping[str, Array],
        width: Width,
        shake: Shake,
        sizes: dict[str, int],
    ) -> dict[str, Array]:
        ins = [known[name] for name in _names(step["in"])]
        for one, array in zip(read, ins, strict=True):
            _bind(one.shape, array, sizes)
        if step["op"] == "graph":
            answers = self._graph(step, written, ins, width, shake)
        elif step["op"] in ("tokenize", "lookup"):
            answers = self._text(step, written, ins[0], sizes)
        else:
            answers = _operator(step, ins, width, sizes)
            if shake is not None and step["op"] in _ROUNDED:
                answers = Shaker(*shake).operation(_ROUNDED[step["op"]], ins, answers, lambda _: ())
        made = {
            name: np.ascontiguousarray(array) if array.ndim else np.asarray(array)
            for name, array in zip(_names(step["out"]), answers, strict=True)
        }
        for one, array in zip(written, made.values(), strict=True):
            _bind(one.shape, array, sizes)
        return made

    def _graph(
        self,
        step: Mapping[str, Any],
        written: Sequence[Type],
        ins: Sequence[Array],
        width: Width,
        shake: Shake,
    ) -> Sequence[Array]:
        from lepton.pack.oracle import OnnxOracle

        if step["file"] not in self._oracles:
            import onnx

            self._oracles[step["file"]] = OnnxOracle(onnx.load_from_string(self._read(step["file"])))
        oracle = self._oracles[step["file"]]
        key = (step["file"], width, shake, _fingerprint(ins))
        if key in self._answers:
            return self._answers[key]
        fed = dict(zip(oracle.inputs, ins, strict=True))
        narrow = {
            name: array.astype(np.float32) if array.dtype == np.float64 and known == FLOAT else array
            for (name, array), known in zip(fed.items(), oracle.inputs.values(), strict=True)
        }
        answers = None
        if shake is not None:
            oracle.double(fed)
            answers = oracle.shaken(fed, *shake)
        elif width is np.float64:
            answers = oracle.double(fed)
        answers = oracle.native(narrow) if answers is None else answers
        if len(self._answers) >= MOST_ANSWERS:
            self._answers.pop(next(iter(self._answers)))
        self._answers[key] = [answers[name] for name in oracle.outputs][: len(written)]
        return self._answers[key]

    def _text(
        self, step: Mapping[str, Any], written: Sequence[Type], array: Array, sizes: Mapping[str, int]
    ) -> Sequence[Array]:
        lines = self._read(step["file"]).split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        if step["op"] == "lookup":
            return [exact_texts.lookup(step, lines, array)]
        length = written[0].shape[1]
        symbols = self._manifest["symbols"]
        return exact_texts.tokenize(
            step,
            [line.decode() for line in lines],
            array,
            length if isinstance(length, int) else sizes.get(length, symbols[length]),
        )


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _fingerprint(arrays: Sequence[Array]) -> str:
    """Return a digest of arrays: of their types, shapes and elements."""
    state = hashlib.sha256()
    for array in arrays:
        state.update(repr((array.dtype.str, array.shape)).encode())
        state.update(repr(array.tolist()).encode() if array.dtype == np.object_ else array.tobytes())
    return state.hexdigest()


def _bind(shape: Sequence[int | str], array: Array, sizes: dict[str, int]) -> None:
    for dim, size in zip(shape, array.shape, strict=True):
        if isinstance(dim, str):
            sizes.setdefault(dim, size)


def _operator(
    step: Mapping[str, Any], ins: Sequence[Array], width: Width, sizes: Mapping[str, int]
) -> Sequence[Array]:
    x = ins[0]
    match step["op"]:
        case "cast":
            return [_cast(x, step["datatype"], width)]
        case "rescale":
            scale, offset = (width(np.float32(step[key])) for key in ("scale", "offset"))
            return [np.asarray(x.astype(width) * scale + offset)]
        case "normalize":
            moved = np.moveaxis(x.astype(width), step["axis"], -1)
            mean, std = (np.asarray(step[key], np.float32).astype(width) for key in ("mean", "std"))
            return [np.asarray(np.moveaxis((moved - mean) / std, -1, step["axis"]))]
        case "transpose":
            return [np.transpose(x, step["perm"])]
        case "reshape":
            return [x.reshape([sizes[dim] if isinstance(dim, str) else dim for dim in step["shape"]])]
        case "softmax":
            shifted = np.exp(x.astype(width) - np.max(x, axis=step["axis"], keepdims=True).astype(width))
            return [np.asarray(shifted / np.sum(shifted, axis=step["axis"], keepdims=True))]
        case "sigmoid":
            # Both forms are the same function; each is used where it cannot overflow.
            wide = x.astype(width)
            return [np.where(wide < 0, np.exp(wide) / (1 + np.exp(wide)), 1 / (1 + np.exp(-wide)))]
        case "argmax":
            return [np.asarray(np.argmax(x, axis=step["axis"]), np.int64)]
        case "reverse":
            return [np.flip(x, step["axis"])]
        case "decode_image":
            return [exact_images.decoded(step, x)]
        case "resize":
            return [exact_images.resized(step, x, width)]
        case "crop":
            return [exact_images.cropped(step, x)]
        case "pad":
            return [exact_images.padded(step, x)]
        case "topk":
            return exact_selection.topk(step, x)
        case "nms":
            return [exact_selection.nms(step, *ins)]
        case "ctc_greedy":
            return exact_selection.ctc_greedy(step, x)
    raise RecipeError(f"found the step {step['op']!r}, expected one of the table of operators")


def _cast(x: Array, name: str, width: Width) -> Array:
    if name == "FP32":
        return x.astype(width)
    target = numpy_dtype(name)
    if x.dtype.kind == "f" and target.kind in "iu":
        whole = np.trunc(x)
        limits = np.iinfo(target)  # type: ignore[type-var]  # an integer kind
        if not np.all(np.isfinite(whole)) or any(not limits.min <= int(v) <= limits.max for v in whole.flat):
            raise RecipeError(f"a cast to {name} meets a sample that it cannot hold; choose other samples")
    return x.astype(target)
