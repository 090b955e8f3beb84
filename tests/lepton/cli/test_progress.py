"""The line of progress: there for people who wait at a terminal, and for nobody else."""

import io
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lepton.cli.progress import progress
from lepton_conformance.forge.valid import linear_draft


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_says_what_is_done_and_for_how_long_and_leaves_nothing_behind() -> None:
    terminal = Terminal()
    with progress("lepton pack", stream=terminal) as tell:
        tell("computing\x1b[31m", 2, 5)
        time.sleep(0.9)
    drawn = terminal.getvalue().split("\r\x1b[K")
    assert drawn[1].startswith("lepton pack: computing\\u001b[31m, 2 of 5, ")
    assert drawn[1].endswith(" s")
    assert drawn[-1] == ""


def test_says_nothing_about_short_work() -> None:
    terminal = Terminal()
    with progress("lepton pack", stream=terminal) as tell:
        tell("reading", 0, 0)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("case", ["no terminal", "for a program", "dumb"])
def test_says_nothing_where_nobody_reads_it(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO() if case == "no terminal" else Terminal()
    if case == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    with progress("lepton validate", wanted=case != "for a program", stream=stream) as tell:
        tell("reading", 0, 0)
        time.sleep(0.7)
    assert stream.getvalue() == ""


def test_a_real_terminal_sees_the_line_and_the_report_begins_on_a_clean_one(tmp_path: Path) -> None:
    paths = [str(linear_draft().directory().write(tmp_path / str(number))) for number in range(2)]
    program = (
        "import sys, time; import lepton.cli.validate as command; real = command.validate\n"
        "def slow(*args, tell, **more): tell('counting', 0, 0); time.sleep(1); return real(*args, **more)\n"
        "command.validate = slow\n"
        "from lepton.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    master, slave = pty.openpty()
    command = [sys.executable, "-c", program, "validate", "--level", "quick", *paths]
    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(command, stdout=slave, stderr=slave, stdin=subprocess.DEVNULL, env=environment)
    os.close(slave)
    seen = b""
    try:
        while piece := os.read(master, 65536):
            seen += piece
    except OSError:  # the other side is closed
        pass
    finally:
        os.close(master)
        process.wait(60)
    line, _, report = seen.rpartition(b"\r\x1b[K")
    assert b"lepton validate: counting, 1 s" in line or b"lepton validate: counting, 0 s" in line
    assert report.startswith(paths[0].encode())
