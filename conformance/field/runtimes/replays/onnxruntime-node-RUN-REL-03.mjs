// RUN-REL-03 on ONNX Runtime for Node.js
//
// sent y2=Gelu(x1,approximate=tanh) of opset 20, inputs x1 FP64[1,1] with x1[1, 1]; found wrong elements in
// output 'y2': 'found 0.8411919857864306 at [0, 0], expected 0.8411919906082751 to 0.8411919906082783 (4.343e+07
// ULP outside)'
//
// Needs the engine alone, onnxruntime-node, in the working folder. Ends with 1 while the deviation is there.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

process.env.ORT_DISABLE_TELEMETRY ??= "1";
const MODEL = "CAgSEmxlcHRvbi1jb25mb3JtYW5jZTpbCiYKAngxEgJ5MiIER2VsdSoWCgthcHByb3hpbWF0ZSIEdGFuaKABAxIFZ3JhcGhaFAoCeDESDgoMCAsSCAoCCAEKAggBYhQKAnkyEg4KDAgLEggKAggBCgIIAUIECgAQFA=="; // an ONNX file
const BESIDE = {}; // files beside it
const INPUTS = {"x1": ["float64", [1, 1], "AAAAAAAA8D8="]}; // name: [type, shape, little-endian elements, strings as a list]
const THEN = {"y2": ["float64", [1, 1], "QYWTdAvr6j8="]}; // what the engine answered: outputs, "an error" or "the end of the process"
const ENGINE = process.argv[2] ?? "onnxruntime-node";
const ARRAYS = {
  bool: Uint8Array, uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  float16: Uint16Array, float32: Float32Array, float64: Float64Array,
};

async function compute(path) {
  const ort = createRequire(join(process.cwd(), "x.js"))(ENGINE);
  if (ENGINE === "onnxruntime-web") ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(path);
  const feeds = {};
  for (const [name, [type, shape, data]] of Object.entries(INPUTS)) {
    const bytes = () => Uint8Array.from(Buffer.from(data, "base64")).buffer;
    const elements = type === "string" ? data : new ARRAYS[type](bytes());
    feeds[name] = new ort.Tensor(type, elements, shape);
  }
  const found = {};
  for (const [name, { type, dims, data }] of Object.entries(await session.run(feeds))) {
    const bytes = (kept) => Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString("base64");
    found[name] = [type, dims, type === "string" ? data : bytes(data)];
  }
  return found;
}

if (process.argv[3] !== undefined) {
  console.log(`\n${JSON.stringify(await compute(process.argv[3]))}`);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "replay-"));
for (const [name, data] of Object.entries({ "model.onnx": MODEL, ...BESIDE }))
  writeFileSync(join(folder, name), Buffer.from(data, "base64"));
const own = fileURLToPath(import.meta.url);
const run = spawnSync("node", [own, ENGINE, join(folder, "model.onnx")], { encoding: "utf-8" });
rmSync(folder, { recursive: true });
const ended = run.signal ? "the end of the process" : "an error";
const now = run.status === 0 ? JSON.parse(run.stdout.trim().split("\n").at(-1)) : ended;
for (const [label, value] of Object.entries({ inputs: INPUTS, then: THEN, now })) console.log(label, value);
if (typeof now === "string") console.log(run.stderr.slice(-1500));
process.exit(JSON.stringify(now) === JSON.stringify(THEN) ? 1 : 0);
