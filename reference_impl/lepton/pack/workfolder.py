"""A folder to work in that outlives no process for long: one that was killed is swept up by the next.

Owns making the folder, telling by a lock whether its maker lives still, and removing those whose maker does
not; leaves what is put there to `build`. A process that is killed (SIGKILL, lack of memory) removes nothing,
but the system takes its locks back.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["work_folder"]

_LOCK, _INSIDE = "lock", "files"


@contextmanager
def work_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """Yield a new folder that is closed to other people, in `parent` or where the system keeps such.

    It is removed in the end; and before, those of the same prefix whose processes ended without doing so.
    """
    place = parent if parent is not None else Path(tempfile.gettempdir())
    _sweep(prefix, place)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place) as name:
        lock = os.open(Path(name) / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _locked(lock)
            inside = Path(name) / _INSIDE
            inside.mkdir(0o700)
            yield inside
        finally:
            os.close(lock)


def _locked(lock: int) -> bool:
    """Take the lock if nobody has it; without locks of files, as on Windows, somebody always has."""
    try:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _sweep(prefix: str, place: Path) -> None:
    """Remove the folders of processes that are no more; of other people's, and without a lock, none."""
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    _remove_abandoned(Path(entry.path))


def _remove_abandoned(folder: Path) -> None:
    if folder.lstat().st_uid != os.geteuid():
        return
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        begun = os.fstat(lock)
        # A maker that has not made its folder yet may be about to take the lock.
        if stat.S_ISREG(begun.st_mode) and (folder / _INSIDE).is_dir() and _locked(lock):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
