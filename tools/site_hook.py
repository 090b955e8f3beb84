"""What MkDocs calls while it builds the published standard (`make site`).

Owns the joints with MkDocs: which generated pages there are, which language a page speaks, and the
navigation of each language. Leaves what stands on the pages to `pages`. Nothing of the prose is copied.
"""

import json
import os
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

import pages
from specification import Book
from specification.archive import ArchiveError, unpack_archives
from specification.book import SPEC_VERSION
from specification.citations import traceability
from specification.edition import EDITIONS, INDEX, read_editions
from specification.freezing import working_edition
from specification.guide import GUIDE
from specification.published import Example, read_examples

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "schemas" / SPEC_VERSION
#: What is published beside the pages, by the end of its name. The lock is for the build alone.
PUBLISHED = (".json", ".yaml", ".proto", ".binpb")

#: The script of the schema pages.
SCRIPT = "assets/explorer.js"

_book: list[Book] = []
_files: list[Files] = []


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the standard that requirements_hook.py read for this build."""
    _book[:] = [config.extra["book"]]
    if SCRIPT not in config.extra_javascript:
        config.extra_javascript.append(SCRIPT)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, the published files at the path of the schemas' `$id`, and the style sheet."""
    book = _book[0]
    schemas = _schemas()
    for uri, text in _generated(book, schemas, files).items():
        files.append(File.generated(config, uri, content=text))
    for path in sorted(each for suffix in PUBLISHED for each in SCHEMAS.glob(f"*{suffix}")):
        files.append(File.generated(config, f"schemas/{SPEC_VERSION}/{path.name}", abs_src_path=str(path)))
    for path in sorted((ROOT / EDITIONS).rglob("*.json")):
        uri = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    for name in ("lepton.css", "explorer.js", "mark.svg"):
        path = Path(__file__).with_name("pages") / name
        files.append(File.generated(config, f"assets/{name}", abs_src_path=str(path)))
    for file in files:
        pages.guide_address(file)
    config.nav = [{"Lepton": "index.md"}]
    for language, name in pages.LANGUAGES.items():
        chapters = pages.chapter_titles(language, book)
        menu = pages.navigation(language, files.src_uris, chapters, map(_stem, schemas))
        config.nav.append({name: menu})
    return files


def _generated(book: Book, schemas: dict[str, Any], files: Files) -> dict[str, str]:
    """Return the Markdown of each generated page by its address."""
    generated = {"index.md": pages.landing_page()}
    generated |= {f"en/api/{name}": text for name, text in pages.api_pages(book).items()}
    datatypes = json.loads((SCHEMAS / "datatypes.json").read_bytes())
    editions, working, examples = read_editions(ROOT), working_edition(book), _examples(book)
    for language in pages.LANGUAGES:
        generated[f"{language}/versions.md"] = pages.versions_page(language, book, editions, working)
        generated[f"{language}/datatypes.md"] = pages.datatypes_page(language, datatypes)
        generated[f"{language}/schemas/index.md"] = pages.schemas_index(language, schemas, _others())
        for name, schema in schemas.items():
            page = pages.schema_page(language, name, schema, book, examples)
            generated[f"{language}/schemas/{_stem(name)}.md"] = page
        known = {*files.src_uris, *generated}
        generated[f"{language}/index.md"] = pages.home_page(language, book, known)
    return generated


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Give the pages that no menu lists a place in it."""
    _files[:] = [files]
    pages.adopt(files)
    return nav


def on_post_build(config: MkDocsConfig) -> None:
    """Show the editions whose archives stand in the folder LEPTON_EDITIONS, each at `/<edition>/`."""
    folder = os.environ.get("LEPTON_EDITIONS")
    if not folder:
        return
    try:
        index = json.loads((ROOT / INDEX).read_bytes())
        unpack_archives(index, Path(folder), Path(config.site_dir))
    except ArchiveError as error:
        raise PluginError(str(error)) from error


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Render the requirement blocks of a chapter as cards."""
    book = _book[0]
    language = _language(page)
    if f"/{GUIDE}/" in page.file.src_uri:
        return pages.guide_page(markdown, book)
    if language is None or f"spec/{page.file.src_uri}" not in book.sources:
        return markdown
    known = [each.id for each in book.requirements]
    return pages.render_chapter(language, markdown, book, traceability(list(book.citations), known))


def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> dict[str, Any]:
    """Let a page speak its language, and show the navigation of that language alone."""
    language = _language(page)
    if not page.meta.get("description"):
        page.meta["description"] = pages.describe(page.content or "")
    config.theme["language"] = language or "en"
    words = pages.WORDS[language or "en"]
    context["nav"] = pages.of_language(nav, language)
    context |= {"crumbs": pages.crumbs(page, _files[0]), "way": words["way"], "words": words}
    context["edition"] = {
        "name": words["edition"].format(version=SPEC_VERSION),
        "version": SPEC_VERSION,
        "digest": pages.digest_of_edition(ROOT),
        "language": language or "en",
    }
    for neighbour in ("previous_page", "next_page"):
        other = getattr(page, neighbour)
        if other is not None and _language(other) != language:
            setattr(page, neighbour, None)
    config.extra["alternate"] = _alternates(page)
    return context


def _language(page: Page) -> str | None:
    first = page.file.src_uri.partition("/")[0]
    return first if first in pages.LANGUAGES else "en" if first in ("decisions", pages.SOURCES) else None


def _alternates(page: Page) -> list[dict[str, str]]:
    """Return the links of the language menu: to the same page where there is one, else to the first."""
    rest = page.file.src_uri.partition("/")[2]
    links = []
    for language, name in pages.LANGUAGES.items():
        same = _files[0].get_file_from_path(f"{language}/{rest}")
        links.append({"name": name, "lang": language, "link": same.url if same else f"{language}/"})
    return links


def _stem(name: str) -> str:
    return name.removesuffix(".json").removesuffix(".schema")


def _schemas() -> dict[str, Any]:
    return {path.name: json.loads(path.read_bytes()) for path in sorted(SCHEMAS.glob("*.schema.json"))}


def _others() -> list[str]:
    """Return the names of the published files that are no JSON Schemas."""
    names = (path.name for suffix in PUBLISHED for path in SCHEMAS.glob(f"*{suffix}"))
    return sorted(name for name in names if not name.endswith(".schema.json"))


def _examples(book: Book) -> list[Example]:
    english = {file: text for file, text in book.sources.items() if file.startswith("spec/en/")}
    return [each for file, text in english.items() for each in read_examples(file, text, [])]


__all__ = ["on_config", "on_files", "on_nav", "on_page_context", "on_page_markdown", "on_post_build"]
