"""Quotas: each drawer's own, refused without being spent, and given back after a minute."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fifod.config import Limits
from fifod.errors import QuotaExceeded
from fifod.quota import MINUTE, Quotas

NOW = 10**15
ALICE, BOB = "unix:1000", "unix:1001"


def quotas(draws: int = 10, values: int = 1000) -> Quotas:
    return Quotas(Limits(draws, values))


def refusal(quotas: Quotas, values: int, now: int = NOW) -> object:
    with pytest.raises(QuotaExceeded) as caught:
        quotas.spend(ALICE, values, now)
    assert caught.value.code == 402
    return caught.value.data


def test_a_drawer_begins_with_all_of_it() -> None:
    assert quotas().left(ALICE, NOW) == (10, 1000)


def test_a_draw_takes_itself_and_its_values() -> None:
    one = quotas()
    one.spend(ALICE, 300, NOW)
    assert one.left(ALICE, NOW) == (9, 700)
    assert one.left(BOB, NOW) == (10, 1000)


def test_it_may_be_used_up_to_the_last() -> None:
    one = quotas(2, 10)
    one.spend(ALICE, 9, NOW)
    one.spend(ALICE, 1, NOW)
    assert one.left(ALICE, NOW) == (0, 0)


def test_a_refusal_tells_what_was_needed_and_what_is_left_and_takes_nothing() -> None:
    one = quotas(2, 10)
    one.spend(ALICE, 4, NOW)
    assert refusal(one, 7) == [7, 6]
    one.spend(ALICE, 6, NOW)
    assert refusal(one, 1) == [1, 0]
    assert one.left(ALICE, NOW) == (0, 0)


def test_one_draw_larger_than_a_minutes_values_is_always_refused() -> None:
    assert refusal(quotas(values=10), 11) == [11, 10]


def test_everything_is_given_back_after_a_minute_and_not_before() -> None:
    one = quotas(1, 10)
    one.spend(ALICE, 10, NOW)
    assert refusal(one, 1, NOW + MINUTE - 1) == [1, 0]
    assert one.left(ALICE, NOW + MINUTE) == (1, 10)
    one.spend(ALICE, 10, NOW + MINUTE)


@given(st.lists(st.tuples(st.integers(0, MINUTE // 2), st.integers(1, 60)), max_size=60))
def test_nobody_gets_more_than_twice_a_minutes_share_in_any_minute(asked: list[tuple[int, int]]) -> None:
    one, now = quotas(5, 100), NOW
    granted: list[tuple[int, int]] = []
    for pause, values in asked:
        now += pause
        try:
            one.spend(ALICE, values, now)
            granted.append((now, values))
        except QuotaExceeded:
            pass
    for start, _ in granted:
        within = [values for when, values in granted if start <= when < start + MINUTE]
        assert len(within) <= 2 * 5
        assert sum(within) <= 2 * 100
