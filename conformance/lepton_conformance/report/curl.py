"""A failing request as a curl command, where curl can say it byte for byte.

Owns the command and its quoting; leaves requests that no client would write to the Python reproducer. Serves
`conformance` (CNF-REP-03).
"""

import base64
import shlex
from collections.abc import Sequence

from lepton_conformance.subject.exchange import Exchange, HttpExchange

__all__ = ["as_client_sends", "command", "shell_script"]

#: A body longer than this many bytes stands in no command.
MAX_BODY_BYTES = 6000
#: How many exchanges one after another are written as commands.
MAX_COMMANDS = 4
_ADDED = ("host", "content-length")
_HEAD = """\
#!/bin/sh
# {title}
# {message}
# Sends the same requests again and shows the answers; {python} also judges it.
"""


def as_client_sends(exchange: Exchange) -> bool:
    """Say whether a request is framed as every HTTP library frames it, so that one may send it."""
    if not isinstance(exchange, HttpExchange) or exchange.place:
        return False
    names = [name.lower() for name, _ in exchange.request_headers]
    head = [f"{exchange.method} {exchange.target} HTTP/1.1"]
    head += [f"{name}: {value}" for name, value in exchange.request_headers]
    wire = "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + exchange.request_body
    lengths = [value for name, value in exchange.request_headers if name.lower() == "content-length"]
    return (
        wire == exchange.wire
        and len(set(names)) == len(names)
        and all(name.istitle() or name == "ETag" for name, _ in exchange.request_headers)
        and "expect" not in names
        and "transfer-encoding" not in names
        and exchange.method.isalpha()
        and exchange.target.startswith("/")
        and exchange.target.isascii()
        and exchange.target.isprintable()
        and " " not in exchange.target
        and lengths in ([], [str(len(exchange.request_body))])
        and (bool(lengths) or not exchange.request_body)
        and all(value.isprintable() and value.isascii() for _, value in exchange.request_headers)
    )


def command(exchange: Exchange, address: str) -> str | None:
    """Return the command that sends a request to HOST:PORT; None for one that curl cannot send as it was."""
    if not isinstance(exchange, HttpExchange) or not as_client_sends(exchange):
        return None
    body = exchange.request_body
    if len(body) > MAX_BODY_BYTES:
        return None
    words = ["curl", "-sSi", "--http1.1", "--path-as-is", "--globoff", "-m", "30", "-A", "", "-H", "Accept:"]
    if exchange.method == "HEAD":
        words.append("-I")
    elif exchange.method != ("POST" if body else "GET"):
        words += ["-X", exchange.method]
    fields = [(name, value) for name, value in exchange.request_headers if name.lower() not in _ADDED]
    if body and not any(name.lower() == "content-type" for name, _ in fields):
        words += ["-H", "Content-Type:"]
    for name, value in fields:
        words += ["-H", f"{name}: {value}" if value else f"{name};"]
    before = ""
    if body:
        quoted = _quotable(body)
        words += ["--data-binary", "@-" if quoted is None else quoted]
        before = f"echo {base64.b64encode(body).decode()} | base64 -d | " if quoted is None else ""
    elif any(name.lower() == "content-length" for name, _ in exchange.request_headers):
        words += ["-H", "Content-Type:"] if not any(n.lower() == "content-type" for n, _ in fields) else []
        words += ["--data-binary", ""]
    words.append(f"http://{address}{exchange.target}")
    return before + shlex.join(words)


def _quotable(body: bytes) -> str | None:
    """Return a body that may stand in a command as it is."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() and not text.startswith("@") else None


def shell_script(
    exchanges: Sequence[Exchange], address: str, *, title: str, message: str, python: str
) -> str | None:
    """Return a script of the commands that replay a failure; None where curl cannot."""
    if not 0 < len(exchanges) <= MAX_COMMANDS:
        return None
    lines = [command(exchange, address) for exchange in exchanges]
    written = [line for line in lines if line is not None]
    if len(written) < len(lines):
        return None
    last = len(written)
    steps = []
    for number, (line, exchange) in enumerate(zip(written, exchanges, strict=True), 1):
        assert isinstance(exchange, HttpExchange)
        role = (
            "the last one, after which the failure was seen" if number == last else "sent before it, as then"
        )
        steps.append(f"# Request {number} of {last}, {role}: {_named(exchange)}\n{line}\n")
    return _HEAD.format(title=title, message=message, python=python) + "echo\n".join(steps)


def _named(exchange: HttpExchange) -> str:
    """Return method and target, which `as_client_sends` found to be printable, and the status of then."""
    status = "no answer" if exchange.status is None else f"status {exchange.status}"
    return f"{exchange.method} {exchange.target[:120]} ({status} then)"
