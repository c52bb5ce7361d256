"""The command `python -m tests.benchmarks`; its exit status is 1 if something could not be measured."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import (
    classic,
    histories,
    ledgers,
    picture,
    posts,
    profiling,
    records,
    report,
    resting,
    round_trip,
    sizes,
    stages,
    streams,
    throughput,
    watching,
    weights,
)
from tests.benchmarks.bench import CHECKOUT, Bench, NotMeasurable, open_bench, say
from tests.benchmarks.figures import Figure

MEASUREMENTS: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "round-trip": round_trip.measure_figures,
    "throughput": throughput.measure_figures,
    "quiet-client": throughput.measure_quiet_client,
    "sizes": sizes.measure_figures,
    "ledgers": ledgers.measure_figures,
    "stream": streams.measure_figures,
    "verify": records.measure_verify,
    "recorder": records.measure_recorder,
    "start": resting.measure_client,
    "resting": resting.measure_figures,
    "stages": stages.measure_figures,
    "posts": posts.measure_figures,
    "weights": weights.measure_figures,
    "classic": classic.measure_figures,
    "history": histories.measure_figures,
    "live": watching.measure_figures,
}
LEDGERS = (0, 100_000, 1_000_000, 10_000_000)


def main() -> int:
    """Measure, print the table, and write JSON and picture."""
    arguments = _parser().parse_args()
    # So that what was started is stopped and removed however this ends.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    figures: list[Figure] = []
    with open_bench(
        seconds=0.2 if arguments.quick else 1.0,
        repeats=3 if arguments.quick else 5,
        ledger_sizes=arguments.records or LEDGERS[: 4 if arguments.full else 3],
        is_quick=arguments.quick,
        parent=arguments.scratch,
    ) as bench:
        for name in arguments.only or MEASUREMENTS:
            say(f"measuring {name} …")
            figures += _measured(name, bench)
        if arguments.profile:
            arguments.output.mkdir(parents=True, exist_ok=True)
            profiling.write_profile(bench, arguments.output / "profile.txt")
    print(report.table(figures))
    _write(figures, arguments.output)
    return 1 if any(figure.value is None for figure in figures) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure fifod against references on this machine; prints a table, writes JSON and a picture.",
    )
    parser.add_argument(
        "--only", action="append", choices=MEASUREMENTS, metavar="NAME", help=f"one of {', '.join(MEASUREMENTS)}"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="short measurements: to see that all works")
    length.add_argument("--full", action="store_true", help="also a ledger of 10 million records (6 GB, minutes)")
    parser.add_argument(
        "--records",
        type=int,
        action="append",
        metavar="N",
        help="records in the ledger before the run; repeat for more",
    )
    parser.add_argument("--profile", action="store_true", help="also write profile.txt: where fifod's time goes")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "var" / "benchmarks", metavar="FOLDER")
    parser.add_argument("--scratch", metavar="FOLDER", help="where ledgers and FIFOs are meanwhile (else TMPDIR)")
    return parser


def _measured(name: str, bench: Bench) -> Iterator[Figure]:
    try:
        yield from MEASUREMENTS[name](bench)
    except (NotMeasurable, FileNotFoundError, RuntimeError) as reason:
        # What was measured before and what comes after is worth having all the same.
        yield Figure(name, name, None, "", note=str(reason))


def _write(figures: list[Figure], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    report.write_json(figures, folder / "figures.json")
    (folder / "figures.svg").write_text(picture.draw(figures))
    say(f"written: {folder / 'figures.json'} and {folder / 'figures.svg'}")


if __name__ == "__main__":
    sys.exit(main())
