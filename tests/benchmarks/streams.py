"""The stream of random bytes, against what the kernel gives and what a pipe can carry."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fifod.client import Client
from tests.benchmarks.bench import Bench, running
from tests.benchmarks.figures import Figure, Goal, in_turn, median
from tests.benchmarks.servers import Server, fifod

PIPE_BYTES = 1 << 20
URANDOM, BARE = "cat /dev/urandom through a FIFO", "cat /dev/zero through a FIFO"
LIBRARY, COMMAND = "stream, library", "stream, fifod-client through a FIFO"
GOAL = Goal(1.2)


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """Time for a gigabyte: the same reader, in this process, takes from each."""
    with fifod(bench) as server:
        samples = in_turn(_measurements(bench, server), bench.repeats)
    yield _figure(samples, BARE)
    yield _figure(samples, URANDOM, BARE)
    yield _figure(samples, LIBRARY, URANDOM, GOAL)
    yield _figure(samples, LIBRARY, BARE)
    yield _figure(samples, COMMAND, URANDOM)


def _figure(samples: dict[str, list[float]], name: str, reference: str = "", goal: Goal | None = None) -> Figure:
    beside = median(samples[reference]) if reference else None
    of = f" against {reference.split()[1]}" if name == LIBRARY else ""
    value = median(samples[name])
    note = f"{1000 / value:,.0f} MB/s"
    return Figure("time for a gigabyte", name + of, value, "s", beside, reference, goal, samples[name], note)


def _measurements(bench: Bench, server: Server) -> dict[str, Callable[[], float]]:
    command = [sys.executable, "-c", "import sys; from fifod.cli import main; sys.exit(main())", "stream"]
    environment = server.environment or {}
    return {
        BARE: lambda: _from_fifo(bench, ["cat", "/dev/zero"]),
        URANDOM: lambda: _from_fifo(bench, ["cat", "/dev/urandom"]),
        LIBRARY: lambda: _from_library(server, bench.seconds),
        COMMAND: lambda: _from_fifo(bench, command, environment),
    }


def _from_library(server: Server, seconds: float) -> float:
    with Client(server.runtime_dir) as client, client.stream() as stream:
        return _seconds_a_gigabyte(lambda: stream.read(PIPE_BYTES), seconds)


def _from_fifo(bench: Bench, command: list[str], environment: dict[str, str] | None = None) -> float:
    with bench.directory() as directory:
        path = directory / "fifo"
        os.mkfifo(path, 0o600)
        shell = ["sh", "-c", 'exec "$@" > "$0"', str(path), *command]
        with running(shell, environment):
            descriptor = _open_large(path)
            try:
                return _seconds_a_gigabyte(lambda: os.read(descriptor, PIPE_BYTES), bench.seconds)
            finally:
                # The writer is told by its next write that nobody reads any more, and ends.
                os.close(descriptor)


def _open_large(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except OSError:
        pass  # an unprivileged user may be over a limit; all measurements are, then
    return descriptor


def _seconds_a_gigabyte(read: Callable[[], bytes], seconds: float) -> float:
    for _ in range(20):
        read()
    total = 0
    start = time.perf_counter()
    end = start + seconds
    while time.perf_counter() < end:
        found = len(read())
        if not found:
            raise RuntimeError("a stream ended early")
        total += found
    return (time.perf_counter() - start) / total * 1e9
