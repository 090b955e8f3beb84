"""Validate packages under watch: what was opened and reached, what it took. A program, run by the tests.

Reads a path, a level and the seconds that it may take a line, and writes a line of JSON for each: verdict and
findings, or the error; seconds; the most memory of the process so far; files left open; and every forbidden
thing that was done. Seconds are of the processor: what else the machine does takes none of them.
"""

import json
import math
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

HOMES = tuple(
    str(Path(one).resolve()) for one in {sys.prefix, sys.base_prefix, *sys.path, "/usr/share/zoneinfo"} if one
)
FORBIDDEN = (
    *("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "pickle.", "shutil.", "urllib."),
    *("ftplib.", "ctypes.", "os.remove", "os.rename", "os.mkdir", "os.link", "os.symlink", "os.chmod"),
)


class Watch:
    """Notes what the interpreter reports, while it is on."""

    def __init__(self) -> None:
        self.root = ""
        self.seen: list[str] = []

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note an event that has no place in a validation."""
        if not self.root:
            return
        if event == "open":
            self.opened(arguments)
        elif event.startswith(FORBIDDEN) and event != "ctypes.dlopen":
            self.seen.append(f"{event} {arguments!r:.100}")

    def opened(self, arguments: tuple[Any, ...]) -> None:
        """Note an open that follows a link, writes, or leaves the package."""
        path, _, flags = arguments
        if isinstance(path, int):
            return
        name = os.fsdecode(path)
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.seen.append(f"written: {name!r:.100}")
        elif not name.startswith("/"):
            # Through a handle: one segment, and never through a link.
            if "/" in name or name in ("..", ".") or not flags & os.O_NOFOLLOW:
                self.seen.append(f"opened: {name!r:.100}")
        elif name != self.root and not name.startswith(HOMES):
            self.seen.append(f"opened: {name!r:.100}")


def handles() -> int:
    """Return how many files are open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def peak() -> int:
    """Return the most memory of this program; what it was started from counts in `getrusage`, too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def main() -> None:
    """Judge one package a line."""
    from lepton.errors import SourceError
    from lepton.report import FORMATS, render
    from lepton.validate import validate

    watch = Watch()
    sys.addaudithook(watch.hook)
    for line in sys.stdin:
        path, level, most = json.loads(line)
        before, start = handles(), time.process_time()
        # Whatever does not come to an end is ended by the system.
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(start + most) + 1, hard))
        watch.seen, watch.root = [], path
        answer: dict[str, Any] = {}
        try:
            report, unread = validate([Path(path)], level=level)
            for form in FORMATS:
                render(report, form)
        except SourceError as error:
            unread = (error,)
        except BaseException as error:
            answer["crash"] = f"{type(error).__name__}: {error}"
            unread = ()
        watch.root = ""
        if "crash" not in answer and unread:
            answer["error"] = str(unread[0])
        elif "crash" not in answer:
            (package,) = report.packages
            answer["verdict"] = str(package.verdict)
            answer["findings"] = [[one.requirement, one.file, one.message] for one in package.findings]
            answer["open"] = dict(package.not_checked)
        answer |= {
            "seconds": time.process_time() - start,
            "peak": peak(),
            "handles": handles() - before,
            "forbidden": watch.seen,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
