"""Put an in-process adapter behind the stdio protocol of the standard's chapter `runtime`.

Copy this file beside your adapter and call `serve(Runtime())`. Needs NumPy. The adapter is an object with
`name`, `version` and `load(path)`; a model has `inputs` and `outputs`, lists of (name, datatype, shape) with
-1 for a free size, `infer(arrays) -> arrays` and `close()`. Raising an exception rejects, NotImplementedError
says that something is not supported. What the runtime can do is in `datatypes`, `operators`, `opsets` and
`dynamic`, as in the hello; an attribute that it lacks means everything.
"""

import base64
import json
import os
import sys

import numpy as np

NUMPY = {"BOOL": "?", "BYTES": "O", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}
for size in (1, 2, 4, 8):
    NUMPY |= {f"INT{size * 8}": f"<i{size}", f"UINT{size * 8}": f"<u{size}"}


def decode(value):
    """Return the array of a tensor as the protocol has it."""
    data, elements = base64.b64decode(value["data"], validate=True), []
    if value["datatype"] != "BYTES":
        return np.frombuffer(data, NUMPY[value["datatype"]]).reshape(value["shape"])
    while data:  # a 4-byte length before each element
        end = 4 + int.from_bytes(data[:4], "little")
        elements, data = [*elements, data[4:end]], data[end:]
    return np.array(elements, dtype=object).reshape(value["shape"])


def encode(name, array):
    """Return a tensor as the protocol has it."""
    datatype = next(key for key, kind in NUMPY.items() if np.dtype(kind) == array.dtype)
    data = array.tobytes()
    if datatype == "BYTES":
        data = b"".join(len(value).to_bytes(4, "little") + value for value in array.ravel())
    data = base64.b64encode(data).decode()
    return {"name": name, "datatype": datatype, "shape": array.shape, "data": data}


def answer(runtime, request, models):
    """Return the members of the answer to one request."""
    if request["op"] == "load":
        model, name = runtime.load(request["path"]), f"m{request['id']}"
        models[name] = model
        tensors = {"inputs": model.inputs, "outputs": model.outputs}
        keys = ("name", "datatype", "shape")
        described = {
            side: [dict(zip(keys, one, strict=True)) for one in listed] for side, listed in tensors.items()
        }
        return {"model": name, **described}
    if request["op"] == "infer":
        arrays = {value["name"]: decode(value) for value in request["inputs"]}
        return {"outputs": [encode(*item) for item in models[request["model"]].infer(arrays).items()]}
    if request["op"] == "unload":
        models.pop(request["model"]).close()
    return {}


def serve(runtime):
    """Answer requests until shutdown or the end of input."""
    protocol, models = os.fdopen(os.dup(1), "w"), {}
    os.dup2(2, 1)  # whatever else is printed goes to standard error
    message = {"lepton": "1.0", "protocol": 1, "name": runtime.name, "version": runtime.version}
    capabilities = {"datatypes": list(NUMPY), "formats": ["onnx"]}
    declared = ("datatypes", "operators", "opsets", "dynamic")
    capabilities |= {key: getattr(runtime, key) for key in declared if hasattr(runtime, key)}
    message["capabilities"] = capabilities
    print(json.dumps(message), file=protocol, flush=True)
    for request in map(json.loads, sys.stdin):
        try:
            message = answer(runtime, request, models)
        except Exception as error:
            code = "INVALID_MODEL" if request["op"] == "load" else "INVALID_INPUT"
            code = "UNSUPPORTED" if isinstance(error, NotImplementedError) else code
            message = {"error": {"code": code, "message": f"{type(error).__name__}: {error}"[:500]}}
        print(json.dumps({"id": request["id"], **message}), file=protocol, flush=True)
        if request["op"] == "shutdown":
            return
