"""The graph that skl2onnx makes of an estimator, and what has to be mended on its way.

Owns converting: types of the inputs, options of the converters, flags that protobuf refuses, outputs that are
no tensors; leaves columns, methods and answers to the kind `scikit_learn`.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lepton.convert.boosting import one_line
from lepton.convert.extras import needed
from lepton.convert.graphs import BATCH, settled
from lepton.convert.request import Request
from lepton.errors import RecipeError
from lepton.pack.onnx_source import OnnxSource

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["DEFAULT_OPSETS", "EstimatorGraph", "counts_votes", "estimator_graph"]

#: Operator sets that engines of several years compute.
DEFAULT_OPSETS = {"": 18, "ai.onnx.ml": 3}


@dataclass(frozen=True, slots=True)
class EstimatorGraph:
    """A converted estimator, and the outputs that were left out: no tensors, or nothing of the estimator."""

    source: OnnxSource
    left_out: tuple[str, ...]


def estimator_graph(model: Any, columns: Mapping[str, tuple[str, int]], request: Request) -> EstimatorGraph:
    """Convert a fitted estimator whose inputs have these datatypes and widths.

    Raises: RecipeError with skl2onnx's own reason where it cannot.
    """
    skl2onnx = needed("skl2onnx", "sklearn")
    types = _types(columns, request)
    options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
    try:
        with _flags_as_numbers(), _votes_unflattened(model), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # skl2onnx looks at what scikit-learn gives up
            try:
                proto = _converted(skl2onnx, model, types, options)
            except NameError as error:  # the converter makes no dictionaries, so it has no such option
                if "zipmap" not in str(error):
                    raise
                proto = _converted(skl2onnx, model, types, None)
    except Exception as error:  # each converter raises what it likes
        cause = "" if error.__cause__ is None else f"; {one_line(error.__cause__)}"
        raise RecipeError(
            f"{request.source}: skl2onnx {skl2onnx.__version__} cannot convert {type(model).__name__} "
            f"({one_line(error)}{cause})"
        ) from error
    left_out = tuple(
        value.name
        for value in proto.graph.output
        if not value.type.HasField("tensor_type") or (value.name == "probabilities" and counts_votes(model))
    )
    kept = [value for value in proto.graph.output if value.name not in left_out]
    del proto.graph.output[:]
    proto.graph.output.extend(kept)
    return EstimatorGraph(settled(proto, _shapes(model, columns, proto)), left_out)


def _converted(skl2onnx: Any, model: Any, types: list[tuple[str, Any]], options: Any) -> "ModelProto":
    made: ModelProto = skl2onnx.to_onnx(
        model, initial_types=types, options=options, target_opset=DEFAULT_OPSETS
    )
    return made


def _types(columns: Mapping[str, tuple[str, int]], request: Request) -> list[tuple[str, Any]]:
    data_types = needed("skl2onnx.common.data_types", "sklearn")
    kinds = {
        "FP32": data_types.FloatTensorType,
        "FP64": data_types.DoubleTensorType,
        "INT64": data_types.Int64TensorType,
        "BOOL": data_types.BooleanTensorType,
        "BYTES": data_types.StringTensorType,
    }
    for name, (datatype, _) in columns.items():
        if datatype not in kinds:
            raise RecipeError(
                f"{request.recipe.name}: found {datatype} for the input {name!r}, expected one of "
                f"{list(kinds)}"
            )
    return [(name, kinds[datatype]([None, width])) for name, (datatype, width) in columns.items()]


def _shapes(
    model: Any, columns: Mapping[str, tuple[str, int]], proto: "ModelProto"
) -> dict[str, tuple[int | str | None, ...]] | None:
    """Return shapes where a regressor has several outputs: skl2onnx 1.20 says one of trees."""
    steps = getattr(model, "steps", None)
    targets = getattr(steps[-1][1] if steps else model, "n_outputs_", 1)
    if targets == 1 or [value.name for value in proto.graph.output] != ["variable"]:
        return None
    return {**{name: (BATCH, width) for name, (_, width) in columns.items()}, "variable": (BATCH, targets)}


def _last(model: Any) -> Any:
    steps = getattr(model, "steps", None)
    return steps[-1][1] if steps else model


def counts_votes(model: Any) -> bool:
    """Say whether the estimator counts votes for classes, so that it has no probabilities."""
    return getattr(_last(model), "voting", None) == "hard"


@contextmanager
def _votes_unflattened(model: Any) -> Iterator[None]:
    """Let skl2onnx convert a VotingClassifier: the flag is about `transform`, which no graph answers.

    skl2onnx 1.20 refuses the flag's own default.
    """
    last = _last(model)
    flat = hasattr(last, "voting") and getattr(last, "flatten_transform", False)
    if flat:
        last.flatten_transform = False
    try:
        yield
    finally:
        if flat:
            last.flatten_transform = flat


@contextmanager
def _flags_as_numbers() -> Iterator[None]:
    """Let skl2onnx write lists of flags: protobuf's newer versions take numbers only.

    Without it no HistGradientBoosting* is converted by skl2onnx 1.20.
    """
    container = needed("skl2onnx.common._container", "sklearn")
    original = container.make_node

    def make_node(*args: Any, **attributes: Any) -> Any:
        for name, value in attributes.items():
            if isinstance(value, (list, tuple, np.ndarray)) and any(
                isinstance(one, (bool, np.bool_)) for one in value
            ):
                attributes[name] = [int(one) for one in value]
        return original(*args, **attributes)

    container.make_node = make_node
    try:
        yield
    finally:
        container.make_node = original
