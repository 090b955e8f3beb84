"""A failure of a server as a program that needs nothing but Python: short where a client library sends the
same bytes, on sockets where the bytes matter, with threads where requests have to come at once.

Owns the programs; leaves which exchanges show a failure to the driver, and what is alike to `http_essence`.
Each ends with 1 while the server answers as it did, with 0 when it does not, with 2 when nobody answers.
Serves `conformance` (CNF-REP-03).
"""

import itertools
from collections.abc import Sequence

from lepton_conformance.report.curl import as_client_sends
from lepton_conformance.report.http_essence import source
from lepton_conformance.report.program import Heading, by_client, literal
from lepton_conformance.subject.exchange import HttpExchange

__all__ = ["http_script"]

#: Header fields of answers that tests look at.
_JUDGED = ("Content-Type", "Content-Encoding", "Inference-Header-Content-Length", "Allow", "Retry-After")
#: How long a server may take to close a connection that it has to close.
_WATCH_SECONDS = 10

_HEAD = '''\
"""{title}

{text}

The suite {message}
Fingerprint: {fingerprint}
Usage: python {name} [HOST:PORT]; ends with 1 while the server answers as it did then, with 0 when it
does not, with 2 when nobody answers. Compared are status, the header fields listed below and the members of
the JSON that the protocol has: other members, numbers in error messages, the server's own version may differ.
"""
'''

_HELD_HEAD = '''\
"""{title}

{text}

The suite {message}
Fingerprint: {fingerprint}
Usage: python {name} [HOST:PORT]; ends with 1 while the last answer holds what an earlier request said, with 0
when it does not, with 2 when nobody answers.
"""
'''

_ONE = """\
import @IMPORTS@

{essence}FIELDS = {fields}
server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else {address!r}, timeout=30)
body = {body}
headers = {headers}
then = {then}
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request({method!r}, {target!r}, body, headers)
    answer = server.getresponse()
    now = (answer.status, {{name: answer.getheader(name) for name in FIELDS}}, answer.read())
except (OSError, http.client.HTTPException):
    now = None
print({said!r})
print("sent", {asked!r}, (body or b"")[:2000], "now ", now, "then", then, sep="\\n")
sys.exit(now == then or (None not in (now, then) and essence(*now) == essence(*then)))
"""

_ROW = """\
import @IMPORTS@, io, socket

{essence}FIELDS = {fields}
host, _, port = (sys.argv[1] if len(sys.argv) > 1 else {address!r}).rpartition(":")
CONNECTIONS = [  # of each: (bytes to send, method, what came back: status, fields, body; None for no answer)
{connections}
]


class Stream(io.BufferedReader):
    def makefile(self, mode):
        return self

    def close(self):
        pass


def receive(stream, method):
    try:
        answer = http.client.HTTPResponse(stream, method=method)
        answer.begin()
        return answer.status, {{name: answer.getheader(name) for name in FIELDS}}, answer.read()
    except (OSError, http.client.HTTPException):
        return None


print({said!r})
same = True
for exchanges in CONNECTIONS:
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout=30)
    except OSError as error:
        print("nobody answers:", error)
        sys.exit(2)
    with connection:
        stream = Stream(socket.SocketIO(connection, "rb"))
        for data, method, then in exchanges:
            try:
                connection.sendall(data)
            except OSError as error:
                print("not all was read:", error)
            now = receive(stream, method)
            print("sent", data[:2000], "now ", str(now)[:2000], "then", str(then)[:2000], sep="\\n")
            same = same and (now == then or (None not in (now, then) and essence(*now) == essence(*then)))
{ended}sys.exit(same)
"""

_ENDED = """\
        connection.settimeout({seconds})
        try:
            ended = stream.read(1) == b""
        except TimeoutError:
            ended = False
        except OSError:
            ended = True
        print("the connection is closed" if ended else "the connection stays open")
        same = same and ended == {ended}
"""

_CROWD = """\
import @IMPORTS@, threading

{essence}address = sys.argv[1] if len(sys.argv) > 1 else {address!r}
CLIENTS = [  # of each, one after another: (method, target, body, headers)
{clients}
]
ROUNDS = 20


def ask(requests, answers):
    server = http.client.HTTPConnection(address, timeout=30)
    for method, target, body, headers in requests:
        try:
            server.request(method, target, body, headers)
            answer = server.getresponse()
            answers.append((answer.status, {{LENGTH: answer.getheader(LENGTH)}}, answer.read()))
        except (OSError, http.client.HTTPException):
            server.close()
            answers.append(None)
    server.close()


print({said!r})
alone = [[] for _ in CLIENTS]
for requests, answers in zip(CLIENTS, alone):
    ask(requests, answers)
if all(answer is None for answers in alone for answer in answers):
    print("nobody answers")
    sys.exit(2)
for _ in range(ROUNDS):
    crowd = [[] for _ in CLIENTS]
    threads = [threading.Thread(target=ask, args=pair) for pair in zip(CLIENTS, crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for requests, one, other in zip(CLIENTS, alone, crowd):
        for request, before, now in zip(requests, one, other):
            if before != now and (None in (before, now) or essence(*before) != essence(*now)):
                print("sent", request, "answered alone", before, "answered among others", now, sep="\\n")
                sys.exit(1)
print("every answer is the same, alone and among others")
"""


_HELD = """\
import http.client, io, socket, sys

host, _, port = (sys.argv[1] if len(sys.argv) > 1 else {address!r}).rpartition(":")
WORD = {word!r}
REQUESTS = [  # one after another, each on a connection of its own: (bytes to send, method)
{requests}
]


class Stream(io.BufferedReader):
    def makefile(self, mode):
        return self

    def close(self):
        pass


print({said!r})
held = False
for data, method in REQUESTS:
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout=30)
    except OSError as error:
        print("nobody answers:", error)
        sys.exit(2)
    with connection:
        try:
            connection.sendall(data)
            answer = http.client.HTTPResponse(Stream(socket.SocketIO(connection, "rb")), method=method)
            answer.begin()
            heads, body = repr(answer.getheaders()), answer.read()
        except (OSError, http.client.HTTPException) as error:
            heads, body = repr(error), b""
    print("sent", data[:2000], "now ", heads, body[:2000], sep="\\n")
    held = WORD.encode() in body.lower() or WORD in heads.lower()
print("the last answer holds the word" if held else "the last answer does not hold the word", WORD)
sys.exit(held)
"""


def http_script(exchanges: Sequence[HttpExchange], address: str, heading: Heading) -> str:
    """Return a stand-alone Python program that replays exchanges with a server at HOST:PORT."""
    values = heading.values() | {"address": address}
    values["essence"] = source()
    imports = ["http.client", "json", "re", "sys"]
    fields = _fields(exchanges)
    values["fields"] = repr(fields)
    if any(exchange.lane is not None for exchange in exchanges):
        values["clients"] = "\n".join(_clients(exchanges))
        template = _CROWD
    elif exchanges and exchanges[-1].holds:
        values["word"] = exchanges[-1].holds
        values["requests"] = "\n".join(f"    ({literal(each.wire)}, {each.method!r})," for each in exchanges)
        return _HELD_HEAD.format_map(values) + _HELD.format_map(values)
    elif len(exchanges) == 1 and as_client_sends(exchanges[0]) and exchanges[0].ended is None:
        (only,) = exchanges
        values |= {
            "body": literal(only.request_body) if only.request_body or _has_length(only) else "None",
            "headers": repr(_headers(only)),
            "then": _then(only, fields),
            "method": only.method,
            "target": only.target,
            "asked": f"{only.method} {only.target}",
        }
        template = _ONE
    else:
        values["connections"] = "\n".join(_connections(exchanges, fields))
        watched = exchanges[-1].ended if exchanges else None
        values["ended"] = "" if watched is None else _ENDED.format(ended=watched, seconds=_WATCH_SECONDS)
        template = _ROW
    program = template.format_map(values)
    if "zlib.decompress(" in program:
        imports = ["base64", *imports, "zlib"]
    return _HEAD.format_map(values) + program.replace("@IMPORTS@", ", ".join(imports), 1)


def _fields(exchanges: Sequence[HttpExchange]) -> tuple[str, ...]:
    """Return the header fields by which two answers differ: those that came, and Allow where it is due."""
    came = {name.lower() for exchange in exchanges for name, _ in exchange.response_headers}
    if any(exchange.status == 405 for exchange in exchanges):
        came.add("allow")
    if any(exchange.status == 503 for exchange in exchanges):
        came.add("retry-after")
    if any(b"binary_data" in exchange.request_body for exchange in exchanges):
        came.add("inference-header-content-length")
    return tuple(name for name in _JUDGED if name == "Content-Type" or name.lower() in came)


def _then(exchange: HttpExchange, fields: Sequence[str]) -> str:
    """Return an expression for what came back."""
    if exchange.status is None:
        return "None"
    listed = {name: _field(exchange, name) for name in fields}
    return f"({exchange.status}, {listed!r}, {literal(exchange.response_body)})"


def _field(exchange: HttpExchange, name: str) -> str | None:
    """Return a header field of an answer as `http.client` gives it."""
    found = [value for key, value in exchange.response_headers if key.lower() == name.lower()]
    return ", ".join(found) if found else None


def _headers(exchange: HttpExchange) -> dict[str, str]:
    """Return the header fields that the library does not write by itself."""
    return {
        name: value
        for name, value in exchange.request_headers
        if name.lower() not in ("host", "content-length")
    }


def _has_length(exchange: HttpExchange) -> bool:
    return any(name.lower() == "content-length" for name, _ in exchange.request_headers)


def _connections(exchanges: Sequence[HttpExchange], fields: Sequence[str]) -> list[str]:
    """Return a list for each connection of what is sent on it and came back."""
    numbered: list[tuple[int, HttpExchange]] = []
    number = 0
    for exchange in exchanges:
        before = numbered[-1][1] if numbered else None
        goes_on = exchange.place > 0 or (
            before is not None and exchange.connection != 0 and exchange.connection == before.connection
        )
        number += not goes_on
        numbered.append((number, exchange))
    lines = []
    for _, group in itertools.groupby(numbered, key=lambda item: item[0]):
        lines.append("    [")
        for _, exchange in group:
            sent = b"" if exchange.place else exchange.wire
            lines.append(f"        ({literal(sent)}, {exchange.method!r}, {_then(exchange, fields)}),")
        lines.append("    ],")
    return lines


def _clients(exchanges: Sequence[HttpExchange]) -> list[str]:
    lines = []
    for sent in by_client(exchanges):
        lines.append("    [")
        lines += [
            f"        ({each.method!r}, {each.target!r}, {literal(each.request_body)}, {_headers(each)!r}),"
            for each in sent
        ]
        lines.append("    ],")
    return lines
