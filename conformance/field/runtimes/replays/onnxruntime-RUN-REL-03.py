"""RUN-REL-03 on ONNX Runtime

sent y2=Gelu(x1,approximate=tanh) of opset 20, inputs x1 FP64[1,1] with x1[1, 1]; found wrong elements in
output 'y2': 'found 0.8411919857864306 at [0, 0], expected 0.8411919906082751 to 0.8411919906082783 (4.343e+07
ULP outside)'

Needs the engine alone: onnxruntime. Ends with 1 while the deviation is there, with 0 when it is gone.
"""
import base64, os, subprocess, sys, tempfile
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import numpy as np

MODEL = 'CAgSEmxlcHRvbi1jb25mb3JtYW5jZTpbCiYKAngxEgJ5MiIER2VsdSoWCgthcHByb3hpbWF0ZSIEdGFuaKABAxIFZ3JhcGhaFAoCeDESDgoMCAsSCAoCCAEKAggBYhQKAnkyEg4KDAgLEggKAggBCgIIAUIECgAQFA=='  # an ONNX file
BESIDE = {}  # files beside it
INPUTS = {'x1': ('<f8', [1, 1], 'AAAAAAAA8D8=')}  # name: (type, shape, little-endian elements, strings as a list)
OUTPUTS = ['y2']
THEN = {'y2': ('<f8', [1, 1], 'QYWTdAvr6j8=')}  # what the engine answered: outputs, "an error" or "the end of the process"
sys.argv[1:] = sys.argv[1:] or ['onnxruntime']

import onnxruntime

def compute(path, inputs):
    options = onnxruntime.SessionOptions()
    if "unoptimised" in sys.argv[1]:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return dict(zip([value.name for value in session.get_outputs()], session.run(None, inputs)))

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
        for name, data in BESIDE.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(base64.b64decode(data))
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
