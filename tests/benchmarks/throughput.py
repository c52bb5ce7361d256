"""Draws a second with many clients, and how long a quiet client waits meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from tests.benchmarks.bench import NOBODY, Bench
from tests.benchmarks.figures import Figure, Goal, in_turn, median
from tests.benchmarks.loads import Load, background, measure, result_of
from tests.benchmarks.servers import Server, fifod, processor_seconds, textbook

CLIENTS = (1, 8, 64, 512)
IN_FLIGHT = (1, 16)
GOAL = Goal(60_000, at_least=True, of_ratio=False)
QUIET_GOAL = Goal(3)
PACE_MICROSECONDS = 1000
QUANTILES = {"p50": "p50", "p99": "p99", "p999": "p99.9"}


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """Every number of clients, with `process` against the textbook server, and the middle one with keys and `disk`."""
    with textbook(bench) as book, fifod(bench) as server:
        for clients in CLIENTS:
            for in_flight in IN_FLIGHT:
                load = Load(clients, in_flight, seconds=bench.seconds)
                yield _figure(bench, book, server, load)
        yield _figure(bench, book, server, Load(8, 16, seconds=bench.seconds, with_keys=True), ", with keys")
        yield _processor_figure(bench, book, server)
        with fifod(bench, durability="disk") as disk:
            for clients in (1, 8, 64):
                load = Load(clients, 16, seconds=bench.seconds)
                yield _figure(bench, book, disk, load, ", durability disk")


def _figure(bench: Bench, book: Server, server: Server, load: Load, which: str = "") -> Figure:
    reference = Load(load.clients, load.in_flight, seconds=load.seconds, is_textbook=True)
    rates: dict[str, Callable[[], float]] = {
        "fifod": lambda: measure(bench, server, load)["rate"],
        "textbook": lambda: measure(bench, book, reference)["rate"],
    }
    samples = in_turn(rates, bench.repeats)
    return Figure(
        "draws a second",
        f"{load.clients} × {load.in_flight}{which}",
        median(samples["fifod"]),
        "draws/s",
        median(samples["textbook"]),
        "(b) textbook server",
        GOAL if (load.clients, load.in_flight, which) == (8, 16, "") else None,
        samples["fifod"],
    )


def _processor_figure(bench: Bench, book: Server, server: Server) -> Figure:
    """What other processes take of the machine counts less here than in draws a second."""

    def processor_time(target: Server, is_textbook: bool) -> float:
        load = Load(8, 16, seconds=bench.seconds, warm_up=0.0, is_textbook=is_textbook)
        before = processor_seconds(target.pid)
        replies = measure(bench, target, load)["replies"]
        return (processor_seconds(target.pid) - before) / replies * 1e6

    samples = in_turn(
        {"fifod": lambda: processor_time(server, False), "textbook": lambda: processor_time(book, True)}, bench.repeats
    )
    value, reference = median(samples["fifod"]), median(samples["textbook"])
    return Figure(
        "processor time a draw", "8 × 16", value, "µs", reference, "(b) textbook server", None, samples["fifod"]
    )


def measure_quiet_client(bench: Bench) -> Iterator[Figure]:
    """A client that draws a thousand times a second at most: alone, and beside others that do all they can."""
    with fifod(bench) as server:
        for clients, in_flight in ((8, 16), (512, 16)):
            yield from _quiet_figures(bench, server, clients, in_flight)


def _quiet_figures(bench: Bench, server: Server, clients: int, in_flight: int) -> Iterator[Figure]:
    quiet = Load(seconds=max(2.0, bench.seconds), pace=PACE_MICROSECONDS)
    uid = NOBODY if os.geteuid() == 0 else 0
    whose = "another user's" if uid else "the same user's"
    noise = Load(clients, in_flight, seconds=quiet.seconds + 0.6, warm_up=0.0, uid=uid)
    alone, loaded = [], []
    for _ in range(bench.repeats):
        alone.append(measure(bench, server, quiet))
        with background(bench, server, noise) as child:
            loaded.append(measure(bench, server, quiet))
            result_of(child)
    for key, name in QUANTILES.items():
        samples = [one[key] / 1000 for one in loaded]
        yield Figure(
            "a quiet client",
            f"{name} beside {whose} {clients} × {in_flight}",
            median(samples),
            "µs",
            median([one[key] / 1000 for one in alone]),
            f"its {name} alone",
            QUIET_GOAL if key == "p99" and clients == 8 else None,
            samples,
        )
