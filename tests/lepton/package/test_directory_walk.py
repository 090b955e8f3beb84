"""Walking a package directory: nothing outside is reached, nothing that blocks is opened."""

import os
import socket
from pathlib import Path

import pytest

import lepton.package.directory as directory
from lepton.errors import SourceError
from lepton.package import open_package
from lepton.package.directory import DirectoryContainer
from lepton_conformance.forge.valid import linear_draft


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return linear_draft().directory().write(tmp_path)


def found(path: Path) -> list[tuple[str, str]]:
    with open_package(path) as package:
        return [(fault.requirement, fault.file) for fault in package.faults]


def test_links_pipes_and_sockets_are_named_and_never_opened(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(package / "pipe")
    (package / "link").symlink_to("/etc/passwd")
    (package / "up").symlink_to("..")
    listener = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(package)
    listener.bind("socket")
    opened: list[str] = []
    real = os.open

    def watched(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        opened.append(str(path))
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", watched)
    assert found(package) == [("PKG-LAY-05", name) for name in ("link", "pipe", "socket", "up")]
    assert not {"pipe", "link", "socket", "up"} & set(opened)
    listener.close()


def test_a_folder_replaced_by_a_link_while_reading_is_not_followed(package: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "model.onnx").write_bytes(b"secret")
    container = DirectoryContainer(package)
    (package / "model").rename(tmp_path / "aside")
    (package / "model").symlink_to(outside)
    with pytest.raises(SourceError):
        container.open(container.entries["model/model.onnx"])
    container.close()


def test_a_file_replaced_by_a_pipe_while_reading_does_not_hang(package: Path) -> None:
    container = DirectoryContainer(package)
    (package / "card.json").unlink()
    os.mkfifo(package / "card.json")
    with pytest.raises(SourceError, match="no regular file"):
        container.open(container.entries["card.json"])
    container.close()


def test_a_file_that_grows_while_it_is_read_is_read_one_byte_too_far_and_no_more(package: Path) -> None:
    container = DirectoryContainer(package)
    entry = container.entries["card.json"]
    with (package / "card.json").open("ab") as file:
        file.write(bytes(1 << 20))
    opened = container.open(entry)
    assert sum(len(chunk) for chunk in opened.chunks()) == entry.size + 1
    opened.close()
    container.close()


def test_too_many_files_stop_the_walk(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "MAX_FILES", 10)
    for number in range(20):
        (package / f"f{number}").touch()
    assert found(package) == [("PKG-LAY-07", "")]


def test_a_deep_tree_is_walked_without_recursion_and_cut_at_the_longest_path(package: Path) -> None:
    deep = os.open(package, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(600):
        os.mkdir("d" * 10, dir_fd=deep)
        below = os.open("d" * 10, os.O_RDONLY | os.O_DIRECTORY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    assert [requirement for requirement, _ in found(package)] == ["PKG-LAY-02"]


def test_all_handles_are_given_back(package: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        found(package)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("name", ["absent", "file.txt"])
def test_what_is_no_package_is_one_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").write_text("hello")
    with pytest.raises(SourceError) as caught:
        open_package(tmp_path / name)
    assert "expected a package" in str(caught.value)
