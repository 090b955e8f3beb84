"""The command `lepton compare`: what differs between conformance reports.

Owns its arguments and its output; leaves the work to `lepton_conformance.comparison`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from lepton_conformance.certificate import CertificateError, Refusal
from lepton_conformance.certificate.source import MAX_REPORT_BYTES, parse_object, read_bounded, require_valid
from lepton_conformance.comparison import compare

__all__ = ["ERRORS", "EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "compare conformance reports, requirement by requirement"
EXAMPLE = "lepton compare before/report.json after/report.json"
ERRORS = (CertificateError,)
_GAP = "  "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "reports", type=Path, nargs="+", metavar="REPORT", help="report.json of `lepton certify`, two or more"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the output")


def run(args: argparse.Namespace) -> int:
    """Run the command. Returns 0 when no verdict differs, else 1."""
    paths: list[Path] = args.reports
    if len(paths) < 2:
        raise CertificateError(f"found one report, {str(paths[0])!r}; expected two or more to compare")
    differences = compare([_read(path) for path in paths])
    names = [str(path) for path in paths]
    if args.format == "json":
        print(json.dumps({"reports": names, "differences": differences}, indent=2))
    else:
        print(_text(names, differences))
    return 1 if differences["profiles"] or differences["requirements"] else 0


def _read(path: Path) -> dict[str, Any]:
    try:
        report = parse_object(read_bounded(path, MAX_REPORT_BYTES, "report"), f"report {str(path)!r}")
        require_valid(report, "conformance-report", f"report {str(path)!r}")
    except Refusal as error:
        raise CertificateError(str(error)) from error
    return report


def _text(names: list[str], differences: dict[str, dict[str, list[str]]]) -> str:
    lines = [f"[{number}] {name}" for number, name in enumerate(names, 1)]
    for what, rows in differences.items():
        if not rows:
            lines.append(f"{what}: no difference")
            continue
        table = [[what, *(f"[{number}]" for number in range(1, len(names) + 1))]]
        table += [[name, *values] for name, values in rows.items()]
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        lines += [
            _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
    return "\n".join(_printable(line) for line in lines)


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in text)
