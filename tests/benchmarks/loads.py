"""Load: what the C load generator and the Python client find out about a server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.benchmarks.bench import Bench, finish, run, run_json, running
from tests.benchmarks.servers import Server


@dataclass(frozen=True)
class Load:
    """How many clients with how many requests in flight each ask for what, and how long."""

    clients: int = 1
    in_flight: int = 1
    n: int = 5
    most: int = 100
    seconds: float = 1.0
    warm_up: float = 0.2
    with_keys: bool = False
    is_distinct: bool = False
    is_textbook: bool = False
    opens_again: bool = False
    pace: int = 0
    uid: int = 0

    def command(self, bench: Bench, server: Server) -> list[str]:
        """The command line of the load generator."""
        flags = {"-k": self.with_keys, "-d": self.is_distinct, "-t": self.is_textbook, "-o": self.opens_again}
        values = {"-c": self.clients, "-f": self.in_flight, "-n": self.n, "-m": self.most, "-p": self.pace}
        values["-u"] = self.uid
        return [
            bench.program("load"),
            *(flag for flag, is_set in flags.items() if is_set),
            *(text for flag, value in values.items() for text in (flag, str(value))),
            *("-s", str(self.seconds), "-w", str(self.warm_up)),
            *(str(server.requests), str(server.replies)),
        ]


def measure(bench: Bench, server: Server, load: Load) -> dict[str, float]:
    """Put a load on a server; returns `rate` (replies a second) and `mean`, `p50`, `p99`, `p999` (nanoseconds)."""
    return run_json(load.command(bench, server))


@contextmanager
def background(bench: Bench, server: Server, load: Load) -> Iterator[subprocess.Popen[str]]:
    """A load that runs meanwhile."""
    with running(load.command(bench, server)) as child:
        yield child


def result_of(child: subprocess.Popen[str]) -> dict[str, float]:
    """What a load that ran in the background found."""
    found: dict[str, float] = json.loads(finish(child))
    return found


def bounce(bench: Bench, seconds: float) -> float:
    """Nanoseconds that 64 bytes take there and back between two C processes."""
    with bench.directory() as directory:
        return float(run([bench.program("bounce"), directory / "there", directory / "back", str(seconds)]))


def python_client(bench: Bench, server: Server, seconds: float, kind: str = "library") -> dict[str, float]:
    """The same as `measure` for a client in Python: the `library`, or the `textbook`'s client written in Python."""
    arguments = [kind, str(server.requests), str(server.replies), str(seconds)]
    return run_json([sys.executable, "-m", "tests.benchmarks.caller", *arguments], bench.environment)
