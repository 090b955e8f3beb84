"""Any command-line validator behind the stdio protocol: one that prints a report of findings.schema.json.

lepton certify "exec:python command_validator.py NAME VERSION COMMAND..." --profile package

`{path}` and `{level}` in COMMAND are replaced: `lepton validate {path} --level {level} --format json`. The
first element of `packages` in what it prints is the report. It is started for every package.
"""

import json
import os
import subprocess
import sys

SECONDS = 50


def report(command, path, level):
    """Run the command on a package and return its report."""
    words = [word.replace("{path}", path).replace("{level}", level) for word in command]
    done = subprocess.run(words, capture_output=True, timeout=SECONDS, check=False)
    try:
        return json.loads(done.stdout)["packages"][0]
    except (ValueError, KeyError, IndexError) as error:
        said = done.stderr.decode("utf-8", "replace").strip()[-300:]
        raise ValueError(f"exit status {done.returncode} and no report: {said}") from error


def main(name, version, *command):
    """Answer requests until shutdown or the end of input."""
    hello = {"lepton": "1.0", "protocol": 1, "name": name, "version": version}
    levels = ["quick", "full"] if any("{level}" in word for word in command) else ["quick"]
    print(json.dumps({**hello, "capabilities": {"validate": levels}}), flush=True)
    for request in map(json.loads, sys.stdin):
        message = {}
        if request["op"] == "validate" and not os.path.lexists(request["path"]):
            message = {"error": {"code": "NOT_FOUND", "message": f"nothing is at {request['path']!r}"}}
        elif request["op"] == "validate":
            try:
                message = {"report": report(command, request["path"], request["level"])}
            except (OSError, ValueError, subprocess.TimeoutExpired) as error:
                message = {"error": {"code": "INTERNAL", "message": str(error)[:500]}}
        elif request["op"] != "shutdown":
            message = {"error": {"code": "UNSUPPORTED", "message": f"found {request['op']!r}"}}
        print(json.dumps({"id": request["id"], **message}), flush=True)
        if request["op"] == "shutdown":
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
