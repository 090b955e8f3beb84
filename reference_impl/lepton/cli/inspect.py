"""`lepton inspect`: show what a package holds and says of itself.

Owns the command's arguments; leaves what is shown to `lepton.report.inspection`, judging to `lepton
validate`. Serves COR-ESC-01.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from lepton.cli.output import write_output
from lepton.cli.progress import progress
from lepton.package import open_package
from lepton.report import inspection_html, inspection_text
from lepton.report.inspection import describe

HELP = "show the files, signature, steps, vectors, mutation score and card of a package"
EXAMPLE = "lepton inspect build/demo/digits.lepton"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("path", type=Path, metavar="PATH", help="a package: directory or .lepton")
    parser.add_argument(
        "--format", choices=("text", "json", "html"), default="text", help="form (default: text)"
    )
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write to FILE")
    parser.add_argument(
        "--mutation",
        action="store_true",
        help="run every mutant of the package and show which vector kills it, and which none does",
    )
    parser.add_argument(
        "--allow-executable",
        action="store_true",
        help="with --mutation: run artifacts that can execute code of the package's author",
    )


def run(args: argparse.Namespace) -> int:
    """Describe the package; whether it conforms is not asked."""
    with open_package(args.path) as package:
        described = describe(package)
    if args.mutation:
        described["measured"] = _measured(args)
    if args.format == "json":
        text = json.dumps(described, indent=2) + "\n"
    elif args.format == "html":
        text = inspection_html.render(described)
    else:
        text = inspection_text.render(described)
    write_output(text, args.output)
    return 0


def _measured(args: argparse.Namespace) -> dict[str, Any]:
    """Run the mutants of a package that is sound at the level quick. Raises: LeptonError when it is not."""
    from lepton.validate import load
    from lepton.vectors.measure import measured_score

    with load(args.path) as package, progress("lepton inspect") as tell:
        return measured_score(package, allow_executable=args.allow_executable, tell=tell)
