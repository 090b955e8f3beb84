"""Digests of 2 GB: `lepton validate --level quick` beside `openssl dgst` under `xargs -P2`.

Owns that comparison; prints the ratio of throughput and the memory of both. lepton does more than digests:
it validates the whole package in the same time.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from lepton_conformance.forge.valid import linear_draft
from pairs import measure, print_ratio

__all__ = ["main"]

FILES = 16
MEBIBYTE = 1024 * 1024
#: At least 0.95 of openssl's throughput.
AIM = 1 / 0.95
AIM_PEAK_BYTES = 128 * MEBIBYTE


def write_package(folder: Path, size: int) -> Path:
    """Write a valid package that lists FILES files of `size` bytes in all, without holding one in memory."""
    draft = linear_draft()
    root = draft.directory().write(folder)
    (root / "data").mkdir()
    entries = draft.entries()
    for number in range(FILES):
        block = os.urandom(MEBIBYTE)
        state, path = hashlib.sha256(), f"data/part-{number:02}.bin"
        with (root / path).open("wb") as file:
            for _ in range(size // FILES // MEBIBYTE):
                file.write(block)
                state.update(block)
        entries.append(
            {
                "path": path,
                "size": size // FILES // MEBIBYTE * MEBIBYTE,
                "sha256": state.hexdigest(),
                "mediaType": "application/octet-stream",
                "role": "other",
            }
        )
    draft.manifest["files"] = sorted(entries, key=lambda entry: str(entry["path"]).encode())
    (root / "lepton.json").write_bytes(draft.files()["lepton.json"])
    return root


def main() -> int:
    """Measure, print, and return 0 when the aims are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mebibytes", type=int, default=2048)
    arguments = parser.parse_args()
    if shutil.which("openssl") is None or shutil.which("xargs") is None:
        print("benchmarks/digests.py: found no openssl or xargs, expected both; install them")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        package = write_package(Path(folder), arguments.mebibytes * MEBIBYTE)
        peer = f"find '{package}' -type f -print0 | xargs -0 -n1 -P2 openssl dgst -sha256"
        commands = {
            "lepton validate --level quick": [
                str(Path(sys.executable).parent / "lepton"),
                "validate",
                "--level",
                "quick",
                str(package),
            ],
            "openssl dgst, xargs -P2": ["sh", "-c", peer],
        }
        runs = measure(commands, arguments.rounds)
    ours, theirs = commands
    met = print_ratio(runs, ours, theirs, AIM)
    speed = arguments.mebibytes / 1024 / statistics.median(runs[ours].seconds)
    peak = runs[ours].peak_bytes
    print(f"{ours}: {speed:.2f} GiB/s; at most {peak / MEBIBYTE:.0f} MiB of memory")
    return 0 if met and peak <= AIM_PEAK_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
