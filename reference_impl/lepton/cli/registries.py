"""What the commands that speak to registries share: connections, credentials, and progress on a terminal.

Owns these; leaves the work to `lepton.transport`, the options to `lepton.cli.network`. Serves the
topic PKG-OCI.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lepton.errors import LeptonError
from lepton.finding import PackageReport
from lepton.remote import validate_remote
from lepton.report.escape import for_terminal
from lepton.transport.credentials import Credentials, find_credentials
from lepton.transport.http import Client, Trust
from lepton.transport.reference import SCHEME, parse
from lepton.transport.registry import Registry

__all__ = ["opened", "tell", "told", "trust_of", "validated"]

MAX_PASSWORD_BYTES = 64 * 1024


def trust_of(args: argparse.Namespace) -> Trust:
    """Return whom the options say to talk to."""
    return Trust(args.tls_roots, args.plain_http)


@contextmanager
def opened(text: str, args: argparse.Namespace) -> Iterator[Registry]:
    """Reach the registry of a reference. Raises: LeptonError."""
    reference = parse(text)
    with Client(trust_of(args)) as client:
        yield Registry(client, reference, _credentials(reference.host, args))


def validated(text: str, args: argparse.Namespace) -> PackageReport:
    """Judge a package that is elsewhere, as the options of `lepton validate` say. Raises: LeptonError."""
    credentials = _credentials(parse(text).host, args) if text.startswith(SCHEME) else Credentials()
    with Client(trust_of(args)) as client:
        try:
            return validate_remote(
                text,
                client,
                credentials,
                level=args.level,
                allow_executable=args.allow_executable,
                profile=args.profile,
                progress=tell,
            )
        finally:
            told()


def _credentials(host: str, args: argparse.Namespace) -> Credentials:
    if args.username is None:
        return find_credentials(host)
    password = sys.stdin.buffer.read(MAX_PASSWORD_BYTES + 1)
    if not password or len(password) > MAX_PASSWORD_BYTES:
        raise LeptonError("found no password on standard input, expected one for --username")
    return Credentials(args.username, password.decode("utf-8", "replace").rstrip("\r\n"))


def tell(path: str, done: int) -> None:
    """Show how far a blob has travelled, where a person looks."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{for_terminal(path)[-60:]}  {done / 1e6:.1f} MB", end="", file=sys.stderr, flush=True)


def told() -> None:
    """Clear the line of progress."""
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
