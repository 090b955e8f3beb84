"""Replay the vectors of the stage model with onnxruntime and nothing else: the peer of a full validation.

Owns the least that replaying takes: read the vectors, load the artifact, compute, compare. It digests
nothing, judges nothing and tries no wrong model. One thread, as ours, so that both compute alike.
"""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

# It reports to its maker over the network unless told otherwise before its import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

KINDS = {"FP32": "<f4", "FP64": "<f8", "INT64": "<i8", "INT32": "<i4", "UINT8": "|u1"}


def array_of(tensor: dict[str, Any]) -> "np.ndarray[Any, Any]":
    """Return the array of a tensor in a vectors document."""
    return np.frombuffer(base64.b64decode(tensor["data"]), KINDS[tensor["datatype"]]).reshape(tensor["shape"])


def main() -> int:
    """Replay the package in the directory that is named; return 0 when every vector passes."""
    folder = Path(sys.argv[1])
    manifest = json.loads((folder / "lepton.json").read_bytes())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / manifest["artifacts"][0]["entry"]), options, providers=["CPUExecutionProvider"]
    )
    failed = 0
    for path in manifest["vectors"]:
        for vector in json.loads((folder / path).read_bytes())["vectors"]:
            if vector["stage"] != "model":
                continue
            names = [tensor["name"] for tensor in vector["expected"]]
            answers = session.run(names, {one["name"]: array_of(one) for one in vector["inputs"]})
            rules = {one["output"]: one for one in vector["comparisons"]}
            for tensor, answer in zip(vector["expected"], answers, strict=True):
                rule = rules[tensor["name"]]
                wanted = array_of(tensor).astype(np.float64)
                close = abs(answer - wanted) <= rule.get("atol", 0) + rule.get("rtol", 0) * abs(wanted)
                failed += not close.all()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
