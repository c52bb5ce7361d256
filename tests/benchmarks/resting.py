"""What fifod costs while nobody draws, and what the start of its client costs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.benchmarks.bench import Bench, run, running
from tests.benchmarks.figures import Figure, Goal, in_turn, median
from tests.benchmarks.ledgers import ledger
from tests.benchmarks.loads import Load, measure
from tests.benchmarks.servers import Server, fifod, processor_seconds

KEYS = 100_000
MEMORY_GOAL = Goal(40, of_ratio=False)
START_GOAL = Goal(2.5)
CLIENT = "import sys\nfrom fifod.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n"


# --- memory, wake-ups, processor ---


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """Fresh, with a full index of keys, and after a load."""
    bare = _bare_python(bench)
    with fifod(bench) as server:
        idle = list(_idleness(bench, server))
        yield _memory("fresh", server, bare)
        measure(bench, server, Load(8, 16, seconds=bench.seconds, with_keys=True))
        yield _memory("after a load of 8 × 16", server, bare)
    with fifod(bench, state=ledger(bench, KEYS)) as server:
        yield _memory(f"started with {KEYS:,} keys in the ledger", server, bare)
    yield from idle


def _memory(name: str, server: Server, bare: float) -> Figure:
    return Figure("resident memory", name, _resident(server.pid), "MB", bare, "bare Python", MEMORY_GOAL)


def _resident(pid: int) -> float:
    return int(_status(pid, "VmRSS").split()[0]) * 1024 / 1e6


def _status(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))


def _bare_python(bench: Bench) -> float:
    waiting = [sys.executable, "-c", "import sys, time; print(flush=True); time.sleep(60)"]
    with running(waiting, bench.environment) as child:
        assert child.stdout is not None
        child.stdout.readline()
        return _resident(child.pid)


def _idleness(bench: Bench, server: Server) -> Iterator[Figure]:
    seconds = 4.0 if bench.is_quick else 20.0
    time.sleep(0.5)  # what the start left to do is no idleness
    before = _wake_ups(server.pid), processor_seconds(server.pid)
    time.sleep(seconds)
    after = _wake_ups(server.pid), processor_seconds(server.pid)
    yield Figure("idle", "wake-ups a second", (after[0] - before[0]) / seconds, "/s")
    yield Figure("idle", "processor", (after[1] - before[1]) / seconds * 1e6, "µs/s")


def _wake_ups(pid: int) -> int:
    return int(_status(pid, "voluntary_ctxt_switches"))


# --- the client's start ---


def measure_client(bench: Bench) -> Iterator[Figure]:
    """`fifod-client 5` from start to end, against Python doing nothing."""
    script = bench.scratch / "fifod-client"
    script.write_text(CLIENT)
    with fifod(bench) as server:
        commands = {
            "python3 -c pass": ["-c", "pass"],
            "fifod-client 5": [str(script), "5"],
            "fifod-client integers 5 --json": [str(script), "integers", "5", "--json"],
            "fifod-client status": [str(script), "status"],
        }
        environment = server.environment or {}
        for command in commands.values():
            run([sys.executable, *command], environment)
        samples = in_turn(
            {name: partial(_milliseconds, command, environment) for name, command in commands.items()},
            bench.repeats * 5,
        )
    for name in list(commands)[1:]:
        goal = START_GOAL if name == "fifod-client 5" else None
        bare = median(samples["python3 -c pass"])
        yield Figure("start", name, median(samples[name]), "ms", bare, "python3 -c pass", goal, samples[name])


def _milliseconds(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    run([sys.executable, *command], environment)
    return (time.perf_counter() - start) * 1000
