"""A failure of a server comes with programs that show it again without the suite, in Python and with curl."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lepton_conformance.certify import certify
from lepton_conformance.mutants.catalogue import server
from lepton_conformance.mutants.listener import HttpRequest, HttpResponse, listening
from lepton_conformance.mutants.naive import Naive

#: A value, a status, a field, an order, bytes, framing, history, a crowd, a closed connection.
MUTANTS = (
    "asr-log-01-last-id",
    "asr-log-01-metrics-by-path",
    "bin-03-no-length",
    "bin-05-shifted",
    "dat-04-zero",
    "err-02-repaired",
    "err-08-connection",
    "err-11-no-allow",
    "iso-01-crowd",
    "met-05-phantom",
    "req-03-first",
    "req-04-closes",
    "req-05-raw",
    "rsp-02-stale",
    "rsp-08-leaked",
)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        env={"PATH": os.environ["PATH"]},
    )


def address(url: str) -> str:
    return url.removeprefix("http://")


@pytest.mark.requirement("CNF-REP-03")
@pytest.mark.parametrize("mutant", MUTANTS)
def test_reproducers_show_the_fault_again_and_not_in_a_correct_server(mutant: str, tmp_path: Path) -> None:
    faulty = server(mutant)
    breaks = type(faulty).breaks
    with listening(faulty) as url:
        certify(
            url, ["inference-rest", "inference-binary"], only=[breaks], max_examples=5, report_dir=tmp_path
        )
        certified = address(url)
    scripts = sorted((tmp_path / "reproducers").glob(f"{breaks}*.py"))
    assert scripts
    with listening(server(mutant)) as fresh, listening(Naive()) as right:
        for script in scripts:
            again = run(sys.executable, str(script), address(fresh))
            assert (again.returncode, again.stderr) == (1, ""), again.stdout
            gone = run(sys.executable, str(script), address(right))
            assert (gone.returncode, gone.stderr) == (0, ""), gone.stdout
            shell = script.with_suffix(".sh")
            if not shell.exists():
                continue
            answers = run("sh", "-c", shell.read_text(encoding="utf-8").replace(certified, address(fresh)))
            statuses = re.findall(r"^HTTP/1\.1 (\d+)", answers.stdout, re.MULTILINE)
            recorded = re.search(r"^then = \((\d+)", script.read_text(encoding="utf-8"), re.MULTILINE)
            assert recorded is None or statuses[-1:] == [recorded[1]]
            said = re.findall(
                r"^# Request (\d+) of (\d+), .*\((?:no answer|status \d+) then\)$", shell.read_text(), re.M
            )
            assert [number for number, _ in said] == [str(number) for number in range(1, int(said[0][1]) + 1)]
    assert run(sys.executable, str(scripts[0]), "127.0.0.1:1").returncode == 2


class Counting:
    """Adds a counter to every answer, to its error messages and to the version of the server."""

    count = 0

    def answer(self, request: HttpRequest) -> HttpResponse:
        found: HttpResponse = super().answer(request)  # type: ignore[misc]
        document = json.loads(found.body)
        if isinstance(document, dict):
            Counting.count += 1
            document["served"] = Counting.count
            for member in {"error", "version"} & set(document):
                document[member] += f" (answer {Counting.count})"
        return HttpResponse(found.status, json.dumps(document).encode(), found.headers)


@pytest.mark.requirement("CNF-REP-03")
@pytest.mark.parametrize("mutant", ["err-02-repaired", "dat-04-zero", "err-11-no-allow", "req-04-closes"])
def test_reproducers_look_through_what_differs_in_every_answer(mutant: str, tmp_path: Path) -> None:
    kind = type(server(mutant))
    faulty = type("Faulty", (Counting, kind), {})
    right = type("Right", (Counting, Naive), {})
    with listening(faulty()) as url:
        certify(url, ["inference-rest"], only=[kind.breaks], max_examples=5, report_dir=tmp_path)
    (script, *_) = sorted((tmp_path / "reproducers").glob(f"{kind.breaks}*.py"))
    with listening(faulty()) as fresh, listening(right()) as other:
        still = run(sys.executable, str(script), address(fresh))
        assert (still.returncode, still.stderr) == (1, ""), still.stdout
        gone = run(sys.executable, str(script), address(other))
        assert (gone.returncode, gone.stderr) == (0, ""), gone.stdout
