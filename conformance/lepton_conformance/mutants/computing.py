"""The conformance models, computed in numpy for the naive server.

Owns what each model takes, answers and computes; leaves the wire to its neighbours. Written apart from the
ONNX graphs of `lepton_conformance.models`, with which it shares only the published constants.
Serves `inference`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["DTYPES", "Array", "Model", "Spec", "brain_floats", "conformance_models", "rare_models"]

Array = npt.NDArray[Any]

#: Datatype of the protocol -> numpy type, little-endian. BYTES is an object array of `bytes`.
DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    **{f"INT{bits}": np.dtype(f"<i{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": np.dtype(f"<u{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": np.dtype(f"<f{bits // 8}") for bits in (16, 32, 64)},
    "BYTES": np.dtype(object),
}

#: The weights of `lepton_affine`, (4, 3) and (3,) float32, as the chapter `inference` publishes them.
AFFINE_WEIGHT = ((0.5, -1.0, 2.0), (1.5, 0.25, -0.75), (-2.0, 3.0, 0.125), (0.0625, -0.5, 1.0))
AFFINE_BIAS = (0.1, -0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Spec:
    """One tensor of a model. A symbol in `shape` is any size, the same wherever it stands in a request."""

    name: str
    datatype: str
    shape: tuple[int | str, ...]

    def published_shape(self) -> list[int]:
        """Return the shape as metadata has it, -1 where the size is free."""
        return [dim if isinstance(dim, int) else -1 for dim in self.shape]


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its tensors, and what it computes from a dict of arrays."""

    name: str
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    compute: Callable[[dict[str, Array]], dict[str, Array]]
    versions: tuple[str, ...] = ("1",)
    platform: str = "numpy_python"


def _identity(datatype: str) -> Model:
    name = f"lepton_id_{datatype.lower()}"
    shape = ("N", "M")
    return Model(
        name, (Spec("x", datatype, shape),), (Spec("y", datatype, shape),), lambda given: {"y": given["x"]}
    )


def _affine(given: dict[str, Array]) -> dict[str, Array]:
    weight = np.array(AFFINE_WEIGHT, dtype=np.float32)
    return {"y": (given["x"] @ weight + np.array(AFFINE_BIAS, dtype=np.float32)).astype(np.float32)}


def _split(given: dict[str, Array]) -> dict[str, Array]:
    one = np.int32(1)
    return {"plus": given["x"] + one, "minus": given["x"] - one, "negative": -given["x"]}


def conformance_models() -> dict[str, Model]:
    """Return the conformance models by name."""
    square, free = ("N", "M"), "FP32"
    models = [
        *(_identity(datatype) for datatype in DTYPES),
        Model(
            "lepton_sub",
            (Spec("a", free, square), Spec("b", free, square)),
            (Spec("y", free, square),),
            lambda given: {"y": given["a"] - given["b"]},
        ),
        Model("lepton_affine", (Spec("x", free, ("N", 4)),), (Spec("y", free, ("N", 3)),), _affine),
        Model(
            "lepton_transpose",
            (Spec("x", free, (2, 3)),),
            (Spec("y", free, (3, 2)),),
            lambda given: {"y": given["x"].T},
        ),
        Model(
            "lepton_split",
            (Spec("x", "INT32", square),),
            tuple(Spec(name, "INT32", square) for name in ("plus", "minus", "negative")),
            _split,
        ),
    ]
    return {model.name: model for model in models}


def rare_models() -> dict[str, Model]:
    """Return the models that few servers have. BF16 is held as FP32, of which it is the upper half."""
    many = tuple("ABCDEFGH")
    wide = tuple(Spec(f"x{index}", "FP32", many) for index in range(64))
    models = [
        _identity("BF16"),
        Model(
            "lepton_scalar",
            (Spec("x", "FP32", ()),),
            (Spec("y", "FP32", ()),),
            lambda given: {"y": given["x"]},
        ),
        Model("lepton_wide", wide, (Spec("y", "FP32", many),), _sum),
    ]
    return {model.name: model for model in models}


def _sum(given: dict[str, Array]) -> dict[str, Array]:
    total = given["x0"]
    for index in range(1, len(given)):
        total = total + given[f"x{index}"]
    return {"y": total}


def brain_floats(doubles: Array) -> Array:
    """Round FP64 to BF16, nearest, ties to even, held as FP32; too large a number becomes infinite."""
    # 8 bits of precision; below 2^-126 the step stays that of the subnormals, 2^-133.
    _, exponents = np.frexp(doubles)
    step = np.ldexp(1.0, np.maximum(exponents - 8, -133))
    with np.errstate(all="ignore"):
        rounded = np.where(np.isfinite(doubles), np.rint(doubles / step) * step, doubles)
        return rounded.astype(np.float32)
