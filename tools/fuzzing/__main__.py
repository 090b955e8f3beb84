"""`make fuzz MINUTES=n`: run the targets in turn and print what was executed and what was found.

Owns sharing the time out and the table at the end. Exit code 0 when nothing was found, 1 when something was.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from fuzzing.catalogue import MODULES, target
from fuzzing.run import CORPUS, ROOT, Outcome, fuzz, kept, minimised
from fuzzing.target import Target

__all__ = ["main"]

#: Seconds below which a child hardly gets past its imports.
MIN_SECONDS = 5


def main() -> int:
    """Run as the command line says."""
    names = [name for found in MODULES.values() for name in found]
    parser = argparse.ArgumentParser(prog="fuzzing", description=__doc__)
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"all when none is named: {' '.join(names)}"
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="for all targets together (default 5)")
    parser.add_argument("--runs", type=int, default=-1, help="stop a target after so many executions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build" / "fuzz", help="what was learnt is kept there"
    )
    parser.add_argument("--keep", action="store_true", help="renew tests/fuzz/corpus with what was learnt")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.targets if name not in names]
    if unknown:
        parser.error(f"found the target {unknown[0]!r}, expected one of {', '.join(names)}")
    try:
        import atheris  # noqa: F401 - only its children use it
    except ImportError:
        print(
            "fuzzing: found no atheris, expected it; run: pip install 'lepton-standard[fuzz]' "
            "(it exists for Linux and CPython 3.11 to 3.13)"
        )
        return 2
    chosen = {name: target(name) for name in arguments.targets or names}
    seconds = arguments.minutes * 60 / sum(one.share for one in chosen.values())
    outcomes = []
    for name, one in chosen.items():
        _seed(name)
        folder = arguments.work / name
        found = fuzz(
            name,
            folder,
            seconds=max(MIN_SECONDS, round(seconds * one.share)),
            seed=arguments.seed,
            runs=arguments.runs,
        )
        outcomes.append(found)
        print(_line(found), flush=True)
        if found.crash is not None:
            print(f"  found: {found.why}\n  kept as {_keep_crash(found, one)}", flush=True)
        elif found.why:
            print(f"  did not run to its end: {found.why}", flush=True)
        if arguments.keep:
            print(f"  keeps {kept(one, folder)} inputs", flush=True)
    executions = sum(one.executions for one in outcomes)
    took = sum(one.seconds for one in outcomes)
    peak = max(one.peak_mebibytes for one in outcomes)
    bad = [one for one in outcomes if one.crash is not None or one.why]
    print(
        f"{executions} executions in {took:.0f} s, at most {peak} MiB; "
        f"{len(bad)} of {len(outcomes)} targets found something"
    )
    return 1 if bad else 0


def _line(one: Outcome) -> str:
    speed = one.executions / max(one.seconds, 1e-9)
    done = f"{one.target:12} {one.executions:9} executions {one.seconds:6.0f} s {speed:7.0f}/s"
    return f"{done} {one.peak_mebibytes:4} MiB"


def _seed(name: str) -> None:
    """Write the seeds of a target that keeps none yet."""
    home = CORPUS / name
    home.mkdir(parents=True, exist_ok=True)
    if not any(home.iterdir()):
        for data in target(name).seeds():
            (home / f"seed-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)


def _keep_crash(found: Outcome, chosen: Target) -> Path:
    assert found.crash is not None
    smaller = minimised(chosen, found.crash)
    path = CORPUS / found.target / f"found-{hashlib.sha256(smaller).hexdigest()[:16]}"
    path.write_bytes(smaller)
    return path


if __name__ == "__main__":
    sys.exit(main())
