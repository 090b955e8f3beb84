"""`lepton sign`: sign a package with a key, a certificate, or an identity of Sigstore.

Owns the command's arguments and its answer; leaves the work to `lepton.signing`. Serves PKG-SGN.
"""

import argparse
from pathlib import Path

from lepton.errors import LeptonError
from lepton.finding import Verdict
from lepton.report.escape import for_terminal

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "sign a package with a bundle of OpenSSF Model Signing, which model_signing verifies too"
EXAMPLE = "lepton sign build/demo/digits.lepton --new-key signing.pem"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="a package: directory or .lepton")
    signer = parser.add_mutually_exclusive_group(required=True)
    signer.add_argument(
        "--key", type=Path, metavar="KEY.pem", help="private key on P-256, P-384 or P-521, in PEM"
    )
    signer.add_argument(
        "--new-key", type=Path, metavar="KEY.pem", help="make a key; its public half goes to KEY.pub.pem"
    )
    signer.add_argument(
        "--sigstore",
        action="store_true",
        help="sign without a key, as who you are to an identity provider (needs a network)",
    )
    parser.add_argument(
        "--certificate-chain",
        type=Path,
        metavar="CHAIN.pem",
        help="the certificate of the key, then those that issued it",
    )
    parser.add_argument(
        "--sigstore-trust-config", type=Path, metavar="FILE", help="another Sigstore than the public one"
    )


def run(args: argparse.Namespace) -> int:
    """Sign, and say by whom."""
    from lepton.package.whole import open_whole
    from lepton.signing.attach import attach
    from lepton.validate import validate_package

    if args.certificate_chain is not None and args.key is None:
        raise LeptonError("found --certificate-chain without --key, expected the key of its first one")
    report = validate_package(args.package, level="quick")
    if report.verdict is Verdict.FAIL:
        raise LeptonError(
            f"{str(args.package)!r} does not conform, and what does not conform is not signed; "
            "see lepton validate --level quick"
        )
    with open_whole(args.package) as package:
        if args.sigstore:
            from lepton.signing import keyless

            path, bundle, signer = keyless.sign(package, args.sigstore_trust_config)
        else:
            from lepton.signing import keys
            from lepton.signing.sign import package_bundle, signature_path

            key = keys.read_private(args.key) if args.key is not None else keys.new_key(args.new_key)
            chain = [] if args.certificate_chain is None else keys.read_certificates(args.certificate_chain)
            path, bundle = signature_path(key, chain), package_bundle(package, key, chain)
            signer = f"certificate of {chain[0].subject.rfc4514_string()}" if chain else "key"
            signer += "" if chain else f" {keys.hint_of(key.public_key())}"
        attach(package, {path: bundle})
        print(f"{for_terminal(str(args.package))}: signed by {for_terminal(signer)}")
        print(f"  identity   {package.identity}")
        print(f"  signature  {path}")
    if args.new_key is not None:
        from lepton.signing.keys import public_path

        print(f"{args.new_key}: new private key, keep it secret")
        print(f"{public_path(args.new_key)}: its public half, give it away")
    return 0
