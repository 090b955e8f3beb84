"""A failure of a validator as a program: writes the same packages, asks for them, compares the reports.

Owns that script, which does not need this project; leaves what scripts have in common to `report.program`.
Serves `conformance` (CNF-REP-03).
"""

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

from lepton_conformance.report.program import MAX_SHOWN_BYTES, Heading
from lepton_conformance.subject.exchange import LineExchange, PackageExchange

__all__ = ["package_script"]

#: How many bytes of a package's files are named in a comment.
_MAX_NAMED_FILES = 12
_MAX_NAME_CHARACTERS = 80
_WIDTH = 100

_HEAD = '''\
"""{title}

{text}

The suite {message}
Fingerprint: {fingerprint}
Usage: python {name} [COMMAND...]. Writes the same packages and asks again; ends with 1 while the reports are
those that were found.
"""
import base64, json, os, shlex, subprocess, sys, tempfile, zlib

# Each: request, answer found or None, package (zlib, Base64 of a JSON object: files and archive in Base64,
# links to their targets, pipes) or None. A request without a package names a path where nothing is.
LINES = [
{exchanges}
]


def write(package, folder, number):
    """Write a package and return its path."""
    tree = json.loads(zlib.decompress(base64.b64decode("".join(package.split()))))
    path = os.path.join(folder, f"{{number}}")
    if "archive" in tree:
        path += ".lepton"
        with open(path, "wb") as file:
            file.write(base64.b64decode(tree["archive"]))
        return path
    os.mkdir(path)
    for kind in ("files", "links", "pipes"):
        for name, value in tree[kind].items():
            target = os.path.join(path, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if kind == "files":
                with open(target, "wb") as file:
                    file.write(base64.b64decode(value))
            elif kind == "links":
                os.symlink(value, target)
            else:
                os.mkfifo(target)
    return path


def essence(answer):
    """Return what two answers have in common when they say the same."""
    if not isinstance(answer, dict):
        return "no answer"
    report = answer.get("report")
    if not isinstance(report, dict):
        return "error", str((answer.get("error") or {{}}).get("code"))
    members = ("requirement", "severity", "file", "pointer")
    found = [[str(one.get(member)) for member in members] for one in report.get("findings") or []]
    missing = sorted(str(one.get("requirement")) for one in report.get("notChecked") or [])
    return report.get("verdict"), found, missing, sorted(report.get("checked") or []), sorted(report)


command = sys.argv[1:] or shlex.split({target!r})
pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
program = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=quiet, encoding="utf-8")
hello, same = program.stdout.readline().strip(), True
print("hello:", hello[:300])
with tempfile.TemporaryDirectory() as folder:
    for number, (request, then, package) in enumerate(LINES):
        if request is None:
            same = same and hello == then
            continue
        if package is not None:
            request["path"] = write(package, folder, number)
        elif "path" in request:
            request["path"] = os.path.join(folder, "nothing")
        try:
            print(json.dumps(request), file=program.stdin, flush=True)
        except BrokenPipeError:
            pass
        line = program.stdout.readline()
        now = json.loads(line) if line else None
        if request["op"] == "shutdown":
            same = same and not (now is not None and program.wait(10) == 0)
            continue
        same = same and essence(now) == essence(then)
        for what, value in (("sent", request), ("found now", now), ("found then", then)):
            print(f"{{what:10}} {{json.dumps(value)[:{shown}]}}")
program.kill()
print({message!r})
sys.exit(same)
'''


def package_script(
    exchanges: Sequence[PackageExchange | LineExchange], locator: str, heading: Heading
) -> str:
    """Return a stand-alone Python program that replays exchanges with a validator."""
    values = heading.values() | {
        "exchanges": "\n".join(_entry(exchange) for exchange in exchanges),
        "target": locator.partition(":")[2],
        "shown": MAX_SHOWN_BYTES,
    }
    return _HEAD.format_map(values)


def _entry(exchange: PackageExchange | LineExchange) -> str:
    if not exchange.sent:  # the hello, which nobody asks for
        return f"    (None, {(exchange.received or '').strip()!r}, None),"
    request = json.loads(exchange.sent)
    try:
        answer = repr(None if exchange.received is None else json.loads(exchange.received))
    except (ValueError, RecursionError):
        answer = "None"
    package = isinstance(exchange, PackageExchange) and (exchange.archive is not None or exchange.files)
    links = isinstance(exchange, PackageExchange) and bool(exchange.links or exchange.pipes)
    if not isinstance(exchange, PackageExchange) or not (package or links):
        return f"    ({request!r}, {answer}, None),"
    text = base64.b64encode(zlib.compress(json.dumps(_tree(exchange)).encode(), 9)).decode()
    lines = "\n".join(text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH))
    return f'{_comment(exchange)}    ({request!r}, {answer}, """\n{lines}\n"""),'


def _tree(exchange: PackageExchange) -> dict[str, Any]:
    if exchange.archive is not None:
        return {"archive": base64.b64encode(exchange.archive).decode()}
    files = {path: base64.b64encode(data).decode() for path, data in exchange.files.items()}
    return {"files": files, "links": dict(exchange.links), "pipes": dict.fromkeys(exchange.pipes, "")}


def _comment(exchange: PackageExchange) -> str:
    """Return comment lines that name the files of a package."""
    if exchange.archive is not None:
        listed = [f"one ZIP file of {len(exchange.archive)} bytes"]
    else:
        listed = [f"{path}: {len(data)} bytes" for path, data in exchange.files.items()]
        listed += [f"{path}: a link to {target}" for path, target in exchange.links.items()]
        listed += [f"{path}: a pipe" for path in exchange.pipes]
    more = [f"and {len(listed) - _MAX_NAMED_FILES} more"] if len(listed) > _MAX_NAMED_FILES else []
    plain = [ascii(line)[1:-1][:_MAX_NAME_CHARACTERS] for line in (*listed[:_MAX_NAMED_FILES], *more)]
    return "".join(f"    # {line}\n" for line in plain)
