"""The corpus in the repository is what the forge writes, and can be laid out without the project."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lepton_conformance.forge.corpus import INDEX, corpus_files
from lepton_conformance.suite.judging import checkable

CORPUS = Path(__file__).resolve().parents[2] / "conformance" / "corpus"
BESIDE = {"README.md", "lay_out.py", ".gitattributes"}
MAX_BYTES = 8 * 1024 * 1024
REMEDY = "run: python -m lepton_conformance.forge --kept conformance/corpus"


@pytest.fixture(scope="module")
def kept() -> dict[str, bytes]:
    """Return what is in the repository."""
    files = [path for path in CORPUS.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    found = {path.relative_to(CORPUS).as_posix(): path.read_bytes() for path in files}
    return {path: data for path, data in found.items() if path not in BESIDE}


def test_what_is_kept_is_what_the_forge_writes(kept: dict[str, bytes]) -> None:
    written = corpus_files()
    assert sorted(kept) == sorted(written), REMEDY
    assert [path for path in written if kept[path] != written[path]] == [], REMEDY


def test_the_corpus_is_small(kept: dict[str, bytes]) -> None:
    assert sum(map(len, kept.values())) < MAX_BYTES


def test_every_requirement_has_a_valid_and_a_violating_package(kept: dict[str, bytes]) -> None:
    entries = json.loads(kept[INDEX])["packages"]
    for valid in (True, False):
        assert {each["requirement"] for each in entries if each["valid"] is valid} == set(checkable())
    assert all(each["path"].startswith(f"{each['requirement']}/") for each in entries)
    assert {each["path"] for each in entries} | {INDEX} == set(kept)


def test_laying_out_gives_the_packages_of_the_forge(tmp_path: Path) -> None:
    """The stand-alone program makes the files, links and pipes that the forge makes."""
    folder = tmp_path / "laid-out"
    subprocess.run([sys.executable, "-I", str(CORPUS / "lay_out.py"), str(folder)], check=True, timeout=120)
    index = json.loads((folder / INDEX).read_bytes())
    for entry in index["packages"]:
        assert (folder / entry["path"]).exists()
    link = folder / "PKG-LAY-05" / "violating-link-outside" / "link"
    assert link.is_symlink()
    assert (folder / "PKG-LAY-05" / "violating-pipe" / "pipe").is_fifo()
    assert (folder / "PKG-LAY-07" / "violating-zip-of-65545.lepton").read_bytes()[:4] == b"PK\x03\x04"
    flipped = folder / "PKG-DIG-03" / "violating-one-bit-of-the-model" / "model" / "model.onnx"
    right = folder / "PKG-DIG-03" / "valid-linear" / "model" / "model.onnx"
    assert [a ^ b for a, b in zip(flipped.read_bytes(), right.read_bytes(), strict=True)].count(0) > 0
    assert flipped.read_bytes() != right.read_bytes()
