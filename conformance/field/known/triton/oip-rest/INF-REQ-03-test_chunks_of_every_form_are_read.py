"""INF-REQ-03: Chunked bodies (test_chunks_of_every_form_are_read)

A server MUST accept a request body in chunked transfer coding.

The suite then: sent POST /v2/models/lepton_id_fp32/infer, found no usable answer (the connection was closed before the answer was complete), expected an HTTP answer
Fingerprint: sha256:72758c27c975d55080777a7779e8e2870695db0a1ac5599beac68c73913b8dd6
Usage: python reproducers/INF-REQ-03-test_chunks_of_every_form_are_read.py [HOST:PORT]; ends with 1 while the server answers as it did then, with 0 when it
does not, with 2 when nobody answers. Compared are status, the header fields listed below and the members of
the JSON that the protocol has: other members, numbers in error messages, the server's own version may differ.
"""
import http.client, json, re, sys, io, socket

MEMBERS = 'model_name model_version id outputs inputs error name versions platform extensions live ready state'
PARAMETERS = ('max_request_bytes', 'binary_data_size')
VOLATILE = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:[\\d.]+|0x[0-9a-f]{6,}'
LENGTH = 'Inference-Header-Content-Length'


class Number(str):
    """A number as it is written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"number {self}"


class Members(list[tuple[str, object]]):
    """The members of an object, both of two with equal names."""


def essence(status: int, fields: dict[str, str | None], body: bytes) -> object:
    """Return what two answers have in common when they say the same."""
    length = fields.get(LENGTH)
    size = int(length) if length and re.fullmatch("[0-9]{1,9}", length) else len(body)
    try:
        text = re.sub(VOLATILE, "#", body[:size].decode())
        read = json.loads(text, parse_float=Number, parse_int=Number, object_pairs_hook=Members)
    except (ValueError, RecursionError):
        return status, fields, re.sub(f"{VOLATILE}|/[A-Za-z0-9_.+/-]+|[0-9]+".encode(), b"#", body)
    entries = read if isinstance(read, list) and not isinstance(read, Members) else [read]
    others = {name: value for name, value in fields.items() if name != LENGTH}
    return status, others, type(read).__name__, repr([_said(entry) for entry in entries]), body[size:]


def _said(entry: object) -> object:
    """Return what the protocol says of an object."""
    if not isinstance(entry, Members):
        return entry
    kept: list[tuple[str, object]] = []
    for name, value in entry:
        if name == "error" and isinstance(value, str):
            kept.append((name, re.sub("0x[0-9a-f]+|[0-9]+", "#", value)))
        elif name == "version":
            kept.append((name, (type(value).__name__, bool(value))))
        elif name == "parameters" and isinstance(value, Members):
            kept.extend(pair for pair in value if pair[0] in PARAMETERS)
        elif name == "parameters" or name in MEMBERS.split():
            kept.append((name, value))
    return sorted(kept, key=lambda pair: pair[0])


FIELDS = ('Content-Type',)
host, _, port = (sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:56581').rpartition(":")
CONNECTIONS = [  # of each: (bytes to send, method, what came back: status, fields, body; None for no answer)
    [
        (b'POST /v2/models/lepton_id_fp32/infer HTTP/1.1\r\nHost: 127.0.0.1:56581\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n28;lepton=1\r\n{"id":"chunked \xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80","inputs":[{"na\r\n28;lepton=1\r\nme":"x","shape":[2,3],"datatype":"FP32",\r\n23;lepton=1\r\n"data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}\r\n0\r\n\r\n', 'POST', None),
    ],
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
        return answer.status, {name: answer.getheader(name) for name in FIELDS}, answer.read()
    except (OSError, http.client.HTTPException):
        return None


print('then: sent POST /v2/models/lepton_id_fp32/infer, found no usable answer (the connection was closed before the answer was complete), expected an HTTP answer')
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
            print("sent", data[:2000], "now ", str(now)[:2000], "then", str(then)[:2000], sep="\n")
            same = same and (now == then or (None not in (now, then) and essence(*now) == essence(*then)))
sys.exit(same)
