"""INF-RSP-03: The version that answered (test_model_version_is_a_string_or_absent)

The `model_version` of an answer MUST be a string or absent; when the URL names a version, a `model_version` in the
answer is that version.

The suite found: found model_version None, expected a string or no such member
Fingerprint: sha256:bceefe499271f944e85b2b4471d07b790f4f5b0e1a556795e140cc4b2b6b4c63
Usage: python reproducers/INF-RSP-03.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:56177', timeout=30)
body = b'{"id":"lepton-1","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}'
headers = {'Content-Type': 'application/json'}
then = (200, 'application/json', b'{"model_name":"lepton_id_fp32","model_version":null,"id":"lepton-1","parameters":null,"outputs":[{"name":"y","shape":[2,3],"datatype":"FP32","parameters":null,"data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}')
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
print('found: found model_version None, expected a string or no such member')
print("sent", 'POST /v2/models/lepton_id_fp32/infer', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
