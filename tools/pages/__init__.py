"""The published standard as pages: chapters with requirement cards, profiles, schemas, in two languages.

Owns turning what `specification` read into Markdown for MkDocs; leaves reading to it and the site to MkDocs.
"""

from pages.cards import render_chapter
from pages.home import chapter_titles, home_page, landing_page
from pages.navigation import adopt, crumbs, guide_address, navigation, of_language
from pages.profiles import profiles_page
from pages.schemas import schema_page, schemas_index
from pages.words import LANGUAGES, WORDS

__all__ = [
    "LANGUAGES",
    "WORDS",
    "adopt",
    "chapter_titles",
    "crumbs",
    "guide_address",
    "home_page",
    "landing_page",
    "navigation",
    "of_language",
    "profiles_page",
    "render_chapter",
    "schema_page",
    "schemas_index",
]
