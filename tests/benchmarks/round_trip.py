"""The round trip: one client, one draw of five integers at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.benchmarks.bench import Bench, a_core, pinned
from tests.benchmarks.figures import Figure, Goal, in_turn, median
from tests.benchmarks.loads import Load, bounce, measure, python_client
from tests.benchmarks.servers import Server, fifod, textbook

BOUNCE = "(a) 64 bytes bounced"
TEXTBOOK = "(b) textbook server"
KEPT = "(b) whose client keeps its end open"
IN_PYTHON = "(b) with its client in Python"
DRAW, KEYED, DISK, LIBRARY = "fifod", "fifod, with keys", "fifod, durability disk", "fifod, Python client"
GOAL = Goal(1.5)


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """Pinned to one core, and unpinned."""
    with textbook(bench) as book, fifod(bench) as server, fifod(bench, durability="disk") as disk:
        for core, where in ((a_core(), "pinned"), (None, "unpinned")):
            with pinned(core, book.pid, server.pid, disk.pid):
                samples = in_turn(_measurements(bench, book, server, disk), bench.repeats)
            yield from _figures(where, samples)


def _measurements(bench: Bench, book: Server, server: Server, disk: Server) -> dict[str, Callable[[], float]]:
    seconds = bench.seconds

    def loaded(target: Server, load: Load) -> Callable[[], float]:
        return lambda: measure(bench, target, load)["p50"] / 1000

    def python(target: Server, kind: str) -> Callable[[], float]:
        return lambda: python_client(bench, target, seconds, kind)["p50"] / 1000

    return {
        BOUNCE: lambda: bounce(bench, seconds) / 1000,
        TEXTBOOK: loaded(book, Load(seconds=seconds, is_textbook=True, opens_again=True)),
        KEPT: loaded(book, Load(seconds=seconds, is_textbook=True)),
        DRAW: loaded(server, Load(seconds=seconds)),
        KEYED: loaded(server, Load(seconds=seconds, with_keys=True)),
        DISK: loaded(disk, Load(seconds=seconds)),
        IN_PYTHON: python(book, "textbook"),
        LIBRARY: python(server, "library"),
    }


def _figures(where: str, samples: dict[str, list[float]]) -> Iterator[Figure]:
    group = f"round trip, {where}"
    found = {name: median(values) for name, values in samples.items()}

    def figure(name: str, reference: str, goal: Goal | None = None) -> Figure:
        of = f" against {reference.split()[0]}" if name == DRAW else ""
        return Figure(group, name + of, found[name], "µs", found[reference], reference, goal, samples[name])

    yield Figure(group, BOUNCE, found[BOUNCE], "µs", samples=samples[BOUNCE])
    yield figure(TEXTBOOK, BOUNCE)
    yield figure(KEPT, BOUNCE)
    yield figure(DRAW, BOUNCE)
    yield figure(DRAW, TEXTBOOK, GOAL if where == "pinned" else None)
    yield figure(KEYED, TEXTBOOK)
    yield figure(DISK, TEXTBOOK)
    yield figure(IN_PYTHON, TEXTBOOK)
    yield figure(LIBRARY, TEXTBOOK)
    yield Figure(group, LIBRARY, found[LIBRARY], "µs", found[IN_PYTHON], IN_PYTHON, None, samples[LIBRARY])
