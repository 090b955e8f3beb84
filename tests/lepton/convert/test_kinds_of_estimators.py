"""Estimators that a converter or evaluator once got wrong: answered alike, or refused with a remedy."""

import json
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import lightgbm
import numpy as np
import pandas  # type: ignore[import-untyped]
import pytest
import xgboost
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from lepton.convert.packing import pack_source
from lepton.convert.request import Request
from lepton.convert.sklearn_graph import estimator_graph
from lepton.errors import RecipeError
from lepton.finding import Verdict
from lepton.pack import Packed, read_recipe
from lepton.pack.recipe import Recipe
from lepton.runtime import open_pipeline
from lepton.validate import load, validate_package

SAID = {"en": "Tests."}
RECIPE: dict[str, Any] = {
    "lepton": "1.0",
    "id": "model",
    "version": "1.0.0",
    "language": "en",
    "title": SAID,
    "license": "MIT",
    "card": {
        "intendedUse": SAID,
        "outOfScopeUse": SAID,
        "limitations": SAID,
        "personalData": {"status": "none"},
    },
}
GENERATOR = np.random.default_rng(7)
ROWS = GENERATOR.normal(size=(120, 5)).astype(np.float32)
TARGETS = ROWS @ GENERATOR.normal(size=(5, 3)).astype(np.float32)
CLASSES = TARGETS.argmax(axis=1)
TEXTS = ["paid in time", "late and in default", "paid early", "default again"]


def packed(folder: Path, model: Any) -> Packed:
    joblib.dump(model, folder / "model.joblib")
    (folder / "recipe.yml").write_text(json.dumps(RECIPE))
    recipe = read_recipe(folder / "recipe.yml")
    return pack_source(str(folder / "model.joblib"), recipe, folder / "out.lepton", allow_executable=True)


def answers(package: Packed, rows: Any) -> dict[str, Any]:
    assert validate_package(package.out, level="full").verdict is Verdict.PASS
    with load(package.out) as loaded:
        pipeline = open_pipeline(loaded)
        try:
            return dict(pipeline.infer({"X": rows}))
        finally:
            pipeline.close()


def test_probabilities_of_a_support_vector_machine_of_three_classes_are_those_of_libsvm(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    model = SVC(probability=True, random_state=0).fit(ROWS, CLASSES)

    found = answers(packed(tmp_path, model), ROWS[:9])

    np.testing.assert_allclose(found["probabilities"], model.predict_proba(ROWS[:9]), atol=2e-5)


@pytest.mark.parametrize(
    ("model", "output", "method"),
    [
        (LinearSVC().fit(ROWS, CLASSES), "label", "predict"),
        (ExtraTreesRegressor(8, random_state=0).fit(ROWS, TARGETS), "variable", "predict"),
        (KMeans(4, random_state=0, n_init=1).fit(ROWS), "label", "predict"),
        (HistGradientBoostingClassifier(max_iter=5).fit(ROWS, CLASSES), "probabilities", "predict_proba"),
        (IsolationForest(n_estimators=8, random_state=0).fit(ROWS), "label", "predict"),
    ],
    ids=["no option zipmap", "several targets", "float32 alone", "flags", "labels of two dimensions"],
)
def test_what_the_converter_stumbles_over_is_mended(
    tmp_path: Path, model: Any, output: str, method: str
) -> None:
    found = answers(packed(tmp_path, model), ROWS[:9])[output]

    truth = getattr(model, method)(ROWS[:9])
    np.testing.assert_allclose(found.reshape(truth.shape), truth, atol=2e-5)


def test_an_output_that_is_a_sequence_is_left_out_and_said_to_be_lost(tmp_path: Path) -> None:
    model = MultiOutputClassifier(LogisticRegression()).fit(ROWS, (TARGETS > 0).astype(int))

    result = packed(tmp_path, model)

    assert any("'probabilities'" in line and "left out" in line for line in result.lost)
    np.testing.assert_array_equal(answers(result, ROWS[:9])["label"], model.predict(ROWS[:9]))


def test_a_vectoriser_of_texts_is_refused_with_a_remedy_that_works(tmp_path: Path) -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, [1, 0, 1, 0])

    with pytest.raises(RecipeError, match=r"no operator of ONNX splits text .* pack MODEL\[1:\]"):
        packed(tmp_path, model)

    matrix = model[0].transform(TEXTS).toarray().astype(np.float32)
    found = answers(packed(tmp_path, model[1:]), matrix)
    np.testing.assert_array_equal(found["label"], model.predict(TEXTS))


@pytest.mark.parametrize("objective", ["rank:ndcg", "rank:pairwise", "rank:map"])
def test_a_ranker_of_xgboost_answers_its_scores(tmp_path: Path, objective: str) -> None:
    grades = (TARGETS[:, 0] > 0).astype(int)
    model = xgboost.XGBRanker(objective=objective, n_estimators=5).fit(
        ROWS, grades, qid=np.repeat(np.arange(12), 10)
    )

    found = answers(packed(tmp_path, model), ROWS[:9])

    np.testing.assert_allclose(found["variable"][:, 0], model.predict(ROWS[:9]), atol=2e-5)


def test_a_booster_of_several_targets_is_refused(tmp_path: Path) -> None:
    model = xgboost.XGBRegressor(n_estimators=3).fit(ROWS, TARGETS)

    with pytest.raises(RecipeError, match="found a model of 3 targets, expected one target"):
        packed(tmp_path, model)


def test_splits_on_categories_are_refused_with_their_reason(tmp_path: Path) -> None:
    table = pandas.DataFrame({"kind": pandas.Categorical(["a", "b", "c"] * 40), "size": ROWS[:, 0]})
    model = xgboost.XGBRegressor(n_estimators=3, enable_categorical=True, max_cat_to_onehot=1)
    model.fit(table, np.tile([0.0, 5.0, 1.0], 40))

    with pytest.raises(RecipeError, match=r"found splits on categories .* encode categories as numbers"):
        packed(tmp_path, model)


def categorical(folder: Path) -> tuple[Any, Any]:
    rows = np.c_[GENERATOR.integers(0, 5, 400), GENERATOR.normal(size=(400, 2))].astype(np.float32)
    values = np.where(np.isin(rows[:, 0], (1, 3, 4)), 2.0, -1.0) * rows[:, 1] + rows[:, 2]
    data = lightgbm.Dataset(rows, values, feature_name=["kind", "size", "age"], categorical_feature=[0])
    model = lightgbm.train({"objective": "regression", "verbose": -1}, data, 20)
    model.save_model(folder / "model.txt")
    return model, rows


def test_lightgbm_with_categories_and_no_samples_is_refused_with_two_remedies(tmp_path: Path) -> None:
    categorical(tmp_path)
    (tmp_path / "recipe.yml").write_text(json.dumps(RECIPE))

    with pytest.raises(
        RecipeError,
        match=r"found splits on categories of the features kind, .* expected `vectors: \{samples: FILE.npz\}`"
        r".*; or encode categories \(OneHotEncoder, OrdinalEncoder\) before training",
    ):
        pack_source(
            str(tmp_path / "model.txt"), read_recipe(tmp_path / "recipe.yml"), tmp_path / "out.lepton"
        )


def test_lightgbm_with_categories_and_samples_of_them_answers_alike(tmp_path: Path) -> None:
    model, rows = categorical(tmp_path)
    np.savez(tmp_path / "samples.npz", X=rows[:200])
    (tmp_path / "recipe.yml").write_text(json.dumps({**RECIPE, "vectors": {"samples": "samples.npz"}}))

    package = pack_source(
        str(tmp_path / "model.txt"), read_recipe(tmp_path / "recipe.yml"), tmp_path / "out.lepton"
    )

    assert any("The features kind are categories" in one for one in package.lost)
    found = answers(package, rows[200:260])
    np.testing.assert_allclose(found["variable"][:, 0], model.predict(rows[200:260]), atol=1e-4)


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_a_classifier_by_votes_answers_alike(tmp_path: Path, voting: str) -> None:
    inner = [("line", LogisticRegression()), ("tree", DecisionTreeClassifier(max_depth=3, random_state=1))]
    model = VotingClassifier(inner, voting=voting).fit(ROWS, CLASSES)

    package = packed(tmp_path, model)

    found = answers(package, ROWS[:40])
    assert (found["label"] == model.predict(ROWS[:40])).all()
    assert ("probabilities" in found) == (voting == "soft")
    assert any("counts votes" in one for one in package.lost) == (voting == "hard")
    if voting == "soft":
        np.testing.assert_allclose(found["probabilities"], model.predict_proba(ROWS[:40]), atol=1e-5)


def test_converting_a_classifier_by_votes_leaves_its_flag() -> None:
    model = VotingClassifier([("line", LogisticRegression())], voting="soft").fit(ROWS, CLASSES)

    estimator_graph(model, {"X": ("FP32", 5)}, Request("model.pkl", Recipe("recipe.yml", Path(), RECIPE)))

    assert model.flatten_transform is True
