"""Time commands side by side: every round runs each of them once, and only ratios are compared.

Owns the stopwatch; leaves what is run, and the aims, to the benchmarks. A ratio within one round cancels
what the machine was doing at the time; the median over rounds is reported.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Run", "measure", "print_ratio"]


@dataclass(frozen=True, slots=True)
class Run:
    """What one command took in each round, in seconds; `processor` counts its children that it waited for.

    `peak_bytes` is the most memory of any round.
    """

    seconds: tuple[float, ...]
    processor: tuple[float, ...]
    peak_bytes: int


def measure(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Run]:
    """Run each command once to warm up, then once a round, in turn.

    Raises: subprocess.CalledProcessError when one of them fails.
    """
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    processor: dict[str, list[float]] = {name: [] for name in commands}
    peaks = dict.fromkeys(commands, 0)
    # Programs in use keep their bytecode: without it each round would compile ours anew.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
            )
            _, status, usage = os.wait4(process.pid, 0)
            took = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            error = process.stderr.read() if process.stderr else b""
            if process.stderr:
                process.stderr.close()
            if process.returncode != 0:
                raise subprocess.CalledProcessError(process.returncode, command, stderr=error)
            peaks[name] = max(peaks[name], usage.ru_maxrss * 1024)
            if turn > 0:
                seconds[name].append(took)
                processor[name].append(usage.ru_utime + usage.ru_stime)
    return {name: Run(tuple(seconds[name]), tuple(processor[name]), peaks[name]) for name in commands}


def print_ratio(runs: Mapping[str, Run], ours: str, peer: str, at_most: float) -> bool:
    """Print the median of `ours` over `peer`, its spread and the aim; say whether the aim is met.

    The ratio of processor time stands beside it: it tells a slow program from a busy machine.
    """
    ratios = sorted(a / b for a, b in zip(runs[ours].seconds, runs[peer].seconds, strict=True))
    median = statistics.median(ratios)
    word = "met" if median <= at_most else "MISSED"
    busy = statistics.median(runs[ours].processor) / max(statistics.median(runs[peer].processor), 1e-9)
    print(
        f"{ours} / {peer}: {median:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}); "
        f"{statistics.median(runs[ours].seconds) * 1000:.0f} ms against "
        f"{statistics.median(runs[peer].seconds) * 1000:.0f} ms; processor time {busy:.2f}; "
        f"aim at most {at_most:.2f}: {word}"
    )
    return median <= at_most
