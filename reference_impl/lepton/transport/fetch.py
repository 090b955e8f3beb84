"""Blobs on disk under the names of their digests: fetched, verified as they stream, taken up after a break.

Owns the files of one pull; leaves what they are for to `pull`. Serves PKG-OCI-03.
"""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from lepton.errors import SourceError
from lepton.package.container import CHUNK_BYTES
from lepton.package.paths import displayed
from lepton.transport.http import Interrupted
from lepton.transport.modelpack import Descriptor
from lepton.transport.registry import WAITS_SECONDS, Registry

__all__ = ["Store"]


class Store:
    """The blobs of one pull in one private folder."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self._folder = folder
        self._registry = registry

    def path(self, blob: Descriptor) -> Path:
        """Return where a fetched blob lies."""
        return self._folder / blob.digest.removeprefix("sha256:")

    def fetch(self, blob: Descriptor, progress: Callable[[str, int], None]) -> None:
        """Fetch a blob unless it is there.

        Raises: SourceError when its size or digest is another one (it is then deleted), Interrupted when it
        broke off several times (what came is kept).
        """
        target = self.path(blob)
        if target.exists():
            if _state(target)[1:] == (blob.size, blob.digest):
                return
            target.unlink()
        waits = iter(WAITS_SECONDS)
        part = target.with_suffix(".part")
        while True:
            try:
                self._stream(blob, part, progress)
                break
            except Interrupted:
                wait = next(waits, None)
                if wait is None:
                    raise
                time.sleep(wait)
            except SourceError:
                part.unlink(missing_ok=True)
                raise
        part.replace(target)

    def _stream(self, blob: Descriptor, part: Path, progress: Callable[[str, int], None]) -> None:
        state, size, _ = _state(part)
        if size > blob.size:
            state, size = hashlib.sha256(), 0
        if size < blob.size or not size:
            with self._registry.blob(blob, size) as (begins, pieces), _opened(part) as file:
                if begins != size:
                    state, size = hashlib.sha256(), 0
                file.seek(size)
                file.truncate()
                for piece in pieces:
                    state.update(piece)
                    size += len(piece)
                    if size > blob.size:
                        raise SourceError(f"found more than {blob.size} bytes of {_shown(blob)}")
                    file.write(piece)
                    progress(blob.path, size)
        if size < blob.size:
            raise Interrupted(f"found {size} bytes of {_shown(blob)}, expected {blob.size}")
        if f"sha256:{state.hexdigest()}" != blob.digest:
            raise SourceError(
                f"found the digest sha256:{state.hexdigest()} of {_shown(blob)}, expected {blob.digest}"
            )


def _opened(part: Path) -> BinaryIO:
    """Open a file for writing without emptying it, and never through a link."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(part, flags, 0o600), "r+b")


def _state(path: Path) -> "tuple[hashlib._Hash, int, str]":
    """Return the running digest, the size and the digest of what lies at `path`; nothing there is empty."""
    state = hashlib.sha256()
    size = 0
    if path.exists():
        with _opened(path) as file:
            while piece := file.read(CHUNK_BYTES):
                state.update(piece)
                size += len(piece)
    return state, size, f"sha256:{state.hexdigest()}"


def _shown(blob: Descriptor) -> str:
    return repr(displayed(blob.path))
