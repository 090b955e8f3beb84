"""INF-RSP-04: The id is returned (test_id_is_returned)

When a request has a non-empty `id`, the answer MUST have an `id` that is the same string, code point for code point.

The suite found: sent the id '4'; found None
Fingerprint: sha256:90fda23b40a9930a4c44ea788a86e735d066fd5cfc76d8bc79421855cee078f2
Usage: python reproducers/INF-RSP-04.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:53265', timeout=30)
body = b'{"id":"4","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}'
headers = {'Content-Type': 'application/json'}
then = (200, 'application/json', b'{"model_name":"lepton_id_fp32","model_version":null,"id":null,"parameters":null,"outputs":[{"name":"y","shape":[2,3],"datatype":"FP32","parameters":null,"data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}')
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
print("found: sent the id '4'; found None")
print("sent", 'POST /v2/models/lepton_id_fp32/infer', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
