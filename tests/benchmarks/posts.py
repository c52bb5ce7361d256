"""A draw by POST, from the browser's request to the JSON that answers it, against a view that only answers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlencode

from tests.benchmarks.bench import Bench, NotMeasurable, run_json
from tests.benchmarks.figures import Figure, Goal, in_turn, median
from tests.benchmarks.poster import KEY, Errand
from tests.benchmarks.website import Website, cookie_header, plain_website, website

BARE, LOGGED_IN = "(a) bare view", "(b) bare view for who is logged in"
PLAIN = "(c) bare view of a new project, by Django's own handler"
DRAW, DISK = "draw", "draw, durability disk"
PATHS = {BARE: "/bare", LOGGED_IN: "/bare/logged-in", PLAIN: "/bare", DRAW: "/", DISK: "/"}
CONNECTIONS = (1, 8, 32)
ALIKE = 1.1
TIME_GOAL = Goal(1.5)
RATE_GOAL = Goal(0.6, at_least=True)
FORM = {"n": 5, "min": 1, "max": 100, "replacement": 1, "base": 10, "purpose": "audit sample", "key": KEY.decode()}

UNITS = {"processor": ("ms", 1e6), "p50": ("ms", 1e6), "p95": ("ms", 1e6), "rate": ("answers/s", 1.0)}

WORDS = {"processor": "the site's processor time", "p50": "p50", "p95": "p95", "rate": "a second"}

Measured = dict[str, float]


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """Time and answers a second, for one browser and for several at once."""
    with website(bench) as site, website(bench, durability="disk") as disk, plain_website(bench) as plain:
        sites = {PLAIN: plain, DISK: disk}
        for connections in CONNECTIONS:
            measurements = {
                name: _posting(bench, sites.get(name, site), path, connections) for name, path in PATHS.items()
            }
            samples = in_turn(measurements, bench.repeats)
            _check(samples)
            yield from _figures(connections, samples)


def _check(samples: dict[str, list[Measured]]) -> None:
    """Answers of different length would be no comparison."""
    lengths = {name: found[0]["length"] for name, found in samples.items()}
    if max(lengths.values()) > ALIKE * min(lengths.values()):
        raise NotMeasurable(f"the answers are not alike: {lengths}")


def _posting(bench: Bench, site: Website, path: str, connections: int) -> Callable[[], Measured]:
    body = urlencode({"csrfmiddlewaretoken": site.token, **FORM}, safe=KEY.decode())
    head = "\r\n".join(
        (
            f"POST {path} HTTP/1.1",
            f"Host: 127.0.0.1:{site.port}",
            "Accept: application/json",
            f"Cookie: {cookie_header(site.cookies)}",
            "Content-Type: application/x-www-form-urlencoded",
            "Content-Length: {length}",
        )
    )
    errand = Errand(site.port, head, body, connections, bench.seconds, bench.seconds / 5)
    command = [sys.executable, "-m", "tests.benchmarks.poster", json.dumps(asdict(errand))]

    def post() -> Measured:
        before = _processor_seconds(site.pid)
        found = run_json(command, bench.environment)
        return found | {"processor": (_processor_seconds(site.pid) - before) / found["answers"] * 1e9}

    return post


def _processor_seconds(pid: int) -> float:
    """Of all threads, those too that have ended."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def _figures(connections: int, samples: dict[str, list[Measured]]) -> Iterator[Figure]:
    group = "a POST, 1 browser" if connections == 1 else f"POSTs, {connections} browsers"

    def figure(name: str, key: str, reference: str = BARE, goal: Goal | None = None) -> Figure:
        of, to = ([sample[key] / UNITS[key][1] for sample in samples[one]] for one in (name, reference))
        label = f"{name}: {WORDS[key]}" + ("" if reference == BARE else f" against {reference.split()[0]}")
        return Figure(group, label, median(of), UNITS[key][0], median(to), reference, goal, of)

    # The goals name a bare view: (c) is Django's own, (a) is asked more of, since it has our handler and no login.
    for reference in (PLAIN, BARE):
        yield figure(DRAW, "p50", reference, TIME_GOAL if connections == 1 else None)
        yield figure(DRAW, "rate", reference, RATE_GOAL if connections == 8 else None)
    yield figure(DRAW, "p95")
    yield figure(DRAW, "p50", LOGGED_IN)
    yield figure(DRAW, "rate", LOGGED_IN)
    yield figure(LOGGED_IN, "p50")
    # What other processes take of the machine counts less here.
    yield figure(DRAW, "processor")
    yield figure(LOGGED_IN, "processor")
    yield figure(DISK, "p50")
    yield figure(DISK, "rate")
