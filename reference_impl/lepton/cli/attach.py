"""`lepton attach`: put statements about a package into it: a certificate, a bill of materials.

Owns the command's arguments and the rule that an attestation is about the package; leaves the writing to
`lepton.signing.attach`. Serves PKG-SGN-06.
"""

import argparse
from pathlib import Path

from lepton.errors import LeptonError, SourceError
from lepton.package.limits import MAX_DOCUMENT_BYTES
from lepton.report.escape import for_terminal

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "put statements about a package (a certificate, a bill of materials) into its folder attestations/"
EXAMPLE = (
    "lepton sbom build/demo/digits.lepton -o bom.cdx.json && "
    "lepton attach build/demo/digits.lepton bom.cdx.json"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="a package: directory or .lepton")
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="what to attach; NAME.dsse.json has to be a signed statement about this package",
    )


def run(args: argparse.Namespace) -> int:
    """Attach, and say what is there."""
    from lepton.package.envelope import Malformed, read_envelope
    from lepton.package.whole import open_whole
    from lepton.signing.attach import attach

    with open_whole(args.package) as package:
        assert package.identity is not None
        identity = package.identity.removeprefix("sha256:")
        files = {}
        for path in args.files:
            data = _read(path)
            if path.name.endswith(".dsse.json"):
                try:
                    subjects = read_envelope(data).statement.subjects
                except Malformed as fault:
                    raise LeptonError(f"{str(path)!r} is no signed statement: {fault}") from fault
                if all(one.sha256 != identity for one in subjects):
                    raise LeptonError(f"{str(path)!r} is about something else, expected sha256:{identity}")
            files[f"attestations/{path.name}"] = data
        attach(package, files)
        print(f"{for_terminal(str(args.package))}: {package.identity}")
        for name in files:
            print(f"  attached  {for_terminal(name)}")
    return 0


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise SourceError(f"cannot read {str(path)!r}: no such file")
        with path.open("rb") as file:
            data = file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot read {str(path)!r}: {error.strerror}") from error
    if len(data) > MAX_DOCUMENT_BYTES:
        raise LeptonError(f"found more than {MAX_DOCUMENT_BYTES} bytes in {str(path)!r}, the limit")
    return data
