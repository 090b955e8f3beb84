"""The command of the field runs of packages: `python -m field.packages [TOPIC...]`.

Owns the topics, the order in which they run and the table; leaves showing to each topic's module. Ends with 0
when every line held, with 1 when one did not, with 2 when a topic could not be run. Serves `package`.
"""

import argparse
import importlib
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from field.packages.line import Line, table
from field.packages.tool import ToolFault
from field.place import BUILD

__all__ = ["TOPICS", "main"]

#: Modules of this package with `run(folder) -> list[Line]`, imported when they run.
TOPICS: tuple[str, ...] = ("targets", "folders", "sources", "people", "pipelines", "signing", "transport")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the topics, print a table, and say by the exit code whether all held."""
    parser = argparse.ArgumentParser(prog="python -m field.packages", description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"of {', '.join(TOPICS)}; default all")
    args = parser.parse_args(arguments)
    unknown = sorted(set(args.topics) - set(TOPICS))
    if unknown:
        parser.error(f"found no topic {unknown[0]!r}, expected of {', '.join(TOPICS)}")
    lines: list[Line] = []
    broken = False
    for topic in args.topics or TOPICS:
        begun = time.monotonic()
        folder = BUILD / "packages" / topic
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            run: Callable[[Path], list[Line]] = importlib.import_module(f"field.packages.{topic}").run
            found = run(folder)
        except ToolFault as fault:
            print(f"{topic}: {fault}", flush=True)
            broken = True
            continue
        except Exception:  # a topic that breaks off must not hide the others
            print(f"{topic}: a fault of the topic's own", flush=True)
            traceback.print_exc()
            broken = True
            continue
        print(f"{topic}: {len(found)} lines in {time.monotonic() - begun:.0f} s", flush=True)
        broken = broken or not found
        lines += found
    print("\n".join(table(lines)))
    return 2 if broken else 1 if not all(line.held for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
