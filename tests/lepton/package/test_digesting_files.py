"""Digesting: the right digest in constant memory, on two threads, in the given order."""

import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest

from lepton.errors import SourceError
from lepton.package.digests import digest, spread
from lepton.package.directory import DirectoryContainer


@pytest.mark.parametrize("size", [0, 1, 4096, (1 << 20) - 1, 1 << 20, (3 << 20) + 17])
def test_the_digest_is_that_of_the_bytes(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    container = DirectoryContainer(tmp_path)
    for keep in (0, size, size - 1):
        file = container.open(container.entries["f"])
        found = digest(file, keep=keep)
        file.close()
        assert (found.sha256, found.size) == (hashlib.sha256(data).hexdigest(), size)
        assert (found.head, found.last) == (data[:4096], data[-1:])
        assert found.data == (data if keep >= size or size == 0 else None)
    container.close()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    with (tmp_path / "f").open("wb") as file:
        file.truncate(200 << 20)
    container = DirectoryContainer(tmp_path)
    tracemalloc.start()
    opened = container.open(container.entries["f"])
    digest(opened)
    opened.close()
    assert tracemalloc.get_traced_memory()[1] < 3 << 20
    tracemalloc.stop()
    container.close()


def test_results_come_in_the_given_order_whatever_the_sizes() -> None:
    tasks = [(size << 20, size) for size in (3, 9, 1, 27, 2, 5)]
    assert spread(lambda size: size * 2, tasks) == [6, 18, 2, 54, 4, 10]


def test_an_error_on_either_thread_is_raised() -> None:
    def work(task: int) -> int:
        if task == 3:
            raise SourceError("gone")
        return task

    with pytest.raises(SourceError, match="gone"):
        spread(work, [(10 << 20, task) for task in range(6)])
