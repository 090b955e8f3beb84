"""Replay in another process, so that an engine that dies, hangs or prints takes no verdict with it.

Owns starting and ending that process and asking it; leaves what it does to `lepton.vectors.workshop`. It is
forked where this process has one thread (nothing is loaded twice) and started anew where it has more: locks
that other threads hold would stay locked in a fork. Serves PKG-VEC-04 and PKG-VAL-07.
"""

import contextlib
import json
import os
import signal
import sys
from types import TracebackType
from typing import TYPE_CHECKING

from lepton.errors import RuntimeRefusal, SourceError
from lepton.vectors.outcome import ReplayFacts

if TYPE_CHECKING:
    from lepton.package import Package

__all__ = ["Apart"]

#: How long a replay may take: this, and one second more for each so many bytes of the package.
REPLAY_SECONDS = 60.0
BYTES_A_SECOND = 1_000_000
_PIECE_BYTES = 1 << 16
#: Runs the process anew: it finds modules where this one does.
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from lepton.vectors.workshop import serve; "
    "serve(int(sys.argv[2]), int(sys.argv[3]))"
)


class Apart:
    """Replays packages in another process. A context manager; it may be used again after a process died.

    `process` is that process, 0 while there is none.
    """

    def __init__(self) -> None:
        """Start the process at once if it can be forked, so that engines are loaded while others work."""
        self.process = 0
        self._questions = self._answers = -1
        self._asked = False
        if _can_fork():
            self._start()

    def __enter__(self) -> "Apart":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def replay(self, package: "Package", *, allow_executable: bool = False) -> ReplayFacts:
        """Replay a package that is valid at the level quick.

        An artifact whose engine dies has an outcome `error` on its first vector. Raises: LeptonError as
        `lepton.vectors.replay.replay` does, and when time or memory do not suffice.
        """
        assert package.manifest is not None
        assert package.manifest_bytes is not None
        if not self.process:
            self._start()
        size = sum(one["size"] for one in package.manifest["files"])
        question = {
            "path": str(package.path.absolute()),
            "manifest": package.manifest_bytes.decode(),
            "seconds": REPLAY_SECONDS + size / BYTES_A_SECOND,
            "allow_executable": allow_executable,
        }
        self._asked = True
        said = self._exchange(json.dumps(question).encode() + b"\n")
        self._asked = False
        if not said.endswith(b"\n"):
            self.close()
            raise RuntimeRefusal("the process that replays was ended from outside: memory did not suffice")
        return _facts(said)

    def _exchange(self, question: bytes) -> bytes:
        """Ask, and return the answer: a line, or less where the process ended."""
        left = memoryview(question)
        try:
            while left:
                left = left[os.write(self._questions, left) :]
        except BrokenPipeError:
            return b""
        pieces: list[bytes] = []
        while not pieces or not pieces[-1].endswith(b"\n"):
            piece = os.read(self._answers, _PIECE_BYTES)
            if not piece:
                break
            pieces.append(piece)
        return b"".join(pieces)

    def _start(self) -> None:
        asked, self._questions = os.pipe()
        self._answers, answered = os.pipe()
        try:
            if _can_fork():
                self.process = self._forked(asked, answered)
            else:
                self.process = _begun(asked, answered)
        finally:
            os.close(asked)
            os.close(answered)

    def _forked(self, asked: int, answered: int) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        process = os.fork()
        if process == 0:
            try:
                os.close(self._questions)
                os.close(self._answers)
                from lepton.vectors.workshop import serve

                serve(asked, answered)
            finally:
                os._exit(0)
        return process

    def close(self) -> None:
        """End the process. It removes what it wrote first, if it is at work."""
        if self._questions >= 0:
            os.close(self._questions)
            os.close(self._answers)
            self._questions = self._answers = -1
        if self.process:
            if not self._asked:
                os.kill(self.process, signal.SIGKILL)  # it waits for questions, or loads what none needs
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.process, 0)
        self.process, self._asked = 0, False


def _can_fork() -> bool:
    """Say whether this process has one thread; without the module there are none that Python knows."""
    threading = sys.modules.get("threading")
    return threading is None or threading.active_count() == 1


def _begun(asked: int, answered: int) -> int:
    """Start an interpreter that serves; return its process."""
    words = [sys.executable, "-c", _PROGRAM, json.dumps(sys.path), str(asked), str(answered)]
    for descriptor in (asked, answered):
        os.set_inheritable(descriptor, True)
    try:
        return os.posix_spawn(sys.executable, words, os.environ)
    except OSError as error:
        raise RuntimeRefusal(f"cannot start {sys.executable!r} to replay in: {error.strerror}") from error
    finally:
        for descriptor in (asked, answered):
            os.set_inheritable(descriptor, False)


def _facts(said: bytes) -> ReplayFacts:
    kind, value = json.loads(said)
    if kind == "source":
        raise SourceError(value)
    if kind == "refused":
        raise RuntimeRefusal(value)
    if kind == "fault":
        raise RuntimeError(f"replaying failed by a fault of lepton:\n{value}")
    return ReplayFacts.from_json(value)
