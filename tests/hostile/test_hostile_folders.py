"""Folders that are traps: links, devices, names. Nothing is followed, nothing blocks, the trap is named."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lepton_conformance.forge.package import CARD, MODEL, VECTORS
from lepton_conformance.forge.valid import linear_draft

Judge = Callable[..., Any]

SECRET = "the secret of a file outside"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text(SECRET)
    return linear_draft().directory().write(tmp_path)


def replaced(path: Path) -> Path:
    if path.is_dir():
        path.rename(path.with_name(path.name + "-moved"))
    else:
        path.unlink()
    return path


def device(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        # A machine that makes no devices for us has a link to one.
        path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    """Leave a socket behind; its name may be longer than a socket's address."""
    here = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)


TRAPS: dict[str, Callable[[Path], None]] = {
    "link to a file of the system": lambda path: path.symlink_to("/etc/passwd"),
    "link to a file beside the package": lambda path: path.symlink_to("../../outside/secret.txt"),
    "link that dangles": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to the root": lambda path: path.symlink_to("/"),
    "link to an endless device": lambda path: path.symlink_to("/dev/zero"),
    "link to standard input": lambda path: path.symlink_to("/proc/self/fd/0"),
    "pipe": lambda path: os.mkfifo(path),
    "device": device,
    "socket": listening,
}


@pytest.mark.parametrize("place", [MODEL, CARD, VECTORS, "unlisted.bin", "lepton.json"])
@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_what_is_no_regular_file_is_named_and_never_opened(
    trap: Callable[[Path], None], place: str, package: Path, judge: Judge
) -> None:
    path = package / place
    trap(replaced(path) if path.exists() else path)
    found = judge(package)
    assert found.requirements == ["PKG-LAY-05"]
    assert SECRET not in str(found)


@pytest.mark.parametrize("target", ["/", "..", ".", "model-moved", "/proc/self/root", "../package"])
def test_a_link_in_the_place_of_a_folder_is_not_entered(target: str, package: Path, judge: Judge) -> None:
    replaced(package / "model").symlink_to(target)
    found = judge(package)
    assert "PKG-LAY-05" in found.requirements
    assert found.seconds < 5


@pytest.mark.parametrize("place", ["lepton.json", MODEL, CARD])
def test_a_folder_in_the_place_of_a_file_is_no_file(place: str, package: Path, judge: Judge) -> None:
    replaced(package / place).mkdir()
    wanted = "PKG-LAY-01" if place == "lepton.json" else "PKG-DIG-01"
    assert judge(package).requirements == [wanted]


NAMES: dict[bytes, str] = {
    b"\xff\xfe": "PKG-LAY-02",
    b"a\nb": "PKG-LAY-02",
    b"\x1b[31mred": "PKG-LAY-02",
    "\u202etxt.exe".encode(): "PKG-LAY-02",
    "e\u0301".encode(): "PKG-LAY-02",
    b"a\\..\\..\\b": "PKG-LAY-02",
    b"C:evil": "PKG-LAY-02",
    b"x" * 255: "",
    b"NUL.txt": "PKG-LAY-04",
    b"com\xc2\xb9": "PKG-LAY-04",
    b"ends in a dot.": "PKG-LAY-04",
    b"Card.JSON": "PKG-LAY-03",
    b".git": "",
    b"...": "PKG-LAY-04",
    b"~": "",
    b"$(touch x)": "",
    b"-rf": "",
}


@pytest.mark.parametrize(("name", "wanted"), NAMES.items(), ids=[f"{one!r:.20}" for one in NAMES])
def test_a_name_that_is_a_trap_is_named(name: bytes, wanted: str, package: Path, judge: Judge) -> None:
    """Every one of them is unlisted, too."""
    Path(os.fsdecode(os.fsencode(package) + b"/" + name)).write_bytes(b"")
    found = judge(package)
    assert set(found.requirements) == {"PKG-LAY-06", *([wanted] if wanted else [])}
    assert str(found).isprintable()


def test_folders_within_folders_beyond_any_path_end(package: Path, judge: Judge) -> None:
    """2,000 levels: no path of the system reaches the last of them."""
    here = os.open(package, os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    try:
        assert set(judge(package).requirements) == {"PKG-LAY-02"}
    finally:
        flatten(package / "d")


def flatten(path: Path) -> None:
    """Remove a deep folder: pytest's own clean-up cannot."""
    import subprocess

    subprocess.run(["rm", "-rf", str(path)], check=True)


def test_many_links_and_files_are_counted_once(package: Path, measured: Judge) -> None:
    for number in range(3000):
        (package / f"l{number}").symlink_to("lepton.json")
    found = measured(package, size=1_000_000)
    assert set(found.requirements) == {"PKG-LAY-05"}
    assert len(found.findings) <= 51


def test_a_manifest_of_a_terabyte_is_not_read(package: Path, measured: Judge) -> None:
    os.truncate(package / "lepton.json", 2**40)
    found = measured(package, size=0)
    assert found.requirements == ["PKG-MAN-01"]


def test_files_of_terabytes_that_nobody_lists_are_not_read(package: Path, measured: Judge) -> None:
    with (package / "sparse.bin").open("wb") as file:
        file.truncate(2**42)
    os.truncate(package / MODEL, 2**42)
    found = measured(package, size=0)
    assert sorted(found.requirements) == ["PKG-DIG-02", "PKG-LAY-06"]
