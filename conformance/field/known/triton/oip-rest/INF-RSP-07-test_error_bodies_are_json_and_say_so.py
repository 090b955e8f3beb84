"""INF-RSP-07: Answers are JSON (test_error_bodies_are_json_and_say_so)

The body of an answer that has one and is not binary MUST be one JSON text in UTF-8 without a byte order mark, sent
with the media type `application/json`, on the metadata and inference routes, errors included.

Fingerprint: sha256:d113997975e3f53fba5c4f3669a3afcdd7a85f7019492bbd4a73cd76b4c6d58f

The suite found: sent a request for the unknown model 'lepton_nothing'; found Content-Type 'text/plain', expected application/json
Usage: python reproducers/INF-RSP-07-test_error_bodies_are_json_and_say_so.py [HOST:PORT]. Sends the same bytes again; ends with 1 while the same answer comes back.
"""
import base64, http.client, socket, sys, zlib

host, _, port = (sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:40027').rpartition(":")
EXCHANGES = [  # (bytes sent, method, status found, body found)
    (b'POST /v2/models/lepton_nothing/infer HTTP/1.1\r\nHost: 127.0.0.1:40027\r\nContent-Type: application/json\r\nContent-Length: 106\r\n\r\n{"id":"lepton-1","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}', 'POST', 404, b'{"error":"Request for unknown model: \'lepton_nothing\' is not found"}'),
    (b'GET /v2/models/lepton_nothing HTTP/1.1\r\nHost: 127.0.0.1:40027\r\n\r\n', 'GET', 404, b'{"error":"Request for unknown model: \'lepton_nothing\' is not found"}'),
]
same = True
for data, method, status, body in EXCHANGES:
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=30) as connection:
            connection.sendall(data)
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            now, text = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        now, text = None, repr(error).encode()
    same = same and now == status and (now is None or text == body)
    for what, found in (("sent", data), ("now", text), ("then", body)):
        print(f"{what:5} {found[:2000]!r}")
    print(f"status now {now}, then {status}")
print("found: sent a request for the unknown model 'lepton_nothing'; found Content-Type 'text/plain', expected application/json")
sys.exit(same)
