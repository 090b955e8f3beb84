"""Which kind a source is of: seen by its content, without running anything; refused with the reason."""

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch

from lepton.convert import KINDS, Request, read_source
from lepton.convert.sources import factory
from lepton.errors import RecipeError
from lepton.pack.recipe import Recipe, read_recipe

GRAPH = '<ir_version: 8, opset_import: ["" : 17]> g (float[N,3] x) => (float[N,3] y) {y = Relu(x)}'
RECIPE: dict[str, Any] = {"lepton": "1.0", "id": "m", "version": "1.0.0", "language": "en"}


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (self.trace, "it ran"))


def recipe(folder: Path, **members: Any) -> Recipe:
    path = folder / "recipe.yml"
    path.write_text(json.dumps({**RECIPE, **members}))
    return read_recipe(path)


def refusal(source: str, folder: Path, kind: str | None = None) -> str:
    with pytest.raises(RecipeError) as refused:
        read_source(Request(source, recipe(folder)), kind)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_an_onnx_file_is_known_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    model = tmp_path / "weights.bin"
    model.write_bytes(onnx.parser.parse_model(GRAPH).SerializeToString())
    origin = read_source(Request(str(model), recipe(tmp_path)))
    assert [tensor.name for tensor in origin.inputs] == ["x"]
    assert origin.lost == ()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_refused_by_its_content_and_never_run(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "trace"
    (tmp_path / "model.onnx.bin").write_bytes(pickle.dumps(Bomb(trace), protocol))
    said = refusal(str(tmp_path / "model.onnx.bin"), tmp_path)
    assert "found a pickle" in said
    assert "--allow-executable" in said
    assert not trace.exists()


def test_a_pickle_that_was_allowed_is_read_and_must_hold_a_model(tmp_path: Path) -> None:
    source = tmp_path / "m.pkl"
    source.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(RecipeError, match=r"an object of the class builtins\.dict"):
        read_source(Request(str(source), recipe(tmp_path), allow_executable=True))


def test_a_pickle_of_what_is_not_installed_is_refused_with_the_name(tmp_path: Path) -> None:
    source = tmp_path / "m.pkl"
    source.write_bytes(b"\x80\x04\x8c\x0bnot_there_1\x8c\x05Model\x93.")
    with pytest.raises(RecipeError, match="not_there_1"):
        read_source(Request(str(source), recipe(tmp_path), allow_executable=True))


@pytest.mark.parametrize("old", [False, True])
def test_a_file_of_torch_save_is_never_unpickled_to_find_out(tmp_path: Path, old: bool) -> None:
    trace = tmp_path / "trace"
    source = tmp_path / "model.pt"
    torch.save(Bomb(trace), source, _use_new_zipfile_serialization=not old)
    said = refusal(str(source), tmp_path)
    assert "weights_only=True" in said
    assert "--weights" in said
    assert not trace.exists()


def test_torchscript_is_refused_with_the_reason_and_the_remedy(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="torch"):
        traced = torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2))  # type: ignore[no-untyped-call]
    traced.save(str(tmp_path / "m.pt"))
    said = refusal(str(tmp_path / "m.pt"), tmp_path)
    assert "found a TorchScript program" in said
    assert "FILE.py:NAME" in said


def test_an_archive_of_torch_export_runs_code_and_has_to_be_allowed(tmp_path: Path) -> None:
    torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.ones(1, 2),)), tmp_path / "m.pt2")
    assert "found an archive of torch.export.save" in refusal(str(tmp_path / "m.pt2"), tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"hello", "of none of the kinds"),
        ("empty.onnx", b"", "found no ONNX model"),
        ("a.json", b'{"learner": 1}', "of none of the kinds"),
        ("a.keras", b"PK\3\4 not a zip", "of none of the kinds"),
        ("m.bin", b"\x1c\0\0\0TFL3\0\0", "found a TensorFlow Lite model"),
        ("m.xml", b'<?xml version="1.0"?><net name="m" version="11">', "found an OpenVINO model"),
        ("x.json", b'{"learner":{"attributes":{}}}', "XGBoost cannot load it"),
        ("l.txt", b"tree\nversion=v4\nnum_class=1\n", "LightGBM cannot load it"),
    ],
)
def test_what_is_no_model_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in refusal(str(tmp_path / name), tmp_path)


def test_what_is_not_there_and_a_kind_that_is_none_are_named(tmp_path: Path) -> None:
    assert "found neither a file nor a folder" in refusal(str(tmp_path / "none"), tmp_path)
    assert "found the kind 'pmml'" in refusal(str(tmp_path), tmp_path, "pmml")


def test_a_zip_that_is_no_archive_of_a_framework_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("readme.txt", "x")
    assert "of none of the kinds" in refusal(str(tmp_path / "m.zip"), tmp_path)


def test_every_kind_says_its_name_and_recognises_nothing_in_an_empty_place(tmp_path: Path) -> None:
    import importlib

    (tmp_path / "empty").touch()
    for name, place in KINDS.items():
        module = importlib.import_module(place)
        assert name == module.NAME
        assert module.SAYS
        assert not module.recognises(tmp_path), name
        assert not module.recognises(tmp_path / "empty"), name


def test_code_is_named_and_never_found(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("def build(): return 1")
    assert not factory.recognises(tmp_path / "net.py")
    assert "of none of the kinds" in refusal(str(tmp_path / "net.py"), tmp_path)


@pytest.mark.parametrize("domain", ["com.microsoft", "my.ops"])
def test_operators_of_other_domains_are_named_as_what_engines_may_lack(tmp_path: Path, domain: str) -> None:
    text = GRAPH.replace('["" : 17]', f'["" : 17, "{domain}" : 1]').replace("Relu(x)", f"{domain}.Twist(x)")
    (tmp_path / "m.onnx").write_bytes(onnx.parser.parse_model(text).SerializeToString())
    origin = read_source(Request(str(tmp_path / "m.onnx"), recipe(tmp_path)))
    assert any(domain in sentence and "PKG-ART-10" in sentence for sentence in origin.lost)
