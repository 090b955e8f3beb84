"""`lepton push`: send a package to an OCI registry.

Owns the command's arguments and its answer; leaves the work to `lepton.transport`. Serves PKG-OCI-01.
"""

import argparse
from pathlib import Path

from lepton.cli.network import add_options
from lepton.report.escape import for_terminal

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "send a package to an OCI registry as a ModelPack artifact"
EXAMPLE = "lepton push build/demo/digits.lepton oci://localhost:5000/models/digits:1.0.0"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="a package: directory or .lepton")
    parser.add_argument(
        "reference",
        metavar="oci://HOST/NAME[:TAG]",
        help="where to; without a tag the package's version is the tag",
    )
    parser.add_argument("--replace", action="store_true", help="move the tag if it names another package")
    add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Push, and say what was stored."""
    from lepton.cli.registries import opened, tell, told
    from lepton.transport.carried import Carried
    from lepton.transport.push import push

    with Carried(args.package) as carried, opened(args.reference, args) as registry:
        try:
            done = push(carried, registry, replace=args.replace, progress=tell)
        finally:
            told()
    print(f"{done.reference}: {done.sent} blobs sent, {done.present} were there")
    print(f"  identity  {done.identity}")
    print(f"  digest    {done.digest}")
    for path in done.attached:
        where = f", listed by the tag {done.fallback}" if done.fallback else ""
        print(f"  attached  {for_terminal(path)}{where}")
    return 0
