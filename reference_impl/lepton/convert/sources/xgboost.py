"""An XGBoost model: its .json or .ubj file, which is data, or a booster or estimator in memory.

Owns reading it, converting it with onnxmltools, and its answers in float64; leaves what boosted trees have in
common to `boosting`. XGBoost adds float32 in an order of its own: it says in which leaves a row ends, and the
leaves' values are added here in float64.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lepton.convert.boosting import (
    MATRIX,
    TREE_LOST,
    Floats,
    answers,
    boosted_facts,
    boosted_graph,
    one_line,
)
from lepton.convert.bytes import head
from lepton.convert.extras import needed
from lepton.convert.oracle import FrameworkOracle
from lepton.convert.request import Request
from lepton.errors import RecipeError
from lepton.pack.oracle import OnnxOracle
from lepton.pack.origin import Origin, onnx_draft
from lepton.runtime.protocol import Array

__all__ = ["NAME", "SAYS", "origin_of", "read", "recognises"]

Link = Callable[[Floats], Floats]

NAME, SAYS = "xgboost", "an XGBoost model, saved as .json or .ubj"

#: By objective, from a margin to an answer and back: those of which onnxmltools makes a right graph.
LINKS: Mapping[str, tuple[Link, Link]] = {
    "binary:logistic": (lambda margin: 1 / (1 + np.exp(-margin)), lambda base: np.log(base / (1 - base))),
    "multi:softprob": (lambda margin: _softmax(margin), lambda base: base),
    "reg:squarederror": (lambda margin: margin, lambda base: base),
    "reg:absoluteerror": (lambda margin: margin, lambda base: base),
    "reg:pseudohubererror": (lambda margin: margin, lambda base: base),
    "count:poisson": (np.exp, np.log),
    "reg:gamma": (np.exp, np.log),
    "reg:tweedie": (np.exp, np.log),
}
#: Objectives whose trees are those of another, which onnxmltools converts.
TWINS = {
    "multi:softmax": "multi:softprob",
    "reg:logistic": "binary:logistic",
    "rank:ndcg": "reg:squarederror",
    "rank:pairwise": "reg:squarederror",
    "rank:map": "reg:squarederror",
}
#: How far XGBoost's own sum in float32 may be from that in float64, relative to the largest margin.
FLOAT32_SUM = 1e-4


def recognises(path: Path) -> bool:
    """Say whether the file is a JSON or UBJSON object that begins with the member `learner`."""
    first = head(path, 64)
    text = b"".join(first.split())
    return text.startswith(b'{"learner":{') or first.startswith(b"{L\0\0\0\0\0\0\0\x07learner{")


def read(request: Request) -> Origin:
    """Load the model file, which runs nothing. Raises: RecipeError."""
    xgboost = needed("xgboost", "xgboost")
    booster = xgboost.Booster()
    try:
        booster.load_model(request.path)
    except Exception as error:  # XGBoostError, UnicodeDecodeError, ...
        raise RecipeError(f"{request.source}: XGBoost cannot load it ({one_line(error)})") from error
    return origin_of(booster, request)


def origin_of(model: Any, request: Request) -> Origin:
    """Convert a booster, or the booster of an estimator. Raises: RecipeError."""
    xgboost, tools = needed("xgboost", "xgboost"), needed("onnxmltools", "xgboost")
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    booster = booster.copy()
    features, booster.feature_names = list(booster.feature_names or ()), None
    was = _learner(booster)["objective"]["name"]
    objective = TWINS.get(was, was)
    booster.set_param({"objective": objective})
    learner = _learner(booster)
    if objective not in LINKS:
        raise RecipeError(
            f"{request.source}: found the objective {objective}, expected one of which onnxmltools "
            f"{tools.__version__} makes a right graph: {', '.join([*LINKS, *TWINS])}"
        )
    if learner["gradient_booster"]["name"] != "gbtree":
        raise RecipeError(
            f"{request.source}: found the booster {learner['gradient_booster']['name']}, expected gbtree, "
            "the only one that onnxmltools converts"
        )
    targets = int(learner["learner_model_param"].get("num_target", 1))
    if targets > 1:
        raise RecipeError(
            f"{request.source}: found a model of {targets} targets, expected one target: onnxmltools "
            f"{tools.__version__} adds the trees of all into one number; train and pack a model a target"
        )
    if any(any(tree.get("categories", ())) for tree in learner["gradient_booster"]["model"]["trees"]):
        raise RecipeError(
            f"{request.source}: found splits on categories (enable_categorical), expected splits on numbers: "
            f"onnxmltools {tools.__version__} makes another model of them; encode categories as numbers "
            "(OneHotEncoder, OrdinalEncoder) before training"
        )
    classes = 2 if objective == "binary:logistic" else int(learner["learner_model_param"]["num_class"])
    width = booster.num_features()
    source = boosted_graph("convert_xgboost", booster, width, classes, request, "xgboost")
    link, unlinked = LINKS[objective]
    forest = _Forest(booster, learner, unlinked)

    def ask(inputs: Mapping[str, Array]) -> Mapping[str, Any]:
        margin = forest.margin(xgboost.DMatrix(inputs[MATRIX].astype(np.float32)))
        return answers(link(margin), classes)

    return Origin(
        source.inputs,
        source.outputs,
        (onnx_draft(source, request.derived(f"onnxmltools {tools.__version__}")),),
        FrameworkOracle("xgboost", xgboost.__version__, ask, OnnxOracle(source.model)),
        facts=boosted_facts(features, width, [], request),
        lost=tuple(_lost(booster, was)),
    )


def _learner(booster: Any) -> dict[str, Any]:
    learner: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))["learner"]
    return learner


class _Forest:
    """The leaves of a booster with their values: the sums of XGBoost in float64."""

    def __init__(self, booster: Any, learner: Mapping[str, Any], unlinked: Link) -> None:
        """Keep the leaves; `unlinked` turns the base score, which is kept as an answer, into a margin."""
        trees = learner["gradient_booster"]["model"]
        self._booster = booster
        self._values = [np.asarray(tree["split_conditions"], np.float64) for tree in trees["trees"]]
        self._group = np.asarray(trees["tree_info"], np.int64)
        base = np.atleast_1d(json.loads(learner["learner_model_param"]["base_score"])).astype(np.float64)
        self._base = unlinked(base)

    def margin(self, rows: Any) -> Floats:
        """Return the sums of the leaves of each row, (rows,) or (rows, groups).

        Raises: RecipeError when XGBoost's own sum is another one.
        """
        own = np.asarray(self._booster.predict(rows, output_margin=True), np.float64)
        # (rows, iterations, groups, parallel trees), the order in which trees are kept.
        leaves = np.asarray(self._booster.predict(rows, pred_leaf=True, strict_shape=True), np.int64)
        leaves = leaves.reshape(len(own), -1)
        sums = np.zeros((len(own), own.shape[1] if own.ndim > 1 else 1)) + self._base
        for tree, values in enumerate(self._values):
            sums[:, self._group[tree]] += values[leaves[:, tree]]
        margin = sums.reshape(own.shape)
        worst = float(np.max(np.abs(own - margin), initial=0.0))
        if worst > FLOAT32_SUM * max(1.0, float(np.max(np.abs(own), initial=0.0))):
            raise RecipeError(
                f"found XGBoost's own sum of leaves {worst:g} away from the sum in float64, expected an "
                "error of float32; its trees count otherwise than by addition"
            )
        return margin


def _softmax(margin: Floats) -> Floats:
    raised = np.exp(margin - margin.max(axis=1, keepdims=True))
    scaled: Floats = raised / raised.sum(axis=1, keepdims=True)
    return scaled


def _lost(booster: Any, objective: str) -> list[str]:
    found = [TREE_LOST]
    attributes = booster.attributes()
    if attributes:
        found.append(f"The attributes {', '.join(sorted(attributes))} of the booster are not in the graph.")
    if objective == "multi:softmax":
        found.append("The objective multi:softmax answers a class as a float; the graph answers it as INT64.")
    if objective == "reg:logistic":
        found.append("The objective reg:logistic answers one number; it is the second of `probabilities`.")
    return found
