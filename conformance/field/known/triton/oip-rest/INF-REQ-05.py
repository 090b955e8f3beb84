"""INF-REQ-05: Percent-encoded names (test_percent_encoded_names_are_decoded)

A server MUST treat a path in which an unreserved character is percent-encoded as the same path with the character
itself.

Fingerprint: sha256:6d696f02bdc0a15d5be971001184c68785cd61f5b06636ec0fa53d892bb481ab

The suite found: v2/models/lepton%5Fid%5Ffp32, another spelling of lepton_id_fp32: found status 404, expected 200
Usage: python reproducers/INF-REQ-05.py [HOST:PORT]. Sends the same bytes again; ends with 1 while the same answer comes back.
"""
import base64, http.client, socket, sys, zlib

host, _, port = (sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:40027').rpartition(":")
EXCHANGES = [  # (bytes sent, method, status found, body found)
    (b'GET /v2/models/lepton%5Fid%5Ffp32 HTTP/1.1\r\nHost: 127.0.0.1:40027\r\n\r\n', 'GET', 404, b'{"error":"Request for unknown model: \'lepton%5Fid%5Ffp32\' is not found"}'),
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
print('found: v2/models/lepton%5Fid%5Ffp32, another spelling of lepton_id_fp32: found status 404, expected 200')
sys.exit(same)
