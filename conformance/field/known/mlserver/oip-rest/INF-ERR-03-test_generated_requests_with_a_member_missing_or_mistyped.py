"""INF-ERR-03: Missing or mistyped members (test_generated_requests_with_a_member_missing_or_mistyped)

A server MUST refuse an inference request that lacks `inputs`, or an input that lacks `name`, `shape`, `datatype` or
`data`, or in which one of these members has another type than this chapter's request object gives.

The suite found: found status 422 with '{"detail":[{"type":"missing","loc":["body","inputs"],"msg":"Field required","input":{"id":"lepton-1"}}]}', expected an object with a string `error`
Fingerprint: sha256:63b4625a6800fec54a81482aeb94738b7a32b9457a763318b88fbee70386773f
Usage: python reproducers/INF-ERR-03-test_generated_requests_with_a_member_missing_or_mistyped.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:55623', timeout=30)
body = b'{"id":"lepton-1"}'
headers = {'Content-Type': 'application/json'}
then = (422, 'application/json', b'{"detail":[{"type":"missing","loc":["body","inputs"],"msg":"Field required","input":{"id":"lepton-1"}}]}')
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
print('found: found status 422 with \'{"detail":[{"type":"missing","loc":["body","inputs"],"msg":"Field required","input":{"id":"lepton-1"}}]}\', expected an object with a string `error`')
print("sent", 'POST /v2/models/lepton_id_fp32/infer', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
