"""Several reports on one page: subjects as columns, profiles on top, requirements where they differ.

Owns the page; leaves the comparison to `lepton_conformance.comparison`. Whatever a report says is shown as
text, never as markup. Serves `conformance`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lepton_conformance.comparison import Column
from lepton_conformance.report.html import STYLE_FILE
from lepton_conformance.report.html_finding import counted, shown

__all__ = ["render"]

_WORDS = {
    "pass": "pass",
    "fail": "FAIL",
    "inconclusive": "inconclusive",
    "blocked": "blocked",
    "not-tested": "not tested",
    "not-applicable": "not applicable",
    "absent": "not judged",
}
_STYLE = """
body { max-width: 90rem; } .wide { overflow-x: auto; } table { min-width: 40rem; }
.compared th { vertical-align: bottom; position: sticky; top: 0; background: var(--paper); }
.compared td.fail { font-weight: 600; background: color-mix(in srgb, var(--fail) 12%, transparent); }
.compared tr.profile-row td { font-weight: 600; } .absent { color: var(--quiet); }
.compared th span { display: block; font-weight: 400; }
@media (max-width: 46rem) {
  .compared { display: table; }
  .compared tbody { display: table-row-group; } .compared tr { display: table-row; }
  .compared td, .compared th { display: table-cell; padding: .3rem .5rem .3rem 0; }
}
"""


def render(
    columns: Sequence[Column],
    tables: Mapping[str, Mapping[str, Sequence[str]]],
    doubts: Sequence[str],
    requirements: Mapping[str, Mapping[str, Any]],
) -> str:
    """Return the page for the lines of `profiles` and `requirements` that are to be shown."""
    return "\n".join(_page(columns, tables, doubts, requirements)) + "\n"


def _page(
    columns: Sequence[Column],
    tables: Mapping[str, Mapping[str, Sequence[str]]],
    doubts: Sequence[str],
    requirements: Mapping[str, Mapping[str, Any]],
) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{counted(len(columns), 'conformance report')} side by side</title>"
    yield f"<style>{STYLE_FILE.read_text(encoding='utf-8')}{_STYLE}</style></head><body>"
    yield "<h1>Conformance, side by side</h1>"
    if doubts:
        yield "<p>The verdicts may differ for another reason than the subjects:</p><ul>"
        yield from (f"<li>{shown(doubt)}</li>" for doubt in doubts)
        yield "</ul>"
    yield '<div class="wide"><table class="compared"><thead><tr><th>requirement</th><th></th>'
    for column in columns:
        about = f"<span>{shown(column.locator)}</span><span>{shown(column.started)}</span>"
        yield f"<th>{shown(column.title)}{about}</th>"
    yield "</tr></thead><tbody>"
    for name, verdicts in tables["profiles"].items():
        yield f'<tr class="profile-row"><td>{shown(name)}</td><td>profile</td>{_cells(verdicts)}</tr>'
    for key, verdicts in tables["requirements"].items():
        entry = requirements.get(key, {"title": "", "level": ""})
        about = f'{shown(entry["title"])} <span class="quiet">{shown(entry["level"])}</span>'
        yield f"<tr><td>{shown(key)}</td><td>{about}</td>{_cells(verdicts)}</tr>"
    yield "</tbody></table></div>"
    if not tables["requirements"]:
        yield "<p>No requirement differs.</p>"
    yield "</body></html>"


def _cells(verdicts: Sequence[str]) -> str:
    return "".join(f'<td class="{shown(v)}">{shown(_WORDS.get(v, v))}</td>' for v in verdicts)
