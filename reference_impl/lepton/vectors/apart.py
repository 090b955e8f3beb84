"""Replay in a process of its own, so that an engine that dies, hangs or prints takes no verdict with it.

Owns the child, what comes back from it and how long it may take; leaves the replay to
`lepton.vectors.replay`. The child is forked: nothing is loaded twice, and the files that were verified are
the files that are read. Serves PKG-VEC-04 and PKG-VAL-07.
"""

import contextlib
import copy
import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lepton.errors import LeptonError, RuntimeRefusal, SourceError
from lepton.vectors.outcome import (
    ControlOutcome,
    MutantOutcome,
    ReplayFacts,
    ReplayOutcome,
    ReplayStatus,
)

if TYPE_CHECKING:
    from lepton.package.loaded import LoadedPackage

__all__ = ["replay_apart"]

#: How long a replay may take: this, and one second more for each so many bytes of the package.
REPLAY_SECONDS = 60.0
BYTES_A_SECOND = 1_000_000
#: Bytes of what a child says: some hundred for each vector and control.
MAX_ANSWER_BYTES = 256 * 1024 * 1024
_PIECE_BYTES = 1 << 16
#: Signals that the machine sends when memory or time is short: they say nothing about the model.
_FROM_OUTSIDE = frozenset([signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU])


class _Died(Exception):
    """The child ended by a signal, `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def replay_apart(package: "LoadedPackage", *, allow_executable: bool = False) -> ReplayFacts:
    """Replay a package that is valid at the level quick, in a child where the system has fork.

    An artifact whose engine dies has an outcome `error` on its first vector. Raises: LeptonError as
    `lepton.vectors.replay.replay` does, and when time or memory do not suffice.
    """
    if not hasattr(os, "fork") or threading.active_count() > 1:
        # Locks that other threads hold would stay locked in the child.
        from lepton.vectors.replay import replay

        return replay(package, allow_executable=allow_executable)
    package.reserve()
    size = sum(one.size for one in package.manifest.files)
    seconds = REPLAY_SECONDS + size / BYTES_A_SECOND
    artifacts = package.document["artifacts"]
    try:
        return _in_child(package, allow_executable, seconds)
    except _Died as death:
        if len(artifacts) == 1:
            return _deceased(package, artifacts[0]["id"], death.number)
    return _joined(_one_by_one(package, allow_executable, seconds))


def _one_by_one(package: "LoadedPackage", allow_executable: bool, seconds: float) -> Iterable[ReplayFacts]:
    """Replay each artifact alone, to find those whose engine dies."""
    for artifact in package.document["artifacts"]:
        alone = copy.copy(package)
        alone.document = {**package.document, "artifacts": [artifact]}
        try:
            yield _in_child(alone, allow_executable, seconds)
        except _Died as death:
            yield _deceased(package, artifact["id"], death.number)


def _joined(parts: Iterable[ReplayFacts]) -> ReplayFacts:
    """Put the facts about single artifacts together; stages without an artifact were replayed with each."""
    every = list(parts)
    return ReplayFacts(
        tuple(dict.fromkeys(one for facts in every for one in facts.outcomes)),
        tuple(dict.fromkeys(one for facts in every for one in facts.controls)),
        tuple(dict.fromkeys(one for facts in every for one in facts.required_controls)),
        tuple(dict.fromkeys(one for facts in every for one in facts.mutants)),
    )


def _deceased(package: "LoadedPackage", artifact: str, number: int) -> ReplayFacts:
    """Return the facts about an artifact whose engine died: one error, and nothing else is known."""
    path = package.document["vectors"][0]
    vector = package.json(path)["vectors"][0]
    message = f"the engine died with signal {number} ({signal.Signals(number).name}), expected an answer"
    outcome = ReplayOutcome(path, artifact, vector["id"], vector["stage"], ReplayStatus.ERROR, message)
    return ReplayFacts((outcome,), (), ())


def _in_child(package: "LoadedPackage", allow_executable: bool, seconds: float) -> ReplayFacts:
    sys.stdout.flush()
    sys.stderr.flush()
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _child(package, allow_executable, theirs)
    os.close(theirs)
    status: int | None = None
    try:
        said = _heard(ours, time.monotonic() + seconds)
        if said is None:
            raise RuntimeRefusal(
                f"replaying took more than {seconds:.0f} seconds, the limit of this validator"
            )
        _, status = os.waitpid(child, 0)
    finally:
        os.close(ours)
        if status is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number in _FROM_OUTSIDE:
            raise RuntimeRefusal(f"replaying was ended with signal {number}: memory or time did not suffice")
        raise _Died(number)
    return _read(said)


def _heard(descriptor: int, end: float) -> bytes | None:
    """Return what the child says until it ends; None when it takes too long or says too much."""
    pieces: list[bytes] = []
    size = 0
    while size <= MAX_ANSWER_BYTES:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return None
        piece = os.read(descriptor, _PIECE_BYTES)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
    return None


def _read(said: bytes) -> ReplayFacts:
    """Read the child's answer. It is JSON: a model that took the child over must not reach its parent."""
    try:
        kind, value = json.loads(said)
    except ValueError as error:
        raise RuntimeRefusal("the process that replayed ended without a word") from error
    if kind == "source":
        raise SourceError(value)
    if kind == "refused":
        raise RuntimeRefusal(value)
    if kind == "fault":
        raise RuntimeError(f"replaying failed by a fault of lepton:\n{value}")
    outcomes, controls, required, mutants = value
    return ReplayFacts(
        tuple(ReplayOutcome(*one)._replace(status=ReplayStatus(one[4])) for one in outcomes),
        tuple(ControlOutcome(*one) for one in controls),
        tuple((name, step) for name, step in required),
        tuple(MutantOutcome(*one) for one in mutants),
    )


def _child(package: "LoadedPackage", allow_executable: bool, answer: int) -> None:
    """Replay, say what came of it, and end without touching what belongs to the parent."""
    try:
        # What an engine prints is no part of a report.
        os.dup2(2, 1)
        said: tuple[str, Any]
        try:
            from lepton.vectors.replay import replay

            said = ("facts", replay(package, allow_executable=allow_executable))
        except SourceError as error:
            said = ("source", str(error))
        except LeptonError as error:
            said = ("refused", str(error))
        except MemoryError:
            said = ("refused", "replaying took more memory than there is")
        except BaseException:
            said = ("fault", traceback.format_exc())
        data = json.dumps(said).encode()
        with contextlib.suppress(BrokenPipeError):
            while data:
                data = data[os.write(answer, data) :]
    finally:
        os._exit(0)
