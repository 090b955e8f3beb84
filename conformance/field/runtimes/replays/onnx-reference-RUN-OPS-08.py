"""RUN-OPS-08 on the reference evaluator of the package onnx

sent y5,y6=Loop(w4,,x1,body=body of Identity+Add+Mul) of opset 17, inputs x1 FP32[1,1], x2 FP32[1,1] with
x1[1, 1] x2[1, 1]; found the rejection INVALID_INPUT: 'ValueError: need at least one array to concatenate',
expected outputs

Needs the engine alone: onnx. Ends with 1 while the deviation is there, with 0 when it is gone.
"""
import base64, os, subprocess, sys, tempfile
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import numpy as np

MODEL = 'CAgSEmxlcHRvbi1jb25mb3JtYW5jZTrqAgr6AQoCdzQKAAoCeDESAnk1EgJ5NiIETG9vcCrfAQoEYm9keTLTAQoYCgViM19jMhIFYjNfeTQiCElkZW50aXR5ChcKBWIzX3YzCgJ4MhIFYjNfeTUiA0FkZAoaCgViM195NQoFYjNfdjMSBWIzX3k2IgNNdWwSBGJvZHlaDwoFYjNfaTESBgoECAcSAFoPCgViM19jMhIGCgQICRIAWhcKBWIzX3YzEg4KDAgBEggKAggCCgIIA2IPCgViM195NBIGCgQICRIAYhcKBWIzX3k1Eg4KDAgBEggKAggCCgIIA2IXCgViM195NhIOCgwIARIICgIIAgoCCAOgAQUSBWdyYXBoKhAQB0ICdzRKCAEAAAAAAAAAWhQKAngxEg4KDAgBEggKAggBCgIIAVoUCgJ4MhIOCgwIARIICgIIAQoCCAFiJgoCeTUSIAoeCAESGgoLEglmcmVlX3k1XzAKCxIJZnJlZV95NV8xQgQKABAR'  # an ONNX file
INPUTS = {'x1': ('<f4', [1, 1], 'AAAAAA=='), 'x2': ('<f4', [1, 1], 'AAAAAA==')}  # name: (type, shape, little-endian elements, strings as a list)
OUTPUTS = ['y5']
THEN = 'an error'  # what the engine answered: outputs, "an error" or "the end of the process"
sys.argv[1:] = sys.argv[1:] or ['onnx-reference']

import onnx
from onnx.reference import ReferenceEvaluator

def compute(path, inputs):
    evaluator = ReferenceEvaluator(onnx.load(path))
    return dict(zip(evaluator.output_names, map(np.array, evaluator.run(None, inputs))))

def array(kind, shape, data):
    if kind == "O":
        return np.array(data, dtype=object).reshape(shape)
    return np.frombuffer(base64.b64decode(data), kind).reshape(shape)

def written(value):
    if value.dtype.kind in "OUS":
        return ("O", list(value.shape), [str(element) for element in value.ravel()])
    return (value.dtype.str, list(value.shape), base64.b64encode(value.tobytes()).decode())

if sys.argv[2:] == ["now"]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        with open(path, "wb") as file:
            file.write(base64.b64decode(MODEL))
        found = compute(path, {name: array(*given) for name, given in INPUTS.items()})
        print("\n", {name: written(np.asarray(value)) for name, value in found.items()}, flush=True)
        os._exit(0)
run = subprocess.run([sys.executable, __file__, sys.argv[1], "now"], capture_output=True, text=True)
if run.returncode < 0:
    now = "the end of the process"
elif run.returncode:
    now = "an error"
else:
    now = eval(run.stdout.strip().splitlines()[-1])
print(__doc__, "inputs:", {name: array(*given) for name, given in INPUTS.items()}, "", sep="\n")
for label, said in (("then", THEN), ("now", now)):
    print(label, said if isinstance(said, str) else {name: array(*value) for name, value in said.items()})
if isinstance(now, str):
    print(run.stderr[-1500:])
sys.exit(now == THEN)
