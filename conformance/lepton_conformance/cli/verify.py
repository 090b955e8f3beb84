"""The command `lepton verify`: check a certificate against its report and a trusted key.

Owns its arguments and its output; leaves the work to `lepton_conformance.certificate`. Serves CNF-CRT and
CNF-EXI-01.
"""

import argparse
import dataclasses
import json
from pathlib import Path

from lepton_conformance.certificate import CertificateError, Verified, verify
from lepton_conformance.certificate.keys import read_public
from lepton_conformance.certificate.source import MAX_CERTIFICATE_BYTES, MAX_REPORT_BYTES, read_bounded

__all__ = ["ERRORS", "EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "verify a certificate: signature, digests, and every verdict computed again"
EXAMPLE = "lepton verify certificate.json --report report/report.json --key key.pub.pem"
ERRORS = (CertificateError,)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("certificate", type=Path, metavar="CERTIFICATE", help="written by `lepton attest`")
    parser.add_argument("--report", type=Path, required=True, metavar="REPORT", help="the report it is about")
    parser.add_argument(
        "--key", type=Path, required=True, metavar="KEY.pem", help="public Ed25519 key that you trust, in PEM"
    )
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="NAME",
        help="profile that the certificate has to show; may be repeated",
    )
    parser.add_argument(
        "--subject-digest", metavar="sha256:HEX", help="subject that the certificate has to be about"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the output")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    key = read_public(args.key)
    certificate = read_bounded(args.certificate, MAX_CERTIFICATE_BYTES, "certificate")
    report = read_bounded(args.report, MAX_REPORT_BYTES, "report")
    shown = verify(certificate, report, key, profiles=args.profile, subject_digest=args.subject_digest)
    if args.format == "json":
        print(json.dumps({"verdict": "pass", **dataclasses.asdict(shown)}))
    else:
        print(_text(shown))
    return 0


def _text(shown: Verified) -> str:
    lines = (
        f"the certificate holds: {', '.join(shown.profiles)}",
        f"  subject  {_printable(shown.subject)} ({_printable(shown.subject_name)} "
        f"{_printable(shown.subject_version)})",
        f"  digest   {shown.subject_digest}",
        f"  suite    {_printable(shown.suite_version)}, requirement set and program as installed here",
        f"  issued   {shown.issued}",
        f"  key      {shown.keyid}",
    )
    return "\n".join(lines)


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in text)
