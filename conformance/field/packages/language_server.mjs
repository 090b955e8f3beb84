// Opens a YAML file in yaml-language-server as an editor does, and prints what it finds wrong, as JSON.
//
// usage: node language_server.mjs SERVER FILE
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const SECONDS = 60;
const [server, file] = process.argv.slice(2);
const child = spawn(process.execPath, [server, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const uri = pathToFileURL(file).href;

function send(message) {
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
  child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
  child.stdin.write(body);
}

function end(status) {
  child.kill();
  process.exit(status);
}

function answer(message) {
  if (message.id === 1 && message.result) {
    const document = { uri, languageId: "yaml", version: 1, text: readFileSync(file, "utf8") };
    send({ method: "initialized", params: {} });
    send({ method: "textDocument/didOpen", params: { textDocument: document } });
  } else if (message.method === "workspace/configuration") {
    send({ id: message.id, result: message.params.items.map(() => null) });
  } else if (message.method === "textDocument/publishDiagnostics") {
    console.log(JSON.stringify(message.params.diagnostics.map((one) => one.message)));
    end(0);
  } else if (message.id !== undefined && message.method) {
    send({ id: message.id, result: null });
  }
}

let data = Buffer.alloc(0);
child.stdout.on("data", (piece) => {
  data = Buffer.concat([data, piece]);
  for (;;) {
    const head = data.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(data.subarray(0, head).toString())[1]);
    if (data.length < head + 4 + length) return;
    const message = JSON.parse(data.subarray(head + 4, head + 4 + length).toString());
    data = data.subarray(head + 4 + length);
    answer(message);
  }
});
const capabilities = { workspace: { configuration: true } };
send({ id: 1, method: "initialize", params: { processId: process.pid, rootUri: null, capabilities } });
setTimeout(() => end(1), SECONDS * 1000);
