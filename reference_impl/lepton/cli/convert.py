"""`lepton convert`: a package as a folder for another system, and what that system has no place for.

Owns the command's arguments and its answer on the terminal; leaves the work to `lepton.convert.targets`.
"""

import argparse
import json
from pathlib import Path

from lepton.errors import LeptonError
from lepton.report.escape import for_terminal

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "write a package as a Triton repository, an MLflow model, a ModelPack layout or a KServe service"
EXAMPLE = "lepton convert build/demo/digits.lepton --to triton -o build/digits-triton"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from lepton.convert.targets import TARGETS

    parser.add_argument("package", metavar="PACKAGE", type=Path, help="a package directory or .lepton file")
    parser.add_argument("--to", dest="kind", required=True, choices=sorted(TARGETS), help="what to write")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", type=Path, help="a new folder, written whole"
    )
    parser.add_argument(
        "--artifact", metavar="ID", help="which artifact is carried (default: the first of the format onnx)"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the answer (default: text)"
    )


def run(args: argparse.Namespace) -> int:
    """Convert, and say what stayed behind."""
    from lepton.convert.targets import convert
    from lepton.validate import load

    if args.kind == "modelpack" and args.artifact is not None:
        raise LeptonError("found --artifact with --to modelpack, expected none: it carries the whole package")
    with load(args.package) as package:
        lost = convert(package, args.kind, args.output, args.artifact)
        identity = package.identity
    if args.format == "json":
        answer = {"output": str(args.output), "kind": args.kind, "identity": identity, "lost": list(lost)}
        print(json.dumps(answer, ensure_ascii=False))
        return 0
    print(f"{for_terminal(str(args.output))}: {args.kind}, of {identity}")
    for sentence in lost:
        print(f"  lost  {for_terminal(sentence)}")
    return 0
