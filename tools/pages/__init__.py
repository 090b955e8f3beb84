"""The published standard as pages: chapters with requirement cards, profiles, schemas, in two languages.

Owns turning what `specification` read into Markdown for MkDocs; leaves reading to it and the site to MkDocs.
"""

from pages.api import api_pages
from pages.cards import render_chapter
from pages.datatypes import datatypes_page
from pages.description import describe
from pages.guide import digest_of_edition, guide_page
from pages.home import chapter_titles, home_page, landing_page
from pages.navigation import adopt, crumbs, guide_address, navigation, of_language
from pages.overview import overviews
from pages.requirements import requirement_page
from pages.schemas import schema_page, schemas_index
from pages.sources import FOLDER as SOURCES
from pages.sources import source_page, source_uri
from pages.versions import versions_page
from pages.words import LANGUAGES, WORDS

__all__ = [
    "LANGUAGES",
    "SOURCES",
    "WORDS",
    "adopt",
    "api_pages",
    "chapter_titles",
    "crumbs",
    "datatypes_page",
    "describe",
    "digest_of_edition",
    "guide_address",
    "guide_page",
    "home_page",
    "landing_page",
    "navigation",
    "of_language",
    "overviews",
    "render_chapter",
    "requirement_page",
    "schema_page",
    "schemas_index",
    "source_page",
    "source_uri",
    "versions_page",
]
