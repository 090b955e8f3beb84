"""What the commands that speak to registries share: their options, and progress on a terminal.

Owns arguments and the line of progress; leaves the work to `lepton.transport`. Serves the topic PKG-OCI.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lepton.errors import LeptonError
from lepton.report.escape import for_terminal
from lepton.transport.credentials import Credentials, find_credentials
from lepton.transport.http import Client, Trust
from lepton.transport.reference import parse
from lepton.transport.registry import Registry

__all__ = ["add_options", "opened", "tell", "trust_of"]

MAX_PASSWORD_BYTES = 64 * 1024


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say how to reach a registry."""
    group = parser.add_argument_group("reaching a registry (default: TLS, credentials of docker login)")
    group.add_argument("--username", metavar="NAME", help="name to log in with; the password is on stdin")
    group.add_argument(
        "--tls-roots",
        type=Path,
        metavar="FILE.pem",
        help="certificate authorities to trust beside the system's, also on this machine",
    )
    group.add_argument(
        "--plain-http", action="store_true", help="allow http without TLS to other machines than this one"
    )


def trust_of(args: argparse.Namespace) -> Trust:
    """Return whom the options say to talk to."""
    return Trust(args.tls_roots, args.plain_http)


@contextmanager
def opened(text: str, args: argparse.Namespace) -> Iterator[Registry]:
    """Reach the registry of a reference. Raises: LeptonError."""
    reference = parse(text)
    with Client(trust_of(args)) as client:
        yield Registry(client, reference, _credentials(reference.host, args))


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
