"""What `lepton convert` writes, run the way its new owner runs it, on packages that the forge wrote."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import, which reports home otherwise
import onnxruntime

from field.packages.golden import Array, Vector, failure, manifest_of, vectors_of
from lepton.cli import main
from lepton_conformance.forge.pipelines import text_draft
from lepton_conformance.forge.valid import (
    external_draft,
    linear_draft,
    strings_draft,
    threshold_draft,
    two_artifacts_draft,
    vision_draft,
)

KINDS = ("triton", "mlflow", "kserve", "modelpack")
PACKAGES = {
    "linear": linear_draft,
    "external": external_draft,
    "strings": strings_draft,
    "threshold": threshold_draft,
    "two artifacts": two_artifacts_draft,
    "vision": vision_draft,
    "text": text_draft,
}


def converted(package: Path, kind: str, folder: Path) -> Path | None:
    """Convert, or return None where the target cannot have the package and says why."""
    out = folder / kind
    code = main(["convert", str(package), "--to", kind, "-o", str(out)])
    assert code in (0, 2)
    assert out.exists() == (code == 0)
    return out if code == 0 else None


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def computed(path: Path, feed: Mapping[str, Array]) -> dict[str, Array]:
    model = session(path)
    texts = {
        name: np.array([one.decode() for one in array.ravel()], object).reshape(array.shape)
        if array.dtype == object
        else array
        for name, array in feed.items()
    }
    answers = model.run(None, {one.name: texts[one.name] for one in model.get_inputs()})
    names = [one.name for one in model.get_outputs()]
    return {
        name: np.array([one.encode() for one in array.ravel()], object).reshape(array.shape)
        if array.dtype == object
        else array
        for name, array in zip(names, answers, strict=True)
    }


def configuration(folder: Path) -> Any:
    """Read config.pbtxt with the schema of Triton itself."""
    return text_format.Parse((folder / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())


def asked_triton(repository: Path, name: str, feed: Mapping[str, Array]) -> dict[str, Array]:
    """Answer as Triton does: a model alone, or the steps of an ensemble in order."""
    config = configuration(repository / name)
    for entry in config.input:
        check_dims(entry, feed[entry.name], config.max_batch_size)
    if not config.HasField("ensemble_scheduling"):
        return computed(repository / name / "1" / "model.onnx", feed)
    known = dict(feed)
    for step in config.ensemble_scheduling.step:
        inner = {own: known[tensor] for own, tensor in step.input_map.items()}
        answer = asked_triton(repository, step.model_name, inner)
        known |= {tensor: answer[own] for own, tensor in step.output_map.items()}
    return {entry.name: known[entry.name] for entry in config.output}


def check_dims(entry: Any, array: Array, batch: int) -> None:
    shape = array.shape[1:] if batch else array.shape
    assert not batch or 1 <= array.shape[0] <= batch
    dims = list(entry.reshape.shape) if entry.HasField("reshape") else list(entry.dims)
    assert len(shape) == len(dims)
    assert all(dim in (-1, size) for dim, size in zip(dims, shape, strict=True))


def offered_vectors(package: Path, answered: set[str]) -> list[Vector]:
    """Return the vectors of the stage that a target offers: the one whose outputs it answers."""
    for stage in ("raw", "model"):
        found = vectors_of(package, stage)
        if found and set(found[0].expected) == answered:
            return found
    return []


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_every_valid_package_is_converted_right_or_refused_with_the_reason(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = PACKAGES[name]().archive().write(tmp_path, "package")
    identifier = manifest_of(package)["id"]
    passed = 0
    for kind in ("triton", "mlflow"):
        out = converted(package, kind, tmp_path)
        said = capsys.readouterr()
        if out is None:
            assert said.err.count("\n") == 1
            assert "expected" in said.err
            continue
        if kind == "triton":
            answered = {entry.name for entry in configuration(out / identifier).output}
        else:
            answered = {entry.name for entry in session(out / "model.onnx").get_outputs()}
        for vector in offered_vectors(package, answered):
            if "default" in said.out and set(vector.inputs) != inputs_of(out, identifier, kind):
                continue  # an optional input was left out, and the answer said that it has to be given
            if kind == "triton":
                answer = asked_triton(out, identifier, vector.inputs)
            else:
                answer = computed(out / "model.onnx", vector.inputs)
            assert failure(vector, answer) == ""
            passed += 1
    if name in ("linear", "vision", "external"):
        assert passed


def inputs_of(out: Path, identifier: str, kind: str) -> set[str]:
    if kind == "triton":
        return {entry.name for entry in configuration(out / identifier).input}
    return {entry.name for entry in session(out / "model.onnx").get_inputs()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_package_gives_the_same_bytes(kind: str, tmp_path: Path) -> None:
    package = vision_draft().archive().write(tmp_path, "package")
    both = [converted(package, kind, tmp_path / place) for place in ("a", "b")]
    trees = [
        {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
        for out in both
        if out is not None
    ]
    assert len(trees) == 2
    assert trees[0] == trees[1]
    assert trees[0]


def test_the_batch_is_the_servers_only_where_every_tensor_is_one(tmp_path: Path) -> None:
    draft = linear_draft()
    assert draft.manifest["signature"]["inputs"][0]["axes"][0] == "batch"
    cases = {"without axes": None, "batch": ["batch", "class"], "other": ["other", "class"]}
    found = {}
    for case, axes in cases.items():
        draft = linear_draft()
        if axes is not None:
            draft.manifest["signature"]["outputs"][0]["axes"] = axes
        (tmp_path / case).mkdir()
        out = converted(draft.archive().write(tmp_path / case, "package"), "triton", tmp_path / case)
        assert out is not None
        found[case] = configuration(out / "linear")
    assert {case: config.max_batch_size for case, config in found.items()} == {
        "without axes": 0,
        "batch": 64,
        "other": 0,
    }
    assert list(found["batch"].input[0].dims) == [3]
    assert list(found["other"].input[0].dims) == [-1, 3]


@pytest.mark.parametrize("bounds", [{"min": 2, "max": 64}, {"min": 1, "unbounded": True}])
def test_a_batch_that_triton_could_not_keep_within_bounds_stays_a_dimension(
    bounds: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = linear_draft()
    draft.manifest["signature"]["outputs"][0]["axes"] = ["batch", "class"]
    draft.manifest["symbols"]["N"] = bounds
    path = draft.directory().write(tmp_path)
    from lepton.convert.targets import convert
    from lepton.package import open_package
    from lepton.package.loaded import LoadedPackage

    with LoadedPackage(open_package(path)) as package:
        lost = convert(package, "triton", tmp_path / "out")
    assert configuration(tmp_path / "out" / "linear").max_batch_size == 0
    assert any(sentence.startswith("symbols N: their bounds") for sentence in lost)


def test_triton_gets_labels_licence_and_version(tmp_path: Path) -> None:
    draft = linear_draft()
    output = draft.manifest["signature"]["outputs"][0]
    output |= {"axes": ["batch", "class"], "labels": {"axis": 1, "names": {"en": ["cat", "dog"]}}}
    out = converted(draft.archive().write(tmp_path, "package"), "triton", tmp_path)
    assert out is not None
    config = configuration(out / "linear")
    assert (out / "linear" / config.output[0].label_filename).read_text() == "cat\ndog\n"
    assert config.parameters["lepton.license"].string_value == draft.manifest["license"]
    assert config.parameters["lepton.version"].string_value == draft.manifest["version"]


def test_what_stays_behind_is_said_to_people_and_to_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = threshold_draft().archive().write(tmp_path, "package")
    assert main(["convert", str(package), "--to", "mlflow", "-o", str(tmp_path / "a")]) == 0
    text = capsys.readouterr().out
    assert "  lost  vectors" in text
    command = ["convert", str(package), "--to", "mlflow", "-o", str(tmp_path / "b"), "--format", "json"]
    assert main(command) == 0
    answer = json.loads(capsys.readouterr().out)
    assert all(f"  lost  {sentence}" in text for sentence in answer["lost"])
    assert any("default" in sentence for sentence in answer["lost"])


def test_mlflow_gets_the_whole_card_and_every_tensor(tmp_path: Path) -> None:
    draft = vision_draft()
    out = converted(draft.archive().write(tmp_path, "package"), "mlflow", tmp_path)
    assert out is not None
    model = yaml.safe_load((out / "MLmodel").read_bytes())
    ours = model["metadata"]["lepton"]
    assert ours["license"] == draft.manifest["license"]
    assert ours["inputs"] == draft.manifest["interface"]["inputs"]
    signature = json.loads(model["signature"]["inputs"])
    assert [one["name"] for one in signature] == [one["name"] for one in ours["inputs"]]
    assert "intendedUse" in ours["card"]


def test_nothing_is_written_over_and_nothing_half(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = linear_draft().archive().write(tmp_path, "package")
    (tmp_path / "out").mkdir()
    assert main(["convert", str(package), "--to", "triton", "-o", str(tmp_path / "out")]) == 2
    assert "is there already" in capsys.readouterr().err
    before = sorted(tmp_path.iterdir())
    assert (
        main(["convert", str(package), "--to", "triton", "-o", str(tmp_path / "x"), "--artifact", "no"]) == 2
    )
    assert sorted(tmp_path.iterdir()) == before


def test_kserve_serves_the_storage_beside_it_under_a_name_that_it_allows(tmp_path: Path) -> None:
    draft = linear_draft()
    draft.manifest["id"] = "3.linear_model"
    out = converted(draft.archive().write(tmp_path, "package"), "kserve", tmp_path)
    assert out is not None
    resource = yaml.safe_load((out / "inferenceservice.yaml").read_bytes())
    assert resource["kind"] == "InferenceService"
    assert resource["metadata"]["name"] == "model-3-linear-model"
    assert configuration(out / "storage" / "3.linear_model").name == "3.linear_model"
