"""What a package answers to a client, over the Open Inference Protocol.

Owns starting `lepton serve` on a free port of this machine, one request with BYTES, and the server's end;
leaves what is asked to the topics. Serves `package`.
"""

import http.client
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from field.packages.tool import BIN, ToolFault

__all__ = ["served"]

#: Seconds for one answer, and for the end of a server that was told to end.
ANSWER_SECONDS, END_SECONDS = 120, 30


def served(package: Path, model: str, name: str, elements: Sequence[bytes]) -> dict[str, Any]:
    """Serve a package, send `elements` as its input `name`, and return the outputs by name.

    Raises: ToolFault when the server does not start, or answers with an error.
    """
    command = [str(BIN / "lepton"), "serve", str(package), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            port = re.search(r"http://127\.0\.0\.1:(\d+)", said)
            if port is None:
                raise ToolFault(f"{' '.join(command)}: found {said!r}, expected the address it listens on")
            return _asked(int(port[1]), model, name, elements)
        finally:
            server.terminate()
            try:
                server.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()


def _asked(port: int, model: str, name: str, elements: Sequence[bytes]) -> dict[str, Any]:
    data = b"".join(len(one).to_bytes(4, "little") + one for one in elements)
    tensor = {"name": name, "shape": [len(elements)], "datatype": "BYTES"}
    head = json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": len(data)}}]}).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(head)),
    }
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        client.request("POST", f"/v2/models/{model}/infer", head + data, headers)
        answer = client.getresponse()
        body = answer.read().decode()
    except OSError as error:
        raise ToolFault(f"{model}: no answer from the server ({error})") from error
    finally:
        client.close()
    if answer.status != http.HTTPStatus.OK:
        raise ToolFault(f"{model}: the server answered {answer.status}: {body[:500]}")
    return {one["name"]: one for one in json.loads(body)["outputs"]}
