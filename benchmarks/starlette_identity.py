# mypy: disable-error-code="import-not-found"
"""The peer of `serve.py`: an identity model behind starlette, as one would write it by hand.

Run by a Python that has starlette, uvicorn and numpy: `starlette_identity.py PORT`. It checks nothing, knows
one tensor, and uses the standard library's JSON.
"""

import json
import sys

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def infer(request: Request) -> Response:
    """Copy the input to the output: binary when bytes follow the JSON, else JSON."""
    body = await request.body()
    header = request.headers.get("inference-header-content-length")
    if header is None:
        tensor = json.loads(body)["inputs"][0]
        array = np.array(tensor["data"], dtype=np.float32).reshape(tensor["shape"])
        output = {"name": "y", "datatype": "FP32", "shape": list(array.shape), "data": array.ravel().tolist()}
        return JSONResponse({"model_name": "identity", "outputs": [output]})
    tensor = json.loads(body[: int(header)])["inputs"][0]
    array = np.frombuffer(body, dtype=np.float32, offset=int(header)).reshape(tensor["shape"]).copy()
    parameters = {"binary_data_size": array.nbytes}
    described = {"name": "y", "datatype": "FP32", "shape": list(array.shape), "parameters": parameters}
    text = json.dumps({"model_name": "identity", "outputs": [described]}).encode()
    headers = {"inference-header-content-length": str(len(text))}
    return Response(text + array.tobytes(), media_type="application/octet-stream", headers=headers)


app = Starlette(routes=[Route("/v2/models/{name}/infer", infer, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
