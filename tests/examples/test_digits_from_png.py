"""The digits behind PNG files: packed, replayed, and served over binary REST and gRPC (PKG-PRO-06)."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException

from lepton.convert.packing import pack_source
from lepton.finding import Verdict
from lepton.pack import read_recipe
from lepton.runtime import open_pipeline
from lepton.validate import load, validate_package

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
#: The digits of the four files that png.py writes.
WRITTEN = 4


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("png")
    for program in ("train.py", "png.py"):
        subprocess.run([sys.executable, DIGITS / program, folder], check=True, capture_output=True)
    out = folder / "png.lepton"
    packed = pack_source(f"{DIGITS / 'train.py'}:trained", read_recipe(DIGITS / "png.yml", folder), out)
    stages = {vector.stage for vector in packed.vectors.vectors}
    assert stages == {"raw", "pre", "model", "post", "step"}
    return out


@pytest.fixture(scope="module")
def images(package: Path) -> list[bytes]:
    return [(package.parent / f"digit-{number}.png").read_bytes() for number in range(WRITTEN)]


@pytest.fixture(scope="module")
def expected(package: Path) -> list[int]:
    """What the network says of the same digits as arrays, by the recipe without PNG files."""
    out = package.parent / "arrays.lepton"
    pack_source(f"{DIGITS / 'train.py'}:trained", read_recipe(DIGITS / "recipe.yml", package.parent), out)
    with load(out) as loaded:
        pipeline = open_pipeline(loaded)
        digits = np.load(package.parent / "images.npy")[:WRITTEN]
        return [int(one) for one in pipeline.infer({"image": digits})["probabilities"].argmax(axis=1)]


@pytest.fixture(scope="module")
def server(package: Path) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "lepton", "serve", str(package), "--port", "0", "--grpc-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        found = [re.search(r"(http|grpc)://(127\.0\.0\.1:\d+)", line) for line in lines]
        yield {match[1]: match[2] for match in found if match is not None}
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _element(data: bytes) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = np.empty(1, dtype=object)
    array[0] = data
    return array


def _ask(library: Any, client: Any, data: bytes) -> int:
    tensor = library.InferInput("png", [1], "BYTES")
    tensor.set_data_from_numpy(_element(data))
    answer = client.infer("digits-png", [tensor]).as_numpy("probabilities")
    return int(answer.argmax())


def test_the_package_passes_full_validation(package: Path) -> None:
    report = validate_package(package, level="full")
    assert (report.verdict, report.findings) == (Verdict.PASS, ())


def test_png_files_are_read_as_the_digits_that_they_show(
    package: Path, images: list[bytes], expected: list[int]
) -> None:
    with load(package) as loaded:
        pipeline = open_pipeline(loaded)
        found = [pipeline.infer({"png": _element(one)})["probabilities"].argmax() for one in images]
    assert found == expected


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_server_answers_png_files_refuses_others_and_goes_on(
    server: dict[str, str], images: list[bytes], expected: list[int], protocol: str
) -> None:
    library: Any = triton_http if protocol == "http" else triton_grpc
    client = library.InferenceServerClient(server[protocol])
    assert [_ask(library, client, one) for one in images] == expected
    for wrong in (b"GIF89a", images[0][:-1], images[0][:40] + b"\0" + images[0][41:]):
        with pytest.raises(InferenceServerException, match="PNG"):
            _ask(library, client, wrong)
        assert _ask(library, client, images[0]) == expected[0]
    client.close()
