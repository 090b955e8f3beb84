"""What is recomputed of comparisons of groups: intervals and agreement, at the edges of numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton.checks.groups import agree, wilson


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    # Wilson (1927) as Newcombe (1998), table I, prints it: 81 of 263, 15 of 148, 0 of 20, 1 of 29, at 0.95.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_that_were_published(right: int, n: int, low: float, high: float) -> None:
    assert wilson(right / n, n, 0.95) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 2**53 - 1), st.floats(0, 1), st.floats(1e-9, 0.9999999))
def test_a_wilson_interval_is_finite_and_holds_the_share(n: int, share: float, level: float) -> None:
    low, high = wilson(share, n, level)
    assert math.isfinite(low)
    assert math.isfinite(high)
    assert low - 1e-12 <= share <= high + 1e-12


def test_numbers_beyond_all_bounds_do_not_agree() -> None:
    assert not agree(1e308 * 10, 1.0)
    assert not agree(1e308 * 10, 1e308 * 10)
    assert not agree(1e308, -1e308)


def test_agreement_is_absolute_below_one_and_relative_above() -> None:
    assert agree(0.5, 0.5019)
    assert not agree(0.5, 0.5025)
    assert agree(1000, 1002)
    assert not agree(1000, 1003)
