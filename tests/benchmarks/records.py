"""How fast the ledger is checked, and copied into the database of the pages."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.bench import CHECKOUT, Bench, run
from tests.benchmarks.figures import Figure, Goal, in_turn, median
from tests.benchmarks.ledgers import ledger

DEADLINE = 900.0
RECOMPUTED = 100_000
RECORDER_GOAL = Goal(50_000, at_least=True, of_ratio=False)
CLIENT = "import sys; from fifod.cli import main; sys.exit(main())"


def _count(bench: Bench) -> int:
    return 100_000 if bench.is_quick else 1_000_000


def _repeats(bench: Bench) -> int:
    return 1 if bench.is_quick else 3


# --- verify ---


def measure_verify(bench: Bench) -> Iterator[Figure]:
    """`fifod-client verify` of the chain, and with all values computed again, against sha256sum of the same files."""
    yield _verify_figure(bench, _count(bench), "verify", [])
    yield _verify_figure(bench, RECOMPUTED, "verify --recompute", ["--recompute"])


def _verify_figure(bench: Bench, records: int, name: str, options: list[str]) -> Figure:
    directory = ledger(bench, records) / "ledger"
    command = [sys.executable, "-c", CLIENT, "verify", str(directory), *options]
    samples = in_turn(
        {
            "fifod": lambda: records / _seconds(command, bench.environment),
            "sha256sum": lambda: records / _seconds(["sha256sum", *map(str, sorted(directory.glob("*.jsonl")))]),
        },
        _repeats(bench),
    )
    value, reference = median(samples["fifod"]), median(samples["sha256sum"])
    label = f"{name}, {records:,} records"
    return Figure("checking a ledger", label, value, "records/s", reference, "sha256sum", None, samples["fifod"])


def _seconds(command: list[str], environment: dict[str, str] | None = None) -> float:
    start = time.perf_counter()
    run(command, environment, DEADLINE)
    return time.perf_counter() - start


# --- the recorder ---


def measure_recorder(bench: Bench) -> Iterator[Figure]:
    """`manage.py record --once` from an empty database on, less the time of a run that finds nothing to do."""
    records = _count(bench)
    state = ledger(bench, records)
    samples = in_turn(
        {"fifod": lambda: _record(bench, state, records), "sqlite3": lambda: _insert(bench, records)}, _repeats(bench)
    )
    yield Figure(
        "recorder",
        f"manage.py record, {records:,} records",
        median(samples["fifod"]),
        "rows/s",
        median(samples["sqlite3"]),
        "bare sqlite3.executemany",
        RECORDER_GOAL,
        samples["fifod"],
    )


def _record(bench: Bench, state: Path, records: int) -> float:
    with bench.directory() as directory:
        environment = bench.environment | {
            "FIFOD_RUNTIME_DIR": str(directory),
            "FIFOD_STATE_DIR": str(state),
            "FIFOD_DATABASE": str(directory / "web.sqlite3"),
        }
        manage = [sys.executable, str(CHECKOUT / "manage.py")]
        run([*manage, "migrate", "--verbosity", "0"], environment)
        record = [*manage, "record", "--once"]
        taken = _seconds(record, environment)
        return records / (taken - _seconds(record, environment))


def _insert(bench: Bench, records: int) -> float:
    """Rows of a draw's size into a table without indexes, in one transaction."""
    with bench.directory() as directory:
        database = sqlite3.connect(directory / "rows.sqlite3")
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE draw (serial INTEGER PRIMARY KEY, time TEXT, drawer TEXT, body TEXT)")
        rows = ((serial, "2026-11-23T08:00:00.123456Z", "unix:1000", "x" * 380) for serial in range(records))
        start = time.perf_counter()
        with database:
            database.executemany("INSERT INTO draw VALUES (?, ?, ?, ?)", rows)
        taken = time.perf_counter() - start
        database.close()
        return records / taken
