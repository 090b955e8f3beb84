"""The folder of a server: its layout is recognised, and its file is put back whatever happens."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lepton_conformance.models.export import LAYOUTS, export
from lepton_conformance.models.folder import BROKEN, FolderFault, RepositoryFolder, open_folder


def folder(tmp_path: Path, layout: str = "plain") -> tuple[RepositoryFolder, bytes]:
    export(tmp_path / layout, layout)
    found = open_folder(tmp_path / layout)
    return found, found.file.read_bytes()


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout != "openvino"])
def test_every_layout_is_recognised_and_written_again_byte_for_byte(tmp_path: Path, layout: str) -> None:
    found, original = folder(tmp_path, layout)
    assert found.layout == layout
    assert found.made(1) == original
    assert found.made(2) != original


def test_file_is_put_back_after_a_failure_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    found, original = folder(tmp_path)
    names = sorted(path.name for path in found.file.parent.iterdir())

    def fail(kind: str) -> None:
        with found.borrowed():
            found.break_file(kind)
            assert found.file.read_bytes() != original
            found.put(3)
            assert found.file.read_bytes() == found.made(3)
            raise ValueError("a failure of the test")

    for kind in BROKEN:
        with pytest.raises(ValueError, match="of the test"):
            fail(kind)
        assert found.file.read_bytes() == original
    assert sorted(path.name for path in found.file.parent.iterdir()) == names


def test_file_keeps_its_permissions(tmp_path: Path) -> None:
    found, _ = folder(tmp_path)
    found.file.chmod(0o640)
    with found.borrowed():
        found.put(2)
        assert found.file.stat().st_mode & 0o777 == 0o640
    assert found.file.stat().st_mode & 0o777 == 0o640


def test_a_terminated_run_puts_the_file_back(tmp_path: Path) -> None:
    found, original = folder(tmp_path)
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from lepton_conformance.models.folder import open_folder\n"
        "found = open_folder(Path(sys.argv[1]))\n"
        "with found.borrowed():\n    found.put(2)\n    print('put', flush=True)\n    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "plain")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"put\n"
    assert found.file.read_bytes() != original
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) != 0
    process.stdout.close()
    assert found.file.read_bytes() == original


def test_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderFault, match="export-models"):
        open_folder(tmp_path)
    with pytest.raises(FolderFault, match="export-models"):
        open_folder(tmp_path / "nothing")
