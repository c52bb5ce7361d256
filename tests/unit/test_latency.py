"""The histogram of how long requests take."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fifod.latency import BOUNDS, Latency

MICROSECOND, SECOND = 1_000, 1_000_000_000
NOW = 10**18


def status_of(*batches: list[int]) -> dict[str, Any]:
    """After batches of requests that took these many nanoseconds each."""
    latency = Latency()
    for taken in batches:
        latency.add([NOW - each for each in taken], NOW)
    return latency.status()


def test_it_goes_from_50_microseconds_to_10_seconds_upwards() -> None:
    assert (BOUNDS[0], BOUNDS[-1]) == (50e-6, 10.0)
    assert all(low < high for low, high in pairwise(BOUNDS))


def test_before_the_first_request_every_bucket_is_empty() -> None:
    assert status_of() == {"buckets": [[bound, 0] for bound in BOUNDS], "count": 0, "sum": 0.0}


def test_a_bucket_counts_what_took_at_most_its_bound() -> None:
    status = status_of([50 * MICROSECOND], [50 * MICROSECOND + 1], [99 * MICROSECOND], [SECOND])
    assert dict(status["buckets"][:3]) == {50e-6: 1, 100e-6: 3, 250e-6: 3}
    assert dict(status["buckets"])[0.5] == 3 and dict(status["buckets"])[1.0] == 4


def test_what_took_longer_than_all_buckets_is_counted_in_the_sum_alone() -> None:
    status = status_of([11 * SECOND, 12 * SECOND])
    assert status["buckets"][-1] == [10.0, 0]
    assert (status["count"], status["sum"]) == (2, 23.0)


@given(st.lists(st.lists(st.integers(0, 20 * SECOND) | st.sampled_from([0, 7, 70 * MICROSECOND]), max_size=80)))
def test_batches_count_as_their_requests_one_by_one_would(batches: list[list[int]]) -> None:
    every = [taken for batch in batches for taken in batch]
    assert status_of(*batches) == {
        "buckets": [[bound, sum(taken <= round(bound * SECOND) for taken in every)] for bound in BOUNDS],
        "count": len(every),
        "sum": sum(every) / SECOND,
    }
