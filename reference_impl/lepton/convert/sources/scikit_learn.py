"""A scikit-learn estimator in memory: a pipeline, classifier, regressor, transformer or clusterer.

Owns what goes in and comes out, and asking it for the answers; leaves the graph to `sklearn_graph` and
getting at it to `pickle` and `factory`. Its feature names and classes become labels.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lepton.convert.extras import needed
from lepton.convert.graphs import BATCH, BATCH_FACTS
from lepton.convert.oracle import FrameworkOracle, bytes_of, texts_of
from lepton.convert.request import Request
from lepton.convert.sklearn_graph import counts_votes, estimator_graph
from lepton.errors import RecipeError
from lepton.pack.onnx_source import OnnxSource
from lepton.pack.oracle import OnnxOracle
from lepton.pack.origin import Origin, onnx_draft
from lepton.runtime.protocol import Array

__all__ = ["origin_of"]

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
    graph = estimator_graph(model, columns, request)
    source = graph.source
    asked = {tensor.name: _method(model, tensor.name, request) for tensor in source.outputs}
    ranks = {tensor.name: len(tensor.shape) for tensor in source.outputs}
    return Origin(
        source.inputs,
        source.outputs,
        (onnx_draft(source, request.derived(f"skl2onnx {skl2onnx.__version__}")),),
        FrameworkOracle(
            "scikit-learn",
            sklearn.__version__,
            _asker(model, columns, asked, ranks),
            OnnxOracle(source.model),
        ),
        facts=_facts(model, source, columns, request),
        lost=(*_lost(model, set(asked.values())), *_left_out(model, graph.left_out)),
    )


def _columns(model: Any, request: Request) -> dict[str, tuple[str, int]]:
    """Return the inputs: name -> datatype and width. One matrix, or one input for each named column."""
    _refuse_texts(model, request)
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


def _refuse_texts(model: Any, request: Request) -> None:
    """Refuse what splits text into words. Raises: RecipeError with a way that works."""
    steps = getattr(model, "steps", None)
    first = steps[0][1] if steps else model
    inner = [one for transformer, _ in _transformers(model) for one in (transformer, *_parts(transformer))]
    for one in (first, *inner):
        if hasattr(one, "build_analyzer"):
            remedy = (
                "pack MODEL[1:], whose input is the matrix, and split texts before asking it"
                if one is first and steps
                else "split texts apart from the model, and pack the model of the matrix"
            )
            raise RecipeError(
                f"{request.source}: found {type(one).__name__}, expected estimators of numbers and "
                "categories: no operator of ONNX splits text as it does (skl2onnx writes "
                f"com.microsoft.Tokenizer); {remedy}"
            )


def _parts(transformer: Any) -> list[Any]:
    return [step for _, step in getattr(transformer, "steps", [])]


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


def _method(model: Any, output: str, request: Request) -> str:
    for name in _METHODS.get(output, ()):
        if hasattr(model, name):
            return name
    raise RecipeError(
        f"{request.source}: found the output {output!r} of the converted {type(model).__name__}, and no "
        "method of the estimator that answers it is known; convert it with skl2onnx and pack the .onnx file"
    )


def _asker(
    model: Any, columns: Mapping[str, tuple[str, int]], asked: Mapping[str, str], ranks: Mapping[str, int]
) -> Callable[[Mapping[str, Array]], dict[str, Any]]:
    def ask(inputs: Mapping[str, Array]) -> dict[str, Any]:
        given = _table(model, inputs, columns)
        answers: dict[str, Any] = {}
        for output, method in asked.items():
            answer = np.asarray(_answer(getattr(model, method), given))
            if answer.dtype.kind in "OUST":
                answer = bytes_of(answer)
            elif answer.dtype.kind in "iub":
                answer = answer.astype(np.int64)
            if answer.ndim == 1 and ranks[output] == 2:
                answer = answer[:, np.newaxis]
            answers[output] = answer
        return answers

    return ask


def _answer(method: Callable[[Any], Any], given: Any) -> Any:
    """Ask in float64; clusterers that were fitted with float32 take nothing wider."""
    try:
        return method(given)
    except ValueError as error:
        if "dtype mismatch" not in str(error):
            raise
        return method(given.astype(np.float32))


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


def _left_out(model: Any, outputs: tuple[str, ...]) -> list[str]:
    return [
        "The graph counts votes as probabilities, which voting='hard' does not answer: left out."
        if counts_votes(model) and name == "probabilities"
        else f"The output {name!r} of the graph is a sequence, and no tensor: left out."
        for name in outputs
    ]


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
