"""How drawn numbers are compared with what is expected."""

from decimal import Decimal
from typing import Any

import pytest

from fifod import names
from webui.draws import distribution, picture
from webui.draws.distribution import Bin
from webui.draws.forms import Asked


def bins(method: str, numbers: list[Any], **params: Any) -> list[Bin]:
    found = distribution.of(Asked(method, {"replacement": True, **params}), [Decimal(str(one)) for one in numbers])
    assert found
    return found


@pytest.mark.parametrize(
    ("low", "high", "count"), [(1, 6, 60), (1, 100, 500), (-7, 9, 40), (1, 1_000_000_000, 21), (0, 1, 100)]
)
def test_every_integer_falls_into_its_range(low: int, high: int, count: int) -> None:
    numbers = [low + (high - low) * number // (count - 1) for number in range(count)]
    found = bins(names.INTEGERS, numbers, min=low, max=high)
    assert sum(one.observed for one in found) == count
    assert sum(one.expected for one in found) == pytest.approx(count)
    assert len(found) == min(20, max(5, count // 5), high - low + 1)
    assert found[0].label.startswith(str(low)) and found[-1].label.endswith(str(high))


def test_an_even_draw_is_as_expected() -> None:
    found = bins(names.INTEGERS, list(range(1, 7)) * 10, min=1, max=6)
    assert [(one.label, one.observed, one.expected) for one in found] == [(str(n), 10, 10.0) for n in range(1, 7)]


def test_drawing_all_of_them_leaves_nothing_to_chance() -> None:
    found = bins(names.INTEGERS, list(range(1, 101)), min=1, max=100, replacement=False)
    assert all(one.observed == one.expected == 5 and one.sigma == 0 for one in found)


def test_decimals_are_counted_by_their_digits() -> None:
    found = bins(names.DECIMALS, [number / 100 for number in range(100)], decimalPlaces=2)
    assert all(one.observed == 5 for one in found) and found[0].label == "0.00 – 0.04"


def test_gaussians_fall_between_their_deviations() -> None:
    found = bins(names.GAUSSIANS, [9.0, 10.0, 10.2, 100.0, -100.0], mean=10, standardDeviation=2)
    assert sum(one.observed for one in found) == 5 and found[0].observed == found[-1].observed == 1
    assert sum(one.expected for one in found) == pytest.approx(5)
    assert found[5].expected == pytest.approx(5 * 0.19146, abs=1e-3)


def test_what_cannot_vary_has_no_picture() -> None:
    ask = Asked(names.INTEGERS, {"min": 5, "max": 5, "replacement": True})
    assert distribution.of(ask, [Decimal(5)] * 30) is None
    ask = Asked(names.GAUSSIANS, {"mean": 1, "standardDeviation": 0})
    assert distribution.of(ask, [Decimal(1)] * 30) is None


def test_the_bars_stay_within_the_picture() -> None:
    drawn = picture.of([Bin("a", 0, 5, 2), Bin("b", 1000, 5, 2), Bin("c", 3, 5, 2)])
    assert [bar.is_within for bar in drawn.bars] == [False, False, True] and drawn.within == 1
    for bar in drawn.bars:
        assert bar.x >= picture.LEFT and bar.x + bar.width <= picture.WIDTH
        assert bar.y >= 0 and bar.y + bar.height <= picture.HEIGHT and bar.height >= 0 and bar.band_height >= 0
