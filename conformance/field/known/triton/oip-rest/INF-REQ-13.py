"""INF-REQ-13: Content-Length that cannot be (test_invalid_and_contradictory_lengths_end_the_connection)

A server MUST answer a request without transfer coding whose `Content-Length` is not a sequence of digits, or that
has two unlike values of it, with status 400, and close the connection.

Fingerprint: sha256:877e2a76e43f4117d94e9728042ccb5e2f0ee01f8152ec28e11f4476b327f127

The suite found: sent POST /v2/models/lepton_id_fp32/infer, found no usable answer (the connection was closed before the answer was complete), expected an HTTP answer
Usage: python reproducers/INF-REQ-13.py [HOST:PORT]. Sends the same bytes again; ends with 1 while the same answer comes back.
"""
import base64, http.client, socket, sys, zlib

host, _, port = (sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:40027').rpartition(":")
EXCHANGES = [  # (bytes sent, method, status found, body found)
    (b'POST /v2/models/lepton_id_fp32/infer HTTP/1.1\r\nHost: 127.0.0.1:40027\r\nContent-Type: application/json\r\nContent-Length: abc\r\n\r\n{"id":"lepton-1","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1.0,2.0,3.0,4.0,5.0,6.0]}]}', 'POST', None, b''),
    (b'POST /v2/models/lepton_id_fp32/infer HTTP/1.1\r\nHost: 127.0.0.1:40027\r\nContent-Type: application/json\r\nContent-Length: abc\r\n\r\n', 'POST', None, b''),
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
print('found: sent POST /v2/models/lepton_id_fp32/infer, found no usable answer (the connection was closed before the answer was complete), expected an HTTP answer')
sys.exit(same)
