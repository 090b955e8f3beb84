"""`lepton pack` of a small model with 1 GB of further files, beside `openssl dgst -sha256` of the same files.

Owns that comparison; prints ratios and the most memory. Packing also writes the bytes, makes vectors and
validates what it wrote; one `openssl` digests one file after another, `xargs -P2` two at a time.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import onnx
from replay import RECIPE

from pairs import measure, print_ratio

__all__ = ["main"]

FILES = 8
MEBIBYTE = 1024 * 1024
#: At least 0.9 of the speed of one openssl.
AIM = 1 / 0.9
AIM_PEAK_BYTES = 200_000_000
MODEL = """<ir_version: 8, opset_import: ["" : 17]> g (float[N,4] x) => (float[N,3] y)
<float[4,3] w = {0.1,0.5,-0.3,0.7,-0.9,0.2,0.4,-0.6,0.8,-0.1,0.3,0.6}> { h = MatMul(x, w) y = Tanh(h) }"""


def write_source(folder: Path, size: int) -> list[str]:
    """Write a model, `size` bytes of further files and the recipe that lists them; return those files."""
    onnx.save(onnx.parser.parse_model(MODEL), folder / "model.onnx")
    lines, paths = [], []
    for number in range(FILES):
        path, block = folder / f"{number}.bin", os.urandom(MEBIBYTE)
        with path.open("wb") as file:
            for _ in range(size // FILES // MEBIBYTE):
                file.write(block)
        kind = "mediaType: application/octet-stream, role: other"
        lines.append(f"  - {{path: data/{path.name}, source: {path.name}, {kind}}}\n")
        paths.append(str(path))
    (folder / "recipe.yml").write_text(f"{RECIPE}files:\n{''.join(lines)}")
    return paths


def main() -> int:
    """Measure, print, and return 0 when the aims are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mebibytes", type=int, default=1024)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_source(folder, arguments.mebibytes * MEBIBYTE)
        lepton = f"{Path(sys.executable).parent / 'lepton'} pack {folder / 'model.onnx'}"
        directory, zipped = folder / "package", folder / "package.lepton"
        peer = "openssl dgst -sha256"
        commands = {
            peer: [*peer.split(), *paths],
            "xargs -P2 openssl": ["sh", "-c", f"ls {folder}/*.bin | xargs -n1 -P2 {peer}"],
            "pack (directory)": ["sh", "-c", f"rm -rf {directory} && exec {lepton} -o {directory}"],
            "pack (zip)": ["sh", "-c", f"rm -f {zipped} && exec {lepton} -o {zipped}"],
        }
        runs = measure(commands, arguments.rounds)
    ours = ("pack (directory)", "pack (zip)")
    met = [print_ratio(runs, one, peer, AIM) for one in ours]
    for one in ours:
        print_ratio(runs, one, "xargs -P2 openssl", float("inf"))
    peak = max(runs[one].peak_bytes for one in ours)
    print(f"pack: at most {peak / MEBIBYTE:.0f} MiB of memory")
    return 0 if all(met) and peak <= AIM_PEAK_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
