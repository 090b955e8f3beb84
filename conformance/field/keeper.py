"""The first process of a server's group: runs the server, and ends the whole group when the driver dies.

Owns that one promise, which a killed driver cannot keep itself: its end closes the pipe that is this
program's standard input. Usage: keeper.py COMMAND ARGUMENT... Serves `conformance`.
"""

import os
import signal
import subprocess
import sys
import threading

__all__ = ["main"]


def main(command: list[str]) -> int:
    """Run the command and return its exit status."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is for the server, which has the same group
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_listen_again)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    threading.Thread(target=_watch, daemon=True).start()
    return server.wait() & 0xFF


def _listen_again() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _watch() -> None:
    """Wait for the end of standard input, then kill the group, this process included."""
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
