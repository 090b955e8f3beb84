"""One target under `atheris`, in a process of its own: what an input reaches steers what is tried next.

Owns setting `atheris` up. Its last words on standard error are read by `run`. Never imported: it ends the
process.
"""

import argparse
import random
import sys
import time
from pathlib import Path

__all__ = ["main"]

#: Seconds of the processor that one input may take. Most take a thousandth.
INPUT_SECONDS = 10
#: Seconds after which an input is taken to hang; by the clock, so that a machine at work needs more of them.
HANG_SECONDS = 120
#: MiB that the whole process may take: what it takes empty (numpy, onnx, the coverage), and the 200 MB of
#: PKG-VAL-07; ten times the largest input is less than one.
PEAK_MEBIBYTES = 600
#: Parts of inputs that atheris changes without knowing their format.
BLIND = 0.2


def main() -> None:
    """Run one target and exit as `atheris` does: 77 when the target raised."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--corpus", type=Path, action="append", required=True)
    parser.add_argument("--artifacts", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    import atheris

    with atheris.instrument_imports(include=["lepton"]):
        from fuzzing.catalogue import target
        from fuzzing.target import expect

        chosen = target(arguments.target)
    options = [
        f"-max_total_time={arguments.seconds}",
        f"-runs={arguments.runs}",
        f"-seed={arguments.seed}",
        f"-max_len={chosen.max_bytes}",
        f"-timeout={HANG_SECONDS}",
        f"-rss_limit_mb={PEAK_MEBIBYTES}",
        f"-artifact_prefix={arguments.artifacts}/",
        "-print_final_stats=1",
        "-reload=0",
    ]
    keep = chosen.change

    def changed(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if keep is None or chance.random() < BLIND:
            blind: bytes = atheris.Mutate(data, most)
            return blind
        return keep(data, chance)[:most]

    def run(data: bytes) -> None:
        start = time.process_time()
        chosen.run(data)
        took = time.process_time() - start
        expect(took <= INPUT_SECONDS, f"the input took {took:.0f} s of the processor")

    folders = [str(folder) for folder in arguments.corpus]
    atheris.Setup([sys.argv[0], *options, *folders], run, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
