"""A child process that speaks one line at a time, under limits.

Owns the process: its pipes, time limits, memory limit, the bound on a line, its standard error and its end;
leaves what the lines mean to `subject.stdio`. POSIX only. Serves `runtime`.
"""

import collections
import contextlib
import os
import resource
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["MAX_MEMORY_BYTES", "Ended", "LineProcess", "LineTooLong", "NotStarted", "Silent"]

#: The longest line that an adapter may write, in bytes.
MAX_LINE_BYTES = 64 * 1024 * 1024
#: How much private memory an adapter may have, in bytes.
MAX_MEMORY_BYTES = 8 * 1024 * 1024 * 1024
#: How much of the end of standard error is kept, in bytes.
KEPT_ERROR_BYTES = 8192
#: How long a process may take to end after it was told to, in seconds.
END_SECONDS = 5.0
READ_BYTES = 1 << 16


class NotStarted(Exception):
    """The program cannot be started at all."""


class Ended(Exception):
    """The process ended; the message gives its status and the end of its standard error."""


class Silent(Exception):
    """No line came in time."""


class LineTooLong(Exception):
    """The process writes and writes and never ends the line."""


class LineProcess:
    """One running program. Not safe for threads."""

    def __init__(
        self, command: Sequence[str], cwd: Path | None = None, memory_bytes: int = MAX_MEMORY_BYTES
    ) -> None:
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise NotStarted(f"cannot start {command[0] if command else ''!r}: {error}") from error
        with contextlib.suppress(AttributeError, OSError, ValueError):
            resource.prlimit(self._process.pid, resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin = self._process.stdin.fileno()
        self._stdout = self._process.stdout.fileno()
        os.set_blocking(self._stdin, False)
        os.set_blocking(self._stdout, False)
        self._pending = bytearray()
        self._errors: collections.deque[bytes] = collections.deque(maxlen=KEPT_ERROR_BYTES // 64)
        self._drain = threading.Thread(target=self._drain_errors, daemon=True)
        self._drain.start()

    def _drain_errors(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(OSError, ValueError):
            while block := os.read(self._process.stderr.fileno(), 4096):
                for start in range(0, len(block), 64):
                    self._errors.append(block[start : start + 64])

    @property
    def alive(self) -> bool:
        """Say whether the process runs."""
        return self._process.poll() is None

    @property
    def status(self) -> int | None:
        """Return the exit status, negative for a signal, None while the process runs."""
        return self._process.poll()

    def error_text(self) -> str:
        """Return the last line of standard error, bounded."""
        text = b"".join(self._errors).decode("utf-8", "replace").strip()
        return text.splitlines()[-1][-300:] if text else ""

    def write(self, line: bytes, seconds: float) -> None:
        """Send one line. Raises: Ended, Silent when the process does not read."""
        deadline = time.monotonic() + seconds
        view = memoryview(line + b"\n")
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdin, selectors.EVENT_WRITE)
            while view:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Silent(f"the process did not read its input for {seconds:g} s")
                if not selector.select(min(left, 1.0)):
                    continue
                try:
                    view = view[os.write(self._stdin, view) :]
                except BlockingIOError:
                    continue
                except OSError:
                    raise Ended(self.describe_end()) from None

    def read(self, seconds: float) -> bytes:
        """Return the next line without its end. Raises: Ended, Silent, LineTooLong."""
        deadline = time.monotonic() + seconds
        searched = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while True:
                end = self._pending.find(b"\n", searched)
                if end >= 0:
                    line = bytes(self._pending[:end])
                    del self._pending[: end + 1]
                    return line
                searched = len(self._pending)
                if searched > MAX_LINE_BYTES:
                    raise LineTooLong(f"a line goes on after {MAX_LINE_BYTES} bytes")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Silent(f"no answer within {seconds:g} s")
                if not selector.select(left):
                    continue
                try:
                    block = os.read(self._stdout, READ_BYTES)
                except BlockingIOError:
                    continue
                if not block:
                    raise Ended(self.describe_end())
                self._pending += block

    def describe_end(self) -> str:
        """Return how the process ended, for a message."""
        status = self.wait(END_SECONDS)
        if status is None:
            return "the process closed its output and goes on running"
        self._drain.join(1.0)
        how = f"signal {_signal_name(-status)}" if status < 0 else f"exit status {status}"
        said = self.error_text()
        return f"the process ended with {how}" + (f"; it said: {said}" if said else "")

    def wait(self, seconds: float) -> int | None:
        """Return the exit status once the process has ended, None when it does not in time."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def forget_peak(self) -> int | None:
        """Measure the peak of memory from now on; return what the process has now, None where unknown."""
        try:
            Path(f"/proc/{self._process.pid}/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            return None
        return self._kibibytes("VmRSS")

    def peak_bytes(self) -> int | None:
        """Return the most memory that the process has had since `forget_peak`, None where unknown."""
        return self._kibibytes("VmHWM")

    def _kibibytes(self, name: str) -> int | None:
        try:
            lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii").splitlines()
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
        except (OSError, StopIteration):
            return None

    def close(self) -> None:
        """End the process and whatever it started."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._drain.join(1.0)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
