"""How long draws of many values take, one client, one at a time."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Figure, in_turn, median
from tests.benchmarks.loads import Load, measure
from tests.benchmarks.servers import Server, fifod

SIZES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
MOST = 1_000_000
REFERENCE = "Python's random and json"
SECONDS_A_VALUE = 5e-6


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """With and without replacement."""
    with fifod(bench) as server:
        for is_distinct in (False, True):
            for n in SIZES:
                yield _figure(bench, server, n, is_distinct)


def _figure(bench: Bench, server: Server, n: int, is_distinct: bool) -> Figure:
    # Long enough for a few draws, however large.
    seconds = bench.seconds + SECONDS_A_VALUE * n
    load = Load(n=n, most=MOST, is_distinct=is_distinct, seconds=seconds, warm_up=0.0)
    samples = in_turn(
        {
            "fifod": lambda: measure(bench, server, load)["p50"] / 1e6,
            REFERENCE: lambda: _in_memory(n, is_distinct),
        },
        1 if n > 10_000 and bench.is_quick else bench.repeats,
    )
    group = f"draws of n integers {'without' if is_distinct else 'with'} replacement"
    return Figure(
        group,
        f"n = {n:,}",
        median(samples["fifod"]),
        "ms",
        median(samples[REFERENCE]),
        REFERENCE,
        None,
        samples["fifod"],
    )


def _in_memory(n: int, is_distinct: bool) -> float:
    """Milliseconds to make as many numbers as text in this process, not fairly, unrecorded and sent nowhere."""
    numbers = range(1, MOST + 1)
    start = time.perf_counter()
    json.dumps(random.sample(numbers, n) if is_distinct else random.choices(numbers, k=n))
    return (time.perf_counter() - start) * 1000
