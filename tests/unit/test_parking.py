"""Requests whose client has not opened its reply FIFO yet."""

from __future__ import annotations

import pytest

from fifod.clients import Parking
from fifod.types import Request

NOW = 10**15
MS = 1_000_000


def request(number: int) -> Request:
    return Request(id=number, method="getStatus", params={}, reply="r" * 32)


@pytest.fixture
def parking() -> Parking:
    return Parking()


def test_an_empty_one_waits_for_nothing(parking: Parking) -> None:
    assert parking.next_time() is None
    assert parking.due(NOW) == []
    assert len(parking) == 0


def test_a_request_is_due_when_its_time_has_come(parking: Parking) -> None:
    assert parking.park(request(1), 0, NOW)
    when = parking.next_time()
    assert when == NOW + MS
    assert parking.due(when - 1) == []
    assert parking.due(when) == [(request(1), 1)]
    assert len(parking) == 0


def test_tries_are_bounded_and_spread_over_a_few_seconds(parking: Parking) -> None:
    now, retries, tries = NOW, 0, 0
    while parking.park(request(1), retries, now):
        now = parking.next_time() or 0
        [(_, retries)] = parking.due(now)
        tries += 1
        assert tries < 100
    assert 2000 * MS <= now - NOW <= 3000 * MS
    assert len(parking) == 0


def test_what_is_due_first_comes_first(parking: Parking) -> None:
    for number, retries in ((1, 3), (2, 0), (3, 3), (4, 1)):
        parking.park(request(number), retries, NOW)
    assert [event.id for event, _ in parking.due(NOW + 1000 * MS)] == [2, 4, 1, 3]


def test_no_more_than_a_bounded_number_is_parked(parking: Parking) -> None:
    parked = sum(parking.park(request(number), 0, NOW) for number in range(10_000))
    assert parked == len(parking) == 2000
    assert len(parking.due(NOW + MS)) == 2000
    assert parking.park(request(0), 0, NOW)
