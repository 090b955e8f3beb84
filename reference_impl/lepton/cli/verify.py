"""`lepton verify`: is this package signed by whom I trust; is this certificate true.

Owns telling the two apart and the answer about packages; a certificate goes to the command that another
distribution registered under the same name. Serves PKG-SGN-04, PKG-SGN-05 and CNF-EXI-01.
"""

import argparse
import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lepton.errors import LeptonError
from lepton.finding import Severity, Verdict, severity
from lepton.report.escape import for_terminal

if TYPE_CHECKING:
    from lepton.signing.verify import Judged, Trusted

__all__ = ["ERRORS", "EXAMPLE", "HELP", "CertificateAnswer", "add_arguments", "run"]

HELP = "verify who signed a package, or a certificate: signature, digests, and every verdict computed again"
EXAMPLE = "lepton verify build/demo/digits.lepton --key signing.pub.pem"

EXIT_HOLDS, EXIT_DOES_NOT = 0, 1


class CertificateAnswer(Exception):
    """What the command for certificates complained of, with its exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


ERRORS = (CertificateAnswer,)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "path", type=Path, metavar="PACKAGE|CERTIFICATE", help="a package, or what `lepton attest` wrote"
    )
    parser.add_argument("--key", type=Path, metavar="PUB.pem", help="public key that you trust, in PEM")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the output")
    package = parser.add_argument_group("for a package, instead of --key")
    package.add_argument(
        "--certificate-roots", type=Path, metavar="ROOTS.pem", help="authorities that you trust, in PEM"
    )
    package.add_argument("--sigstore-identity", metavar="WHO", help="identity that you trust")
    package.add_argument("--sigstore-issuer", metavar="URL", help="identity provider that says who it is")
    package.add_argument(
        "--sigstore-trust-config", type=Path, metavar="FILE", help="another Sigstore than the public one"
    )
    certificate = parser.add_argument_group("for a certificate")
    certificate.add_argument("--report", type=Path, metavar="REPORT", help="the report it is about")
    certificate.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="NAME",
        help="profile that the certificate has to show; may be repeated",
    )
    certificate.add_argument(
        "--subject-digest", metavar="sha256:HEX", help="subject that the certificate has to be about"
    )


def run(args: argparse.Namespace) -> int:
    """Verify, and say what holds."""
    return _package(args) if _is_package(args.path) else _certificate(args)


def _is_package(path: Path) -> bool:
    if path.is_dir() or path.suffix == ".lepton":
        return True
    if not path.is_file():  # a pipe would be waited for
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\3\4"
    except OSError:
        return False


def _package(args: argparse.Namespace) -> int:
    from lepton.package.whole import NotWhole, open_whole
    from lepton.signing.verify import verify
    from lepton.validate import validate_package

    if args.report is not None or args.profile or args.subject_digest:
        raise LeptonError("found options for a certificate, expected a certificate and no package")
    trusted = _trusted(args)
    report = validate_package(args.path, level="quick")
    identity, holds, why = report.identity, False, ""
    judged: tuple[Judged, ...] = ()
    if report.verdict is Verdict.FAIL:
        fault = next(one for one in report.findings if severity(one.requirement) is Severity.ERROR)
        why = f"it violates {fault.requirement}: {fault.file} {fault.message}"
    else:
        try:
            with open_whole(args.path) as package:
                identity = package.identity
                holds, judged = verify(package, trusted)
        except NotWhole as error:
            why = str(error)
    if not holds and not why:
        why = "no valid signature of whom you trust" if judged else "it has no signature"
    rows = [{"signature": one.path, "outcome": one.outcome, "about": one.text} for one in judged]
    if args.format == "json":
        print(
            json.dumps(
                {
                    "path": str(args.path),
                    "identity": identity,
                    "verdict": "pass" if holds else "fail",
                    "reason": why,
                    "signatures": rows,
                }
            )
        )
    else:
        print(f"{for_terminal(str(args.path))}: {'signed' if holds else 'NOT VERIFIED'}")
        print(f"  identity  {identity}")
        if why:
            print(f"  reason    {for_terminal(why)}")
        for row in rows:
            print(f"  {row['outcome']}: {for_terminal(row['signature'])}: {for_terminal(row['about'])}")
    return EXIT_HOLDS if holds else EXIT_DOES_NOT


def _trusted(args: argparse.Namespace) -> "Trusted":
    from lepton.signing import keys, verify

    keyless = args.sigstore_identity is not None or args.sigstore_issuer is not None
    if [args.key is not None, args.certificate_roots is not None, keyless].count(True) != 1:
        raise LeptonError(
            "expected whom you trust: one of --key, --certificate-roots, or --sigstore-identity with "
            "--sigstore-issuer; a package cannot vouch for itself"
        )
    if args.key is not None:
        return verify.by_key(keys.read_public(args.key))
    if args.certificate_roots is not None:
        return verify.by_roots(keys.read_certificates(args.certificate_roots))
    if args.sigstore_identity is None or args.sigstore_issuer is None:
        raise LeptonError("expected --sigstore-identity and --sigstore-issuer together")
    from lepton.signing.keyless import by_identity

    return by_identity(args.sigstore_identity, args.sigstore_issuer, args.sigstore_trust_config)


def _certificate(args: argparse.Namespace) -> int:
    if args.report is None or args.key is None:
        raise LeptonError(
            f"found {str(args.path)!r}, which is no package; a certificate needs --report and --key"
        )
    command: Any = next((one for one in entry_points(group="lepton.commands") if one.name == "verify"), None)
    if command is None:
        raise LeptonError("found no command that verifies certificates; install lepton-standard again")
    module = command.load()
    given = argparse.Namespace(
        certificate=args.path,
        report=args.report,
        key=args.key,
        profile=args.profile,
        subject_digest=args.subject_digest,
        format=args.format,
    )
    try:
        code: int = module.run(given)
    except module.ERRORS as error:
        raise CertificateAnswer(str(error), int(getattr(error, "exit_code", 2))) from error
    return code
