"""A failure of a runtime as a program: loads the same model, sends the same requests, compares the answers.

Owns the scripts for programs (`exec:`) and for Python objects (`python:`), which do not need this project;
leaves those for servers to `report.reproducer`. Serves `conformance` (CNF-REP-03).
"""

import base64
import json
from collections.abc import Sequence

from lepton_conformance.report.program import MAX_SHOWN_BYTES, Heading
from lepton_conformance.subject.exchange import LineExchange
from lepton_conformance.subject.tensor_lines import WrongTensor, read_value

__all__ = ["runtime_script"]

#: Python refuses source that is nested much deeper.
_MAX_BRACKETS = 50
#: How much of a model and of its tensors is shown in comments.
_MAX_COMMENT_LINES = 24
_MAX_COMMENT_CHARACTERS = 400
_MAX_SHOWN_ELEMENTS = 64

_HEAD = '''\
"""{title}

{text}

The suite {message}
Fingerprint: {fingerprint}
Usage: python {name}{usage}. Sends the same requests again; ends with 1 while {shows}.
"""
{imports}

# (request, answer found or None, content of the file to load in base64 or None, files beside it)
LINES = [
{exchanges}
]
'''

_PROGRAM = '''

class Subject:
    """The program, behind the stdio protocol."""

    def __init__(self):
        command = sys.argv[1:] or shlex.split({target!r})
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        self.program = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=quiet, text=True)
        self.hello = self.program.stdout.readline().strip()
        print("hello:", self.hello[:300])

    def answer(self, request):
        try:
            print(json.dumps(request), file=self.program.stdin, flush=True)
        except BrokenPipeError:
            return None
        line = self.program.stdout.readline()
        return json.loads(line) if line else None

    def ends(self):
        try:
            return self.program.wait(10) == 0
        except subprocess.TimeoutExpired:
            return False


def error_of(error):
    return (error.get("code"), bool(error.get("message"))) if isinstance(error, dict) else "no object"


def described(answer):
    return answer.get("inputs"), answer.get("outputs")
'''

_OBJECT = '''
ITEMS = {{"BOOL": "?", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}}
for size in (1, 2, 4, 8):
    ITEMS |= {{f"INT{{size * 8}}": f"<i{{size}}", f"UINT{{size * 8}}": f"<u{{size}}"}}


def decode(value):
    data, elements = base64.b64decode(value["data"]), []
    if value["datatype"] != "BYTES":
        return np.frombuffer(data, ITEMS[value["datatype"]]).reshape(value["shape"]).copy()
    while data:
        end = 4 + int.from_bytes(data[:4], "little")
        elements, data = [*elements, data[4:end]], data[end:]
    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    return array.reshape(value["shape"])


def encode(name, array):
    if array.dtype == object:
        datatype, data = "BYTES", b"".join(len(v).to_bytes(4, "little") + v for v in array.ravel())
    else:
        names = {{np.dtype(kind): key for key, kind in ITEMS.items()}}
        datatype, data = names.get(array.dtype, str(array.dtype)), array.tobytes()
    shape = list(array.shape)
    return {{"name": name, "datatype": datatype, "shape": shape, "data": base64.b64encode(data).decode()}}


class Subject:
    """The object, in this process."""

    hello = ""

    def ends(self):
        return True

    def __init__(self):
        sys.path.insert(0, "")
        module, _, attribute = {target!r}.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        self.adapter = found() if isinstance(found, type) or not hasattr(found, "load") else found
        self.models, self.given = {{}}, []
        print("object:", self.adapter.name, self.adapter.version)

    def answer(self, request):
        try:
            return self.call(request)
        except Exception as error:
            return {{"error": f"{{type(error).__name__}}: {{error}}"}}

    def call(self, request):
        if request["op"] == "load":
            name = f"m{{len(self.models)}}"
            self.models[name] = self.adapter.load(request["path"])
            return {{"model": name}}
        if request["op"] == "unload":
            self.models.pop(request["model"]).close()
            return {{}}
        inputs = {{value["name"]: decode(value) for value in request["inputs"]}}
        before = {{name: repr(array.tolist()) for name, array in inputs.items()}}
        outputs = self.models[request["model"]].infer(dict(inputs))
        changed = [name for name, array in inputs.items() if repr(array.tolist()) != before[name]]
        earlier = sorted({{name for name, array, kept in self.given if repr(array.tolist()) != kept}})
        self.given += [(name, array, repr(array.tolist())) for name, array in outputs.items()]
        others = {{name: [v for k, v in outputs.items() if k != name] for name in outputs}}
        shared = [
            name
            for name, array in outputs.items()
            if any(np.shares_memory(array, other) for other in [*inputs.values(), *others[name]])
        ]
        observed = {{"changedInputs": changed, "changedOutputs": earlier, "sharedOutputs": shared}}
        return {{"outputs": [encode(*item) for item in outputs.items()], "observed": observed}}


def error_of(error):
    return "error"


def described(answer):
    return "done"
'''

_LISTEN = """
import socket, threading, time

visits = []
try:
    listener = socket.create_server(("127.0.0.1", {port}))  # the file of a model names this port
except OSError as error:
    print("cannot listen:", error)
    sys.exit(2)


def listen():
    while True:
        connection, address = listener.accept()
        visits.append(address)
        connection.close()


threading.Thread(target=listen, daemon=True).start()
"""

_VISITED = """time.sleep(0.3)
print("connections to port {port}:", len(visits))
same = bool(visits)
"""

_TAIL = '''

def essence(operation, answer):
    """Return what two answers have in common when they say the same."""
    if answer is None:
        return "no answer"
    if "error" in answer or operation != "infer":
        return error_of(answer["error"]) if "error" in answer else described(answer)
    outputs = answer.get("outputs")
    listed = isinstance(outputs, list)
    return sorted(map(json.dumps, outputs)) if listed else outputs, answer.get("observed")


subject, models, same = Subject(), {{}}, True
with tempfile.TemporaryDirectory() as folder:
    for number, (request, then, content, *beside) in enumerate(LINES):
        if request is None:
            same = same and subject.hello == then
            continue
        if content is not None:
            request["path"] = os.path.join(folder, f"{{number}}.onnx")
            with open(request["path"], "wb") as file:
                file.write(base64.b64decode(content))
            for name, data in beside:
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(base64.b64decode(data))
        if "model" in request:
            request["model"] = models.get(request["model"], request["model"])
        now = subject.answer(request)
        if request["op"] == "shutdown":
            same = same and not (now is not None and subject.ends())
            continue
        if request["op"] == "load" and then and now and "model" in then and "model" in now:
            models[then["model"]] = now["model"]
        same = same and essence(request["op"], now) == essence(request["op"], then)
        for what, value in (("sent", request), ("found now", now), ("found then", then)):
            print(f"{{what:10}} {{str(value)[:{shown}]}}")
{visited}print({message!r})
sys.exit(same)
'''


def runtime_script(exchanges: Sequence[LineExchange], locator: str, heading: Heading) -> str:
    """Return a stand-alone Python program that replays exchanges with a runtime."""
    kind, _, target = locator.partition(":")
    if kind == "python":
        imports = "import base64, importlib, json, os, sys, tempfile\n\nimport numpy as np"
        usage, body = " (from the folder of the module)", _OBJECT
    else:
        imports = "import base64, json, os, shlex, subprocess, sys, tempfile"
        usage, body = " [COMMAND...]", _PROGRAM
    written = "\n".join(_entry(exchange) for exchange in exchanges)
    port = next((exchange.visited for exchange in exchanges if exchange.visited is not None), None)
    listen = "" if port is None else _LISTEN.format(port=port)
    values = heading.values() | {
        "shows": "the same answers come back" if port is None else "the port in the file is connected to",
        "visited": "" if port is None else _VISITED.format(port=port),
        "usage": usage,
        "imports": imports,
        "exchanges": written,
        "target": target,
        "shown": MAX_SHOWN_BYTES,
    }
    head, subject, tail = (part.format_map(values) for part in (_HEAD, body, _TAIL))
    return head + listen + subject + tail


def _entry(exchange: LineExchange) -> str:
    if not exchange.sent:  # the hello, which nobody asks for
        return f"    (None, {(exchange.received or '').strip()!r}, None),"
    content = None if exchange.file is None else exchange.file_base64()
    beside = "".join(f", {(name, base64.b64encode(data).decode())!r}" for name, data in exchange.beside)
    request, answer = json.loads(exchange.sent), _answer(exchange.received)
    return f"{_comment(exchange)}    ({request!r}, {answer}, {content!r}{beside}),"


def _comment(exchange: LineExchange) -> str:
    """Return comment lines that show the model and the tensors of an exchange to a reader."""
    lines = [] if exchange.file is None else _model_text(exchange.file)
    for what, line in (("sent", exchange.sent), ("found", exchange.received)):
        lines += [f"{what} {value}" for value in _tensors(line)]
    plain = [line.encode("ascii", "backslashreplace").decode()[:_MAX_COMMENT_CHARACTERS] for line in lines]
    return "".join(
        f"    # {''.join(mark if mark.isprintable() else ' ' for mark in line).rstrip()}\n" for line in plain
    )


def _model_text(content: bytes) -> list[str]:
    """Return the nodes of a model, inputs and constants first; nothing for what is no model."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        text: str = onnx.printer.to_text(onnx.load_from_string(content))
    except (DecodeError, RuntimeError, ValueError):
        return []
    lines = text[text.find("graph") :].splitlines()
    return lines[:_MAX_COMMENT_LINES] + ["..."] * (len(lines) > _MAX_COMMENT_LINES)


def _tensors(line: str | None) -> list[str]:
    """Return the tensors of a request or an answer, small ones with their elements."""
    try:
        message = json.loads(line or "{}")
    except (ValueError, RecursionError):
        return []
    listed = message.get("inputs", message.get("outputs")) if isinstance(message, dict) else None
    found = []
    for entry in listed if isinstance(listed, list) else []:
        try:
            name, array = read_value(entry)
        except WrongTensor:
            continue
        elements = array.tolist() if array.size <= _MAX_SHOWN_ELEMENTS else "..."
        found.append(f"{name} {entry['datatype']}{list(array.shape)} = {elements}")
    return found


def _answer(line: str | None) -> str:
    """Return an expression for an answer; None when there was none that a script could compare.

    NaN is no Python name: an answer with it is read from its JSON text.
    """
    try:
        value = None if line is None else json.loads(line)
        written = json.dumps(value)
    except (ValueError, RecursionError):
        return "None"
    if not isinstance(value, dict):
        return "None"
    plain = "NaN" not in written and "Infinity" not in written and written.count("[") < _MAX_BRACKETS
    return repr(value) if plain else f"json.loads({written!r})"
