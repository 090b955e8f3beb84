"""The source files that the published pages lead to: tests, mutants, checks and reproducers, line by line.

Owns their addresses, `/source/<path>/#L<line>`, and their plain listing, so that a reader comes from a
requirement to its test without a network. Leaves which files there are to the pages that link to them.
"""

import html

from pages.body import Body

__all__ = ["FOLDER", "source_address", "source_page", "source_uri"]

FOLDER = "source"


def source_uri(path: str) -> str:
    """Return the file of a source's page, as MkDocs names it."""
    return f"{FOLDER}/{path}.md"


def source_address(root: str, path: str, line: int = 0) -> str:
    """Return the address of a source, of one of its lines if given; `root` leads to the root of the site."""
    return f"{root}{FOLDER}/{html.escape(path)}/{f'#L{line}' if line else ''}"


def source_page(path: str, text: str) -> Body:
    """Return the listing of one file."""
    lines = text.splitlines()
    rows = "".join(
        f'<span id="L{number}" data-line="{number}">{html.escape(line)}\n</span>'
        for number, line in enumerate(lines, 1)
    )
    name = html.escape(path)
    content = (
        f'<h1>{html.escape(path.rpartition("/")[2])}</h1><p class="place"><code>{name}</code></p>'
        f'<pre class="source" tabindex="0" role="region" aria-label="{name}"><code>{rows}</code></pre>'
    )
    return Body(path.rpartition("/")[2], content)
