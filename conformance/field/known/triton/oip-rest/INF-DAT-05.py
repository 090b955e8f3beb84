"""INF-DAT-05: FP64 keeps its bits (test_fp64_keeps_its_bits)

A server MUST carry every finite FP64 value without change of its bits, negative zero and subnormal numbers included.

The suite then: sent lepton_id_fp64 the inputs x [1, 1]; output y: found 1.0 (bits 3ff0000000000000) at [0, 0], expected 0.9999999999999999 (bits 3fefffffffffffff)
Fingerprint: sha256:796c53dd1c39e84db7ae997c55983cb5376ca139959edbc36bfdc4bb407a3554
Usage: python reproducers/INF-DAT-05.py [HOST:PORT]; ends with 1 while the server answers as it did then, with 0 when it
does not, with 2 when nobody answers. Compared are status, the header fields listed below and the members of
the JSON that the protocol has: other members, numbers in error messages, the server's own version may differ.
"""
import http.client, json, re, sys

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
server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:56581', timeout=30)
body = b'{"id":"lepton-1","inputs":[{"name":"x","shape":[1,1],"datatype":"FP64","data":[0.9999999999999999]}]}'
headers = {'Content-Type': 'application/json'}
then = (200, {'Content-Type': 'application/json'}, b'{"id":"lepton-1","model_name":"lepton_id_fp64","model_version":"1","outputs":[{"name":"y","datatype":"FP64","shape":[1,1],"data":[1.0]}]}')
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request('POST', '/v2/models/lepton_id_fp64/infer', body, headers)
    answer = server.getresponse()
    now = (answer.status, {name: answer.getheader(name) for name in FIELDS}, answer.read())
except (OSError, http.client.HTTPException):
    now = None
print('then: sent lepton_id_fp64 the inputs x [1, 1]; output y: found 1.0 (bits 3ff0000000000000) at [0, 0], expected 0.9999999999999999 (bits 3fefffffffffffff)')
print("sent", 'POST /v2/models/lepton_id_fp64/infer', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then or (None not in (now, then) and essence(*now) == essence(*then)))
