"""INF-ERR-01: Unknown model (test_unknown_model_is_refused)

A server MUST refuse an inference request for a model that it does not have.

The suite found: found status 404 with '{\\n  "code": 404,\\n  "type": "ModelNotFoundException",\\n  "message": "Model not found: lepton_nothing"\\n}\\n', expected an object with a string `error`
Fingerprint: sha256:9b0ec9adca95b02edc0ff51d98b4083cc982eb4151bb1697cc4870c7b5bb502e
Usage: python reproducers/INF-ERR-01.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:54879', timeout=30)
body = b'{"id":"lepton-1","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}'
headers = {'Content-Type': 'application/json'}
then = (404, 'application/json', b'{\n  "code": 404,\n  "type": "ModelNotFoundException",\n  "message": "Model not found: lepton_nothing"\n}\n')
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request('POST', '/v2/models/lepton_nothing/infer', body, headers)
    answer = server.getresponse()
    now = (answer.status, *map(answer.getheader, ('Content-Type',)), answer.read())
except (OSError, http.client.HTTPException):
    now = None
print('found: found status 404 with \'{\\n  "code": 404,\\n  "type": "ModelNotFoundException",\\n  "message": "Model not found: lepton_nothing"\\n}\\n\', expected an object with a string `error`')
print("sent", 'POST /v2/models/lepton_nothing/infer', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
