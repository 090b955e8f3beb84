"""Where a command's result goes: standard output, or a file that appears whole or not at all.

Serves every command with `--output`.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lepton.errors import LeptonError

__all__ = ["whole_file", "write_output"]


def write_output(text: str, target: Path | None) -> None:
    """Print `text`, or write it to `target`, beside it first and then renamed.

    Raises: LeptonError when `target` cannot be written; what was there before is then still there.
    """
    if target is None:
        sys.stdout.write(text)
        return
    try:
        with whole_file(target) as file:
            file.write(text.encode())
    except OSError as error:
        raise LeptonError(f"cannot write {str(target)!r}: {error.strerror}") from error


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of `target` at the end, its mode the umask's; else nothing changes.

    Raises: OSError.
    """
    import tempfile

    handle, name = tempfile.mkstemp(prefix=".lepton-", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        mask = os.umask(0)
        os.umask(mask)
        beside.chmod(0o666 & ~mask)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
