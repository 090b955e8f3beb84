"""`lepton sbom`: the bill of materials of a package.

Owns the command's arguments and where the document goes; leaves the mapping to `lepton.sbom`. Serves
PKG-SGN-07.
"""

import argparse
import json
import sys
from pathlib import Path

from lepton.cli.output import write_output

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "write the bill of materials of a package: CycloneDX 1.6 with a model card"
EXAMPLE = "lepton sbom build/demo/digits.lepton -o digits.cdx.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="a package: directory or .lepton")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write to FILE (default: standard output)"
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="KEY.pem",
        help="sign it: write a statement about the package, for `lepton attach` as NAME.dsse.json",
    )


def run(args: argparse.Namespace) -> int:
    """Write the document."""
    from lepton.sbom import PREDICATE_TYPE, bill_of_materials
    from lepton.validate import load

    with load(args.package) as package:
        data = bill_of_materials(package)
    if args.key is not None:
        from lepton.package.whole import open_whole
        from lepton.signing.keys import read_private
        from lepton.signing.sign import attestation

        with open_whole(args.package) as whole:
            data = attestation(whole, read_private(args.key), PREDICATE_TYPE, json.loads(data))
    write_output(data.decode() + "\n", args.output)
    if args.output is not None:
        print(f"{args.output}: {len(data)} bytes about {package.identity}", file=sys.stderr)
    return 0
