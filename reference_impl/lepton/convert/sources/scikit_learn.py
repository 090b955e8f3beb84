"""A scikit-learn estimator in memory: a pipeline, classifier, regressor, transformer or clusterer.

Owns converting it with skl2onnx and asking it for the answers; leaves getting at it to `pickle` and
`factory`. Its feature names and classes become labels.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lepton.convert.boosting import one_line
from lepton.convert.extras import needed
from lepton.convert.graphs import BATCH, BATCH_FACTS, settled
from lepton.convert.oracle import FrameworkOracle, bytes_of, texts_of
from lepton.convert.request import Request
from lepton.errors import RecipeError
from lepton.pack.onnx_source import OnnxSource
from lepton.pack.oracle import OnnxOracle
from lepton.pack.origin import Origin, onnx_draft
from lepton.runtime.protocol import Array

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["DEFAULT_OPSETS", "origin_of"]

#: Operator sets that engines of several years compute.
DEFAULT_OPSETS = {"": 18, "ai.onnx.ml": 3}
#: The name of the one input of an estimator that takes a matrix.
MATRIX = "X"

#: The methods that answer each output of a converted estimator, the first that exists is asked.
_METHODS: Mapping[str, tuple[str, ...]] = {
    "label": ("predict",),
    "probabilities": ("predict_proba", "decision_function"),
    "scores": ("transform", "decision_function"),
    "variable": ("predict", "transform"),
    "GPmean": ("predict",),
}


def origin_of(model: Any, request: Request) -> Origin:
    """Convert a fitted estimator. Raises: RecipeError with skl2onnx's own reason where it cannot."""
    sklearn, skl2onnx = needed("sklearn", "sklearn"), needed("skl2onnx", "sklearn")
    columns = _columns(model, request)
    source = settled(_converted(model, columns, request, skl2onnx))
    asked = {tensor.name: _method(model, tensor.name, request) for tensor in source.outputs}
    return Origin(
        source.inputs,
        source.outputs,
        (onnx_draft(source, request.derived(f"skl2onnx {skl2onnx.__version__}")),),
        FrameworkOracle(
            "scikit-learn", sklearn.__version__, _asker(model, columns, asked), OnnxOracle(source.model)
        ),
        facts=_facts(model, source, columns, request),
        lost=tuple(_lost(model, set(asked.values()))),
    )


def _columns(model: Any, request: Request) -> dict[str, tuple[str, int]]:
    """Return the inputs: name -> datatype and width. One matrix, or one input for each named column."""
    said = request.recipe.document.get("signature", {}).get("inputs", [])
    if len(said) == 1 or (not said and not _selects_by_name(model)):
        width = getattr(model, "n_features_in_", None)
        if width is None:
            raise RecipeError(
                f"{request.source}: found {type(model).__name__} without n_features_in_, expected an "
                "estimator that was fitted with a matrix"
            )
        entry = said[0] if said else {}
        return {entry.get("name", MATRIX): (entry.get("datatype", "FP32"), int(width))}
    names = [str(name) for name in getattr(model, "feature_names_in_", [entry["name"] for entry in said])]
    given = {entry["name"]: entry.get("datatype") for entry in said}
    texts = _text_columns(model)
    return {name: (given.get(name) or ("BYTES" if name in texts else "FP32"), 1) for name in names}


def _transformers(model: Any) -> list[tuple[Any, list[Any]]]:
    """Return the fitted transformers of a column transformer that comes first, with their columns."""
    steps = getattr(model, "steps", None)
    first = steps[0][1] if steps else model
    return [
        (transformer, list(columns) if isinstance(columns, (list, tuple, np.ndarray)) else [columns])
        for _, transformer, columns in getattr(first, "transformers_", [])
        if transformer != "drop"
    ]


def _selects_by_name(model: Any) -> bool:
    return any(isinstance(column, str) for _, columns in _transformers(model) for column in columns)


def _text_columns(model: Any) -> set[str]:
    """Return the columns whose categories are text."""
    found: set[str] = set()
    for transformer, columns in _transformers(model):
        steps = [step for _, step in getattr(transformer, "steps", [("", transformer)])]
        for step in steps:
            for column, categories in zip(columns, getattr(step, "categories_", []), strict=False):
                if np.asarray(categories).dtype.kind in "OUST":
                    found.add(str(column))
    return found


def _converted(
    model: Any, columns: Mapping[str, tuple[str, int]], request: Request, skl2onnx: Any
) -> "ModelProto":
    data_types = needed("skl2onnx.common.data_types", "sklearn")
    kinds = {
        "FP32": data_types.FloatTensorType,
        "FP64": data_types.DoubleTensorType,
        "INT64": data_types.Int64TensorType,
        "BOOL": data_types.BooleanTensorType,
        "BYTES": data_types.StringTensorType,
    }
    types = []
    for name, (datatype, width) in columns.items():
        if datatype not in kinds:
            raise RecipeError(
                f"{request.recipe.name}: found {datatype} for the input {name!r}, expected one of "
                f"{list(kinds)}"
            )
        types.append((name, kinds[datatype]([None, width])))
    options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
    try:
        converted: ModelProto = skl2onnx.to_onnx(
            model, initial_types=types, options=options, target_opset=DEFAULT_OPSETS
        )
    except Exception as error:  # each converter raises what it likes
        cause = "" if error.__cause__ is None else f"; {one_line(error.__cause__)}"
        raise RecipeError(
            f"{request.source}: skl2onnx {skl2onnx.__version__} cannot convert {type(model).__name__} "
            f"({one_line(error)}{cause})"
        ) from error
    return converted


def _method(model: Any, output: str, request: Request) -> str:
    for name in _METHODS.get(output, ()):
        if hasattr(model, name):
            return name
    raise RecipeError(
        f"{request.source}: found the output {output!r} of the converted {type(model).__name__}, and no "
        "method of the estimator that answers it is known; convert it with skl2onnx and pack the .onnx file"
    )


def _asker(
    model: Any, columns: Mapping[str, tuple[str, int]], asked: Mapping[str, str]
) -> Callable[[Mapping[str, Array]], dict[str, Any]]:
    def ask(inputs: Mapping[str, Array]) -> dict[str, Any]:
        given = _table(model, inputs, columns)
        answers: dict[str, Any] = {}
        for output, method in asked.items():
            answer = np.asarray(getattr(model, method)(given))
            if answer.dtype.kind in "OUST":
                answer = bytes_of(answer)
            elif answer.dtype.kind in "iub":
                answer = answer.astype(np.int64)
            elif answer.ndim == 1:
                answer = answer[:, np.newaxis]
            answers[output] = answer
        return answers

    return ask


def _table(model: Any, inputs: Mapping[str, Array], columns: Mapping[str, tuple[str, int]]) -> Any:
    arrays = {
        name: texts_of(inputs[name]) if datatype == "BYTES" else inputs[name]
        for name, (datatype, _) in columns.items()
    }
    names = [str(name) for name in getattr(model, "feature_names_in_", ())]
    if len(columns) == 1 and not _selects_by_name(model):
        matrix = next(iter(arrays.values()))
        if not names:
            return matrix
        pandas = needed("pandas", "sklearn")
        return pandas.DataFrame(matrix, columns=names)
    pandas = needed("pandas", "sklearn")
    return pandas.DataFrame({name: array[:, 0] for name, array in arrays.items()})


def _facts(
    model: Any, source: OnnxSource, columns: Mapping[str, tuple[str, int]], request: Request
) -> dict[str, Any]:
    language = request.recipe.document.get("language", "en")
    inputs: list[dict[str, Any]] = []
    names = [str(name) for name in getattr(model, "feature_names_in_", ())]
    for name, (_, width) in columns.items():
        entry: dict[str, Any] = {"name": name, "axes": ["batch", "feature"]}
        if width > 1 and len(names) == width:
            entry["labels"] = {"axis": 1, "names": {language: names}}
        inputs.append(entry)
    outputs: list[dict[str, Any]] = []
    classes = [str(label) for label in getattr(model, "classes_", ())]
    for tensor in source.outputs:
        if tensor.name == "probabilities" and tensor.shape == (BATCH, len(classes)):
            labels = {"axis": 1, "names": {language: classes}}
            outputs.append({"name": tensor.name, "axes": ["batch", "class"], "labels": labels})
    return {**BATCH_FACTS, "signature": {"inputs": inputs, "outputs": outputs}}


def _lost(model: Any, asked: set[str]) -> list[str]:
    left = [
        name
        for name in ("predict", "predict_proba", "decision_function", "transform", "score_samples")
        if hasattr(model, name) and name not in asked
    ]
    found = [
        "scikit-learn computes in float64, the graph in float32; the tolerances say how far they are apart.",
        "The training parameters and what further training needs stay with the estimator.",
    ]
    if left:
        found.append(f"The graph answers {', '.join(sorted(asked))}, and not {', '.join(left)}.")
    return found
