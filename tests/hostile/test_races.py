"""Packages that change while they are read: what was not verified never passes, nothing outside is read."""

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lepton_conformance.forge.package import CARD, MODEL
from lepton_conformance.forge.valid import linear_draft

Judge = Callable[..., Any]
ROUNDS = 25


@contextmanager
def meanwhile(*steps: Callable[[], object]) -> Iterator[None]:
    """Do the steps over and over in a thread."""
    ended = threading.Event()

    def run() -> None:
        for step in itertools.cycle(steps):
            if ended.is_set():
                return
            step()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return linear_draft().directory().write(tmp_path)


def test_a_file_that_is_swapped_for_a_link_is_never_read_through_it(package: Path, judge: Judge) -> None:
    secret, link, real = package.parent / "secret", package.parent / "link", package.parent / "real"
    secret.write_text("of a file outside")

    def to_link() -> None:
        link.unlink(missing_ok=True)
        link.symlink_to(secret)
        real.write_bytes((package / CARD).read_bytes())
        link.replace(package / CARD)

    def back() -> None:
        real.replace(package / CARD)

    with meanwhile(to_link, back):
        for _ in range(ROUNDS):
            found = judge(package)
            assert "outside" not in str(found)
            assert set(found.requirements) <= {"PKG-LAY-05"}


def test_a_folder_that_is_swapped_for_a_link_is_never_entered(package: Path, judge: Judge) -> None:
    """The folder outside has the same file, so that only entering it could pass through the link."""
    outside, aside, folder = package.parent / "outside", package.parent / "aside", package / "model"
    outside.mkdir()
    os.mkfifo(outside / "model.onnx")

    def to_link() -> None:
        folder.rename(aside)
        folder.symlink_to(outside)

    def back() -> None:
        folder.unlink()
        aside.rename(folder)

    with meanwhile(to_link, back):
        for _ in range(ROUNDS):
            found = judge(package)
            assert "no regular file" not in found.error
            assert set(found.requirements) <= {"PKG-LAY-05", "PKG-LAY-03", "PKG-DIG-01"}


def test_a_file_that_grows_while_it_is_read_never_passes_grown(package: Path, judge: Judge) -> None:
    whole = (package / MODEL).read_bytes()

    def grow() -> None:
        with (package / MODEL).open("ab") as file:
            file.write(bytes(100_000))

    with meanwhile(grow, grow, lambda: (package / MODEL).write_bytes(whole)):
        for _ in range(ROUNDS):
            found = judge(package)
            assert set(found.requirements) <= {"PKG-DIG-02", "PKG-DIG-03"}
            assert found.verdict or found.error


def test_bytes_that_alternate_are_judged_as_one_of_the_two(package: Path, judge: Judge) -> None:
    """A pass is for the bytes that were verified; a mixture of both has another digest."""
    whole = (package / MODEL).read_bytes()
    other = bytes(reversed(whole))
    beside = package.parent / "beside"

    def put(data: bytes) -> None:
        beside.write_bytes(data)
        beside.replace(package / MODEL)

    with meanwhile(lambda: put(other), lambda: put(whole)):
        for _ in range(ROUNDS):
            found = judge(package)
            assert set(found.requirements) <= {"PKG-DIG-03"}


def test_a_container_that_is_cut_while_it_is_read_is_refused(tmp_path: Path, judge: Judge) -> None:
    path = linear_draft().archive().write(tmp_path)
    whole = path.read_bytes()
    with meanwhile(lambda: os.truncate(path, len(whole) // 2), lambda: path.write_bytes(whole)):
        for _ in range(ROUNDS):
            found = judge(path)
            assert found.verdict in ("pass", "fail") or found.error
