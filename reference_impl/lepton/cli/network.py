"""The options of commands that may reach another machine.

Owns the options alone, so that a command that stays on this machine loads nothing else; leaves their use to
`lepton.cli.registries`. Serves the topic PKG-OCI.
"""

import argparse
from pathlib import Path

__all__ = ["add_options"]


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
