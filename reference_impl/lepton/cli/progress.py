"""A line of progress on a terminal, for work that may take a while.

Owns that line; says nothing where standard error is no terminal.
"""

import sys

from lepton.report.escape import for_terminal

__all__ = ["finished", "tell"]


def tell(what: str, done: int, of: int) -> None:
    """Show how far the work is, in the place of what was shown before."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{for_terminal(what)} {done} of {of}", end="", file=sys.stderr, flush=True)


def finished() -> None:
    """Clear the line."""
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
