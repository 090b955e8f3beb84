"""INF-RSP-07: Answers are JSON (test_bodies_are_json_and_say_so)

The body of an answer that has one and is not binary MUST be one JSON text in UTF-8 without a byte order mark, sent
with the media type `application/json`, on the metadata and inference routes, errors included.

The suite found: sent a request whose answer overflows FP32; found a body that is no JSON text (the token Infinity is not JSON (RFC 8259 has no NaN and no infinities)): '{"id":"lepton-1","model_name":"lepton_sub","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[Infinity,Infinity]}]}'
Fingerprint: sha256:bf447cd091d71a5235486a53992a6d255276bfb9703187363b3dbb0f23685bfe
Usage: python reproducers/INF-RSP-07-test_bodies_are_json_and_say_so.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:35379', timeout=30)
body = b'{"id":"lepton-1","inputs":[{"name":"a","shape":[1,2],"datatype":"FP32","data":[3.4028234663852886e+38,3.4028234663852886e+38]},{"name":"b","shape":[1,2],"datatype":"FP32","data":[-3.4028234663852886e+38,-3.4028234663852886e+38]}]}'
headers = {'Content-Type': 'application/json'}
then = (200, 'application/json', b'{"id":"lepton-1","model_name":"lepton_sub","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[Infinity,Infinity]}]}')
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request('POST', '/v2/models/lepton_sub/infer', body, headers)
    answer = server.getresponse()
    now = (answer.status, *map(answer.getheader, ('Content-Type',)), answer.read())
except (OSError, http.client.HTTPException):
    now = None
print('found: sent a request whose answer overflows FP32; found a body that is no JSON text (the token Infinity is not JSON (RFC 8259 has no NaN and no infinities)): \'{"id":"lepton-1","model_name":"lepton_sub","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[Infinity,Infinity]}]}\'')
print("sent", 'POST /v2/models/lepton_sub/infer', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
