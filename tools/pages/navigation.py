"""Where a page stands: the menu of each language, the way to a page, and the addresses of the guide.

Owns the order of the sections and the parents of pages that no menu lists. Leaves the titles of pages to
their text and what is generated to the hook.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

from pages.words import LANGUAGES, WORDS

__all__ = ["adopt", "crumbs", "guide_address", "navigation", "of_language"]

#: The tutorials, in the order of the menu: `spec/<language>/guide/<name>.md`.
TUTORIALS = ("validate", "certify", "implement", "adapter")
#: What a section lists first and last; pages that nobody made are left out.
BEFORE_CHAPTERS = ("index.md",)
AFTER_CHAPTERS = ("datatypes.md", "versions.md", "guide/cite.md")
REQUIREMENTS = ("requirements/index.md", "traceability.md")
CONFORMANCE = ("profiles.md", "coverage.md", "field.md", "figures.md")


def navigation(
    language: str, known: Iterable[str], chapters: Iterable[str], schemas: Iterable[str]
) -> list[dict[str, Any]]:
    """Return the menu of one language for MkDocs. `known` are the pages there are; what is not is left out.

    `chapters` and `schemas` are names without folder and suffix, in order.
    """
    words, there = WORDS[language], set(known)

    def listed(names: Iterable[str]) -> list[str]:
        return [uri for uri in (f"{language}/{name}" for name in names) if uri in there]

    standard = (*BEFORE_CHAPTERS, *(f"{name}.md" for name in chapters), *AFTER_CHAPTERS)
    tree: list[dict[str, Any]] = [
        {words["guide"]: listed(f"guide/{name}.md" for name in TUTORIALS)},
        {words["standard"]: listed(standard)},
        {words["all_requirements"]: listed(REQUIREMENTS)},
        {
            words["schemas"]: [
                *listed(["schemas/index.md"]),
                *({name: f"{language}/schemas/{name}.md"} for name in schemas),
            ]
        },
        {words["conformance"]: listed(CONFORMANCE)},
    ]
    if language == "en":
        decisions = sorted(uri for uri in there if uri.startswith("decisions/"))
        tree.append({words["decisions"]: sorted(decisions, key=lambda uri: not uri.endswith("README.md"))})
        api = sorted((uri for uri in there if uri.startswith("en/api/")), key=lambda uri: uri[: -len(".md")])
        tree.append({words["api"]: sorted(api, key=lambda uri: not uri.endswith("index.md"))})
    return [section for section in tree if all(section.values())]


def guide_address(file: File) -> None:
    """Give a page of the guide its address: `/<language>/tutorials/<name>/`, and `/<language>/cite/`."""
    language, _, rest = file.src_uri.partition("/guide/")
    if language in LANGUAGES and rest.endswith(".md"):
        name = rest.removesuffix(".md")
        folder = f"{language}/tutorials" if name in TUTORIALS else language
        file.dest_uri = f"{folder}/{name}/index.html"


def adopt(files: Files) -> None:
    """Put each page that no menu lists below the section of the list in its folder."""
    pages = {file.src_uri: file.page for file in files.documentation_pages() if file.page is not None}
    for uri, page in pages.items():
        index = pages.get(f"{uri.rpartition('/')[0]}/index.md")
        if page.parent is None and index is not None and index is not page:
            page.parent = index.parent


def of_language(nav: Navigation, language: str | None) -> Navigation:
    """Return the menu of one language alone; the whole where the page has none."""
    name = LANGUAGES.get(language or "")
    for item in nav.items:
        if isinstance(item, Section) and item.title == name:
            alone = Navigation(item.children, nav.pages)
            home = next((page for page in nav.pages if page.file.src_uri == f"{language}/index.md"), None)
            alone.homepage = home or nav.homepage
            return alone
    return nav


def crumbs(page: Page, files: Files) -> Sequence[tuple[str, str]]:
    """Return the way to a page, as titles and addresses: language, section, the list in its folder.

    A section has the address of its first page.
    """
    language, _, rest = page.file.src_uri.partition("/")
    if language == "decisions":
        language, rest = "en", page.file.src_uri
    if language not in LANGUAGES or rest == "index.md":
        return []
    way = [(WORDS[language]["home"], f"{language}/")]
    for section in reversed([each for each in page.ancestors if isinstance(each, Section)]):
        first = next((child for child in section.children if isinstance(child, Page)), None)
        if first is not None and section.title not in LANGUAGES.values():
            way.append((section.title, first.url))
    index = files.get_file_from_path(f"{page.file.src_uri.rpartition('/')[0]}/index.md")
    if index is not None and index.page is not None and index.page is not page and len(way) < 3:
        address = (index.page.title or "", index.url)
        if index.src_uri != f"{language}/index.md" and address[1] != way[-1][1]:
            way.append(address)
    return way
