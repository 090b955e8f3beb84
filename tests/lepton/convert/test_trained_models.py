"""Models of scikit-learn, XGBoost and LightGBM, trained here: packed, judged sound, and answered alike."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import lightgbm
import numpy as np
import palmerpenguins
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lepton.convert import Request, read_source
from lepton.convert.packing import pack_source
from lepton.errors import RecipeError
from lepton.finding import Verdict
from lepton.pack import Packed, read_recipe
from lepton.runtime import open_pipeline
from lepton.validate import load, validate_package

STATEMENT = {"en": "Tests."}
RECIPE: dict[str, Any] = {
    "lepton": "1.0",
    "id": "model",
    "version": "1.0.0",
    "language": "en",
    "title": {"en": "Model"},
    "description": {"en": "A model that a test trains."},
    "license": "MIT",
    "card": {
        "intendedUse": STATEMENT,
        "outOfScopeUse": STATEMENT,
        "limitations": STATEMENT,
        "personalData": {"status": "none"},
    },
}
QUIET: dict[str, Any] = {"verbose": -1, "num_threads": 1, "num_leaves": 6, "seed": 1}

Packer = Callable[..., Packed]


@pytest.fixture
def packed(tmp_path: Path) -> Packer:
    """Pack a model file, or a model that is pickled first, with real rows as samples."""

    def run(model: Any, samples: Any, **members: Any) -> Packed:
        source = model if isinstance(model, Path) else tmp_path / "model.joblib"
        if not isinstance(model, Path):
            joblib.dump(model, source, compress=3)
        if isinstance(samples, dict):
            np.savez(tmp_path / "samples.npz", **samples)
        else:
            np.savez(tmp_path / "samples.npz", X=np.asarray(samples, np.float32))
        vectors = {"samples": "samples.npz", **members.pop("vectors", {})}
        (tmp_path / "recipe.yml").write_text(json.dumps({**RECIPE, "vectors": vectors, **members}))
        recipe = read_recipe(tmp_path / "recipe.yml")
        return pack_source(str(source), recipe, tmp_path / "out.lepton", allow_executable=True)

    return run


def answered(result: Packed, inputs: dict[str, Any]) -> dict[str, Any]:
    """Judge a package in full, and ask it with another engine than the one that said what is right."""
    report = validate_package(result.out, level="full")
    assert (report.verdict, report.findings) == (Verdict.PASS, ())
    with load(result.out) as package:
        pipeline = open_pipeline(package)
        try:
            return dict(pipeline.infer(inputs))
        finally:
            pipeline.close()


def test_a_pipeline_with_a_scaler_keeps_its_features_and_classes_as_labels(packed: Packer) -> None:
    data = load_breast_cancer(as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        data.data, data.target_names[data.target]
    )
    result = packed(model, data.data[:60])
    signature = result.manifest["signature"]
    assert signature["inputs"][0]["labels"] == {"axis": 1, "names": {"en": list(data.feature_names)}}
    assert signature["outputs"][1]["labels"] == {"axis": 1, "names": {"en": ["benign", "malignant"]}}
    assert signature["outputs"][0]["datatype"] == "BYTES"
    assert result.manifest["symbols"] == {"N": {"min": 1, "unbounded": True}}
    assert result.manifest["artifacts"][0]["derivedFrom"]["tool"].startswith("skl2onnx ")
    assert result.vectors.provenance.oracle == "scikit-learn"
    assert any("decision_function" in sentence for sentence in result.lost)
    rows = data.data[100:140]
    answers = answered(result, {"X": rows.to_numpy(np.float32)})
    np.testing.assert_allclose(answers["probabilities"], model.predict_proba(rows), atol=1e-5)
    assert [label.decode() for label in answers["label"]] == list(model.predict(rows))


def test_named_columns_of_numbers_and_text_are_inputs_of_their_own(packed: Packer) -> None:
    table = palmerpenguins.load_penguins()
    numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    columns = [*numbers, "island", "sex"]
    table["sex"] = table["sex"].astype(object).fillna("unknown")
    table["island"] = table["island"].astype(object)
    steps = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("text", OneHotEncoder(handle_unknown="ignore"), ["island", "sex"]),
        ]
    )
    model = make_pipeline(steps, LogisticRegression()).fit(table[columns], table["species"])
    mixed = table.sample(frac=1, random_state=1)
    rows = {name: mixed[[name]].to_numpy() for name in columns}
    samples = {
        name: array.astype(str if name in ("island", "sex") else np.float32) for name, array in rows.items()
    }
    result = packed(model, samples)
    inputs = {tensor["name"]: tensor["datatype"] for tensor in result.manifest["signature"]["inputs"]}
    assert inputs == {**dict.fromkeys(numbers, "FP32"), "island": "BYTES", "sex": "BYTES"}
    texts = {name: np.array([[str(v[0]).encode()] for v in rows[name]], object) for name in ("island", "sex")}
    answers = answered(result, {**{name: samples[name] for name in numbers}, **texts})
    np.testing.assert_allclose(answers["probabilities"], model.predict_proba(mixed[columns]), atol=1e-5)
    assert [label.decode() for label in answers["label"]] == list(model.predict(mixed[columns]))


def test_a_forest_of_regression_trees_agrees_on_rows_it_was_not_packed_with(packed: Packer) -> None:
    x, y = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(8, max_depth=5, random_state=1).fit(x, y)
    answers = answered(packed(model, x[:40]), {"X": x[200:].astype(np.float32)})
    np.testing.assert_allclose(answers["variable"][:, 0], model.predict(x[200:]), rtol=1e-5)


def test_an_estimator_that_no_converter_knows_is_refused_with_the_converters_reason(tmp_path: Path) -> None:
    from sklearn.manifold import Isomap

    x, _ = load_digits(return_X_y=True)
    joblib.dump(Isomap(n_components=2).fit(x[:40]), tmp_path / "m.pkl")
    (tmp_path / "recipe.yml").write_text(json.dumps(RECIPE))
    request = Request(str(tmp_path / "m.pkl"), read_recipe(tmp_path / "recipe.yml"), allow_executable=True)
    with pytest.raises(RecipeError, match=r"skl2onnx .* cannot convert Isomap"):
        read_source(request)


@pytest.mark.parametrize("suffix", ["json", "ubj"])
def test_an_xgboost_file_runs_nothing_and_answers_as_xgboost(
    packed: Packer, tmp_path: Path, suffix: str
) -> None:
    x, y = load_digits(return_X_y=True)
    rows = xgboost.DMatrix(x, label=y, feature_names=[f"pixel {place}" for place in range(64)])
    settings = {"objective": "multi:softprob", "num_class": 10, "max_depth": 3, "nthread": 1}
    booster = xgboost.train(settings, rows, 4)
    booster.save_model(tmp_path / f"model.{suffix}")
    result = packed(tmp_path / f"model.{suffix}", x[:60])
    assert result.vectors.provenance.oracle == "xgboost"
    assert result.vectors.provenance.precision == "FP64"
    assert result.manifest["signature"]["inputs"][0]["labels"]["names"]["en"][63] == "pixel 63"
    answers = answered(result, {"X": x[1000:1100].astype(np.float32)})
    expected = booster.predict(xgboost.DMatrix(x[1000:1100], feature_names=rows.feature_names))
    np.testing.assert_allclose(answers["probabilities"], expected, atol=1e-5)


@pytest.mark.parametrize(
    "objective", ["binary:logistic", "multi:softmax", "count:poisson", "reg:squarederror"]
)
def test_the_sum_of_leaves_in_float64_is_that_of_xgboost(tmp_path: Path, objective: str) -> None:
    x, y = load_diabetes(return_X_y=True)
    y = {"binary:logistic": y > 150, "multi:softmax": y // 120}.get(objective, y)
    settings = {"objective": objective, "max_depth": 3, "nthread": 1}
    if objective == "multi:softmax":
        settings["num_class"] = 3
    booster = xgboost.train(settings, xgboost.DMatrix(x, label=y), 5)
    booster.save_model(tmp_path / "m.json")
    (tmp_path / "recipe.yml").write_text(json.dumps(RECIPE))
    origin = read_source(Request(str(tmp_path / "m.json"), read_recipe(tmp_path / "recipe.yml")))
    answers = origin.oracle.double({"X": x[:50].astype(np.float32)})
    assert answers is not None
    assert {array.dtype.name for array in answers.values()} <= {"float64", "int64"}
    expected = booster.predict(xgboost.DMatrix(x[:50]))
    if objective == "binary:logistic":
        found = answers["probabilities"][:, 1]
    else:
        found = answers["label"] if objective == "multi:softmax" else answers["variable"][:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"objective": "reg:squaredlogerror"}, "found the objective reg:squaredlogerror"),
        ({"objective": "binary:logitraw"}, "found the objective binary:logitraw"),
        ({"objective": "binary:logistic", "booster": "dart"}, "found the booster dart"),
    ],
)
def test_what_onnxmltools_makes_another_xgboost_model_of_is_refused(
    tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    xgboost.train({**settings, "nthread": 1}, xgboost.DMatrix(x, label=y), 2).save_model(tmp_path / "m.json")
    (tmp_path / "recipe.yml").write_text(json.dumps(RECIPE))
    with pytest.raises(RecipeError, match=words):
        read_source(Request(str(tmp_path / "m.json"), read_recipe(tmp_path / "recipe.yml")))


@pytest.mark.parametrize("objective", ["binary", "multiclass", "poisson"])
def test_a_lightgbm_file_runs_nothing_and_answers_as_lightgbm(
    packed: Packer, tmp_path: Path, objective: str
) -> None:
    x, y = load_breast_cancer(return_X_y=True) if objective == "binary" else load_digits(return_X_y=True)
    classes = {"num_class": 10} if objective == "multiclass" else {}
    data = lightgbm.Dataset(x, label=y)
    booster = lightgbm.train({**QUIET, **classes, "objective": objective}, data, 4)
    booster.save_model(tmp_path / "model.txt")
    result = packed(tmp_path / "model.txt", x[:60])
    assert result.vectors.provenance.oracle == "lightgbm"
    answers = answered(result, {"X": x[200:300].astype(np.float32)})
    expected = booster.predict(x[200:300])
    found = {"binary": lambda: answers["probabilities"][:, 1], "multiclass": lambda: answers["probabilities"]}
    np.testing.assert_allclose(
        found.get(objective, lambda: answers["variable"][:, 0])(), expected, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"objective": "cross_entropy"}, "found the objective cross_entropy"),
        (
            {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
            "found a random forest",
        ),
        ({"objective": "regression", "linear_tree": True}, "linear models in their leaves"),
    ],
)
def test_what_onnxmltools_makes_another_lightgbm_model_of_is_refused(
    tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    lightgbm.train({**QUIET, **settings}, lightgbm.Dataset(x, label=y), 2).save_model(tmp_path / "m.txt")
    (tmp_path / "recipe.yml").write_text(json.dumps(RECIPE))
    with pytest.raises(RecipeError, match=words):
        read_source(Request(str(tmp_path / "m.txt"), read_recipe(tmp_path / "recipe.yml")))


def test_an_estimator_of_lightgbm_keeps_its_classes_as_labels(packed: Packer) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    model = lightgbm.LGBMClassifier(n_estimators=4, num_leaves=5, n_jobs=1, verbose=-1)
    result = packed(model.fit(x, np.array(["sick", "well"])[y]), x[:60])
    outputs = {tensor["name"]: tensor for tensor in result.manifest["signature"]["outputs"]}
    assert outputs["probabilities"]["labels"] == {"axis": 1, "names": {"en": ["sick", "well"]}}
    assert any("index of a class" in sentence for sentence in result.lost)


def test_a_graph_of_another_model_is_refused_and_no_wide_tolerance_hides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lepton.convert.sources import lightgbm as source

    x, y = load_breast_cancer(return_X_y=True)
    settings = {**QUIET, "objective": "multiclassova", "num_class": 2}
    lightgbm.train(settings, lightgbm.Dataset(x, label=y), 4).save_model(tmp_path / "m.txt")
    monkeypatch.setattr(source, "OBJECTIVES", (*source.OBJECTIVES, "multiclassova"))
    monkeypatch.setattr(source, "_classes", lambda document, objective: 2)
    np.savez(tmp_path / "samples.npz", X=x[:60].astype(np.float32))
    (tmp_path / "recipe.yml").write_text(json.dumps({**RECIPE, "vectors": {"samples": "samples.npz"}}))
    with pytest.raises(RecipeError, match="the converter makes another model of it"):
        pack_source(str(tmp_path / "m.txt"), read_recipe(tmp_path / "recipe.yml"), tmp_path / "out.lepton")
    assert not (tmp_path / "out.lepton").exists()
