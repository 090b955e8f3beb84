"""RUN-SPL-01 on ONNX Runtime, graph optimisation off

sent y2=Squeeze(x1,) of opset 17, inputs x1 FP32[1,2] with x1[1, 2] (an omitted input written as an empty
name); found the rejection INVALID_INPUT: "Fail: [ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned
while running Squeeze node. Name:'' Status Message:
/onnxruntime_src/onnxruntime/core/providers/cpu/tensor/squeeze.h:78 virtual onnxruntime::common::Status
onnxruntime::Squeeze::Compute(onnxruntime::OpKernelContext*) const axes_tensor != nullptr was false. Axes
input is null/n", expected outputs

Needs the engine alone: onnxruntime. Ends with 1 while the deviation is there, with 0 when it is gone.
"""
import base64, os, subprocess, sys, tempfile
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import numpy as np

MODEL = 'CAgSEmxlcHRvbi1jb25mb3JtYW5jZTpEChMKAngxCgASAnkyIgdTcXVlZXplEgVncmFwaFoUCgJ4MRIOCgwIARIICgIIAQoCCAJiEAoCeTISCgoICAESBAoCCAJCBAoAEBE='  # an ONNX file
INPUTS = {'x1': ('<f4', [1, 2], 'AAAAAAAAAAA=')}  # name: (type, shape, little-endian elements, strings as a list)
OUTPUTS = ['y2']
THEN = 'an error'  # what the engine answered: outputs, "an error" or "the end of the process"
sys.argv[1:] = sys.argv[1:] or ['onnxruntime-unoptimised']

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
