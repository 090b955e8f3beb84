"""The pages that show all requirements at once: index, traceability, profiles, field results, figures.

Owns their names; leaves each to its module.
"""

from pages.body import Body
from pages.dossier import Library
from pages.field import field_page
from pages.figures import figures_page
from pages.index import index_page
from pages.matrix import matrix_page
from pages.profiles import profiles_page

__all__ = ["overviews"]


def overviews(language: str, library: Library) -> dict[str, Body]:
    """Return the pages of one language by the name of their file in its folder."""
    return {
        "requirements/index.md": index_page(language, library),
        "traceability.md": matrix_page(language, library),
        "profiles.md": profiles_page(language, library),
        "field.md": field_page(language, library),
        "figures.md": figures_page(language, library),
    }
