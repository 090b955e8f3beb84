// An adapter for onnxruntime-node and onnxruntime-web. Copy it, change the places marked HERE, and certify your own:
//
// lepton certify "exec:node onnxruntime_adapter.mjs node" --profile runtime
// lepton certify "exec:node onnxruntime_adapter.mjs web" --profile runtime

import { serve, Unsupported } from "./lepton_stdio.mjs";

// onnxruntime reports to its maker over the network unless told otherwise before it is loaded.
process.env.ORT_DISABLE_TELEMETRY ??= "1";
const platform = process.argv[2] === "web" ? "web" : "node";
const ort = await import(`onnxruntime-${platform}`); // HERE: your runtime
if (platform === "web") ort.env.wasm.numThreads = 1;

const DATATYPES = { // HERE: your runtime's names for the standard's datatypes
  bool: "BOOL", string: "BYTES", float16: "FP16", float32: "FP32", float64: "FP64",
  int8: "INT8", int16: "INT16", int32: "INT32", int64: "INT64",
  uint8: "UINT8", uint16: "UINT16", uint32: "UINT32", uint64: "UINT64",
};
const KINDS = Object.fromEntries(Object.entries(DATATYPES).map(([kind, datatype]) => [datatype, kind]));
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function described({ name, type, shape }) {
  const sizes = shape.map((size) => (typeof size === "number" ? size : -1));
  return { name, datatype: DATATYPES[type], shape: sizes };
}

function tensor({ datatype, shape, data }) {
  const elements = datatype === "BYTES" ? data.map((bytes) => UTF8.decode(bytes)) : data;
  return new ort.Tensor(KINDS[datatype], elements, shape);
}

function value({ type, dims, data }) {
  const elements = type === "string" ? data.map((text) => Buffer.from(text)) : data;
  return { datatype: DATATYPES[type], shape: dims, data: elements };
}

function refused(error) { // HERE: how your runtime says that it lacks something
  const lacking = /Could not find an implementation|does not support/.test(error?.message);
  throw lacking ? new Unsupported(error.message) : error;
}

async function load(path) {
  const session = await ort.InferenceSession.create(path).catch(refused); // HERE: load
  return {
    inputs: session.inputMetadata.map(described),
    outputs: session.outputMetadata.map(described),
    async infer(inputs) {
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, given]) => [name, tensor(given)]));
      const found = await session.run(feeds).catch(refused); // HERE: compute
      return Object.fromEntries(Object.entries(found).map(([name, output]) => [name, value(output)]));
    },
    close: () => session.release(),
  };
}

await serve({
  name: `onnxruntime-${platform}`,
  version: ort.env.versions[platform],
  capabilities: { datatypes: Object.values(DATATYPES), formats: ["onnx"] }, // HERE: what yours can do
  load,
});
