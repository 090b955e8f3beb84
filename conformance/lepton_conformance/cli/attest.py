"""The command `lepton attest`: sign a certificate about a report that deserves one.

Owns its arguments and its output; leaves the work to `lepton_conformance.certificate`. Serves CNF-CRT.
"""

import argparse
from pathlib import Path

from lepton_conformance.certificate import CertificateError, attest
from lepton_conformance.certificate.issue import passing
from lepton_conformance.certificate.keys import new_key, public_path, read_private
from lepton_conformance.certificate.source import MAX_REPORT_BYTES, read_bounded, write_whole

__all__ = ["ERRORS", "EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "sign a certificate about a conformance report that passes"
EXAMPLE = "lepton attest report/report.json --new-key key.pem -o certificate.json"
ERRORS = (CertificateError,)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("report", type=Path, metavar="REPORT", help="report.json of `lepton certify`")
    keys = parser.add_mutually_exclusive_group(required=True)
    keys.add_argument("--key", type=Path, metavar="KEY.pem", help="private Ed25519 key in PEM")
    keys.add_argument(
        "--new-key", type=Path, metavar="KEY.pem", help="make a key; its public half goes to KEY.pub.pem"
    )
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="NAME",
        help="profile to certify (default: every one that passes); may be repeated",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="CERTIFICATE",
        help="where to write the certificate",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    report: Path = args.report
    output: Path = args.output
    data = read_bounded(report, MAX_REPORT_BYTES, "report")
    profiles = passing(data, args.profile)
    if not output.parent.is_dir():
        raise CertificateError(f"{str(output.parent)!r} is no directory; make it first, or choose another -o")
    made: Path | None = args.new_key
    signer = read_private(args.key) if made is None else new_key(made)
    write_whole(output, attest(data, signer, profiles=profiles))
    print(f"{output}: certifies {', '.join(profiles)} with key {signer.public_key.keyid}")
    if made is not None:
        print(f"{made}: new private key, keep it secret; {public_path(made)}: its public half, give it away")
    return 0
