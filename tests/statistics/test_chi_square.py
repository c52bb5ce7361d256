"""The statistic itself gives known values, so that the tests which rest on it mean something."""

from __future__ import annotations

import math

import pytest

from tests.statistics import chi_square


@pytest.mark.parametrize("statistic", [0.01, 0.5, 1, 3, 10, 40, 200])
def test_the_tail_has_its_closed_forms(statistic: float) -> None:
    assert chi_square.tail(statistic, 1) == pytest.approx(math.erfc(math.sqrt(statistic / 2)), rel=1e-9)
    assert chi_square.tail(statistic, 2) == pytest.approx(math.exp(-statistic / 2), rel=1e-9)
    four = math.exp(-statistic / 2) * (1 + statistic / 2)
    assert chi_square.tail(statistic, 4) == pytest.approx(four, rel=1e-9)


@pytest.mark.parametrize(("freedom", "critical"), [(9, 16.919), (99, 123.225), (255, 293.248)])
def test_the_tail_gives_the_table_values_for_five_per_cent(freedom: int, critical: float) -> None:
    assert chi_square.tail(critical, freedom) == pytest.approx(0.05, rel=1e-3)


def test_counts_that_fit_too_well_are_not_plausible() -> None:
    assert not chi_square.plausible(chi_square.fit([1000] * 100))
    assert not chi_square.plausible(chi_square.fit([2000] + [1000] * 99))


def test_a_value_outside_its_domain_is_an_error() -> None:
    with pytest.raises(AssertionError, match="outside"):
        chi_square.evenness([1, 2, 3, 4], [1, 2, 3])
