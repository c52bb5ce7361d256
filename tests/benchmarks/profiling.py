"""A profile of fifod under load: which functions the time goes to, in microseconds a draw."""

from __future__ import annotations

import os
import pstats
from pathlib import Path

from tests.benchmarks.bench import CHECKOUT, Bench
from tests.benchmarks.loads import Load, measure
from tests.benchmarks.servers import fifod

SHOWN = 45
LOADS = (Load(1, 1, with_keys=True, warm_up=0.0), Load(8, 16, with_keys=True, warm_up=0.0))
REMARK = "The profiler makes every call dearer, small functions most: compare shares, and take times from `stages`."


def write_profile(bench: Bench, path: Path) -> None:
    """Run fifod in Python's profiler, once for each load."""
    path.write_text(f"{REMARK}\n\n" + "\n".join(_profile(bench, load) for load in LOADS))


def _profile(bench: Bench, load: Load) -> str:
    with bench.directory() as directory:
        collected = directory / "profile"
        with fifod(bench, prefix=("-m", "cProfile", "-o", str(collected), "-m", "fifod")) as server:
            draws = measure(bench, server, load)["replies"]
        return _table(pstats.Stats(str(collected)), load, draws)


def _table(stats: pstats.Stats, load: Load, draws: float) -> str:
    profile = stats.get_stats_profile().func_profiles
    dearest = sorted(profile.items(), key=lambda item: item[1].tottime, reverse=True)[:SHOWN]
    lines = [f"{load.clients} × {load.in_flight}, {draws:.0f} draws", "  own µs   all µs  calls  function"]
    for name, one in dearest:
        own, total = one.tottime / draws * 1e6, one.cumtime / draws * 1e6
        place = os.path.relpath(one.file_name, CHECKOUT) if one.file_name.startswith(str(CHECKOUT)) else ""
        calls = int(str(one.ncalls).partition("/")[0]) / draws
        lines.append(f"{own:8.2f} {total:8.2f} {calls:6.2f}  {name} {place}")
    return "\n".join(lines) + "\n"
