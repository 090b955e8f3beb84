"""RUN-OPS-09 on tract, in Rust

sent y5,y6,y7=LSTM(x1,x2,x3) of opset 17, inputs x1 FP32[3,2,1], x2 FP32[1,12,1], x3 FP32[1,12,3] with x1[3,
2, 1] x2[1, 12, 1] x3[1, 12, 3]; found the rejection INVALID_INPUT: 'TractError: Evaluating #4 "y5"
Scan/n/nCaused by:/n    0: Setting body inputs/n    1: Clashing resolution for expression. 1=1 != 2.
(TurnState(SymbolValues { values: {} }))/n/nStack backtrace:/n   0:
<anyhow::Error>::msg::<alloc::string::String>/n   1: anyhow::__private::format_err.11273/n   2:
<tract_core::plan::SimpleState<tract_core::model::fact::TypedFact, alloc::boxed::Box<dyn
tract_core::ops::TypedOp>>>::resolve/n   3: <tract_core::plan::SimpleState<tract_core::model::fact::TypedFact,
alloc::boxed::', expected outputs

Needs the engine alone: tract. Ends with 1 while the deviation is there, with 0 when it is gone.
"""
import base64, os, subprocess, sys, tempfile
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import numpy as np

MODEL = 'CAgSEmxlcHRvbi1jb25mb3JtYW5jZTriAQoeCgJ4MQoCeDIKAngzEgJ5NRICeTYSAnk3IgRMU1RNEgVncmFwaFoYCgJ4MRISChAIARIMCgIIAwoCCAIKAggBWhgKAngyEhIKEAgBEgwKAggBCgIIDAoCCAFaGAoCeDMSEgoQCAESDAoCCAEKAggMCgIIA2IlCgJ5NRIfCh0IARIZCgIIAwoCCAEKAggCCgsSCWZyZWVfeTVfM2IhCgJ5NhIbChkIARIVCgIIAQoCCAIKCxIJZnJlZV95Nl8yYiEKAnk3EhsKGQgBEhUKAggBCgIIAgoLEglmcmVlX3k3XzJCBAoAEBE='  # an ONNX file
INPUTS = {'x1': ('<f4', [3, 2, 1], 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'), 'x2': ('<f4', [1, 12, 1], 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'), 'x3': ('<f4', [1, 12, 3], 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')}  # name: (type, shape, little-endian elements, strings as a list)
OUTPUTS = ['y5', 'y6', 'y7']
THEN = 'an error'  # what the engine answered: outputs, "an error" or "the end of the process"
sys.argv[1:] = sys.argv[1:] or ['tract']

import tract

def compute(path, inputs):
    runnable = tract.onnx().load(path).into_model().into_runnable()
    found = runnable.run(list(inputs.values()))
    return {name: tensor.to_numpy() for name, tensor in zip(OUTPUTS, found)}

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
