"""The findings report as JUnit XML, for continuous integration: a suite a package, a case a requirement.

Serves PKG-VAL-05: what was not checked is skipped, never passed.
"""

from collections.abc import Iterator

from lepton.finding import Finding, PackageReport, Report, severity
from lepton.report.escape import for_html

__all__ = ["render"]


def render(report: Report) -> str:
    """Return a `testsuites` document. A violated recommendation is no failure; it stands in `system-out`."""
    body = "\n".join(line for package in report.packages for line in _suite(package))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="lepton validate">'
    return f"{head}\n{body}\n</testsuites>\n"


def _suite(package: PackageReport) -> Iterator[str]:
    by_id: dict[str, list[Finding]] = {}
    for one in package.findings:
        by_id.setdefault(one.requirement, []).append(one)
    names = sorted({*package.checked, *by_id, *package.not_checked})
    failed = [name for name in by_id if severity(name) == "error"]
    skipped = [name for name in package.not_checked if name not in by_id]
    yield (
        f'  <testsuite name="{for_html(package.path)}" tests="{len(names)}" failures="{len(failed)}" '
        f'errors="0" skipped="{len(skipped)}">'
    )
    for name in names:
        yield f'    <testcase classname="lepton" name="{name}">'
        if name in by_id:
            text = "\n".join(_line(one) for one in by_id[name])
            first = for_html(by_id[name][0].message)
            if name in failed:
                yield f'      <failure message="{first}">{text}</failure>'
            else:
                yield f"      <system-out>{text}</system-out>"
        elif name in package.not_checked:
            yield f'      <skipped message="{for_html(package.not_checked[name])}"/>'
        yield "    </testcase>"
    yield "  </testsuite>"


def _line(one: Finding) -> str:
    place = " ".join(part for part in (one.file, one.pointer) if part) or "package"
    return for_html(f"{place}: {one.message} (hint: {one.hint})")
