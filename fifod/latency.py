"""The latency: how long requests take, from being read to having their reply handed to delivery, as a histogram.

What goes before and after is not the daemon's doing: a request that lies unread in the FIFO shows in its bytes, a
reply that waits for its client to read it among the undelivered.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

BOUNDS = (
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""The buckets' upper bounds in seconds."""

_BOUNDS_NS = [round(bound * 1e9) for bound in BOUNDS]


class Latency:
    """Counts requests by how long they took."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = 0

    def add(self, arrivals: list[int], now: int) -> None:
        """Count requests that are answered now and were read at these times, all in monotonic nanoseconds."""
        # Requests that were read together have one time between them, so a batch has few different ones.
        for arrived in set(arrivals):
            count, taken = arrivals.count(arrived), now - arrived
            self._counts[bisect_left(_BOUNDS_NS, taken)] += count
            self._sum += taken * count

    def status(self) -> dict[str, object]:
        """What getStatus tells of it: how many took at most so many seconds, how many there were, and their sum."""
        running = list(accumulate(self._counts))
        return {
            "buckets": [list(pair) for pair in zip(BOUNDS, running, strict=False)],
            "count": running[-1],
            "sum": self._sum / 1e9,
        }
