"""Inputs for golden vectors: cut from the author's real data, or drawn from a fixed seed.

Owns sizes (three vectors, the third larger, so that every symbol is seen beyond its smallest size) and
values; leaves answers to `golden`. Serves PKG-VEC-01 and PKG-VEC-05.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lepton.errors import RecipeError
from lepton.pack.recipe import Recipe
from lepton.runtime.binding import numpy_dtype, smallest_size
from lepton.runtime.protocol import Array
from lepton.tensor import Symbol, TensorSpec, datatype

__all__ = ["DEFAULT_SEED", "InputMaker"]

DEFAULT_SEED = 20260101
#: Bytes of a file of samples.
MAX_SAMPLES_BYTES = 1024**3
_TEXTS = ("", "lepton", "轻子", "naïve café", "a b\tc", "𝛌")


@dataclass(frozen=True, slots=True)
class InputMaker:
    """Makes input sets for one stage, one after another, from samples as long as there are any."""

    recipe: Recipe
    specs: tuple[TensorSpec, ...]
    entries: tuple[Mapping[str, Any], ...]
    symbols: Mapping[str, Symbol]

    @property
    def seed(self) -> int:
        """The seed of everything drawn."""
        seed: int = self.recipe.document.get("vectors", {}).get("seed", DEFAULT_SEED)
        return seed

    def input_sets(self) -> Iterator[dict[str, Array]]:
        """Yield input sets: two of the small sizes, one larger, then further ones in the same rhythm."""
        samples = self.recipe.document.get("vectors", {}).get("samples")
        if samples is None:
            return self._drawn()
        return self._cut(_read_samples(self.recipe.file(samples), self.specs))

    def _drawn(self) -> Iterator[dict[str, Array]]:
        generator = np.random.default_rng(self.seed)
        number = 0
        while True:
            sizes = {name: _sizes(symbol)[number % 3] for name, symbol in self.symbols.items()}
            yield {
                spec.name: self._values(spec, entry, sizes, generator)
                for spec, entry in zip(self.specs, self.entries, strict=True)
            }
            number += 1

    def _values(
        self,
        spec: TensorSpec,
        entry: Mapping[str, Any],
        sizes: Mapping[str, int],
        generator: np.random.Generator,
    ) -> Array:
        shape = [sizes[dim] if isinstance(dim, str) else dim for dim in spec.shape]
        kind = datatype(spec.datatype).kind
        if kind == "boolean":
            return generator.integers(0, 2, shape).astype(bool)
        if kind == "bytes":
            texts: Array = np.empty(int(np.prod(shape)), dtype=object)
            for index in range(texts.size):
                texts[index] = _TEXTS[int(generator.integers(len(_TEXTS)))].encode()
            return texts.reshape(shape)
        dtype = numpy_dtype(spec.datatype)
        bounds = self._bounds(spec, entry)
        if kind == "float":
            drawn = generator.standard_normal(shape) if bounds is None else generator.uniform(*bounds, shape)
            return np.asarray(drawn).astype(dtype)
        low, high = bounds if bounds is not None else self._integer_bounds(spec)
        return np.asarray(generator.integers(int(low), int(high), shape, dtype=dtype, endpoint=True))

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
        rows = _sizes(self.symbols[str(next(iter(batch)))]) if by_rows else (1, 1, 1)
        while place + rows[number % 3] <= count:
            taken = slice(place, place + rows[number % 3]) if by_rows else place
            yield {spec.name: np.array(samples[spec.name][taken], order="C") for spec in self.specs}
            place, number = place + rows[number % 3], number + 1


def _sizes(symbol: Symbol) -> tuple[int, int, int]:
    """Return the sizes of the first, second and third vector: the smallest that is not empty, twice; more."""
    small = smallest_size(symbol) or symbol.multiple_of
    if not symbol.admits(small):
        small = smallest_size(symbol)
    for steps in (2, 1):
        if symbol.admits(small + steps * symbol.multiple_of):
            return small, small, small + steps * symbol.multiple_of
    return small, small, small


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
        texts[index] = element if isinstance(element, bytes) else str(element).encode()
    return texts.reshape(array.shape)
