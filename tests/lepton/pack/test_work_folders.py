"""What a killed process leaves behind is swept up by the next one, and nothing else is."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lepton.pack.workfolder import work_folder

PREFIX = ".lepton-pack-"
#: Makes a work folder, says so, and stays until it is killed.
STAYS = (
    "import pathlib, sys, time\n"
    "from lepton.pack.workfolder import work_folder\n"
    f"with work_folder({PREFIX!r}, pathlib.Path(sys.argv[1])) as folder:\n"
    "    (folder / 'half.lepton').write_bytes(b'half')\n"
    "    print('made', flush=True)\n"
    "    time.sleep(600)\n"
)


def staying(place: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", STAYS, str(place)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "made\n"
    return process


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    with staying(tmp_path) as process:
        try:
            (left,) = tmp_path.iterdir()
            with work_folder(PREFIX, tmp_path):
                assert (left / "files/half.lepton").read_bytes() == b"half", "its process lives"
        finally:
            process.send_signal(signal.SIGKILL)
    assert left.is_dir(), "killed, it could remove nothing"

    with work_folder(PREFIX, tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder.parent]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("lock", ["none", "link", "pipe"])
def test_folders_without_a_lock_of_ours_stay(tmp_path: Path, lock: str) -> None:
    stranger = tmp_path / f"{PREFIX}x"
    (stranger / "files").mkdir(parents=True)
    if lock == "link":
        (tmp_path / "elsewhere").touch()
        (stranger / "lock").symlink_to(tmp_path / "elsewhere")
    if lock == "pipe":
        os.mkfifo(stranger / "lock")

    with work_folder(PREFIX, tmp_path):
        pass

    assert (stranger / "files").is_dir()


def test_a_link_with_the_name_of_a_work_folder_is_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    (kept / "files").mkdir(parents=True)
    (kept / "lock").touch()
    place = tmp_path / "place"
    place.mkdir()
    (place / f"{PREFIX}x").symlink_to(kept)

    with work_folder(PREFIX, place):
        pass

    assert (kept / "files").is_dir()
