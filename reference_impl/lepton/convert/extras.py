"""Libraries of an extra, imported where a source needs them.

Owns the error for one that is missing.
"""

import importlib
from typing import Any

from lepton.errors import RecipeError

__all__ = ["needed"]


def needed(module: str, extra: str) -> Any:
    """Import a module of an extra. Raises: RecipeError naming what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        missing = error.name or module
        raise RecipeError(
            f"this source needs the Python package of {missing!r}, which cannot be imported: "
            f"pip install 'lepton-standard[{extra}]'"
        ) from error
