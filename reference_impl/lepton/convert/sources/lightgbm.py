"""A LightGBM model: its text file, which is data, or a booster or estimator in memory.

Owns reading it, converting it with onnxmltools, and asking LightGBM, which adds in float64, for the answers;
leaves what boosted trees have in common to `boosting`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lepton.convert.boosting import MATRIX, TREE_LOST, answers, boosted_facts, boosted_graph, one_line
from lepton.convert.bytes import head
from lepton.convert.extras import needed
from lepton.convert.oracle import FrameworkOracle
from lepton.convert.request import Request
from lepton.errors import RecipeError
from lepton.pack.oracle import OnnxOracle
from lepton.pack.origin import Origin, onnx_draft
from lepton.runtime.protocol import Array

__all__ = ["NAME", "SAYS", "origin_of", "read", "recognises"]

NAME, SAYS = "lightgbm", "a LightGBM model, saved as text"

#: Objectives of which onnxmltools makes a right graph.
OBJECTIVES = (
    *("binary", "multiclass", "regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape"),
    *("gamma", "tweedie", "lambdarank"),
)


def recognises(path: Path) -> bool:
    """Say whether the file begins as Booster.save_model writes it."""
    return head(path, 32).startswith((b"tree\nversion=v", b"tree\r\nversion=v"))


def read(request: Request) -> Origin:
    """Load the model file, which runs nothing. Raises: RecipeError."""
    lightgbm = needed("lightgbm", "lightgbm")
    try:
        booster = lightgbm.Booster(model_file=request.path)
    except Exception as error:  # LightGBMError, OSError, ...
        raise RecipeError(f"{request.source}: LightGBM cannot load it ({one_line(error)})") from error
    return origin_of(booster, request)


def origin_of(model: Any, request: Request) -> Origin:
    """Convert a booster, or the booster of an estimator. Raises: RecipeError."""
    lightgbm, tools = needed("lightgbm", "lightgbm"), needed("onnxmltools", "lightgbm")
    booster = model.booster_ if hasattr(model, "booster_") else model
    document = booster.dump_model()
    objective = str(document.get("objective", "none")).split(" ")[0]
    _refuse_wrong_graphs(document, objective, request, tools.__version__)
    categories = _categories(document)
    _refuse_generated(categories, request)
    classes = _classes(document, objective)
    width = booster.num_feature()
    source = boosted_graph("convert_lightgbm", booster, width, classes, request, "lightgbm", zipmap=False)

    def ask(inputs: Mapping[str, Array]) -> Mapping[str, Any]:
        rows = inputs[MATRIX]
        scores = booster.predict(rows, num_threads=1) if len(rows) else np.zeros((0, max(classes, 1)))
        return answers(np.asarray(scores, np.float64), classes)

    labels = [str(label) for label in getattr(model, "classes_", ())]
    lost = [TREE_LOST]
    if categories:
        lost.append(
            f"The features {', '.join(categories)} are categories: the graph takes the whole number of one; "
            "to other numbers it does not answer as LightGBM does, and the names of categories are not in it."
        )
    if labels:
        lost.append(
            "The output `label` is the index of a class; the classes are the labels of `probabilities`."
        )
    return Origin(
        source.inputs,
        source.outputs,
        (onnx_draft(source, request.derived(f"onnxmltools {tools.__version__}")),),
        FrameworkOracle("lightgbm", lightgbm.__version__, ask, OnnxOracle(source.model)),
        facts=boosted_facts(booster.feature_name(), width, labels, request),
        lost=tuple(lost),
    )


def _classes(document: Mapping[str, Any], objective: str) -> int:
    return {"binary": 2, "multiclass": int(document["num_class"])}.get(objective, 0)


def _refuse_wrong_graphs(document: Mapping[str, Any], objective: str, request: Request, version: str) -> None:
    wrong = None
    if objective not in OBJECTIVES:
        wrong = f"the objective {objective}, expected one of {', '.join(OBJECTIVES)}"
    elif document.get("average_output"):
        wrong = "a random forest, whose trees are averaged, expected boosted trees, which are added"
    elif any(_is_linear(tree["tree_structure"]) for tree in document["tree_info"]):
        wrong = "trees with linear models in their leaves, expected constant leaves"
    if wrong is not None:
        raise RecipeError(
            f"{request.source}: found {wrong}; onnxmltools {version} makes no right graph of others"
        )


def _categories(document: Mapping[str, Any]) -> list[str]:
    """Return the names of the features that some tree splits by category."""
    split: set[int] = set()
    for tree in document["tree_info"]:
        nodes = [tree["tree_structure"]]
        while nodes:
            node = nodes.pop()
            if "left_child" in node:
                nodes += [node["left_child"], node["right_child"]]
                if node["decision_type"] == "==":
                    split.add(node["split_feature"])
    return [document["feature_names"][place] for place in sorted(split)]


def _refuse_generated(categories: list[str], request: Request) -> None:
    """Refuse to draw numbers where categories are expected. Raises: RecipeError with two ways that work."""
    if categories and "samples" not in request.recipe.document.get("vectors", {}):
        raise RecipeError(
            f"{request.source}: found splits on categories of the features {', '.join(categories)}, and no "
            "samples; expected `vectors: {samples: FILE.npz}` in the recipe, with rows of the array X in "
            "which they are whole numbers of categories, since numbers drawn at random are none; or encode "
            "categories (OneHotEncoder, OrdinalEncoder) before training"
        )


def _is_linear(node: Mapping[str, Any]) -> bool:
    while "left_child" in node:
        node = node["left_child"]
    return "leaf_coeff" in node
