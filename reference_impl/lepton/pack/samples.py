"""Inputs for golden vectors: cut from the author's real data, or drawn from a fixed seed.

Owns sizes (the smallest twice, then one step more, a middle one and a larger one, in another order for each
symbol) and values; leaves answers to `cases` and the choice to `golden`. Serves PKG-VEC-01 and PKG-VEC-05.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lepton.errors import RecipeError
from lepton.pack.exact_images import encoded_png
from lepton.pack.recipe import Recipe
from lepton.runtime.binding import numpy_dtype, smallest_size
from lepton.runtime.protocol import Array
from lepton.tensor import Symbol, TensorSpec, datatype

__all__ = ["DEFAULT_SEED", "SPREAD", "InputMaker"]

DEFAULT_SEED = 20260101
#: Bytes of a file of samples.
MAX_SAMPLES_BYTES = 1024**3
#: Sets in a spread of sizes.
SPREAD = 5
#: Elements of all inputs of a set together, where that is no less than what the smallest sizes take.
MOST_ELEMENTS = 65_536
_TEXTS = ("", "lepton", "轻子", "naïve café", "a b\tc", "𝛌")


@dataclass(frozen=True, slots=True)
class InputMaker:
    """Makes input sets for one stage, one after another, from samples as long as there are any."""

    recipe: Recipe
    specs: tuple[TensorSpec, ...]
    entries: tuple[Mapping[str, Any], ...]
    symbols: Mapping[str, Symbol]
    #: The steps that decode inputs, by the name of the input.
    images: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """The seed of everything drawn."""
        seed: int = self.recipe.document.get("vectors", {}).get("seed", DEFAULT_SEED)
        return seed

    def input_sets(self) -> Iterator[dict[str, Array]]:
        """Yield input sets of a spread of sizes, then further ones in the same rhythm.

        The first two have the same shapes; there is no end of sets that are drawn.
        """
        samples = self.recipe.document.get("vectors", {}).get("samples")
        if samples is None:
            return self._drawn()
        return self._cut(_read_samples(self.recipe.file(samples), self.specs))

    def candidates(self) -> Iterator[dict[str, Array]]:
        """Yield further input sets, each of another kind, in search of one that exposes a wrong model.

        Rows of samples in other company and order; or values drawn larger, smaller and sparser.
        """
        samples = self.recipe.document.get("vectors", {}).get("samples")
        if samples is None:
            return self._drawn(SPREAD, scales=(4.0, 0.25, 16.0, 1.0, 0.0625))
        return self._mixed(_read_samples(self.recipe.file(samples), self.specs))

    def _drawn(self, number: int = 0, scales: Sequence[float] = (1.0,)) -> Iterator[dict[str, Array]]:
        generator = np.random.default_rng(self.seed if number == 0 else [self.seed, number])
        spread = self._spread()
        while True:
            sizes = {name: spread[name][number % SPREAD] for name in self.symbols}
            yield {
                spec.name: self._values(spec, entry, sizes, generator, scales[number % len(scales)])
                for spec, entry in zip(self.specs, self.entries, strict=True)
            }
            number += 1

    def _spread(self) -> dict[str, tuple[int, ...]]:
        """Return the sizes of each symbol in the sets one to five.

        The two of an image's plane are equal in the first two sets where they can be; after these, the sizes
        come in another order for each symbol, so that no two symbols are large together.
        """
        smallest = self._smallest()
        room = MOST_ELEMENTS // max(1, sum(self._count(spec, smallest) for spec in self.specs))
        spread = {}
        for place, name in enumerate(self.symbols):
            small = smallest[name]
            steps = _larger(self.symbols[name], small, room)
            turned = steps[place % 3 :] + steps[: place % 3]
            spread[name] = (small, small, *turned)
        return spread

    def _smallest(self) -> dict[str, int]:
        sizes = {name: _small(symbol) for name, symbol in self.symbols.items()}
        for spec in self.specs:
            axes = list(spec.axes or ())
            if axes.count("y") != 1 or axes.count("x") != 1:
                continue
            pair = [spec.shape[axes.index("y")], spec.shape[axes.index("x")]]
            known = [sizes[dim] if isinstance(dim, str) else dim for dim in pair]
            for common in range(max(2, *known), 4 * max(2, *known) + 1):
                fits = [
                    self.symbols[dim].admits(common) if isinstance(dim, str) else dim == common
                    for dim in pair
                ]
                if all(fits):
                    sizes |= {dim: common for dim in pair if isinstance(dim, str)}
                    break
        return sizes

    def _count(self, spec: TensorSpec, sizes: Mapping[str, int]) -> int:
        return int(
            np.prod([sizes[dim] if isinstance(dim, str) else dim for dim in spec.shape], dtype=np.int64)
        )

    def _values(
        self,
        spec: TensorSpec,
        entry: Mapping[str, Any],
        sizes: Mapping[str, int],
        generator: np.random.Generator,
        scale: float,
    ) -> Array:
        shape = [sizes[dim] if isinstance(dim, str) else dim for dim in spec.shape]
        kind = datatype(spec.datatype).kind
        if kind == "boolean":
            return generator.integers(0, 2, shape).astype(bool)
        if kind == "bytes" and spec.name in self.images:
            return self._image(self.images[spec.name], sizes, generator)
        if kind == "bytes":
            texts: Array = np.empty(int(np.prod(shape)), dtype=object)
            for index in range(texts.size):
                texts[index] = _TEXTS[int(generator.integers(len(_TEXTS)))].encode()
            return texts.reshape(shape)
        dtype = numpy_dtype(spec.datatype)
        bounds = self._bounds(spec, entry)
        if kind == "float":
            if bounds is None:
                drawn = scale * generator.standard_normal(shape)
            else:
                drawn = generator.uniform(*bounds, shape)
            return np.asarray(drawn).astype(dtype)
        low, high = bounds if bounds is not None else self._integer_bounds(spec)
        return np.asarray(generator.integers(int(low), int(high), shape, dtype=dtype, endpoint=True))

    def _image(
        self, step: Mapping[str, Any], sizes: Mapping[str, int], generator: np.random.Generator
    ) -> Array:
        """Draw a PNG file: a coarse pattern, enlarged, so that neither its pixels nor its parts are alike."""
        channels = {"GRAY": 1, "RGB": 3, "RGBA": 4}[step["channels"]]
        height, width = (sizes.get(dim, 64) if isinstance(dim, str) else dim for dim in step["shape"][:2])
        coarse = generator.integers(0, 256, (-(-height // 8), -(-width // 8), channels))
        pattern = np.kron(coarse, np.ones((8, 8, 1), np.int64))[:height, :width]
        noisy = np.clip(pattern + generator.integers(-24, 25, (height, width, channels)), 0, 255)
        file: Array = np.empty(1, dtype=object)
        file[0] = encoded_png(noisy.astype(np.uint8))
        return file

    def _bounds(self, spec: TensorSpec, entry: Mapping[str, Any]) -> tuple[float, float] | None:
        given = self.recipe.document.get("vectors", {}).get("ranges", {}).get(spec.name)
        given = given or entry.get("content", {}).get("range")
        if given is None:
            return None
        low, high = given
        fits = datatype(spec.datatype).kind == "float" or (
            (limits := np.iinfo(numpy_dtype(spec.datatype)))  # type: ignore[type-var]  # an integer kind
            and limits.min <= low <= high <= limits.max
        )
        if low > high or not fits:
            raise RecipeError(
                f"{self.recipe.name}: found the range {given} for {spec.name!r}, expected the least and then "
                f"the greatest value, both within {spec.datatype}"
            )
        return low, high

    def _integer_bounds(self, spec: TensorSpec) -> tuple[float, float]:
        if spec.datatype == "UINT8":
            return 0, 255
        raise RecipeError(
            f"{self.recipe.name}: integers for {spec.name!r} cannot be guessed; give "
            "`vectors: {samples: FILE.npz}` with real inputs, or "
            f"`vectors: {{ranges: {{{spec.name}: [0, 9]}}}}` with the true bounds"
        )

    def _cut(self, samples: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
        """Cut rows of the first dimension where samples have the tensors' own rank, else whole samples."""
        batch = {spec.shape[0] if spec.shape else None for spec in self.specs}
        has_batch = len(batch) == 1 and isinstance(next(iter(batch)), str)
        by_rows = all(samples[spec.name].ndim == len(spec.shape) for spec in self.specs)
        whole = all(samples[spec.name].ndim == len(spec.shape) + 1 for spec in self.specs)
        counts = {samples[spec.name].shape[0] for spec in self.specs if samples[spec.name].ndim}
        if len(counts) != 1 or not (whole or (by_rows and has_batch)):
            shapes = {name: list(array.shape) for name, array in samples.items()}
            raise RecipeError(
                f"{self.recipe.name}: found samples of shapes {shapes}, expected as many rows for each input "
                f"of {[list(spec.shape) for spec in self.specs]}, or one more dimension that counts samples"
            )
        count, place, number = counts.pop(), 0, 0
        rows: tuple[int, ...] = (1,)
        if by_rows:
            rows = _fitted(self._spread()[str(next(iter(batch)))], count)
        while place + rows[number % len(rows)] <= count:
            taken = slice(place, place + rows[number % len(rows)]) if by_rows else place
            yield {spec.name: np.array(samples[spec.name][taken], order="C") for spec in self.specs}
            place, number = place + rows[number % len(rows)], number + 1

    def _mixed(self, samples: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
        """Yield rows of samples in another order, as many as a batch takes, or whole samples again.

        Every other set is crossed: the beginning of one sample with the end of another, which lies between
        what a model is sure of.
        """
        generator = np.random.default_rng([self.seed, 1])
        by_rows = all(samples[spec.name].ndim == len(spec.shape) for spec in self.specs)
        count = samples[self.specs[0].name].shape[0]
        rows = 1
        if by_rows:
            rows = max(_fitted(self._spread()[str(self.specs[0].shape[0])], count))
        crossed = False
        while True:
            chosen = generator.choice(count, size=rows, replace=False)
            other, part = generator.choice(count, size=rows, replace=False), float(generator.uniform())
            taken, beside = (chosen, other) if by_rows else (int(chosen[0]), int(other[0]))
            yield {
                spec.name: _crossed(
                    samples[spec.name][taken], samples[spec.name][beside], part if crossed else 1
                )
                for spec in self.specs
            }
            crossed = not crossed


def _crossed(one: Array, other: Array, part: float) -> Array:
    """Return the first part of one array along its last axis, and the rest of another."""
    made = np.array(one, order="C")
    if made.ndim and one.shape == other.shape:
        at = round(part * made.shape[-1])
        made[..., at:] = other[..., at:]
    return made


def _fitted(sizes: Sequence[int], count: int) -> tuple[int, ...]:
    """Return sizes of batches that can be cut one after another from `count` rows: the small ones first."""
    fitted = list(sizes)
    while sum(fitted) > count and len(fitted) > 3:
        fitted.remove(max(fitted[2:]))
    fitted[2:] = [max(fitted[0], min(size, count - sum(fitted[:2]))) for size in fitted[2:]]
    return tuple(fitted)


def _small(symbol: Symbol) -> int:
    """Return the smallest size of a symbol that is not empty, or the smallest where all are."""
    small = smallest_size(symbol) or symbol.multiple_of
    return small if symbol.admits(small) else smallest_size(symbol)


def _larger(symbol: Symbol, small: int, room: int) -> tuple[int, int, int]:
    """Return a size one step above `small`, a middle one and a larger one, within bounds and room."""
    unit = symbol.multiple_of
    most = max(small + unit, small * max(1, room))
    most = most if symbol.max is None else min(most, symbol.max)

    def at_most(size: int) -> int:
        """Return the largest admitted size up to `size`, and up to what there is room for."""
        return max(small, min(size, most) // unit * unit)

    return (
        at_most(small + unit),
        at_most(max(3 * small, small + 4 * unit)),
        at_most(max(8 * small, small + 18 * unit)),
    )


def _read_samples(path: Path, specs: Sequence[TensorSpec]) -> dict[str, Array]:
    if path.stat().st_size > MAX_SAMPLES_BYTES:
        raise RecipeError(f"{path}: found more than {MAX_SAMPLES_BYTES} bytes, expected a few samples")
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            arrays = {specs[0].name: loaded} if len(specs) == 1 else {}
        else:
            with loaded:
                arrays = {name: loaded[name] for name in loaded.files}
    except Exception as error:  # zip, numpy and pickle errors alike: the file is no use
        raise RecipeError(f"{path}: found no .npz or .npy of plain arrays ({error})") from error
    for spec in specs:
        if spec.name not in arrays:
            raise RecipeError(f"{path}: found the arrays {sorted(arrays)}, expected one named {spec.name!r}")
        array = arrays[spec.name]
        if spec.datatype == "BYTES" and array.dtype.kind in "SU":
            arrays[spec.name] = _bytes_objects(array)
        elif array.dtype != numpy_dtype(spec.datatype):
            raise RecipeError(
                f"{path}: found {array.dtype} for {spec.name!r}, expected {numpy_dtype(spec.datatype)} as in "
                f"the signature ({spec.datatype})"
            )
    return {spec.name: arrays[spec.name] for spec in specs}


def _bytes_objects(array: Array) -> Array:
    texts: Array = np.empty(array.size, dtype=object)
    for index, element in enumerate(array.flat):
        texts[index] = bytes(element) if isinstance(element, bytes) else str(element).encode()
    return texts.reshape(array.shape)
