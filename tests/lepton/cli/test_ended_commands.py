"""A command that is told to end while it works: an honest exit code, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

RECIPE = """
lepton: "1.0"
id: slow
version: 1.0.0
language: en
title: {en: Slow}
license: MIT
card:
  intendedUse: {en: Tests.}
  outOfScopeUse: {en: Tests.}
  limitations: {en: Tests.}
  personalData: {status: none}
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_pack_that_is_ended_leaves_nothing(tmp_path: Path, number: signal.Signals, code: int) -> None:
    layers = 600
    nodes = [helper.make_node("MatMul", [f"v{at}", "w"], [f"v{at + 1}"]) for at in range(layers)]
    weight = numpy_helper.from_array(np.eye(256, dtype=np.float32), "w")
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [512, 256]) for name in ("v0", f"v{layers}")
    ]
    graph = helper.make_graph(nodes, "slow", ends[:1], ends[1:], [weight])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8),
        tmp_path / "m.onnx",
    )
    (tmp_path / "recipe.yml").write_text(RECIPE)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "lepton", "pack", str(tmp_path / "m.onnx"), "-o", str(tmp_path / "o")]
    running = subprocess.Popen(
        command, env={**os.environ, "TMPDIR": str(scratch)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 60
        while not list(scratch.iterdir()):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(number)
        _, errors = running.communicate(timeout=60)
    finally:
        running.kill()

    assert (running.returncode, errors.decode()) == (code, "")
    assert list(scratch.iterdir()) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["m.onnx", "recipe.yml", "scratch"]
