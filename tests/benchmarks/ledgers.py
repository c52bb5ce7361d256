"""Ledgers of a given size: making them quickly, and what their size costs the daemon."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from fifod.client import Client
from fifod.keys import REMEMBERED
from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import DRAW, Record
from fifod.ledger.writer import Entry, LedgerWriter
from tests.benchmarks.bench import Bench, say
from tests.benchmarks.figures import Figure, Goal, in_turn, median
from tests.benchmarks.loads import Load, measure
from tests.benchmarks.servers import fifod

BATCH = 5000
SEGMENT_BYTES = 64 << 20
GOAL = Goal(1.5)


def ledger(bench: Bench, records: int) -> Path:
    """A state directory whose ledger holds about so many draws with keys; made once, kept for all figures."""
    state = bench.scratch / f"state-{records}"
    if not state.exists():
        with fifod(bench, state=state) as server, Client(server.runtime_dir) as client:
            client.integers(5)
        if records:
            say(f"making a ledger of {records:,} records …")
            _extend(state / "ledger", records)
    return state


def _extend(directory: Path, records: int) -> None:
    """Repeat the ledger's one draw with fresh seeds and keys, through the daemon's own writer."""
    last = LedgerReader(str(directory)).last()
    assert last is not None and last.head.kind == DRAW
    writer = LedgerWriter(str(directory), key_commitment="", host="benchmark")
    writer.configure(is_durable=False, segment_bytes=SEGMENT_BYTES)
    done = 0
    while done < records:
        batch = min(BATCH, records - done)
        writer.append([Entry(DRAW, body) for body in _bodies(last, batch)])
        done += batch
    writer.close()


def _bodies(pattern: Record, count: int) -> Iterator[bytes]:
    seed, key = (str(pattern.body[name]).encode() for name in ("seed", "key"))
    fresh = os.urandom(64 * count).hex().encode()
    for at in range(0, len(fresh), 128):
        yield pattern.body_bytes.replace(seed, fresh[at : at + 64]).replace(key, fresh[at + 64 : at + 128])


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """Start-up and round trip must not grow with the ledger, once it holds as many keys as are remembered."""
    with fifod(bench):
        pass  # compiles what is new, which is no part of a start
    trips: dict[str, list[float]] = {}
    measurements = {f"{records}": _starter(bench, records, trips) for records in sorted(bench.ledger_sizes)}
    starts = in_turn(measurements, bench.repeats)
    for records in set(bench.ledger_sizes) - set(sizes_to_keep(bench)):
        shutil.rmtree(bench.scratch / f"state-{records}")
    yield from _figures(
        "start-up of fifod by size of ledger", "ms", {int(records): values for records, values in starts.items()}
    )
    yield from _figures(
        "round trip by size of ledger", "µs", {int(records): values for records, values in trips.items()}
    )


def sizes_to_keep(bench: Bench) -> tuple[int, ...]:
    """The ledgers that other figures use too."""
    return (100_000, 0 if bench.is_quick else 1_000_000)


def _starter(bench: Bench, records: int, trips: dict[str, list[float]]) -> Callable[[], float]:
    """Measures a start, and a round trip on the way."""
    state = ledger(bench, records)

    def start() -> float:
        with fifod(bench, state=state) as server:
            trip = measure(bench, server, Load(seconds=bench.seconds, with_keys=True))["p50"] / 1000
            trips.setdefault(f"{records}", []).append(trip)
            return server.start_up * 1000

    return start


def _figures(group: str, unit: str, samples: dict[int, list[float]]) -> Iterator[Figure]:
    base = min((records for records in samples if records >= REMEMBERED), default=min(samples))
    for records, values in samples.items():
        against, goal = ("", None) if records <= base else (f"with {base:,} records", GOAL)
        reference = median(samples[base]) if goal else None
        yield Figure(group, f"{records:,} records", median(values), unit, reference, against, goal, values)
