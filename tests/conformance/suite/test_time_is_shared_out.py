"""A budget in seconds: the time of boundary cases is set aside, the rest is shared by the tests to come."""

import time

import pytest

from lepton_conformance.pace import LONG_SECONDS, USUAL_SECONDS, Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_time_left_is_shared_equally_after_boundary_cases(clock: list[float]) -> None:
    pace = Pace.of(10, ["INF-A", "INF-B"])
    assert pace.deadline() == pytest.approx(100 + (10 - 2 * USUAL_SECONDS) / 2)


def test_tests_that_are_known_to_be_long_get_their_time_first(clock: list[float]) -> None:
    pace = Pace.of(10, ["INF-A", "INF-LIM-06"])
    assert pace.deadline() == pytest.approx(100 + (10 - USUAL_SECONDS - LONG_SECONDS["INF-LIM-06"]) / 2)


def test_slow_subject_gets_more_time_set_aside(clock: list[float]) -> None:
    pace = Pace.of(100, ["INF-A", "INF-LIM-06"])
    pace.done("INF-A", 10 * USUAL_SECONDS + 3.0, 3.0)
    clock[0] += 4
    assert pace.deadline() == pytest.approx(104 + 96 - 10 * LONG_SECONDS["INF-LIM-06"])


def test_nothing_is_generated_when_the_time_is_over(clock: list[float]) -> None:
    pace = Pace.of(1, ["INF-LIM-06"])
    assert pace.deadline() == 100


def test_real_clock_is_used() -> None:
    assert Pace.of(1, ["INF-A"]).deadline() > time.monotonic()
