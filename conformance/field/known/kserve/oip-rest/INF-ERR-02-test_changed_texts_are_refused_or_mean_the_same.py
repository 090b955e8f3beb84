"""INF-ERR-02: Body that is not JSON (test_changed_texts_are_refused_or_mean_the_same)

A server MUST refuse an inference request whose body is not a JSON object, not even for a reader that accepts
extensions of JSON.

The suite found: found status 422 with '{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}', expected an object with a string `error`
Fingerprint: sha256:9fcd374c83a0fa385cc1a0856a48e68cceef232f6e53794b36ef834d301ba232
Usage: python reproducers/INF-ERR-02-test_changed_texts_are_refused_or_mean_the_same.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:56177', timeout=30)
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
