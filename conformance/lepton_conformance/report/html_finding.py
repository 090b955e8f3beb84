"""A failure on the page of a report: the clause, what was sent, what came back, how to see it again.

Owns one failure; leaves the page to `report.html` and the layout of bodies to `report.readable`. Whatever a
subject said is shown as text, never as markup. Serves `conformance` (CNF-REP-03).
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lepton_conformance.evidence import Evidence
from lepton_conformance.report.curl import command
from lepton_conformance.report.grpc_text import answer_text, request_text
from lepton_conformance.report.readable import body_text
from lepton_conformance.report.reproducer import address_of
from lepton_conformance.subject.exchange import (
    Exchange,
    GrpcExchange,
    HttpExchange,
    LineExchange,
    PackageExchange,
)

__all__ = ["counted", "finding", "prose", "shown"]

#: How many exchanges of a failing case the page shows.
MAX_SHOWN_EXCHANGES = 4
MAX_SHOWN_HEAD = 2000


def finding(
    entry: Mapping[str, Any],
    evidence: Sequence[Evidence],
    requirement: Mapping[str, Any],
    locator: str,
) -> Iterator[str]:
    """Yield the markup of a failed requirement."""
    key = shown(entry["id"])
    yield f'<section class="finding" id="{key}">'
    yield f'<h3><span class="fail">{key}</span> {shown(requirement["title"])}</h3>'
    yield f"<blockquote>{prose(requirement['text'])}</blockquote>"
    profiles = ", ".join(requirement["profiles"])
    yield (
        f'<p class="quiet">{shown(requirement["level"])} &middot; {shown(profiles)} &middot; '
        f"<code>lepton explain {key}</code></p>"
    )
    by_test = {item.test: item for item in evidence if item.requirement == entry["id"]}
    for test in entry["tests"]:
        failure = test.get("failure")
        if failure is not None and failure["blame"] == "subject":
            yield from _failure(test, by_test.get(test["test"]), locator)
    if requirement.get("remedy"):
        yield f'<p class="label">what to do</p><p>{prose(requirement["remedy"])}</p>'
    yield "</section>"


def _failure(test: Mapping[str, Any], item: Evidence | None, locator: str) -> Iterator[str]:
    failure = test["failure"]
    yield '<dl class="said">'
    for label, text in _said(failure["message"]):
        yield f"<dt>{label}</dt><dd>{shown(text)}</dd>"
    yield "</dl>"
    exchanges = () if item is None or item.failure is None else item.failure.exchanges
    yield from _exchanges(exchanges)
    yield '<p class="label">see it again, in the directory of this report</p>'
    lines = [f"python {failure['reproducer']}"]
    commands = [command(exchange, address_of(locator)) for exchange in exchanges]
    if len(commands) == 1 and commands[0] is not None:
        lines.append(commands[0])
    yield "".join(f"<pre>{shown(line)}</pre>" for line in lines)
    yield (
        f'<p class="quiet">found by {shown(test["test"])} after {counted(test["examples"], "example")}; '
        f"blame: {shown(failure['blame'])}</p>"
    )


def _said(message: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a message: what was sent, found and expected."""
    sent, found, rest = message.partition("; found ")
    if not found:
        sent, found, rest = message.partition("found ")
    before, expected, after = rest.rpartition(", expected ")
    if not found:
        yield "found", message
        return
    if sent.strip(" :;,"):
        label = "sent" if sent.startswith("sent ") else "asked"
        yield label, sent.removeprefix("sent ").strip(" :;,")
    yield "found", before if expected else rest
    if expected:
        yield "expected", after


def _exchanges(exchanges: Sequence[Exchange]) -> Iterator[str]:
    chosen = exchanges[-MAX_SHOWN_EXCHANGES:]
    if len(exchanges) > len(chosen):
        yield f'<p class="label">the last {len(chosen)} of {len(exchanges)} exchanges</p>'
    for exchange in chosen:
        sent, came = _sides(exchange)
        yield '<div class="sides"><div><p class="label">sent</p>'
        yield f'<pre>{shown(sent)}</pre></div><div><p class="label">came back</p>'
        yield f"<pre>{shown(came)}</pre></div></div>"


def _sides(exchange: Exchange) -> tuple[str, str]:
    """Return an exchange as two texts: what was sent, and what came back."""
    if isinstance(exchange, HttpExchange):
        head, _, framed = exchange.wire.partition(b"\r\n\r\n")
        body = exchange.request_body or framed
        sent = _joined(_cut(head), body_text(body, exchange.request_headers))
        if exchange.place:
            sent = "(sent with the requests before it)"
        if exchange.status is None:
            return sent, exchange.problem
        fields = "\n".join(f"{name}: {value}" for name, value in exchange.response_headers)
        came = _joined(
            f"{exchange.status}\n{fields}", body_text(exchange.response_body, exchange.response_headers)
        )
        ends = {True: "the connection was closed", False: "the connection stayed open", None: ""}
        return sent, _joined(came, ends[exchange.ended])
    if isinstance(exchange, LineExchange | PackageExchange):
        received = exchange.problem if exchange.received is None else exchange.received
        return body_text(exchange.sent.encode(), ()), body_text(received.encode(), ())
    if isinstance(exchange, GrpcExchange):
        return request_text(exchange), answer_text(exchange)
    return str(exchange), ""


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _cut(head: bytes) -> str:
    text = head[:MAX_SHOWN_HEAD].decode("latin-1").replace("\r\n", "\n")
    more = f"\n... {len(head) - MAX_SHOWN_HEAD} more bytes" if len(head) > MAX_SHOWN_HEAD else ""
    return text + more


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def prose(text: str) -> str:
    """Return the standard's own prose as markup, with its code spans."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", shown(text))


def shown(value: Any) -> str:
    """Return text safe inside markup: escaped, control characters made visible."""
    text = str(value)
    visible = "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}"
        for character in text
    )
    return html.escape(visible.encode("utf-8", "backslashreplace").decode())
