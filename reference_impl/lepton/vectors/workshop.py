"""The process in which engines are loaded: it replays one package after another, each in a child of its own.

Owns that process, the children, how long each may take, and what is said when one dies; leaves starting it
to `lepton.vectors.apart` and the replay to `lepton.vectors.replay`. A child is forked once the engines are
loaded: the next one does not pay for that, and a model that harms its own harms no other. Serves PKG-VEC-04
and PKG-VAL-07.
"""

import contextlib
import copy
import gc
import json
import os
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lepton.errors import LeptonError, RuntimeRefusal, SourceError
from lepton.vectors.outcome import ReplayFacts, ReplayOutcome, ReplayStatus

if TYPE_CHECKING:
    from lepton.package.loaded import LoadedPackage

__all__ = ["MAX_ANSWER_BYTES", "serve"]

#: Bytes of what a child says: some hundred for each vector and control.
MAX_ANSWER_BYTES = 256 * 1024 * 1024
_PIECE_BYTES = 1 << 16
#: Signals that the machine sends when memory or time is short: they say nothing about the model.
_FROM_OUTSIDE = frozenset([signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU])


class _DiedError(Exception):
    """The child ended by a signal, `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _LeftError(Exception):
    """Nobody waits for an answer any more."""


def serve(questions: int, answers: int) -> None:
    """Answer each line of `questions`, a replay as `apart` asks for it, with a line; end when they end."""
    # A person's Ctrl-C is for the parent, whose end closes `questions`.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What an engine prints is no part of a report, and what the parent reads is not for it.
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    # The children are forked from this thread, whatever threads a library has for itself.
    warnings.simplefilter("ignore")
    _load_engines()
    waiting = b""
    while True:
        piece = os.read(questions, _PIECE_BYTES)
        if not piece:
            return
        waiting += piece
        while b"\n" in waiting:
            line, _, waiting = waiting.partition(b"\n")
            try:
                _write(answers, _answered(json.loads(line), questions) + b"\n")
            except (_LeftError, BrokenPipeError):
                return


def _load_engines() -> None:
    """Import what every replay needs; what is missing is said by the child that misses it."""
    gc.disable()  # imports leave no garbage, and looking for it takes a tenth of their time
    try:
        import lepton.package.loaded
        import lepton.package.reopened
        import lepton.vectors.replay  # noqa: F401

        # It reports to its maker over the network unless told otherwise before its import (COR-NET-01).
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        import onnxruntime  # noqa: F401
    except Exception:
        return  # the child says it
    finally:
        gc.freeze()
        gc.enable()


def _answered(question: Mapping[str, Any], questions: int) -> bytes:
    from lepton.package.loaded import LoadedPackage
    from lepton.package.reopened import ReopenedPackage

    try:
        package = ReopenedPackage(Path(question["path"]), question["manifest"].encode())
    except (LeptonError, OSError) as error:
        return json.dumps(("source", str(error))).encode()
    with LoadedPackage(package) as loaded:
        # Children write what they take out of a zip there; it is removed here, whatever becomes of them.
        loaded.reserve()
        try:
            said: tuple[str, Any] = ("facts", _replayed(loaded, question, questions))
        except SourceError as error:
            said = ("source", str(error))
        except LeptonError as error:
            said = ("refused", str(error))
        except _LeftError:
            raise
        except Exception:
            said = ("fault", traceback.format_exc())
    return json.dumps(said).encode()


def _replayed(package: "LoadedPackage", question: Mapping[str, Any], questions: int) -> ReplayFacts:
    artifacts = package.document["artifacts"]
    try:
        return _in_child(package, question, questions)
    except _DiedError as death:
        if len(artifacts) == 1:
            return _deceased(package, artifacts[0]["id"], death.number)
    return _joined(_one_by_one(package, question, questions))


def _one_by_one(
    package: "LoadedPackage", question: Mapping[str, Any], questions: int
) -> Iterable[ReplayFacts]:
    """Replay each artifact alone, to find those whose engine dies."""
    for artifact in package.document["artifacts"]:
        alone = copy.copy(package)
        alone.document = {**package.document, "artifacts": [artifact]}
        try:
            yield _in_child(alone, question, questions)
        except _DiedError as death:
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
    vector = json.loads(package.read(path))["vectors"][0]
    message = f"the engine died with signal {number} ({signal.Signals(number).name}), expected an answer"
    outcome = ReplayOutcome(path, artifact, vector["id"], vector["stage"], ReplayStatus.ERROR, message)
    return ReplayFacts((outcome,), (), ())


def _in_child(package: "LoadedPackage", question: Mapping[str, Any], questions: int) -> ReplayFacts:
    sys.stderr.flush()
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _child(package, question["allow_executable"], theirs)
    os.close(theirs)
    status: int | None = None
    try:
        said = _heard(ours, questions, time.monotonic() + question["seconds"])
        if said is None:
            raise RuntimeRefusal(
                f"replaying took more than {question['seconds']:.0f} seconds, the limit of this validator"
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
        raise _DiedError(number)
    return _read(said)


def _heard(descriptor: int, questions: int, end: float) -> bytes | None:
    """Return what the child says until it ends; None when it takes too long or says too much."""
    pieces: list[bytes] = []
    size = 0
    watched = [descriptor, questions]
    while size <= MAX_ANSWER_BYTES:
        ready, _, _ = select.select(watched, [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return None
        if questions in ready:  # one question at a time is asked: this is their end
            raise _LeftError
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
        raise RuntimeError(value)
    return ReplayFacts.from_json(value)


def _child(package: "LoadedPackage", allow_executable: bool, answer: int) -> None:
    """Replay, say what came of it, and end without touching what belongs to the parent."""
    try:
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
        with contextlib.suppress(BrokenPipeError):
            _write(answer, json.dumps(said).encode())
    finally:
        os._exit(0)


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
