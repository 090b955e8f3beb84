"""What a message to a client must not disclose: stack traces and paths of the server's file system.

Owns the patterns; leaves which messages are judged to the test modules. Serves `inference` (INF-ERR-10,
INF-GRP-40).
"""

import re

__all__ = ["disclosed"]

#: What a stack trace looks like in the languages that servers are written in.
_TRACES = re.compile(
    r"Traceback \(most recent call last\)|\bFile \"[^\"]+\", line \d+|\.(?:py|cc|cpp|rs|go|java|js|ts):\d+"
    r"|\n\s+at [\w$.<>]+|\bgoroutine \d+ \["
)
_PATHS = re.compile(
    r"(?<![\w.:/])/(?:usr|home|opt|root|tmp|var|app|srv|etc|proc|mnt|data|workspace|models|repo\w*)/[\w.+-]+"
    r"|(?<!\w)[A-Za-z]:\\\\?[\w.+-]+"
)


def disclosed(message: str) -> str | None:
    """Return what a message discloses, in a few words, or None."""
    for what, pattern in (("a stack trace", _TRACES), ("a path", _PATHS)):
        found = pattern.search(message)
        if found is not None:
            return f"{what} ({found.group()!r:.80})"
    return None
