"""RUN-OPS-01 on OpenVINO from Python

sent y2=Softplus(x1) of opset 17, inputs x1 FP32[2,2] with x1[2, 2]; found wrong elements in output 'y2':
'found 7.62939453125e-06 at [0, 1], expected -1.19674950838089e-07 to 1.19674950838089e-07 (5.284e+08 ULP
outside)'

Needs the engine alone: openvino. Ends with 1 while the deviation is there, with 0 when it is gone.
"""
import base64, os, subprocess, sys, tempfile
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import numpy as np

MODEL = 'CAgSEmxlcHRvbi1jb25mb3JtYW5jZTpHChIKAngxEgJ5MiIIU29mdHBsdXMSBWdyYXBoWhQKAngxEg4KDAgBEggKAggCCgIIAmIUCgJ5MhIOCgwIARIICgIIAgoCCAJCBAoAEBE='  # an ONNX file
INPUTS = {'x1': ('<f4', [2, 2], 'AAAAABx6psIAAAAAAAAAAA==')}  # name: (type, shape, little-endian elements, strings as a list)
OUTPUTS = ['y2']
THEN = {'y2': ('<f4', [2, 2], 'GXIxPwAAADcZcjE/GXIxPw==')}  # what the engine answered: outputs, "an error" or "the end of the process"
sys.argv[1:] = sys.argv[1:] or ['openvino']

sys.modules["openvino_telemetry"] = None
import openvino

def compute(path, inputs):
    core = openvino.Core()
    model = core.read_model(path)
    names = [port.any_name for port in model.inputs]
    if set(names) != set(inputs):
        raise ValueError(f"the model file has the inputs {sorted(inputs)}, OpenVINO says {names}")
    precision = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY"}
    request = core.compile_model(model, "CPU", precision).create_infer_request()
    for index, name in enumerate(names):
        request.set_input_tensor(index, openvino.Tensor(np.array(inputs[name], order="C")))
    request.infer()
    tensors = [request.get_output_tensor(index) for index in range(len(model.outputs))]
    return {port.any_name: tensor.data for port, tensor in zip(model.outputs, tensors)}

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
