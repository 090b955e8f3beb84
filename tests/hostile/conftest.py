"""Hostile packages are judged in a process of their own, under watch."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("watched_validation.py")
#: What every validation has to keep, whatever the input (PKG-VAL-07).
FREE_BYTES = 200_000_000
FREE_SECONDS = 60.0
#: Bytes that lengthen the time by a second.
BYTES_A_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one package."""

    verdict: str
    findings: tuple[tuple[str, str, str], ...]
    open: dict[str, str]
    error: str
    #: Of the processor.
    seconds: float
    peak: int

    @property
    def requirements(self) -> list[str]:
        return [one[0] for one in self.findings]


Judge = Callable[..., Judged]


def weight(path: Path) -> int:
    """Return the length of what is at a path, links not followed."""
    if path.is_dir() and not path.is_symlink():
        return sum(weight(one) for one in path.iterdir())
    return path.lstat().st_size


class Watched:
    """One process that judges packages one after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def judge(self, path: Path, level: str = "quick", *, size: int = 0) -> Judged:
        """Judge a package and see that it came to an end and nothing forbidden was done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        most = FREE_SECONDS + size / BYTES_A_SECOND
        self._process.stdin.write(json.dumps([str(path), level, most]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the validation died, or took more than {most:.0f} s of the processor"
        said = json.loads(line)
        assert "crash" not in said, said
        assert said["forbidden"] == []
        assert said["handles"] == 0
        return Judged(
            said.get("verdict", ""),
            tuple(tuple(one) for one in said.get("findings", ())),
            said.get("open", {}),
            said.get("error", ""),
            said["seconds"],
            said["peak"],
        )

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@pytest.fixture(scope="session")
def shared() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    watched.close()


@pytest.fixture
def judge(shared: Watched) -> Judge:
    """Judge with the process that all tests share: one package leaves nothing to the next."""
    return shared.judge


@pytest.fixture
def measured() -> Iterator[Judge]:
    """Judge in a new process, and see that memory and time stay within what PKG-VAL-07 says."""
    started: list[Watched] = []

    def run(path: Path, level: str = "quick", *, size: int | None = None) -> Judged:
        watched = Watched()
        started.append(watched)
        size = weight(path) if size is None else size
        found = watched.judge(path, level, size=size)
        assert found.peak <= 10 * size + FREE_BYTES, f"{found.peak / 1e6:.0f} MB for {size / 1e6:.1f} MB"
        assert found.seconds <= FREE_SECONDS + size / BYTES_A_SECOND
        return found

    yield run
    for one in started:
        one.close()
