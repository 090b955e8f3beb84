"""INF-ERR-03: Missing or mistyped members (test_missing_and_mistyped_members_are_refused)

A server MUST refuse an inference request that lacks `inputs`, or an input that lacks `name`, `shape`, `datatype` or
`data`, or in which one of these members has another type than this chapter's request object gives.

The suite found: found status 422 with '{"detail":[{"type":"missing","loc":["body","inputs"],"msg":"Field required","input":{"id":"lepton-1"}}]}', expected an object with a string `error`
Fingerprint: sha256:9a3536d2075e092fa991352666dcfc62897470a2fda15c63d08fd84f66e6a13c
Usage: python reproducers/INF-ERR-03-test_missing_and_mistyped_members_are_refused.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
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
