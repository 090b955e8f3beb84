"""Files of a model's folder that somebody else wrote: found inside it, and nowhere else.

Owns the refusal of names that lead out of the folder, of links, and of files beyond a bound; leaves what is
in them to the sources.
"""

import json
from pathlib import Path, PurePosixPath
from typing import Any

from lepton.errors import RecipeError
from lepton.package.write import Member

__all__ = ["LICENSES", "inside", "json_in", "licenses_in", "text_in"]

#: The folder of licence texts in what this project writes, in packages and beside converted models.
LICENSES = "LICENSES"
#: Bytes of a file of JSON or text that a source looks into.
MAX_SIDE_BYTES = 64 * 1024 * 1024


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file or folder that a file of `folder` names.

    Raises: RecipeError when it is not there, is a link, or is not below the folder.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name:
        raise RecipeError(
            f"{folder}: found the name {name[:200]!r}, expected one of a file below this folder"
        )
    path = folder
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise RecipeError(f"{path}: found a link, expected a file; copy what it points to")
    if not path.exists():
        raise RecipeError(f"{path}: found nothing, expected what {folder.name}/ names so")
    return path


def text_in(folder: Path, name: str) -> str:
    """Return the text of a file, which is UTF-8. Raises: RecipeError."""
    path = inside(folder, name)
    try:
        size = path.stat().st_size
        if size > MAX_SIDE_BYTES:
            raise RecipeError(f"{path}: found {size} bytes, expected at most {MAX_SIDE_BYTES}")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: found bytes that are not UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror})") from error


def json_in(folder: Path, name: str) -> Any:
    """Return the value of a JSON file. Raises: RecipeError."""
    try:
        return json.loads(text_in(folder, name))
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{folder / name}: found no JSON ({error})") from error


def licenses_in(folder: Path) -> list[Member]:
    """Return the licence texts that stand in a model's folder as files of a package."""
    place = folder / LICENSES
    if not place.is_dir():
        return []
    return [
        Member(f"{LICENSES}/{one.name}", inside(folder, f"{LICENSES}/{one.name}"), "text/plain", "license")
        for one in sorted(place.iterdir())
        if one.is_file()
    ]
