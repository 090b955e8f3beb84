"""INF-DAT-05: FP64 keeps its bits (test_fp64_keeps_its_bits)

A server MUST carry every finite FP64 value without change of its bits, negative zero and subnormal numbers included.

Fingerprint: sha256:796c53dd1c39e84db7ae997c55983cb5376ca139959edbc36bfdc4bb407a3554

The suite found: sent lepton_id_fp64 the inputs x [1, 1]; output y: found 1.0 (bits 3ff0000000000000) at [0, 0], expected 0.9999999999999999 (bits 3fefffffffffffff)
Usage: python reproducers/INF-DAT-05.py [HOST:PORT]. Sends the same bytes again; ends with 1 while the same answer comes back.
"""
import base64, http.client, socket, sys, zlib

host, _, port = (sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:40027').rpartition(":")
EXCHANGES = [  # (bytes sent, method, status found, body found)
    (b'POST /v2/models/lepton_id_fp64/infer HTTP/1.1\r\nHost: 127.0.0.1:40027\r\nContent-Type: application/json\r\nContent-Length: 101\r\n\r\n{"id":"lepton-1","inputs":[{"name":"x","shape":[1,1],"datatype":"FP64","data":[0.9999999999999999]}]}', 'POST', 200, b'{"id":"lepton-1","model_name":"lepton_id_fp64","model_version":"1","outputs":[{"name":"y","datatype":"FP64","shape":[1,1],"data":[1.0]}]}'),
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
print('found: sent lepton_id_fp64 the inputs x [1, 1]; output y: found 1.0 (bits 3ff0000000000000) at [0, 0], expected 0.9999999999999999 (bits 3fefffffffffffff)')
sys.exit(same)
