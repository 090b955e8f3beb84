"""RUN-SPL-04 on the reference evaluator of the package onnx

in operator set 13: sent y6=BatchNormalization(x1,x2,x3,x4,x5) of opset 13, inputs x1 FP32[2,3,4], x2 FP32[3],
x3 FP32[3], x4 FP32[3], x5 FP32[3] with x1[2, 3, 4] x2[3] x3[3] x4[3] x5[3]; found wrong elements in output
'y6': 'found -4.1378984451293945 at [0, 0, 0], expected -5.685361626162921 to -5.685354814997288 (3.245e+06
ULP outside); 24 elements are wrong'

Needs the engine alone: onnx. Ends with 1 while the deviation is there, with 0 when it is gone.
"""
import base64, os, subprocess, sys, tempfile
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import numpy as np

MODEL = 'CAgSEmxlcHRvbi1jb25mb3JtYW5jZTqxAQosCgJ4MQoCeDIKAngzCgJ4NAoCeDUSAnk2IhJCYXRjaE5vcm1hbGl6YXRpb24SBWdyYXBoWhgKAngxEhIKEAgBEgwKAggCCgIIAwoCCARaEAoCeDISCgoICAESBAoCCANaEAoCeDMSCgoICAESBAoCCANaEAoCeDQSCgoICAESBAoCCANaEAoCeDUSCgoICAESBAoCCANiGAoCeTYSEgoQCAESDAoCCAIKAggDCgIIBEIECgAQEQ=='  # an ONNX file
INPUTS = {'x1': ('<f4', [2, 3, 4], '1sKBQNmsED92Ik5AOeOvv3b59sCg6+JAIsaNwM1BUcAXcZXAVp6zQGb9sD+p1v7APELGQJ8M6L/T8xTAUF/XwGfgub4p/CrAH2LSwB0OpsBMkpNAJP+tQGabM8BGVkG/'), 'x2': ('<f4', [3], 'UnPXv3/YyD/UrZg/'), 'x3': ('<f4', [3], 'uRYTPzM6/jzj0OO/'), 'x4': ('<f4', [3], 'zfuSv+g9iD/88Ko/'), 'x5': ('<f4', [3], 'CY/6PxTXbD8kBOw/')}  # name: (type, shape, little-endian elements, strings as a list)
OUTPUTS = ['y6']
THEN = {'y6': ('<f4', [2, 3, 4], 'dO61wNBPvr870ZXAl6JYP/K7ZMFPzh1B+OwOwTdB4cAoxOHA1SX9P7uA3r+nLB/BRysEwSTirz+IHP8/t0jpQIcLE8CdCcLAU+NGwSO7IsF1i4w/9WTpP/hgrcDncWfA')}  # what the engine answered: outputs, "an error" or "the end of the process"
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
