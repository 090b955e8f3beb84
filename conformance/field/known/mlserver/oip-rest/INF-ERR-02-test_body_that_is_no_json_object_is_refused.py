"""INF-ERR-02: Body that is not JSON (test_body_that_is_no_json_object_is_refused)

A server MUST refuse an inference request whose body is not a JSON object, not even for a reader that accepts
extensions of JSON.

The suite found: found status 422 with '{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}', expected an object with a string `error`
Fingerprint: sha256:8546d42acd23fe44f582cd7fce93323b78c40a07c2359992f7c53bd77c71f762
Usage: python reproducers/INF-ERR-02-test_body_that_is_no_json_object_is_refused.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:55623', timeout=30)
body = b''
headers = {'Content-Type': 'application/json'}
then = (422, 'application/json', b'{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}')
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request('POST', '/v2/models/lepton_id_fp32/infer', body, headers)
    answer = server.getresponse()
    now = (answer.status, *map(answer.getheader, ('Content-Type',)), answer.read())
except (OSError, http.client.HTTPException):
    now = None
print('found: found status 422 with \'{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}\', expected an object with a string `error`')
print("sent", 'POST /v2/models/lepton_id_fp32/infer', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
