"""The command `lepton compare`: conformance reports side by side.

Owns its arguments and its output; leaves the work to `lepton_conformance.comparison`.
"""

import argparse
import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lepton_spec
from lepton_conformance.certificate import CertificateError, Refusal
from lepton_conformance.certificate.source import MAX_REPORT_BYTES, parse_object, read_bounded, require_valid
from lepton_conformance.comparison import Column, column, compare, doubts, rows
from lepton_conformance.report import comparison_page
from lepton_conformance.wholefile import write_whole_file

__all__ = ["ERRORS", "EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "set conformance reports side by side, requirement by requirement"
EXAMPLE = "lepton compare before/report.json after/report.json"
ERRORS = (CertificateError,)
_GAP = "  "
_MAX_TITLE = 48


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "reports", type=Path, nargs="+", metavar="REPORT", help="report.json of `lepton certify`, two or more"
    )
    parser.add_argument(
        "--format", choices=("text", "json", "html"), default="text", help="form of the output (default text)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it there instead of printing it")
    parser.add_argument(
        "--all", action="store_true", help="show equal requirements, too, not only those that differ"
    )


def run(args: argparse.Namespace) -> int:
    """Run the command. Returns 0 when no verdict differs, else 1."""
    paths: list[Path] = args.reports
    if len(paths) < 2:
        raise CertificateError(f"found one report, {str(paths[0])!r}; expected two or more to compare")
    reports = [_read(path) for path in paths]
    differences = compare(reports)
    columns = [column(str(path), report) for path, report in zip(paths, reports, strict=True)]
    every = rows(reports)
    shown = {
        "profiles": every["profiles"],
        "requirements": every["requirements"] if args.all else differences["requirements"],
    }
    if args.format == "json":
        subjects = [dataclasses.asdict(each) for each in columns]
        written = {"reports": [str(path) for path in paths], "subjects": subjects}
        text = json.dumps(
            written | {"doubts": doubts(reports), "differences": differences, "rows": shown}, indent=2
        )
    elif args.format == "html":
        text = comparison_page.render(columns, shown, doubts(reports), lepton_spec.requirements())
    else:
        text = _text(columns, shown, doubts(reports))
    if args.output is None:
        print(text.rstrip("\n"))
    else:
        write_whole_file(args.output, (text.rstrip("\n") + "\n").encode())
    return 1 if differences["profiles"] or differences["requirements"] else 0


def _read(path: Path) -> dict[str, Any]:
    try:
        report = parse_object(read_bounded(path, MAX_REPORT_BYTES, "report"), f"report {str(path)!r}")
        require_valid(report, "conformance-report", f"report {str(path)!r}")
    except Refusal as error:
        raise CertificateError(str(error)) from error
    return report


def _text(
    columns: Sequence[Column], tables: Mapping[str, Mapping[str, Sequence[str]]], doubted: Sequence[str]
) -> str:
    numbers = [f"[{number}]" for number in range(1, len(columns) + 1)]
    lines = [
        f"{number} {each.title}, {each.locator}, {each.started} ({each.path})"
        for number, each in zip(numbers, columns, strict=True)
    ]
    lines += [f"beware: {doubt}" for doubt in doubted]
    requirements = lepton_spec.requirements()
    table = [["profile", *numbers, ""]]
    table += [[name, *verdicts, ""] for name, verdicts in tables["profiles"].items()]
    table += [["requirement", *numbers, ""]]
    table += [
        [key, *verdicts, requirements.get(key, {"title": ""})["title"][:_MAX_TITLE]]
        for key, verdicts in tables["requirements"].items()
    ]
    if not tables["requirements"]:
        table[-1] = ["requirements: no difference", *[""] * len(columns), ""]
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    lines += [
        _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return "\n".join(_printable(line) for line in lines)


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in text)
