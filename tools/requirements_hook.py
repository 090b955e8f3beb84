"""What MkDocs calls for the pages about requirements: one each, lists, matrices, and the sources they cite.

Owns the joints with MkDocs: which of these pages there are and their HTML, which stands in place of an empty
Markdown file; and that a fault of the standard stops a strict build. Leaves what stands on the pages to
`pages` and judging to `specification`. It runs before site_hook.py, which lays out the menus.
"""

import datetime
import logging
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc

import pages
from pages.body import Body
from pages.dossier import read_library
from specification import read_book
from specification.source import read_source

ROOT = Path(__file__).resolve().parent.parent
PAGES = Path(__file__).with_name("pages")
STYLE, SCRIPT = "requirements.css", "requirements.js"
_SOURCE = re.compile(rf'href="[./]*/{pages.SOURCES}/([^"#]+)/(?:#L[0-9]+)?"')

_log = logging.getLogger("mkdocs.hooks.requirements")
#: The HTML of each page, by the file that MkDocs believes in.
_bodies: dict[str, Body] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read and check the standard anew for each build, once for all hooks; load the style and script."""
    book = config.extra["book"] = read_book(ROOT)
    for problem in book.check(datetime.date.today()):
        _log.log(logging.INFO if problem.warning else logging.WARNING, "%s", problem)
    if f"assets/{STYLE}" not in config.extra_css:
        config.extra_css.append(f"assets/{STYLE}")
        config.extra_javascript.append(f"assets/{SCRIPT}")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages, and every source file that one of them leads to."""
    library = read_library(config.extra["book"])
    _bodies.clear()
    listed = []
    for language in pages.LANGUAGES:
        overviews = pages.overviews(language, library)
        listed += [f"{language}/{name}" for name in overviews]
        _bodies.update({f"{language}/{name}": body for name, body in overviews.items()})
        for key, dossier in library.dossiers.items():
            body = pages.requirement_page(language, library, dossier)
            _bodies[f"{language}/requirements/{key}.md"] = body
    cited = {path for body in _bodies.values() for path in _SOURCE.findall(body.content)}
    for path in sorted(cited):
        _bodies[pages.source_uri(path)] = pages.source_page(path, read_source(ROOT / path))
    for uri in _bodies:
        place = InclusionLevel.INCLUDED if uri in listed else InclusionLevel.NOT_IN_NAV
        files.append(File.generated(config, uri, content="", inclusion=place))
    for name in (STYLE, SCRIPT):
        files.append(File.generated(config, f"assets/{name}", abs_src_path=str(PAGES / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Give a page its title and description, and leave nothing to render."""
    body = _bodies.get(page.file.src_uri)
    if body is not None:
        page.meta["title"] = body.title
        if body.description:
            page.meta["description"] = body.description
        if not body.sections:
            page.meta["hide"] = ["toc"]
    return markdown


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put the HTML in."""
    body = _bodies.get(page.file.src_uri)
    if body is None:
        return html
    page.toc = get_toc(
        [{"level": 2, "id": anchor, "name": name, "children": []} for anchor, name in body.sections]
    )
    return body.content


__all__ = ["on_config", "on_files", "on_page_content", "on_page_markdown"]
