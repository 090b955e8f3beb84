"""Read a text file of the repository, or say in one line why not.

Owns that error; leaves what the text means to its readers.
"""

from pathlib import Path

__all__ = ["UnreadableError", "read_source"]


class UnreadableError(Exception):
    """A file cannot be read as UTF-8 text; the message names it."""


def read_source(path: Path) -> str:
    """Return the text of a file, empty when there is none. Raises: UnreadableError."""
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"{path}: found byte {error.object[error.start]:#04x} at offset {error.start}, expected UTF-8; "
            "save the file as UTF-8"
        ) from error
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror}; make it a readable file") from error
