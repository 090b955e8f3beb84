"""`lepton pull`: fetch a package from an OCI registry.

Owns the command's arguments and its answer; leaves the work to `lepton.transport`. Serves PKG-OCI-03.
"""

import argparse
import sys
from pathlib import Path

from lepton.cli.network import add_options
from lepton.report.escape import for_terminal

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "fetch a package from an OCI registry, every byte verified"
EXAMPLE = "lepton pull oci://localhost:5000/models/digits:1.0.0 -o digits.lepton"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "reference", metavar="oci://HOST/NAME:TAG", help="where from, by tag or @sha256:DIGEST"
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=Path,
        metavar="OUT",
        help="the package: a zip if the name ends in .lepton, else a new directory",
    )
    parser.add_argument(
        "--identity", default="", metavar="sha256:HEX", help="refuse any package but the one of this identity"
    )
    add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Pull, and say what was written."""
    from lepton.cli.registries import opened, tell, told
    from lepton.transport.pull import pull

    with opened(args.reference, args) as registry:
        try:
            done = pull(registry, args.output, identity=args.identity, progress=tell)
        finally:
            told()
    print(f"{for_terminal(str(done.out))}: {done.files} files, sizes and digests verified")
    print(f"  identity  {done.identity}")
    print(f"  digest    {done.digest}")
    for path in done.attached:
        print(f"  attached  {for_terminal(path)}")
    for reason in done.ignored:
        print(f"lepton pull: not taken: {for_terminal(reason)}", file=sys.stderr)
    return 0
