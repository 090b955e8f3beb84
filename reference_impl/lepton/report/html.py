"""The findings report as one HTML page that needs nothing else.

Serves COR-ESC-01 and PKG-VAL-05.
"""

from collections.abc import Iterator

import lepton_spec
from lepton.finding import Finding, PackageReport, Report, severity
from lepton.report.document import tool_version
from lepton.report.escape import for_html

__all__ = ["render"]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; color: #1a1a1a; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; overflow-wrap: anywhere; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
.verdict { border-radius: 4px; padding: 0.1rem 0.5rem; color: #fff; }
.pass { background: #1b6e3c; } .fail { background: #a11d21; } .inconclusive { background: #7a5200; }
.finding { border-left: 4px solid #a11d21; padding: 0.1rem 1rem; margin: 1rem 0; }
.warning { border-color: #7a5200; } .note { border-color: #555; }
.hint { color: #444; } dt { font-weight: 600; } table { border-collapse: collapse; }
td, th { text-align: left; padding: 0.2rem 1rem 0.2rem 0; vertical-align: top; }
"""


def render(report: Report) -> str:
    """Return the page. Every text of a package is escaped."""
    body = "\n".join(line for package in report.packages for line in _package(package))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Lepton validation report</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Lepton validation report</h1>
<p>Standard {lepton_spec.SPEC_VERSION}, level {report.level}, lepton {for_html(tool_version())}.</p>
{body}
</body>
</html>
"""


def _package(package: PackageReport) -> Iterator[str]:
    verdict = str(package.verdict)
    yield f'<h2>{for_html(package.path)} <span class="verdict {verdict}">{verdict}</span></h2>'
    yield f"<p><code>{for_html(package.identity or 'no identity: the manifest could not be read')}</code></p>"
    for one in package.findings:
        yield from _finding(one)
    yield f"<p>{len(package.checked)} requirements checked, {len(package.findings)} findings.</p>"
    if package.not_checked:
        yield "<details><summary>Not checked</summary><table>"
        for name, reason in package.not_checked.items():
            yield f"<tr><td><code>{name}</code></td><td>{for_html(reason)}</td></tr>"
        yield "</table></details>"


def _finding(one: Finding) -> Iterator[str]:
    entry = lepton_spec.requirements()[one.requirement]
    weight = severity(one.requirement)
    place = " ".join(part for part in (one.file, one.pointer) if part) or "the package"
    yield f'<div class="finding {weight}">'
    yield f"<p><strong>{one.requirement}</strong> {for_html(entry['title'])} ({weight})</p>"
    yield f"<p><code>{for_html(place)}</code></p>"
    yield f"<p>{for_html(one.message)}</p>"
    yield f'<p class="hint">{for_html(one.hint)}</p>'
    yield f"<details><summary>The requirement</summary><p>{for_html(entry['text'])}</p></details>"
    yield "</div>"
