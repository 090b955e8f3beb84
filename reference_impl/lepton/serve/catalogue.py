"""The packages that a server may load, by name: loading, reloading and unloading while it runs.

Owns which package a name stands for, the states of models and the reasons for them; leaves opening a package
to `lepton.serve.loading` and answering to `lepton.serve.repository`. Serves `inference` (INF-REP).

A package in the repository's folder is found under the name of its file or folder, `NAME.lepton` or `NAME`,
and its manifest has to say the same id. A client's name is only ever compared with the names found there; it
is never made into a path. A package that was given by its own path is found under its manifest's id.
"""

import contextlib
import re
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lepton.errors import LeptonError
from lepton.serve.reply import Cause, RequestError, shown
from lepton.serve.repository import IndexEntry, Repository, ServedModel, State

__all__ = ["Catalogue", "listed_packages"]

SUFFIX = ".lepton"
UNLOADED = "unloaded"
NEVER_LOADED = "not loaded yet"

#: Opens the package at a path.
Open = Callable[[Path], ServedModel]

_FOLDERS = re.compile(r"(?<![\w.])/(?:[^/\s'\":;,]+/)+")


class Catalogue:
    """A `Control` over packages on disk. Changes wait for each other; `index` waits for nobody."""

    __slots__ = ("_folder", "_given", "_leaving", "_lock", "_open", "_reasons", "_repository")

    def __init__(
        self,
        repository: Repository,
        open_package: Open,
        folder: Path,
        given: Mapping[str, Sequence[Path]],
    ) -> None:
        """Control `repository`, in which the packages `given` by path are loaded already."""
        self._repository = repository
        self._open = open_package
        self._folder = folder
        self._given = dict(given)
        self._lock = threading.Lock()
        #: Why a model is not in its best state, by name.
        self._reasons: dict[str, str] = {}
        #: Models that were taken from the repository, and that requests may still hold.
        self._leaving: dict[str, list[weakref.ref[ServedModel]]] = {}

    def load(self, name: str) -> None:
        """Open the packages of `name` beside what serves now, then swap. A failure leaves what serves.

        Raises: RequestError: 404 for a name without a package, 400 with the reason when it cannot be loaded.
        Spec: INF-REP-07, INF-REP-08, INF-REP-12, INF-REP-14, INF-REP-15.
        """
        with self._lock:
            paths = self._sources().get(name)
            if paths is None:
                if not self._repository.versions(name):
                    raise _unknown(name)
                paths = ()  # it serves, and its package has gone: nothing to load it from
            first = not self._repository.versions(name)
            self._repository.expect(name, coming=first)
            try:
                models = self._opened(name, paths)
                before = self._held(name)
                self._repository.replace(name, models)
            except (LeptonError, OSError, MemoryError) as error:
                print(f"lepton serve: model {name!r}: {error}", file=sys.stderr)
                self._reasons[name] = reason = f"found a package that cannot be loaded: {_public(error)}"
                raise RequestError(Cause.REFUSED, f"model {shown(name)}: {reason}") from error
            finally:
                self._repository.expect(name, coming=False)
            self._reasons.pop(name, None)
            self._leave(name, before)

    def unload(self, name: str) -> None:
        """Take `name` from the repository. Unloading what is not loaded changes nothing.

        Raises: RequestError (404) for a name that is neither loaded nor has a package.
        Spec: INF-REP-08, INF-REP-09, INF-REP-11.
        """
        with self._lock:
            before = self._held(name)
            if not before and name not in self._sources():
                raise _unknown(name)
            self._repository.remove(name)
            if before:
                self._reasons[name] = UNLOADED
            self._leave(name, before)

    def index(self) -> list[IndexEntry]:
        """Return every version that is loaded, and every name that could be. Spec: INF-REP-03, INF-REP-06."""
        entries = []
        loaded: dict[str, list[str]] = {}
        for model in self._repository.all():
            loaded.setdefault(model.name, []).append(model.version)
        for name in sorted({*loaded, *self._sources()}):
            if versions := loaded.get(name):
                reason = self._reasons.get(name, "")
                failed = f"an older package serves; the last load failed: {reason}" if reason else ""
                entries += [IndexEntry(name, version, State.READY, failed) for version in versions]
            elif self._repository.is_expected(name):
                entries.append(IndexEntry(name, None, State.LOADING, "being loaded"))
            elif self._in_flight(name):
                entries.append(IndexEntry(name, None, State.UNLOADING, "requests in flight finish"))
            else:
                reason = self._reasons.get(name, NEVER_LOADED)
                entries.append(IndexEntry(name, None, State.UNAVAILABLE, reason))
        return entries

    def load_all(self) -> None:
        """Try every package of the folder once; what cannot be loaded is in the index with the reason.

        Raises: LeptonError when the folder cannot be listed.
        """
        listed_packages(self._folder)
        for name in sorted(self._sources()):
            if not self._repository.versions(name):
                with contextlib.suppress(RequestError):  # it is in the log and in the index
                    self.load(name)

    def _sources(self) -> dict[str, Sequence[Path]]:
        """Return the packages of every name, as they lie on disk now."""
        found: dict[str, Sequence[Path]] = {}
        try:
            paths = listed_packages(self._folder)
        except LeptonError as error:
            # The folder went away: what is loaded serves on, and nothing can be loaded from there.
            print(f"lepton serve: {error}", file=sys.stderr)
            paths = []
        for path in paths:
            name = _name(path)
            found[name] = (*found.get(name, ()), path)
        return found | self._given

    def _opened(self, name: str, paths: Sequence[Path]) -> list[ServedModel]:
        given = name in self._given
        if not given and len(paths) != 1:
            files = [path.name for path in paths]
            raise LeptonError(f"found packages {files} for {name!r}, expected exactly one in the repository")
        models = [self._open(path) for path in paths]
        for model, path in zip(models, paths, strict=True):
            if model.name != name:
                raise LeptonError(
                    f"found id {model.name!r} in {path.name}, expected {name!r}; name packages after their id"
                )
        return models

    def _held(self, name: str) -> list[ServedModel]:
        return [model for model in self._repository.all() if model.name == name]

    def _leave(self, name: str, models: Sequence[ServedModel]) -> None:
        left = [model for model in self._leaving.pop(name, []) if model() is not None]
        left += [weakref.ref(model) for model in models]
        if left:
            self._leaving[name] = left

    def _in_flight(self, name: str) -> bool:
        return any(model() is not None for model in self._leaving.get(name, ()))


def listed_packages(folder: Path) -> list[Path]:
    """Return the packages directly in `folder`, sorted. Raises: LeptonError when it cannot be listed."""
    try:
        return sorted(
            child
            for child in folder.iterdir()
            if (child.suffix == SUFFIX and child.is_file()) or (child / "lepton.json").is_file()
        )
    except OSError as error:
        raise LeptonError(
            f"cannot list {folder} ({error.strerror}); expected a folder of packages"
        ) from error


def _name(path: Path) -> str:
    return path.name.removesuffix(SUFFIX)


def _unknown(name: str) -> RequestError:
    return RequestError(Cause.UNKNOWN, f"found no model named {shown(name)} in the repository")


def _public(error: BaseException) -> str:
    """Return an error's text without the server's folders, which are nobody's business outside."""
    return _FOLDERS.sub("", str(error) or type(error).__name__)
