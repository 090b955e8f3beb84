"""INF-RSP-04: The id is returned (test_id_is_returned)

When a request has a non-empty `id`, the answer MUST have an `id` that is the same string, code point for code point.

The suite then: sent the id '\\u4e2d'; found status 500 with 'Traceback (most recent call last):\\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/middleware/errors.py", line 165, in __call__\\n    await self.app(scope, receive, _'..., expected 200
Fingerprint: sha256:097c9bec07f1421e61ab5662e945429f1bf2caad004556da4222c72547cf79e3
Usage: python reproducers/INF-RSP-04.py [HOST:PORT]; ends with 1 while the server answers as it did then, with 0 when it
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
server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:56971', timeout=30)
body = b'{"id":"\xe4\xb8\xad","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}'
headers = {'Content-Type': 'application/json'}
then = (500, {'Content-Type': 'text/plain; charset=utf-8'}, b'Traceback (most recent call last):\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/middleware/errors.py", line 165, in __call__\n    await self.app(scope, receive, _send)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette_exporter/middleware.py", line 544, in __call__\n    raise exception\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette_exporter/middleware.py", line 450, in __call__\n    await self.app(scope, receive, wrapped_send)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/middleware/gzip.py", line 29, in __call__\n    await responder(scope, receive, send)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/middleware/gzip.py", line 46, in __call__\n    await self.app(scope, receive, self.send_with_compression)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/middleware/exceptions.py", line 62, in __call__\n    await wrap_app_handling_exceptions(self.app, conn)(scope, receive, send)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/_exception_handler.py", line 53, in wrapped_app\n    raise exc\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/_exception_handler.py", line 42, in wrapped_app\n    await app(scope, receive, sender)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/routing.py", line 714, in __call__\n    await self.middleware_stack(scope, receive, send)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/routing.py", line 734, in app\n    await route.handle(scope, receive, send)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/routing.py", line 288, in handle\n    await self.app(scope, receive, send)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/routing.py", line 76, in app\n    await wrap_app_handling_exceptions(app, request)(scope, receive, send)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/_exception_handler.py", line 53, in wrapped_app\n    raise exc\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/_exception_handler.py", line 42, in wrapped_app\n    await app(scope, receive, sender)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/routing.py", line 73, in app\n    response = await f(request)\n               ^^^^^^^^^^^^^^^^\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/mlserver/rest/app.py", line 47, in custom_route_handler\n    return await original_route_handler(request)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/fastapi/routing.py", line 301, in app\n    raw_response = await run_endpoint_function(\n                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/fastapi/routing.py", line 212, in run_endpoint_function\n    return await dependant.call(**values)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/mlserver/rest/endpoints.py", line 107, in infer\n    raw_response.headers.update(response_headers)\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/datastructures.py", line 632, in update\n    self[key] = val\n    ~~~~^^^^^\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/datastructures.py", line 569, in __setitem__\n    set_value = value.encode("latin-1")\n                ^^^^^^^^^^^^^^^^^^^^^^^\nUnicodeEncodeError: \'latin-1\' codec can\'t encode character \'\\u4e2d\' in position 0: ordinal not in range(256)\n')
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request('POST', '/v2/models/lepton_id_fp32/infer', body, headers)
    answer = server.getresponse()
    now = (answer.status, {name: answer.getheader(name) for name in FIELDS}, answer.read())
except (OSError, http.client.HTTPException):
    now = None
print('then: sent the id \'\\u4e2d\'; found status 500 with \'Traceback (most recent call last):\\n  File "/checkout/build/field/mlserver/venv/lib/python3.11/site-packages/starlette/middleware/errors.py", line 165, in __call__\\n    await self.app(scope, receive, _\'..., expected 200')
print("sent", 'POST /v2/models/lepton_id_fp32/infer', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then or (None not in (now, then) and essence(*now) == essence(*then)))
