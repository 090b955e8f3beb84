// Put an adapter behind the stdio protocol of the standard's chapter `runtime`. Copy this file beside your adapter
// and call `serve(runtime)`: an object with `name`, `version`, `capabilities` and `load(path)`. A model has `inputs`
// and `outputs`, lists of {name, datatype, shape} with -1 for a free size, `infer(inputs)` and `close()`. Inputs and
// outputs of a call are objects from name to {datatype, shape, data}: a typed array, for BYTES an array of Buffers,
// for BOOL a Uint8Array, for FP16 a Uint16Array. Throwing rejects; an `Unsupported` says that something is lacking.

import { createInterface } from "node:readline";

const ARRAYS = {
  BOOL: Uint8Array, UINT8: Uint8Array, UINT16: Uint16Array, UINT32: Uint32Array, UINT64: BigUint64Array,
  INT8: Int8Array, INT16: Int16Array, INT32: Int32Array, INT64: BigInt64Array,
  FP16: Uint16Array, FP32: Float32Array, FP64: Float64Array,
};

export class Unsupported extends Error {}

function decode({ datatype, shape, data }) {
  const bytes = Uint8Array.from(Buffer.from(data, "base64"));
  if (datatype !== "BYTES") return { datatype, shape, data: new ARRAYS[datatype](bytes.buffer) };
  const elements = [];
  for (let at = 0; at < bytes.length; ) { // a 4-byte length before each element
    const end = at + 4 + Buffer.from(bytes).readUInt32LE(at);
    elements.push(Buffer.from(bytes.slice(at + 4, end)));
    at = end;
  }
  return { datatype, shape, data: elements };
}

function encode(name, { datatype, shape, data }) {
  if (datatype !== "BYTES") {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return { name, datatype, shape, data: bytes.toString("base64") };
  }
  const parts = data.flatMap((element) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(element.length);
    return [length, element];
  });
  return { name, datatype, shape, data: Buffer.concat(parts).toString("base64") };
}

async function answer(runtime, request, models) {
  if (request.op === "load") {
    const model = await runtime.load(request.path);
    const name = `m${request.id}`;
    models.set(name, model);
    return { model: name, inputs: model.inputs, outputs: model.outputs };
  }
  if (request.op === "shutdown") return {};
  const model = models.get(request.model);
  if (model === undefined) throw new Error(`model ${request.model} is not loaded`);
  if (request.op === "infer") {
    const inputs = Object.fromEntries(request.inputs.map((value) => [value.name, decode(value)]));
    const outputs = await model.infer(inputs);
    return { outputs: Object.entries(outputs).map(([name, value]) => encode(name, value)) };
  }
  models.delete(request.model);
  await model.close();
  return {};
}

// Answer requests until shutdown or the end of input.
export async function serve(runtime) {
  console.log = console.info = console.error; // standard output is the protocol's
  const say = (message) => new Promise((done) => process.stdout.write(`${JSON.stringify(message)}\n`, done));
  const { name, version, capabilities } = runtime;
  await say({ lepton: "1.0", protocol: 1, name, version, capabilities });
  const models = new Map();
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const request = JSON.parse(line);
    try {
      await say({ id: request.id, ...(await answer(runtime, request, models)) });
    } catch (error) {
      const refused = request.op === "load" ? "INVALID_MODEL" : "INVALID_INPUT";
      const code = error instanceof Unsupported ? "UNSUPPORTED" : refused;
      await say({ id: request.id, error: { code, message: String(error?.message ?? error) || "rejected" } });
    }
    if (request.op === "shutdown") break;
  }
  process.exit(0); // an engine's threads may still run
}
