"""The command `lepton certify`: exit codes, messages, export-models, smoke."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lepton.cli import main
from lepton_conformance.models import EXPORTED
from lepton_conformance.mutants.catalogue import server
from lepton_conformance.mutants.listener import listening
from lepton_conformance.mutants.naive import Naive

QUICK = ["--only", "INF-DAT-04", "--max-examples", "2"]

#: Models that only the layouts plain and lepton have.
RARE = ("lepton_id_bf16", "lepton_scalar", "lepton_wide")


@pytest.fixture
def naive() -> Iterator[str]:
    with listening(Naive(), 0) as url:
        yield url


@pytest.fixture
def broken() -> Iterator[str]:
    with listening(server("dat-04-zero"), 0) as url:
        yield url


@pytest.mark.requirement("CNF-EXI-01")
def test_conforming_server_exits_0(naive: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", naive, "--profile", "oip-rest", "--max-examples", "2"]) == 0
    assert capsys.readouterr().out.startswith("oip-rest: pass (")


@pytest.mark.requirement("CNF-EXI-01")
def test_non_conforming_server_exits_1_and_says_why(
    broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report"
    assert main(["certify", broken, *QUICK, "--report", str(report)]) == 1
    out = capsys.readouterr().out
    assert "INF-DAT-04 fails: FP32 keeps its bits" in out
    assert "expected -0.0" in out
    assert f"python {report / 'reproducers/INF-DAT-04.py'}" in out


@pytest.mark.requirement("CNF-EXI-01")
@pytest.mark.requirement("CNF-VER-02")
def test_partly_tested_server_exits_3(naive: str) -> None:
    assert main(["certify", naive, *QUICK]) == 3


@pytest.mark.requirement("CNF-EXI-01")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["http://127.0.0.1:1"], "cannot connect to 127.0.0.1:1"),
        (["grpc://127.0.0.1:1"], "cannot connect to 127.0.0.1"),
        (["nonsense"], "expected http://HOST:PORT"),
        (["http://127.0.0.1:1", "http://127.0.0.1:2"], "expected one SUBJECT"),
        (["http://127.0.0.1:1", "--profile", "gold"], "found profile 'gold'"),
        (["smoke"], "found no SUBJECT"),
        (["export-models"], "found no single directory"),
        (["http://127.0.0.1:1", "--known-failures", "/nonexistent/known.yaml"], "No such file"),
        (["exec:/nonexistent/adapter"], "/nonexistent/adapter"),
    ],
)
def test_impossible_work_exits_2_with_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["certify", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "option", [["--seed", "-1"], ["--seed", "x"], ["--budget", "0"], ["--budget", "nan"]]
)
def test_wrong_option_exits_2(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["certify", "http://127.0.0.1:1", *option])
    assert ended.value.code == 2
    assert "expected" in capsys.readouterr().err


def test_smoke_answers_plain_questions(naive: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", "smoke", naive]) == 0
    assert capsys.readouterr().out.count("ok ") == 4


def test_smoke_stops_at_what_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    empty = Naive()
    empty.models.clear()
    with listening(empty, 0) as url:
        assert main(["certify", "smoke", url]) == 1
    assert "FAIL  metadata of lepton_id_fp32" in capsys.readouterr().out


def test_exported_models_have_an_index_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main(["certify", "export-models", str(tmp_path / name)]) == 0
    index = json.loads((tmp_path / "one" / "models.json").read_text(encoding="utf-8"))
    assert [entry["name"] for entry in index["models"]] == [model.name for model in EXPORTED]
    for entry in index["models"]:
        one, two = ((tmp_path / name / entry["path"]).read_bytes() for name in ("one", "two"))
        assert one == two
        assert hashlib.sha256(one).hexdigest() == entry["sha256"]
        assert entry["path"] == f"{entry['name']}/1/model.onnx"


def test_triton_layout_describes_every_tensor(tmp_path: Path) -> None:
    assert main(["certify", "export-models", str(tmp_path / "t"), "--layout", "triton"]) == 0
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == sorted(
        model.name for model in EXPORTED if model.name not in RARE
    )
    text = (tmp_path / "t" / "lepton_id_bytes" / "config.pbtxt").read_text(encoding="utf-8")
    assert 'input { name: "x" data_type: TYPE_STRING dims: [ -1, -1 ] }' in text


def test_each_layout_has_what_its_server_reads(tmp_path: Path) -> None:
    for layout in ("mlserver", "kserve", "openvino"):
        assert main(["certify", "export-models", str(tmp_path / layout), "--layout", layout]) == 0
    graph = (tmp_path / "kserve" / "lepton_sub" / "model.onnx").read_bytes()
    assert (tmp_path / "mlserver" / "lepton_sub" / "model.onnx").read_bytes() == graph
    assert (tmp_path / "openvino" / "lepton_sub" / "1" / "model.onnx").read_bytes() == graph
    settings = json.loads((tmp_path / "mlserver" / "lepton_sub" / "model-settings.json").read_bytes())
    assert (settings["name"], settings["parameters"]["uri"]) == ("lepton_sub", "./model.onnx")
    assert [tensor["name"] for tensor in settings["inputs"]] == ["a", "b"]
    config = json.loads((tmp_path / "openvino" / "config.json").read_bytes())
    paths = {entry["config"]["name"]: entry["config"]["base_path"] for entry in config["model_config_list"]}
    assert set(paths) == {model.name for model in EXPORTED if model.name not in RARE}
    assert all((tmp_path / "openvino" / path).is_dir() for path in paths.values())


def test_export_never_writes_into_a_used_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kept").write_text("mine", encoding="utf-8")
    assert main(["certify", "export-models", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert "expected a new or an empty directory" in capsys.readouterr().err


def test_unknown_layout_is_refused_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", "export-models", str(tmp_path / "x"), "--layout", "tensorflow"]) == 2
    assert "plain, lepton, triton, mlserver, kserve, openvino" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_run_ignores_the_configuration_of_the_directory_it_is_started_in(naive: str, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("raise SystemExit('conftest was read')", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", encoding="utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "lepton.cli", "certify", naive, *QUICK],
        cwd=tmp_path,
        env={"PATH": "", "PYTEST_ADDOPTS": "--also-no-option", "PYTEST_PLUGINS": "no_such_plugin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stderr == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == before
