"""`lepton evaluate`: how well a package does on a data set.

Owns the arguments and the two forms of the answer; leaves evaluating to `lepton.evaluate`.
"""

import argparse
import json
from pathlib import Path

from lepton.report.escape import for_terminal

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "measure a package on a data set"
EXAMPLE = "lepton evaluate build/demo/digits.lepton build/digits-data --split test"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("package", metavar="PACKAGE", type=Path, help="a package directory or .lepton file")
    parser.add_argument("dataset", metavar="DATASET", type=Path, help="a folder with croissant.json")
    parser.add_argument("--split", metavar="NAME", help="a split of the data set (default: all records)")
    parser.add_argument("--mapping", metavar="PATH", help="the mapping, when the data set has several")
    parser.add_argument(
        "--output", metavar="NAME", help="the output that is measured, when there are several"
    )
    parser.add_argument("--target", metavar="NAME", help="the target of the mapping, when there are several")
    parser.add_argument(
        "--metric",
        metavar="NAME",
        action="append",
        default=[],
        help="a registered metric (default: accuracy); repeat for more. Its parameters are those that the "
        "package's application document gives",
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="json: entries for `evaluations` of a card"
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate and print."""
    from lepton.evaluate import Choice, evaluate

    choice = Choice(args.split, args.mapping, args.output, args.target, tuple(args.metric))
    entries = evaluate(args.package, args.dataset, choice)
    if args.format == "json":
        print(json.dumps({"evaluations": entries}, ensure_ascii=False))
        return 0
    for one in entries:
        better = f"{one['direction']} is better"
        print(f"{one['metric']} {one['value']:.6g} ({better}) on {one['n']} records")
    print(f"{for_terminal(entries[0]['dataset']['name'])}, sha256:{entries[0]['dataset']['sha256']}")
    return 0
