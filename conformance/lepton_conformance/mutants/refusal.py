"""How the naive server refuses a request.

Owns the one exception that its steps raise; leaves turning it into an answer to `naive`. Serves `inference`.
"""

from dataclasses import dataclass

__all__ = ["Refusal", "shown"]

#: How much of a client's text an error message repeats, in characters.
MAX_SHOWN = 80


@dataclass(slots=True)
class Refusal(Exception):
    """The request cannot be answered: HTTP status, message, and the methods allowed if that is why."""

    status: int
    message: str
    allow: str = ""


def shown(value: object) -> str:
    """Return a client's value as text for a message, bounded."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
