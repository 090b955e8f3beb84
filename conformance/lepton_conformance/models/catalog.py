"""Which conformance models there are and what they take and give.

Owns names, tensors and the constants of `lepton_affine`; leaves the graphs to `models.graphs` and the answers
to `oracle`. Imports no ONNX, so that judging a server needs none. Serves `conformance`.
"""

from dataclasses import dataclass

__all__ = [
    "AFFINE_BIAS",
    "AFFINE_WEIGHT",
    "BF16",
    "EXPORTED",
    "GENERATION",
    "IDENTITY_DATATYPES",
    "MODELS",
    "SCALAR",
    "VERSION",
    "WIDE",
    "ConformanceModel",
    "Tensor",
    "model",
]

#: The version under which each model is exported.
VERSION = "1"
IDENTITY_DATATYPES = (
    "BOOL",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "FP16",
    "FP32",
    "FP64",
    "BYTES",
)
#: The weights (4, 3) and bias (3,) of `lepton_affine`, float32.
AFFINE_WEIGHT = ((0.5, -1.0, 2.0), (1.5, 0.25, -0.75), (-2.0, 3.0, 0.125), (0.0625, -0.5, 1.0))
AFFINE_BIAS = (0.1, -0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a model; a symbol in `shape` is any size, the same wherever it stands in a request."""

    name: str
    datatype: str
    shape: tuple[int | str, ...]

    def metadata_shape(self) -> list[int]:
        """Return the shape as metadata have it: -1 where the size is free."""
        return [size if isinstance(size, int) else -1 for size in self.shape]


@dataclass(frozen=True, slots=True)
class ConformanceModel:
    """A model by its operator: identity, subtract, affine, transpose, split, generation or sum."""

    name: str
    operator: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def exact(self) -> bool:
        """Say whether the model's answers are exact, bit for bit."""
        return self.operator != "affine"


_FREE = ("N", "M")


def _identity(datatype: str) -> ConformanceModel:
    return ConformanceModel(
        f"lepton_id_{datatype.lower()}",
        "identity",
        (Tensor("x", datatype, _FREE),),
        (Tensor("y", datatype, _FREE),),
    )


#: The models that every server and runtime is judged with.
MODELS: tuple[ConformanceModel, ...] = (
    *(_identity(datatype) for datatype in IDENTITY_DATATYPES),
    ConformanceModel(
        "lepton_sub",
        "subtract",
        (Tensor("a", "FP32", _FREE), Tensor("b", "FP32", _FREE)),
        (Tensor("y", "FP32", _FREE),),
    ),
    ConformanceModel(
        "lepton_affine", "affine", (Tensor("x", "FP32", ("N", 4)),), (Tensor("y", "FP32", ("N", 3)),)
    ),
    ConformanceModel(
        "lepton_transpose", "transpose", (Tensor("x", "FP32", (2, 3)),), (Tensor("y", "FP32", (3, 2)),)
    ),
    ConformanceModel(
        "lepton_split",
        "split",
        (Tensor("x", "INT32", _FREE),),
        tuple(Tensor(name, "INT32", _FREE) for name in ("plus", "minus", "negative")),
    ),
)

#: Numbers that few servers have: INF-DAT-17 and INF-BIN-18 are judged with it where it is there.
BF16 = _identity("BF16")
#: Says which file it was loaded from: y = x + g, and g. The exported file has generation 1.
GENERATION = ConformanceModel(
    "lepton_generation",
    "generation",
    (Tensor("x", "INT32", ("N",)),),
    (Tensor("y", "INT32", ("N",)), Tensor("g", "INT32", (1,))),
)
_EIGHT = ("A", "B", "C", "D", "E", "F", "G", "H")
#: 64 inputs of 8 dimensions, y their sum: INF-LIM-11 is judged with it where it is there.
WIDE = ConformanceModel(
    "lepton_wide",
    "sum",
    tuple(Tensor(f"x{index}", "FP32", _EIGHT) for index in range(64)),
    (Tensor("y", "FP32", _EIGHT),),
)
#: A tensor without dimensions, which has one element.
SCALAR = ConformanceModel("lepton_scalar", "identity", (Tensor("x", "FP32", ()),), (Tensor("y", "FP32", ()),))
#: The models that are handed out.
EXPORTED = (*MODELS, BF16, GENERATION, SCALAR, WIDE)


def model(name: str) -> ConformanceModel:
    """Return a conformance model by its name. Raises: KeyError."""
    return {entry.name: entry for entry in EXPORTED}[name]
