"""Boosted trees, from whichever library: the one matrix that goes in, and what comes out of the graph.

Owns what the kinds `xgboost` and `lightgbm` have in common: settling the graph of onnxmltools, the outputs of
classifiers and regressors, feature names and classes as labels. Leaves converting and asking to them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lepton.convert.extras import needed
from lepton.convert.graphs import BATCH, BATCH_FACTS, settled
from lepton.convert.request import Request
from lepton.errors import RecipeError
from lepton.pack.onnx_source import OnnxSource

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["MATRIX", "TREE_LOST", "answers", "boosted_facts", "boosted_graph", "one_line"]

#: The name of the one input.
MATRIX = "X"
#: The operator set of the graph: what onnxmltools writes trees with.
OPSET = 15

TREE_LOST = "The training parameters and what further training needs stay with the model file."

Floats = npt.NDArray[np.float64]


def boosted_graph(
    convert: str, model: Any, width: int, classes: int, request: Request, extra: str, **options: Any
) -> OnnxSource:
    """Convert with the function `convert` of onnxmltools; `classes` is 0 for a regressor or ranker.

    Raises: RecipeError with the converter's own reason.
    """
    tools = needed("onnxmltools", extra)
    types = needed("onnxmltools.convert.common.data_types", extra)
    try:
        model_proto: ModelProto = getattr(tools, convert)(
            model,
            initial_types=[(MATRIX, types.FloatTensorType([None, width]))],
            target_opset=OPSET,
            **options,
        )
    except Exception as error:  # each converter raises what it likes
        raise RecipeError(
            f"{request.source}: onnxmltools {tools.__version__} cannot convert it ({one_line(error)})"
        ) from error
    shapes: dict[str, Sequence[int | str | None]] = {
        MATRIX: (BATCH, width),
        "label": (BATCH,),
        "probabilities": (BATCH, classes),
        "variable": (BATCH, 1),
    }
    found = [value.name for value in model_proto.graph.output]
    expected = ["label", "probabilities"] if classes else ["variable"]
    if found != expected:
        raise RecipeError(
            f"{request.source}: found the outputs {found} of the graph that onnxmltools {tools.__version__} "
            f"makes, expected {expected}"
        )
    return settled(model_proto, shapes)


def answers(scores: Floats, classes: int) -> Mapping[str, Any]:
    """Return the graph's outputs of a model's answers: values of rows, or probabilities of each class."""
    if not classes:
        return {"variable": scores.reshape(-1, 1)}
    if scores.ndim == 1:
        scores = np.stack([1 - scores, scores], axis=1)
    return {"label": np.argmax(scores, axis=1).astype(np.int64), "probabilities": scores}


def boosted_facts(
    features: Sequence[str], width: int, labels: Sequence[str], request: Request
) -> Mapping[str, Any]:
    """Return names of features and classes as a part of a recipe."""
    language = request.recipe.document.get("language", "en")
    matrix: dict[str, Any] = {"name": MATRIX, "axes": ["batch", "feature"]}
    if len(features) == width:
        matrix["labels"] = {"axis": 1, "names": {language: list(features)}}
    signature: dict[str, Any] = {"inputs": [matrix]}
    if labels:
        names = {"axis": 1, "names": {language: list(labels)}}
        signature["outputs"] = [{"name": "probabilities", "axes": ["batch", "class"], "labels": names}]
    return {**BATCH_FACTS, "signature": signature}


def one_line(error: BaseException) -> str:
    """Return an error of somebody else's code as a short line."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
