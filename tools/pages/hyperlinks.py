"""The links of the built site: each leads to a page, an anchor or a file of it, or to a host that we chose.

Owns reading built HTML and judging its links, without a network; a link to a filter (`#role=server`) keeps a
row. Leaves the stop of the build to the hook. MkDocs judges the links of Markdown; most of ours are HTML.
"""

import html
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["HOSTS", "Broken", "check_site"]

#: The hosts that a page may lead to, over https. Nothing is ever loaded from them.
HOSTS = frozenset({"docs.mlcommons.org", "github.com", "lepton-standard.org", "spdx.org", "www.apache.org"})

_TAG = re.compile(r"<([a-zA-Z][\w-]*)((?:\s+[^\s=>\"']+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?)*)\s*/?>")
_ATTRIBUTE = re.compile(r"([^\s=>\"']+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))")
_SILENT = re.compile(r"<!--.*?-->|(<script\b[^>]*>).*?</script>|<style\b.*?</style>", re.S)
_LINKS = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "src", "iframe": "src"}


@dataclass(frozen=True, slots=True)
class Broken:
    """A link that leads nowhere. `page` is the file that has it, below the site."""

    page: str
    link: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.page}: found a link to {self.link}, expected {self.expected}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class _Page:
    anchors: frozenset[str]
    links: tuple[tuple[str, str], ...]


def check_site(site: Path, hosts: frozenset[str] = HOSTS) -> Iterator[Broken]:
    """Yield what is wrong with the links of every page below `site`, in the order of the files."""
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    pages = {name: _read(site / name) for name in sorted(files) if name.endswith(".html")}
    for name, page in pages.items():
        if name == "404.html":  # shown at any depth, so its links are absolute
            continue
        for tag, link in page.links:
            broken = _judge(name, tag, link, files, pages, hosts)
            if broken is not None:
                yield broken


def _read(path: Path) -> _Page:
    text = _SILENT.sub(lambda match: match.group(1) or "", path.read_text(encoding="utf-8"))
    anchors, links = set(), dict[tuple[str, str], None]()
    for tag in _TAG.finditer(text):
        name = tag.group(1).lower()
        for key, *values in _ATTRIBUTE.findall(tag.group(2)):
            if key == "id" or (key == "name" and name == "a"):
                anchors.add(html.unescape("".join(values)))
            elif name == "tr" and key.startswith("data-"):
                anchors.update(f"{key.removeprefix('data-')}={word}" for word in "".join(values).split())
            elif _LINKS.get(name) == key:
                links[name, html.unescape("".join(values))] = None
    return _Page(frozenset(anchors), tuple(links))


def _judge(
    name: str, tag: str, link: str, files: set[str], pages: Mapping[str, _Page], hosts: frozenset[str]
) -> Broken | None:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        if tag == "a" and parts.scheme == "mailto":
            return None
        if tag == "a" and parts.scheme == "https" and parts.hostname in hosts:
            return None
        if tag == "img" and parts.scheme == "data":
            return None
        return Broken(
            name,
            link,
            "https and a host of the list",
            "add the host to HOSTS in tools/pages/hyperlinks.py if meant",
        )
    if parts.path.startswith("/"):
        return Broken(name, link, "a relative link", "start at the page: the site may lie below a path")
    folder = posixpath.dirname(name)
    target = posixpath.normpath(posixpath.join(folder, unquote(parts.path))) if parts.path else name
    if target.startswith(".."):
        return Broken(name, link, "a target inside the site", "take away one ../")
    if parts.path.endswith("/") or target == "." or target not in files:
        target = posixpath.normpath(posixpath.join(target, "index.html"))
    if target not in files:
        return Broken(name, link, f"{target} in the site", "correct the path, or publish what it names")
    wanted = [unquote(each) for each in parts.fragment.split("&") if each]
    if target in pages and any(each not in pages[target].anchors for each in wanted):
        what = "a row that the filter keeps" if "=" in parts.fragment else f"an element with id={wanted[0]}"
        return Broken(name, link, f"{what} on {target}", "correct what follows the #, or add the heading")
    return None
