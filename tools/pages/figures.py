"""The figures of the suite: what makes a verdict trustworthy, as it was measured last.

Owns `/<language>/figures/`; leaves measuring to tools/figures.py, which keeps what this page shows.
"""

import html

from pages.body import Body, table
from pages.dossier import FIGURES, Library
from pages.labels import LABELS, figure_name, in_chinese

__all__ = ["figures_page"]

#: Longer details are folded.
MAX_DETAIL_CHARACTERS = 160


def figures_page(language: str, library: Library) -> Body:
    """Return the page."""
    words, kept = LABELS[language], library.figures
    content = [f"<h1>{words['figures']}</h1>", f"<p>{words['figures_intro']}</p>"]
    if kept is None:
        content.append(f"<p>{words['figures_none']}</p>")
        return Body(words["figures"], "\n".join(content))
    when = words["figures_measured"].replace("`{command}`", "<code>{command}</code>")
    values = {key: _said(language, value) for key, value in kept.items()}
    content.append(f"<p>{when.format(**values)}</p>")
    if kept["quick"]:
        short = words["figures_quick"].replace("`make figures`", "<code>make figures</code>")
        content.append(f'<p class="note">{short}</p>')
    rows = []
    for each in kept["figures"]:
        met = {True: "reached", False: "missed", None: ""}[each["met"]]
        mark = f'<span class="verdict {met}">{words[met]}</span>' if met else ""
        rows.append(
            f'<tr><th scope="row">{html.escape(figure_name(language, each["name"]))}</th>'
            f"<td>{_said(language, each['aim'])}</td><td>{html.escape(each['value'])} {mark}</td>"
            f'<td lang="en">{_detail(each["detail"])}</td></tr>'
        )
    content.append(
        table(
            words["figures"],
            [words[key] for key in ("figure", "aim", "found", "detail")],
            rows,
            css="matrix figures",
        )
    )
    content.append(f"<p><code>{FIGURES}</code></p>")
    return Body(words["figures"], "\n".join(content))


def _said(language: str, value: object) -> str:
    return html.escape(str(value) if language == "en" else in_chinese(str(value)))


def _detail(text: str) -> str:
    whole = "<br>".join(html.escape(line) for line in text.splitlines())
    if len(text) <= MAX_DETAIL_CHARACTERS:
        return whole
    first = html.escape(text[:80].rpartition(" ")[0])
    return f"<details><summary>{first} …</summary>{whole}</details>"
