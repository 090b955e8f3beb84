"""Where a command's result goes: standard output, or a file that appears whole or not at all.

Serves every command with `--output`.
"""

import os
import sys
from pathlib import Path

from lepton.errors import LeptonError

__all__ = ["write_output"]


def write_output(text: str, target: Path | None) -> None:
    """Print `text`, or write it to `target`, beside it first and then renamed.

    Raises: LeptonError when `target` cannot be written; what was there before is then still there.
    """
    if target is None:
        sys.stdout.write(text)
        return
    import tempfile

    beside: str | None = None
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        Path(beside).chmod(0o666 & ~mask)
        Path(beside).replace(target)
        beside = None
    except OSError as error:
        raise LeptonError(f"cannot write {str(target)!r}: {error.strerror}") from error
    finally:
        if beside is not None:
            Path(beside).unlink(missing_ok=True)
