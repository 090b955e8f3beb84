"""Programs that show a deviation with the engine alone, made from the reproducers of `lepton certify`.

Owns what such a program looks like for each engine; leaves to a person whether it shows what it should. It
has the model, the input, what the engine answered and what is right. Serves `runtime`.
"""

import ast
import base64
import json
import textwrap
from pathlib import Path
from typing import Any

from field.runtimes.catalogue import JAVASCRIPT, Engine

__all__ = ["read_lines", "script"]

_PYTHON = {
    "onnx-reference": """
import onnx
from onnx.reference import ReferenceEvaluator

def compute(path, inputs):
    evaluator = ReferenceEvaluator(onnx.load(path))
    return dict(zip(evaluator.output_names, map(np.array, evaluator.run(None, inputs))))
""",
    "onnxruntime": """
import onnxruntime

def compute(path, inputs):
    options = onnxruntime.SessionOptions()
    if "unoptimised" in sys.argv[1]:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return dict(zip([value.name for value in session.get_outputs()], session.run(None, inputs)))
""",
    "openvino": """
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
""",
    "tract": """
import tract

def compute(path, inputs):
    runnable = tract.onnx().load(path).into_model().into_runnable()
    found = runnable.run(list(inputs.values()))
    return {name: tensor.to_numpy() for name, tensor in zip(OUTPUTS, found)}
""",
    "torch": """
import torch

operators = torch.library.Library("torchvision", "FRAGMENT")
if not torch.version.cuda:  # else torchvision does not import beside a PyTorch without CUDA
    for operator in ("nms", "qnms"):
        operators.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import onnx
from onnx2pytorch import ConvertModel

def compute(path, inputs):
    model = onnx.load(path)
    module = ConvertModel(model, experimental=True).eval()
    given = tuple(torch.from_numpy(np.array(array)) for array in inputs.values())
    if "export" in sys.argv[1]:
        constants = {value.name for value in model.graph.initializer}
        types = [value.type.tensor_type for value in model.graph.input if value.name not in constants]
        fixed = [[d.dim_value if d.HasField("dim_value") else None for d in t.shape.dim] for t in types]
        sizes = [[3 if size is None else size for size in shape] for shape in fixed]
        kinds = [onnx.helper.tensor_dtype_to_np_dtype(t.elem_type) for t in types]
        example = tuple(torch.from_numpy(np.ones(*pair)) for pair in zip(sizes, kinds))
        auto = torch.export.Dim.AUTO
        free = tuple({axis: auto for axis, size in enumerate(shape) if size is None} for shape in fixed)
        module = torch.export.export(module, example, dynamic_shapes=(free,) if example else None).module()
    with torch.inference_mode():
        found = module(*given)
    return dict(zip(OUTPUTS, map(np.array, found if isinstance(found, (tuple, list)) else (found,))))
""",
}
_PYTHON_HEAD = '''"""{title}

{message}

Needs the engine alone: {packages}. Ends with 1 while the deviation is there, with 0 when it is gone.
"""
import base64, os, subprocess, sys, tempfile
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import numpy as np

MODEL = {model!r}  # an ONNX file
BESIDE = {beside!r}  # files beside it
INPUTS = {inputs!r}  # name: (type, shape, little-endian elements, strings as a list)
OUTPUTS = {outputs!r}
THEN = {then!r}  # what the engine answered: outputs, "an error" or "the end of the process"
sys.argv[1:] = sys.argv[1:] or [{engine!r}]
'''
_PYTHON_TAIL = """
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
        print("\\n", {name: written(np.asarray(value)) for name, value in found.items()}, flush=True)
        os._exit(0)
run = subprocess.run([sys.executable, __file__, sys.argv[1], "now"], capture_output=True, text=True)
if run.returncode < 0:
    now = "the end of the process"
elif run.returncode:
    now = "an error"
else:
    now = eval(run.stdout.strip().splitlines()[-1])
print(__doc__, "inputs:", {name: array(*given) for name, given in INPUTS.items()}, "", sep="\\n")
for label, said in (("then", THEN), ("now", now)):
    print(label, said if isinstance(said, str) else {name: array(*value) for name, value in said.items()})
if isinstance(now, str):
    print(run.stderr[-1500:])
sys.exit(now == THEN)
"""
_NODE = """// {title}
//
{message}
//
// Needs the engine alone, {packages}, in the working folder. Ends with 1 while the deviation is there.
import {{ spawnSync }} from "node:child_process";
import {{ mkdtempSync, rmSync, writeFileSync }} from "node:fs";
import {{ createRequire }} from "node:module";
import {{ tmpdir }} from "node:os";
import {{ join }} from "node:path";
import {{ fileURLToPath }} from "node:url";

process.env.ORT_DISABLE_TELEMETRY ??= "1";
const MODEL = {model}; // an ONNX file
const BESIDE = {beside}; // files beside it
const INPUTS = {inputs}; // name: [type, shape, little-endian elements, strings as a list]
const THEN = {then}; // what the engine answered: outputs, "an error" or "the end of the process"
const ENGINE = process.argv[2] ?? {engine};
const ARRAYS = {{
  bool: Uint8Array, uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  float16: Uint16Array, float32: Float32Array, float64: Float64Array,
}};

async function compute(path) {{
  const ort = createRequire(join(process.cwd(), "x.js"))(ENGINE);
  if (ENGINE === "onnxruntime-web") ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(path);
  const feeds = {{}};
  for (const [name, [type, shape, data]] of Object.entries(INPUTS)) {{
    const bytes = () => Uint8Array.from(Buffer.from(data, "base64")).buffer;
    const elements = type === "string" ? data : new ARRAYS[type](bytes());
    feeds[name] = new ort.Tensor(type, elements, shape);
  }}
  const found = {{}};
  for (const [name, {{ type, dims, data }}] of Object.entries(await session.run(feeds))) {{
    const bytes = (kept) => Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString("base64");
    found[name] = [type, dims, type === "string" ? data : bytes(data)];
  }}
  return found;
}}

if (process.argv[3] !== undefined) {{
  console.log(`\\n${{JSON.stringify(await compute(process.argv[3]))}}`);
  process.exit(0);
}}
const folder = mkdtempSync(join(tmpdir(), "replay-"));
for (const [name, data] of Object.entries({{ "model.onnx": MODEL, ...BESIDE }}))
  writeFileSync(join(folder, name), Buffer.from(data, "base64"));
const own = fileURLToPath(import.meta.url);
const run = spawnSync("node", [own, ENGINE, join(folder, "model.onnx")], {{ encoding: "utf-8" }});
rmSync(folder, {{ recursive: true }});
const ended = run.signal ? "the end of the process" : "an error";
const now = run.status === 0 ? JSON.parse(run.stdout.trim().split("\\n").at(-1)) : ended;
for (const [label, value] of Object.entries({{ inputs: INPUTS, then: THEN, now }})) console.log(label, value);
if (typeof now === "string") console.log(run.stderr.slice(-1500));
process.exit(JSON.stringify(now) === JSON.stringify(THEN) ? 1 : 0);
"""
_NUMPY = {
    "BOOL": "|b1",
    "BYTES": "O",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
    "INT8": "|i1",
    "UINT8": "|u1",
}
_NODE_TYPES = {"BOOL": "bool", "BYTES": "string", "FP16": "float16", "FP32": "float32", "FP64": "float64"}


def read_lines(reproducer: Path) -> list[tuple[Any, ...]]:
    """Return the exchanges that a reproducer replays.

    Each has the request, the answer, the content of the file to load, and the files beside it.
    """
    for node in ast.parse(reproducer.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LINES":
            found: list[tuple[Any, ...]] = ast.literal_eval(node.value)
            return found
    raise ValueError(f"{reproducer}: found no LINES")


def script(engine: Engine, reproducer: Path, message: str) -> tuple[str, str]:
    """Return name and text of a program that shows the last answer of a reproducer with the engine alone."""
    lines = [entry for entry in read_lines(reproducer) if entry[0] and entry[0]["op"] in ("load", "infer")]
    _, loaded, content, *beside = [entry for entry in lines if entry[2]][-1]
    request, answer, *_ = lines[-1]
    node = engine.environment == JAVASCRIPT.name
    inputs = {} if request["op"] == "load" else {v["name"]: _value(v, node) for v in request["inputs"]}
    then: Any = "the end of the process" if answer is None else "an error"
    if answer is not None and "outputs" in answer:
        then = {value["name"]: _value(value, node) for value in answer["outputs"]}
    outputs = [value["name"] for value in (loaded or {}).get("outputs", ())]
    title = f"{reproducer.stem} on {engine.title}"
    fill = {"title": title, "model": content, "beside": dict(beside), "inputs": inputs, "then": then}
    fill["engine"] = engine.name
    name = f"{engine.name}-{reproducer.stem}"
    wrapped = textwrap.wrap(message, 110)[:12]
    packages = ", ".join(engine.packages)
    if node:
        written = {key: json.dumps(fill[key]) for key in ("model", "beside", "inputs", "then", "engine")}
        shown = "\n".join(f"// {line}" for line in wrapped)
        return f"{name}.mjs", _NODE.format(title=title, message=shown, packages=packages, **written)
    head = _PYTHON_HEAD.format(
        **fill, message="\n".join(wrapped).replace("\\", "/"), packages=packages, outputs=outputs
    )
    return f"{name}.py", head + _PYTHON[engine.environment] + _PYTHON_TAIL


def _value(value: dict[str, Any], node: bool) -> tuple[str, list[int], Any]:
    """Return a tensor as a program has it: type, shape, elements."""
    datatype, data = value["datatype"], value["data"]
    if datatype == "BYTES":
        rest, elements = base64.b64decode(data), []
        while rest:
            end = 4 + int.from_bytes(rest[:4], "little")
            elements.append(rest[4:end].decode("utf-8", "replace"))
            rest = rest[end:]
        data = elements
    if node:
        kind = _NODE_TYPES.get(datatype, datatype.lower())
    else:
        kind = _NUMPY.get(datatype) or f"<{datatype[0].lower()}{int(datatype.strip('UINT')) // 8}"
    return kind, list(value["shape"]), data
