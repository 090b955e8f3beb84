"""A failure as a program: replays the failing exchange without this project and shows the difference.

Owns the scripts for servers; leaves those for runtimes to `report.runtime_reproducer` and which exchanges to
replay to the driver. Serves `conformance` (CNF-REP-03).
"""

import base64
import zlib
from collections.abc import Sequence
from typing import Any

from lepton_conformance.evidence import Evidence, Failure
from lepton_conformance.fingerprint import fingerprint
from lepton_conformance.report.document import MAX_MESSAGE_CHARACTERS
from lepton_conformance.report.runtime_reproducer import runtime_script
from lepton_conformance.subject.exchange import HttpExchange, LineExchange

__all__ = ["MAX_EXCHANGES", "script"]

#: How many of the last exchanges of a failing case are replayed.
MAX_EXCHANGES = 20
#: A request or an expected body longer than this many bytes is written compressed.
MAX_LITERAL_BYTES = 4096
MAX_SHOWN_BYTES = 2000

_HTTP = '''\
"""{title}

{text}

The suite {message}
Usage: python {name} [HOST:PORT]. Sends the same bytes again; ends with 1 while the same answer comes back.
"""
import base64, http.client, socket, sys, zlib

host, _, port = (sys.argv[1] if len(sys.argv) > 1 else {address!r}).rpartition(":")
EXCHANGES = [  # (bytes sent, method, status found, body found)
{exchanges}
]
same = True
for data, method, status, body in EXCHANGES:
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=30) as connection:
            connection.sendall(data)
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            now, text = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        now, text = None, repr(error).encode()
    same = same and now == status and (now is None or text == body)
    for what, found in (("sent", data), ("now", text), ("then", body)):
        print(f"{{what:5}} {{found[:{shown}]!r}}")
    print(f"status now {{now}}, then {{status}}")
print({message!r})
sys.exit(same)
'''


def script(entry: Evidence, failure: Failure, requirement: dict[str, Any], locator: str, name: str) -> str:
    """Return a stand-alone Python program that replays a failure."""
    exchanges = failure.exchanges[-MAX_EXCHANGES:]
    http = [exchange for exchange in exchanges if isinstance(exchange, HttpExchange)]
    lines = [exchange for exchange in exchanges if isinstance(exchange, LineExchange)]
    title = _plain(f"{entry.requirement}: {requirement['title']} ({entry.test})")
    text = _plain(requirement["text"])
    message = _plain("found: " + failure.message[:MAX_MESSAGE_CHARACTERS])
    text = f"{text}\n\nFingerprint: {fingerprint(entry)}"
    if lines:
        return runtime_script(
            lines, locator, title=title, text=text, message=message, name=name, shown=MAX_SHOWN_BYTES
        )
    return _HTTP.format(
        title=title,
        text=text,
        message=message,
        name=name,
        address=locator.removeprefix("http://").split("/")[0],
        exchanges="\n".join(_http_entries(http)),
        shown=MAX_SHOWN_BYTES,
    )


def _plain(text: str) -> str:
    """Return text that is safe inside a docstring and inside a format."""
    clean = text.encode("ascii", "backslashreplace").decode().replace("\\", "\\\\").replace('"""', "'''")
    return "".join(
        character if character.isprintable() or character == "\n" else " " for character in clean
    ).rstrip('"')


def _http_entries(exchanges: Sequence[HttpExchange]) -> list[str]:
    return [
        f"    ({_bytes(exchange.wire)}, {exchange.method!r}, {exchange.status}, "
        f"{_bytes(exchange.response_body)}),"
        for exchange in exchanges
    ]


def _bytes(data: bytes) -> str:
    """Return an expression for bytes: a literal, or compressed when it is long."""
    if len(data) <= MAX_LITERAL_BYTES:
        return repr(data)
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    return f"zlib.decompress(base64.b64decode({packed!r}))"
