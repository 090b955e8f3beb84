"""INF-REQ-05: Percent-encoded names (test_percent_encoded_names_are_decoded)

A server MUST treat a path in which an unreserved character is percent-encoded as the same path with the character
itself.

The suite found: v2/models/lepton%5Fid%5Ffp32, another spelling of lepton_id_fp32: found status 404, expected 200
Fingerprint: sha256:6d696f02bdc0a15d5be971001184c68785cd61f5b06636ec0fa53d892bb481ab
Usage: python reproducers/INF-REQ-05.py [HOST:PORT]; ends with 1 while the failure is there, with 0 when it is gone.
"""
import http.client, sys

server = http.client.HTTPConnection(sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:35379', timeout=30)
body = None
headers = {}
then = (404, 'application/json', b'{"error":"Request for unknown model: \'lepton%5Fid%5Ffp32\' is not found"}')
try:
    server.connect()
except OSError as error:
    print("nobody answers:", error)
    sys.exit(2)
try:
    server.request('GET', '/v2/models/lepton%5Fid%5Ffp32', body, headers)
    answer = server.getresponse()
    now = (answer.status, *map(answer.getheader, ('Content-Type',)), answer.read())
except (OSError, http.client.HTTPException):
    now = None
print('found: v2/models/lepton%5Fid%5Ffp32, another spelling of lepton_id_fp32: found status 404, expected 200')
print("sent", 'GET /v2/models/lepton%5Fid%5Ffp32', (body or b"")[:2000], "now ", now, "then", then, sep="\n")
sys.exit(now == then)
