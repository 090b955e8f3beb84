"""`lepton serve` on real packages: the conformance models as the suite exports them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    command = [sys.executable, "-m", "lepton", "certify", "export-models", str(folder), "--layout", "lepton"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def begin(*arguments: str | Path, tmp: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "lepton", "serve", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp)},
    )


@pytest.fixture(scope="module")
def base(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    tmp = tmp_path_factory.mktemp("tmp")
    server = begin(packages, "--port", "0", tmp=tmp)
    assert server.stdout is not None
    try:
        line = server.stdout.readline()
        count = len(list(packages.glob("*.lepton")))
        assert line.startswith("lepton serve: listening on http://127.0.0.1:")
        assert line.endswith(f"({count} models)\n")
        yield line.split()[4]
        server.send_signal(signal.SIGTERM)
        output, errors = server.communicate(timeout=20)
    finally:
        server.kill()
    assert (server.returncode, output, errors) == (0, "", "")
    assert list(tmp.iterdir()) == []


def call(url: str, request: object = None) -> Any:
    data = None if request is None else json.dumps(request).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=15) as answer:
        return json.load(answer)


def test_serves_every_package_of_a_folder_under_its_id(base: str, packages: Path) -> None:
    for path in packages.glob("*.lepton"):
        metadata = call(f"{base}/v2/models/{path.stem}")
        assert metadata["name"] == path.stem
        assert metadata["properties"]["identity"].startswith("sha256:")
        assert call(f"{base}/v2/models/{path.stem}/ready") == {"name": path.stem, "ready": True}


def test_computes_with_the_package_s_model(base: str) -> None:
    tensors = [
        {"name": "a", "shape": [1, 3], "datatype": "FP32", "data": [5, 7, 9]},
        {"name": "b", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3.5]},
    ]
    answer = call(f"{base}/v2/models/lepton_sub/infer", {"inputs": tensors})
    assert answer["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [1, 3], "data": [4, 5, 5.5]}]
    tensors[1]["shape"] = [3, 1]
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(f"{base}/v2/models/lepton_sub/infer", {"inputs": tensors})
    assert caught.value.code == 400


@pytest.fixture
def one(packages: Path) -> Path:
    return packages / "lepton_id_fp32.lepton"


def refused(*arguments: str | Path, tmp: Path) -> str:
    server = begin(*arguments, tmp=tmp)
    output, errors = server.communicate(timeout=20)
    assert (server.returncode, output) == (2, "")
    assert errors.count("\n") == 1
    assert errors.startswith("lepton serve: ")
    assert list(tmp.iterdir()) == []
    return errors


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use_is_one_line_and_exit_2(base: str, one: Path, tmp_path: Path, workers: str) -> None:
    port = base.rsplit(":", 1)[1]
    assert port in refused(one, "--port", port, "--workers", workers, tmp=tmp_path)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_cannot_be_served_is_one_line_and_exit_2(one: Path, tmp_path: Path, workers: str) -> None:
    tmp, empty = tmp_path / "tmp", tmp_path / "empty"
    tmp.mkdir()
    empty.mkdir()
    text = tmp_path / "text.lepton"
    text.write_text("no package")
    spoiled = tmp_path / "spoiled.lepton"
    octets = bytearray(one.read_bytes())
    octets[octets.index(b"Identity")] ^= 1
    spoiled.write_bytes(octets)
    for path, name in ((tmp_path / "nothing", "nothing"), (text, "text"), (empty, "empty"), (spoiled, "PKG")):
        assert name in refused(one, path, "--port", "0", "--workers", workers, tmp=tmp)
    again = tmp_path / "again.lepton"
    shutil.copy(one, again)
    assert "twice" in refused(one, again, "--port", "0", "--workers", workers, tmp=tmp)
    assert "nohost" in refused(one, "--host", "nohost.invalid", "--port", "0", tmp=tmp)
    assert "artifact" in refused(one, "--artifact", "other", "--port", "0", "--workers", workers, tmp=tmp)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "65536"),
        ("--port", "-1"),
        ("--port", "http"),
        ("--workers", "0"),
        ("--timeout", "0"),
        ("--timeout", "nan"),
        ("--max-request-bytes", "10"),
    ],
)
def test_arguments_out_of_bounds_are_refused(one: Path, tmp_path: Path, arguments: tuple[str, str]) -> None:
    server = begin(one, *arguments, tmp=tmp_path)
    _, errors = server.communicate(timeout=20)
    assert server.returncode == 2
    assert "found" in errors
    assert "Traceback" not in errors


def test_workers_serve_packages_and_clean_up(one: Path, tmp_path: Path) -> None:
    server = begin(one, "--port", "0", "--workers", "2", tmp=tmp_path)
    assert server.stdout is not None
    base = server.stdout.readline().split()[4]
    tensor = {"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [1.5]}
    for _ in range(10):
        answer = call(f"{base}/v2/models/lepton_id_fp32/infer", {"inputs": [tensor]})
        assert answer["outputs"][0]["data"] == [1.5]
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=20)
    assert (server.returncode, errors) == (130, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", [0.15, 0.25, 0.35, 0.5, 0.7])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_loads_leaves_nothing_behind(
    packages: Path, tmp_path: Path, seconds: float, number: signal.Signals
) -> None:
    server = begin(packages, "--port", "0", tmp=tmp_path)
    time.sleep(seconds)
    server.send_signal(number)
    _, errors = server.communicate(timeout=20)
    assert server.returncode in (0, 130, -number)  # the last: before Python ran a line of ours
    assert not re.search(r"^\w*Error\b", errors, re.MULTILINE), errors
    assert list(tmp_path.iterdir()) == []
