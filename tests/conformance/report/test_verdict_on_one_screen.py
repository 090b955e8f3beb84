"""The verdict fits on one screen, most serious first, whatever failed and whatever a subject says."""

import io
from pathlib import Path
from typing import Any

import pytest

import lepton_spec
from lepton_conformance.cli.progress import Progress
from lepton_conformance.report.screen import MAX_CHARACTERS, MAX_COLUMNS, MAX_LINES, columns_of, lines

REQUIREMENTS = lepton_spec.requirements()
MUSTS = [key for key, entry in REQUIREMENTS.items() if entry["level"] == "MUST" and key.startswith("INF-")]
SHOULDS = [
    key for key, entry in REQUIREMENTS.items() if entry["level"] == "SHOULD" and key.startswith("INF-")
]


def report(failed: list[str], message: str = "found 1, expected 2", blocked: int = 0) -> dict[str, Any]:
    judged = [
        {
            "id": key,
            "verdict": "fail",
            "blocked_by": [],
            "tests": [
                {
                    "test": "test_x",
                    "failure": {
                        "message": message,
                        "blame": "subject",
                        "reproducer": f"reproducers/{key}.py",
                    },
                }
            ],
        }
        for key in failed
    ]
    judged += [
        {"id": MUSTS[-1 - number], "verdict": "blocked", "blocked_by": [failed[-1]], "tests": []}
        for number in range(blocked)
    ]
    return {"requirements": judged, "profiles": [{"profile": "inference-rest", "verdict": "fail"}] * 3}


@pytest.mark.parametrize("number", [1, 2, 6, 10, 11, 40])
@pytest.mark.parametrize("directory", [None, Path("a/report")])
def test_screen_is_never_exceeded(number: int, directory: Path | None) -> None:
    message = "sent " + "x" * 500 + "; found \x1b[31m\n" + "中" * 500 + ", expected " + "y" * 30
    shown = lines(report(MUSTS[:number], message), (), REQUIREMENTS, directory)
    assert len(shown) <= MAX_LINES
    assert all(line.isprintable() and len(line) <= MAX_COLUMNS for line in shown)
    named = sum(" fails: " in line for line in shown)
    rest = [int(line.split()[2]) for line in shown if line.startswith("... and")]
    assert named + sum(rest) == number
    assert named == number or len(shown) == MAX_LINES or named > 5
    assert "inference-rest: fail" in shown[-2 if directory is None else -3]


def test_mandatory_failures_come_first_and_the_one_that_blocks_most_leads() -> None:
    failed = [SHOULDS[0], MUSTS[0], MUSTS[1]]
    shown = lines(report(failed, blocked=3), (), REQUIREMENTS, None)
    order = [line.split()[0] for line in shown if " fails" in line]
    assert order == [MUSTS[1], MUSTS[0], SHOULDS[0]]
    assert f"next: lepton explain {MUSTS[1]}" in shown[-1]


def test_paths_are_never_cut() -> None:
    place = Path("/", *["folder"] * 40)
    shown = lines(report(MUSTS[:30]), (), REQUIREMENTS, place)
    assert str(place / "report.html") in shown[-2]
    assert f"python {place / 'reproducers' / min(MUSTS[:30])}.py" in shown[-1]
    assert sum(-(-len(line) // MAX_COLUMNS) for line in shown) <= MAX_LINES


def test_long_message_keeps_what_was_found_and_expected() -> None:
    message = "sent " + "x" * 300 + "; found status 500 with " + "y" * 300 + ", expected 200"
    (line,) = [line for line in lines(report(MUSTS[:1], message), (), REQUIREMENTS, None) if "found" in line]
    assert line.startswith("  sent xxxxxxxxxx")
    assert "found status 500, expected 200" in line
    assert line.endswith(", expected 200")


def test_lines_are_cut_to_the_width_of_a_terminal_and_elsewhere_not(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "sent " + "x" * 300 + "; found the verdict " + "y" * 300 + ", expected " + "z" * 300
    monkeypatch.setenv("COLUMNS", "70")
    assert columns_of(Stream(True)) == 70
    narrow = lines(report(MUSTS[:1], message), (), REQUIREMENTS, None, columns_of(Stream(True)))
    assert max(map(len, narrow)) == 70
    whole = lines(report(MUSTS[:1], message), (), REQUIREMENTS, None, columns_of(Stream(False)))
    assert f"  {message}" in whole
    hostile = lines(report(MUSTS[:1], "found " + "x" * 10**6), (), REQUIREMENTS, None, MAX_CHARACTERS)
    assert max(map(len, hostile)) == MAX_CHARACTERS


class Stream(io.StringIO):
    """A stream that says what it is."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def test_progress_says_number_requirement_time_and_time_left() -> None:
    stream = Stream(True)
    progress = Progress(stream=stream)
    progress(20, 80, "INF-RSP-01")
    assert progress.line(10) == "20/80 INF-RSP-01, 10 s, about 30 s left"
    progress.close()
    assert "20/80 INF-RSP-01" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_progress_counts_down_to_the_budget() -> None:
    progress = Progress(budget=60, stream=Stream(False))
    progress(1, 80, "INF-RSP-01")
    assert progress.line(45) == "1/80 INF-RSP-01, 45 s, about 15 s left"
    progress.close()


def test_short_run_without_a_terminal_writes_no_progress() -> None:
    stream = Stream(False)
    progress = Progress(stream=stream)
    progress(1, 80, "INF-RSP-01")
    progress.close()
    assert stream.getvalue() == ""


def test_progress_without_a_terminal_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lepton_conformance.cli.progress.PLAIN_SECONDS", 0.01)
    stream = Stream(False)
    progress = Progress(stream=stream)
    progress(1, 80, "INF-RSP-01")
    while "\n" not in stream.getvalue():
        pass
    progress.close()
    assert stream.getvalue().splitlines()[0].startswith("1/80 INF-RSP-01, 0 s")
    assert "\x1b" not in stream.getvalue()
