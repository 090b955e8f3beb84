"""Folders of models that others wrote: MLflow, Triton, model hubs; there and back, and what is refused."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before the import, which reports home otherwise
from onnxruntime import InferenceSession

from field.packages.golden import failure, manifest_of, vectors_of
from lepton.cli import main
from lepton.convert import Request, read_source
from lepton.convert.modelcard import card_facts
from lepton.errors import RecipeError
from lepton.pack.origin import Origin
from lepton.pack.recipe import Recipe
from lepton.runtime import open_pipeline
from lepton.validate import load
from lepton_conformance.forge.valid import linear_draft, vision_draft

STATEMENTS = {
    "intendedUse": {"en": "Telling two things apart."},
    "outOfScopeUse": {"en": "Everything else."},
    "limitations": {"en": "It knows ten words."},
    "personalData": {"status": "none"},
}
README = """---
license: apache-2.0
language: [en]
base_model: someone/base
datasets: [someone/reviews]
pipeline_tag: text-classification
---

# Two feelings

Says whether a text is glad.

## Intended uses & limitations

Reviews only.

## Bias, Risks, and Limitations

Ten words.
"""
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "film", "##s", "a", "the")


def origin(path: Path, *, allow: bool = False, **document: Any) -> Origin:
    recipe = Recipe("recipe.yml", path, {"lepton": "1.0", **document})
    return read_source(Request(str(path), recipe, None, allow))


def saved(model: onnx.ModelProto, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def linear(batch: str | None = "batch") -> onnx.ModelProto:
    """Return y = x W of x [batch, 3] and y [batch, 2]."""
    weights = numpy_helper.from_array(np.array([[1, -2], [3, 4], [-5, 6]], np.float32), "W")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "W"], ["y"])],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 2])],
        [weights],
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def feelings() -> onnx.ModelProto:
    """Return a classifier over tokens: a sum of what each token weighs, where the mask is 1."""
    weighs = np.random.default_rng(0).normal(size=(len(WORDS), 2)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["each"], axis=0),
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
            helper.make_node("Mul", ["each", "column"], ["kept"]),
            helper.make_node("ReduceSum", ["kept", "middle"], ["logits"], keepdims=0),
        ],
        "feelings",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])],
        [
            numpy_helper.from_array(weighs, "table"),
            numpy_helper.from_array(np.array([2]), "last"),
            numpy_helper.from_array(np.array([1]), "middle"),
        ],
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def hub(folder: Path) -> Path:
    saved(feelings(), folder / "onnx" / "model.onnx")
    (folder / "README.md").write_text(README)
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in WORDS))
    labels = {"id2label": {"0": "glad", "1": "sad"}, "model_type": "bert"}
    (folder / "config.json").write_text(json.dumps(labels))
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "model_max_length": 16}))
    (folder / "LICENSE").write_text("Apache License, Version 2.0")
    return folder


def packed(source: Path, recipe: dict[str, Any], folder: Path) -> Path:
    file = folder / "recipe.yml"
    file.write_text(yaml.safe_dump({"lepton": "1.0", **recipe}))
    out = folder / "back.lepton"
    assert main(["pack", str(source), "--recipe", str(file), "-o", str(out)]) == 0
    return out


def labelled_linear(folder: Path) -> Path:
    draft = linear_draft()
    draft.manifest["signature"]["outputs"][0] |= {
        "axes": ["batch", "class"],
        "labels": {"axis": 1, "names": {"en": ["cat", "dog"]}},
    }
    return draft.archive().write(folder, "package")


@pytest.mark.parametrize("kind", ["triton", "mlflow"])
def test_there_and_back_keeps_names_types_labels_licence_and_card(kind: str, tmp_path: Path) -> None:
    package = labelled_linear(tmp_path)
    assert main(["convert", str(package), "--to", kind, "-o", str(tmp_path / kind)]) == 0
    before, after = manifest_of(package), manifest_of(packed(tmp_path / kind, {}, tmp_path))
    for member in ("id", "version", "license", "title", "language", "symbols"):
        assert after[member] == before[member]
    for side in ("inputs", "outputs"):
        for old, new in zip(before["signature"][side], after["signature"][side], strict=True):
            for member in ("name", "datatype", "shape", "labels"):
                assert new.get(member) == old.get(member)


def test_steps_come_back_from_triton_as_graphs_that_answer_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = vision_draft().archive().write(tmp_path, "package")
    assert main(["convert", str(package), "--to", "triton", "-o", str(tmp_path / "triton")]) == 0
    back = packed(tmp_path / "triton", {}, tmp_path)
    before, after = manifest_of(package), manifest_of(back)
    assert {step["op"] for chain in after["processing"].values() for step in chain} == {"graph"}
    for side in ("inputs", "outputs"):
        assert [(one["name"], one["datatype"], one["shape"]) for one in after["interface"][side]] == [
            (one["name"], one["datatype"], one["shape"]) for one in before["interface"][side]
        ]
    vectors = vectors_of(package, "raw")
    with load(back) as loaded:
        pipeline = open_pipeline(loaded)
        assert [failure(one, pipeline.infer(one.inputs)) for one in vectors] == [""] * len(vectors)
        pipeline.close()
    capsys.readouterr()
    assert main(["convert", str(back), "--to", "mlflow", "-o", str(tmp_path / "mlflow")]) == 0
    assert "do it yourself" not in capsys.readouterr().out
    model = InferenceSession(str(tmp_path / "mlflow" / "model.onnx"), providers=["CPUExecutionProvider"])
    names = [one.name for one in model.get_outputs()]
    for one in vectors:
        answer = dict(zip(names, model.run(None, dict(one.inputs)), strict=True))
        assert failure(one, answer) == ""


def test_a_hubs_folder_becomes_a_package_that_reads_text(tmp_path: Path) -> None:
    recipe = {"id": "feelings", "version": "1.0.0", "card": STATEMENTS}
    texts = ["A good film!", "bad films", "THE BAD", "the film s a", "good good good bad a", "films, films"]
    np.save(tmp_path / "samples.npy", np.array(texts))
    recipe["vectors"] = {"samples": "samples.npy"}
    recipe["symbols"] = {"N": {"min": 1, "max": 4}, "T": {"min": 1, "max": 16}}
    back = packed(hub(tmp_path / "hub"), recipe, tmp_path)
    manifest = manifest_of(back)
    assert manifest["license"] == "Apache-2.0"
    assert manifest["title"] == {"en": "Two feelings"}
    assert manifest["signature"]["outputs"][0]["labels"] == {"axis": 1, "names": {"en": ["glad", "sad"]}}
    assert manifest["extensions"]["co.huggingface"]["base_model"] == ["someone/base"]
    assert {"README.md", "LICENSES/LICENSE", "tokenizer/vocab.txt"} <= {
        one["path"] for one in manifest["files"]
    }
    (step,) = manifest["processing"]["pre"]
    assert (step["op"], step["first"], step["maxLength"]) == ("tokenize", "[CLS]", 16)
    with load(back) as loaded:
        pipeline = open_pipeline(loaded)
        text = np.array([b"A good film!", b"bad"], object)
        answer = pipeline.infer({"text": text})["logits"]
        pipeline.close()
    table = numpy_helper.to_array(feelings().graph.initializer[0])
    tokens = [[2, 8, 4, 6, 1, 3], [2, 5, 3]]
    np.testing.assert_allclose(answer, [table[row].sum(axis=0) for row in tokens], rtol=1e-5)


def test_what_a_hubs_folder_says_and_a_package_cannot_is_named(tmp_path: Path) -> None:
    folder = hub(tmp_path / "hub")
    saved(feelings(), folder / "onnx" / "model_quantized.onnx")
    lost = " ".join(origin(folder).lost)
    assert "pipeline_tag" in lost
    assert "onnx/model_quantized.onnx" in lost


def test_a_licence_unknown_to_spdx_gets_a_name_and_its_text(tmp_path: Path) -> None:
    folder = hub(tmp_path / "hub")
    (folder / "README.md").write_text(README.replace("apache-2.0", "our_own"))
    found = origin(folder)
    assert found.facts["license"] == "LicenseRef-our-own"
    assert "LICENSES/LicenseRef-our-own.txt" in {one.path for one in found.files}
    (folder / "LICENSE").unlink()
    found = origin(folder)
    assert "license" not in found.facts
    assert any("our_own" in sentence for sentence in found.lost)


def test_other_tokenizers_are_named_and_left_behind(tmp_path: Path) -> None:
    folder = hub(tmp_path / "hub")
    (folder / "vocab.txt").unlink()
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE"}}))
    found = origin(folder)
    assert "processing" not in found.facts
    assert any("BPE" in sentence for sentence in found.lost)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["README.md", "model.safetensors"], "--weights"),
        (["README.md", "pytorch_model.bin"], "formats that hold data only"),
    ],
)
def test_weights_without_a_graph_are_refused_with_the_way_out(
    files: list[str], said: str, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).write_text("")
    with pytest.raises(RecipeError, match=said):
        origin(tmp_path)


def triton_entry(folder: Path, config: str, model: onnx.ModelProto | None = None, version: str = "1") -> Path:
    saved(model or linear(), folder / version / "model.onnx")
    (folder / "config.pbtxt").write_text(config)
    return folder


CONFIG = """
# Written by hand, as people do.
name: "linear"
platform: "onnxruntime_onnx"
max_batch_size: 16
input [ { name: "x", data_type: TYPE_FP32, dims: [ 3 ] } ]
output [
  {
    name: "y"
    data_type: TYPE_FP32
    dims: [ 2 ]
    label_filename: "labels.txt"
  }
]
instance_group [ { kind: KIND_CPU count: 2 } ]
dynamic_batching { max_queue_delay_microseconds: 100 }
"""


@pytest.mark.parametrize("batch", ["batch", None])
def test_a_triton_entry_written_by_hand_says_sizes_and_labels(batch: str | None, tmp_path: Path) -> None:
    folder = triton_entry(tmp_path / "linear", CONFIG, linear(batch), version="3")
    saved(linear(), folder / "2" / "model.onnx")
    (folder / "labels.txt").write_text("cat\ndog\n")
    found = origin(folder)
    name = batch or "N"
    assert found.facts["symbols"] == {name: {"min": 1, "max": 16}}
    outputs = found.facts["signature"]["outputs"]
    assert outputs[0]["shape"] == [name, 2]
    assert outputs[0]["labels"] == {"axis": 1, "names": {"en": ["cat", "dog"]}}
    lost = " ".join(found.lost)
    for word in ("instance_group", "dynamic_batching", "version 2"):
        assert word in lost


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("TYPE_FP32, dims: [ 3 ]", "TYPE_FP16, dims: [ 3 ]", "found FP16 for 'x', expected the graph's FP32"),
        ('name: "x"', 'name: "z"', "found no 'x'"),
        ("onnxruntime_onnx", "tensorrt_plan", "found the platform 'tensorrt_plan'"),
        ("max_batch_size: 16", "max_batch_size: -1", "expected 0 or more"),
        ("max_batch_size: 16", "max_batch_size: many", "expected an integer"),
        ('"labels.txt"', '"../../secret"', "expected one of a file below this folder"),
        ("instance_group [", "instance_group [[", "expected"),
    ],
)
def test_a_triton_entry_that_contradicts_itself_is_refused(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    folder = triton_entry(tmp_path / "linear", CONFIG.replace(old, new))
    (folder / "labels.txt").write_text("cat\ndog\n")
    with pytest.raises(RecipeError, match=said.replace("'", ".")):
        origin(folder)


def test_an_ensemble_of_which_one_model_is_no_graph_is_refused(tmp_path: Path) -> None:
    package = vision_draft().archive().write(tmp_path, "package")
    assert main(["convert", str(package), "--to", "triton", "-o", str(tmp_path / "triton")]) == 0
    (config,) = (tmp_path / "triton").glob("*_pre/config.pbtxt")
    config.write_text(config.read_text().replace('"onnxruntime"', '"python"'))
    with pytest.raises(RecipeError, match="found the platform 'python'"):
        origin(tmp_path / "triton")


def mlflow_folder(folder: Path, **model: Any) -> Path:
    saved(linear(), folder / "model.onnx")
    flavors = {"onnx": {"data": "model.onnx"}, "python_function": {"loader_module": "mlflow.onnx"}}
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": flavors, **model}))
    return folder


def test_an_mlflow_model_of_others_is_read_and_its_books_are_passed_over(tmp_path: Path) -> None:
    signature = {"inputs": '[{"name": "other", "type": "double"}]', "outputs": '[{"name": "y"}]'}
    folder = mlflow_folder(
        tmp_path / "m", run_id="abc", mlflow_version="2.9", signature=signature, metadata={"team": "x"}
    )
    (folder / "requirements.txt").write_text("onnx\n")
    found = origin(folder)
    assert [one.name for one in found.inputs] == ["x"]
    lost = " ".join(found.lost)
    for word in ("run_id", "metadata: team", "requirements.txt", "does not name x"):
        assert word in lost
    assert "mlflow_version" not in lost


@pytest.mark.parametrize(
    ("flavor", "said"),
    [
        ({"sklearn": {"pickled_model": "model.pkl"}}, "--allow-executable"),
        ({"pytorch": {"model_data": "data"}}, "--allow-executable"),
        ({"spacy": {}}, "found the flavours spacy, expected one of onnx"),
        ({"onnx": {"data": "../model.onnx"}}, "below this folder"),
        ({"onnx": {}}, "found no 'data'"),
    ],
)
def test_mlflow_flavours_that_cannot_or_must_not_be_read_are_refused(
    flavor: dict[str, Any], said: str, tmp_path: Path
) -> None:
    folder = mlflow_folder(tmp_path / "m", flavors=flavor)
    (folder / "model.pkl").write_bytes(b"\x80\x04N.")
    (folder / "data").mkdir()
    with pytest.raises(RecipeError, match=said):
        origin(folder)


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "m")
    (folder / "model.onnx").rename(tmp_path / "elsewhere.onnx")
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(RecipeError, match="found a link"):
        origin(folder)


def test_a_card_that_was_written_here_is_read_back(tmp_path: Path) -> None:
    draft = linear_draft()
    dataset = {"name": "rows (first half)", "license": "MIT", "url": "https://example.org/rows"}
    card = json.loads(draft.member("card.json").data)
    card["trainedOn"] = [dataset, {"name": "other rows"}]
    card["limitations"] = {"notProvided": {"en": "Nobody asked."}}
    draft.put("card.json", json.dumps(card).encode())
    package = draft.archive().write(tmp_path, "package")
    assert main(["convert", str(package), "--to", "triton", "-o", str(tmp_path / "triton")]) == 0
    data = (tmp_path / "triton" / "linear" / "README.md").read_bytes()
    found = card_facts(data, "README.md").recipe["card"]
    for member in ("intendedUse", "outOfScopeUse", "limitations", "personalData", "trainedOn"):
        assert found[member] == card[member]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"---\nlicense: &a mit\n---\n", "anchor"),
        (b"---\nlicense: mit\n", "without an end"),
        (b"---\n- a\n---\n", "no map"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_card_that_cannot_be_read_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        card_facts(text, "README.md")
