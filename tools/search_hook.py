"""What MkDocs calls for the search of the published standard, and for pages opened from a folder.

Owns the joints with MkDocs: which pages are searched in which language, and the scripts that each page loads.
Leaves passages to `pages.search`, finding to `pages/search.js`. Decision 0018 says why it is not the theme's.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from pages import LANGUAGES
from pages.search import Passage, passages, requirement_passages, search_script
from specification import Book

ROOT = Path(__file__).resolve().parent.parent
PAGES = Path(__file__).with_name("pages")
SCRIPTS = ("search.js", "folder.js")
STYLES = ("search.css",)

#: The address of each requirement's page, by language and ID.
_addresses: dict[str, dict[str, str]] = {}
_order: dict[str, int] = {}
_found: dict[str, list[Passage]] = {}
_book: list[Book] = []


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Load our scripts and styles on every page, and forget an earlier build."""
    config.extra_css += [f"assets/{name}" for name in STYLES if f"assets/{name}" not in config.extra_css]
    for name in SCRIPTS:
        if f"assets/{name}" not in config.extra_javascript:
            config.extra_javascript.append(f"assets/{name}")
    _found.clear()
    _book[:] = [config.extra["book"]]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Publish the scripts and styles."""
    for name in (*SCRIPTS, *STYLES):
        files.append(File.generated(config, f"assets/{name}", abs_src_path=str(PAGES / name)))
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Note the order of the pages, and where each requirement stands in each language."""
    _order.clear()
    _order.update({page.file.src_uri: at for at, page in enumerate(nav.pages)})
    for language in LANGUAGES:
        _addresses[language] = {}
        for each in _book[0].requirements:
            own = files.get_file_from_path(f"{language}/requirements/{each.id}.md")
            chapter = files.get_file_from_path(f"{language}/{each.chapter}.md")
            chapter = chapter or files.get_file_from_path(f"en/{each.chapter}.md")
            assert own is not None or chapter is not None, each.id
            address = own.url if own is not None else f"{chapter.url if chapter else ''}#{each.id}"
            _addresses[language][each.id] = address
    return nav


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Take the passages of one page; the pages of requirements have theirs from the text of the standard."""
    folder, _, rest = page.file.src_uri.partition("/")
    single = rest.startswith("requirements/") and not rest.endswith("/index.md")
    if (folder in LANGUAGES or folder == "decisions") and not single:
        kind = "decision" if folder == "decisions" else "page"
        title = re.sub(r"<[^>]+>", "", str(page.title))
        _found[page.file.src_uri] = list(passages(page.file.url, title, html, kind))
    return html


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Keep the theme from asking for a site map beside the page in each other language: there is none.

    It looks for links whose `rel` is just `alternate`; a trailing space means the same to everybody else.
    """
    return output.replace('<link rel="alternate" ', '<link rel="alternate " ')


def on_post_build(config: MkDocsConfig) -> None:
    """Write what each language's search looks through."""
    folder = Path(config.site_dir) / "search"
    folder.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        homes = (language, "decisions") if language == "en" else (language,)
        pages = sorted(
            (uri for uri in _found if uri.partition("/")[0] in homes),
            key=lambda uri: (_order.get(uri, len(_order)), uri),
        )
        rest = [passage for uri in pages for passage in _found[uri]]
        found = [*requirement_passages(language, _book[0], _addresses[language], rest), *rest]
        (folder / f"{language}.js").write_text(search_script(found), encoding="utf-8")


__all__ = ["on_config", "on_files", "on_nav", "on_page_content", "on_post_build", "on_post_page"]
