"""What a command does when its caller closed its standard output or error: its work, without a traceback."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(("closed", "argument", "code"), [(1, "PKG-DIG-03", 0), (2, "PKG-NOT-99", 2)])
def test_a_command_whose_stream_is_closed_ends_as_if_nobody_listened(
    closed: int, argument: str, code: int
) -> None:
    command = f'"$0" -m lepton explain {argument} {closed}>&-'

    done = subprocess.run(
        ["sh", "-c", command, sys.executable], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout if closed == 1 else "", done.stderr) == (code, "", "")
