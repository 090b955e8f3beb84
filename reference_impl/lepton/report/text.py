"""The findings report for people, in a terminal.

Serves COR-ESC-01 and PKG-VAL-05.
"""

from collections.abc import Iterator

from lepton.finding import PackageReport, Report, severity
from lepton.report.escape import for_terminal

__all__ = ["render"]

WIDTH = 100


def render(report: Report) -> str:
    """Return one block a package, and a line that counts them when there are several."""
    lines = [line for package in report.packages for line in _package(package, report.level)]
    if len(report.packages) > 1:
        counts: dict[str, int] = {}
        for package in report.packages:
            counts[str(package.verdict)] = counts.get(str(package.verdict), 0) + 1
        lines.append(f"{len(report.packages)} packages: {', '.join(f'{n} {v}' for v, n in counts.items())}")
    return "\n".join(lines) + "\n"


def _package(package: PackageReport, level: str) -> Iterator[str]:
    identity = package.identity or "no identity: the manifest could not be read"
    count = len(package.checked)
    yield f"{for_terminal(package.path)}: {package.verdict} ({level}, {count} requirements checked)"
    yield f"  {identity}"
    for one in package.findings:
        place = " ".join(part for part in (one.file, one.pointer) if part) or "package"
        yield f"  {severity(one.requirement)} {one.requirement} {for_terminal(place)}"
        yield from _wrapped(for_terminal(one.message))
        yield from _wrapped(f"hint: {for_terminal(one.hint)}")
    yield from _not_checked(package)


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)


def _not_checked(package: PackageReport) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for name, reason in package.not_checked.items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        listed = ", ".join(names) if len(names) <= 4 else f"{len(names)} requirements"
        yield f"  not checked: {listed} ({for_terminal(reason)})"
