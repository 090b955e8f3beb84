"""INF-RSP-07: Answers are JSON (test_bodies_are_json_and_say_so)

The body of an answer that has one and is not binary MUST be one JSON text in UTF-8 without a byte order mark, sent
with the media type `application/json`, on the metadata and inference routes, errors included.

Fingerprint: sha256:bf447cd091d71a5235486a53992a6d255276bfb9703187363b3dbb0f23685bfe

The suite found: sent a request whose answer overflows FP32; found a body that is no JSON text (the token Infinity is not JSON (RFC 8259 has no NaN and no infinities)): '{"id":"lepton-1","model_name":"lepton_sub","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[Infinity,Infinity]}]}'
Usage: python reproducers/INF-RSP-07-test_bodies_are_json_and_say_so.py [HOST:PORT]. Sends the same bytes again; ends with 1 while the same answer comes back.
"""
import base64, http.client, socket, sys, zlib

host, _, port = (sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:40027').rpartition(":")
EXCHANGES = [  # (bytes sent, method, status found, body found)
    (b'POST /v2/models/lepton_sub/infer HTTP/1.1\r\nHost: 127.0.0.1:40027\r\nContent-Type: application/json\r\nContent-Length: 230\r\n\r\n{"id":"lepton-1","inputs":[{"name":"a","shape":[1,2],"datatype":"FP32","data":[3.4028234663852886e+38,3.4028234663852886e+38]},{"name":"b","shape":[1,2],"datatype":"FP32","data":[-3.4028234663852886e+38,-3.4028234663852886e+38]}]}', 'POST', 200, b'{"id":"lepton-1","model_name":"lepton_sub","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[Infinity,Infinity]}]}'),
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
print('found: sent a request whose answer overflows FP32; found a body that is no JSON text (the token Infinity is not JSON (RFC 8259 has no NaN and no infinities)): \'{"id":"lepton-1","model_name":"lepton_sub","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[Infinity,Infinity]}]}\'')
sys.exit(same)
