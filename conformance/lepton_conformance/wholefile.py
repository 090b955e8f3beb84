"""Writing a file so that it is there whole or not at all.

Owns the writing beside and the renaming; leaves what an error means to the callers. Serves `conformance`.
"""

import os
import secrets
from pathlib import Path

__all__ = ["write_whole_file"]


def write_whole_file(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write `data` beside `path` and rename it; `mode` is subject to the umask.

    Raises: OSError, leaving nothing behind and what was there before as it was.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
