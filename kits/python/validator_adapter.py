"""The reference validator behind the stdio protocol of validators: the adapter to copy for another one.

lepton certify "exec:python validator_adapter.py" --profile package
"""

import json
import os
import sys
from pathlib import Path


class Validator:
    """HERE: what is certified. `validate` returns one element of `packages` of findings.schema.json."""

    levels = ("quick", "full")

    def __init__(self):
        from lepton.report.document import tool_version

        self.name, self.version = "lepton", tool_version()

    def validate(self, path, level, profile):
        if level == "full":  # loaded once: each replay runs in a fork of this process
            os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
            import onnxruntime  # noqa: F401

            import lepton.runtime.onnxruntime
            import lepton.vectors.replay  # noqa: F401
        from lepton.finding import Report
        from lepton.report.document import document
        from lepton.validate import validate_anything

        report = validate_anything(Path(path), level=level, profile=profile)
        return document(Report((report,), level))["packages"][0]


def answer(validator, request):
    """Return the members of the answer to one request."""
    if request["op"] == "shutdown":
        return {}
    if request["op"] != "validate":
        return {"error": {"code": "UNSUPPORTED", "message": f"found the operation {request['op']!r}"}}
    if not os.path.lexists(request["path"]):
        return {"error": {"code": "NOT_FOUND", "message": f"there is no {request['path']!r}"}}
    profile = request.get("profile", "package")
    if request["level"] not in validator.levels:
        return {"error": {"code": "UNSUPPORTED", "message": f"found the level {request['level']!r}"}}
    return {"report": validator.validate(request["path"], request["level"], profile)}


def serve(validator):
    """Answer requests until shutdown or the end of input."""
    protocol = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed goes to standard error
    hello = {"lepton": "1.0", "protocol": 1, "name": validator.name, "version": validator.version}
    hello["capabilities"] = {"validate": list(validator.levels)}
    print(json.dumps(hello), file=protocol, flush=True)
    for request in map(json.loads, sys.stdin):
        try:
            message = answer(validator, request)
        except Exception as error:
            message = {"error": {"code": "INTERNAL", "message": f"{type(error).__name__}: {error}"[:500]}}
        print(json.dumps({"id": request["id"], **message}), file=protocol, flush=True)
        if request["op"] == "shutdown":
            return


if __name__ == "__main__":
    serve(Validator())
