"""RUN-ADP-03 on OpenVINO from Python, with strings

The identity of strings with dynamic shape, asked twice: the second, larger request ends the process with SIGABRT,
free(): invalid pointer; expected are the strings. The same happens from C++.

Needs the engine alone: openvino. Ends with 1 while the deviation is there, with 0 when it is gone.
"""
import base64, os, subprocess, sys, tempfile
import numpy as np

MODEL = "CAgSEmxlcHRvbi1jb25mb3JtYW5jZTpRChAKAXgSAXkiCElkZW50aXR5Eg9sZXB0b25faWRfYnl0ZXNaFQoBeBIQCg4ICBIKCgMSAU4KAxIBTWIVCgF5EhAKDggIEgoKAxIBTgoDEgFNQgQKABAR"
INPUTS = [[["s1", "s2", "s3"], ["s4", "s5", "s6"]], [["s1"]], [[f"s{row}", f"t{row}"] for row in range(5)]]

if sys.argv[2:] == ["now"]:
    sys.modules["openvino_telemetry"] = None
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        with open(path, "wb") as file:
            file.write(base64.b64decode(MODEL))
        compiled = openvino.Core().compile_model(path, "CPU")
        for elements in INPUTS * 3:
            request = compiled.create_infer_request()
            request.set_tensor("x", openvino.Tensor(np.array(elements)))
            request.infer()
            print(request.get_tensor("y").str_data.tolist(), flush=True)
    sys.exit(0)
run = subprocess.run([sys.executable, __file__, "openvino", "now"], capture_output=True, text=True)
print(__doc__, "inputs", INPUTS, "then: the end of the process", f"now: exit status {run.returncode}", sep="\n")
print(run.stdout, run.stderr[-500:])
sys.exit(run.returncode < 0)
