"""The exercise's clients in C: how the bridge serves them, and how the server that a student writes does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from operator import methodcaller
from pathlib import Path

from tests.benchmarks.bench import Bench, NotMeasurable, run
from tests.benchmarks.everybody import BYSTANDERS, QUESTION
from tests.benchmarks.exercise import Score, Server, bridge, bridge_command, naive, paths, plan
from tests.benchmarks.figures import Figure, Goal, in_turn, median
from tests.benchmarks.servers import processor_seconds
from tests.classic.clients import Programs, busy_hogs, compile_all
from tests.waiting import readable

AT_A_TIME = (1, 4, 16, 50)
NAIVE = "naive server"
ALL, NONE = Goal(100, at_least=True, of_ratio=False), Goal(0, of_ratio=False)
IN_A_NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


def measure_figures(bench: Bench) -> Iterator[Figure]:
    """Naive clients, few and many at a time, on an idle and on a busy machine; then what else can happen."""
    if not shutil.which("cc"):
        raise NotMeasurable("needs a C compiler")
    with bench.directory() as directory:
        programs = compile_all(directory)
        with bridge(bench, programs) as ours:
            yield from _clients(bench, ours, 0, "idle")
            yield from _clients(bench, ours, busy_hogs(), "busy")
            yield from _faults(bench, ours)
        yield _everybody(bench, programs)


# --- clients that do all right ---


def _clients(bench: Bench, ours: Server, hogs: int, how: str) -> Iterator[Figure]:
    group = f"classic, {how}"
    count = 50 if bench.is_quick else 200
    for at_a_time in AT_A_TIME:
        asked = plan(count, at_a_time, hogs)
        scores = _in_turn(bench, ours, methodcaller("serve", asked))
        name = f"{at_a_time} at a time"
        yield from _outcomes(group, name, scores)
        yield _compared(group, f"{name}: time per request", "ms", None, scores, lambda score: score.milliseconds)
    yield _process_alone(group, ours, hogs)


Scores = dict[str, list[Score]]


def _in_turn(bench: Bench, ours: Server, measure: Callable[[Server], Score]) -> Scores:
    """The naive server is a new one each time: when it hangs it never goes on."""

    def theirs() -> Score:
        with naive(bench, ours.programs) as server:
            return measure(server)

    repeats = 1 if bench.is_quick else bench.repeats
    return in_turn({"ours": lambda: measure(ours), "theirs": theirs}, repeats)


def _outcomes(group: str, name: str, scores: Scores) -> Iterator[Figure]:
    yield _compared(group, f"{name}: answered rightly", "%", ALL, scores, lambda score: score.rightly)
    yield _compared(group, f"{name}: answered wrongly", "%", NONE, scores, lambda score: score.wrongly)
    hung = _compared(group, f"{name}: hung", "%", NONE, scores, lambda score: score.hung)
    theirs = scores["theirs"]
    hung.note = f"({NAIVE}: in {sum(score.hung > 0 for score in theirs)} of {len(theirs)} runs)"
    yield hung


def _compared(
    group: str, name: str, unit: str, goal: Goal | None, scores: Scores, pick: Callable[[Score], float | None]
) -> Figure:
    found = {whose: [value for value in map(pick, those) if value is not None] for whose, those in scores.items()}
    means = {whose: sum(values) / len(values) if values else None for whose, values in found.items()}
    return Figure(group, name, means["ours"], unit, means["theirs"], NAIVE, goal, found["ours"])


def _process_alone(group: str, server: Server, hogs: int) -> Figure:
    """What of the time is none of the request's."""
    true = shutil.which("true") or "/bin/true"
    taken = [run.nanoseconds / 1e6 for run in server.drive(plan(100, hogs=hogs), true)]
    return Figure(group, "start and end of a process that asks nothing", median(taken), "ms")


# --- what else can happen ---


def _faults(bench: Bench, ours: Server) -> Iterator[Figure]:
    group = "classic, faults"
    seconds = 10 * bench.seconds
    with naive(bench, ours.programs) as server:
        theirs = _idleness(server, seconds)
    yield Figure(group, "processor while idle", _idleness(ours, seconds), "µs/s", theirs, NAIVE)
    troubles = {
        "careful clients after one that left": _leave,
        "careful clients after one that died": _die,
        "careful clients after one that died, server woken by hand": _die_and_wake,
    }
    for name, trouble in troubles.items():
        yield from _outcomes(group, name, _in_turn(bench, ours, trouble))


def _idleness(server: Server, seconds: float) -> float:
    """Microseconds of processor time a second when a client has come and gone without a question."""
    ends = [os.open(path, os.O_RDWR) for path in (server.fifo1, server.fifo2)]
    time.sleep(0.2)
    for end in ends:
        os.close(end)
    time.sleep(0.2)
    before = processor_seconds(server.pid)
    time.sleep(seconds)
    return (processor_seconds(server.pid) - before) / seconds * 1e6


def _leave(server: Server) -> Score:
    """A client closes its end of fifo2 and asks all the same."""
    server.drive(plan(1), server.programs["odd"], "leaves")
    return server.serve_careful(plan(10))


def _die(server: Server) -> Score:
    return _after_the_dead(server, is_woken=False)


def _die_and_wake(server: Server) -> Score:
    return _after_the_dead(server, is_woken=True)


def _after_the_dead(server: Server, is_woken: bool) -> Score:
    """A question is read when who asked it has died, while another client has fifo2 open."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    ends = [os.open(server.fifo1, os.O_RDWR), os.open(server.fifo2, os.O_RDONLY | os.O_NONBLOCK)]
    try:
        os.write(ends[0], QUESTION.pack(dead.pid, 77))
        # The naive server answers, the bridge does not.
        readable(ends[1], seconds=0.5)
        if is_woken:
            os.kill(server.pid, signal.SIGUSR1)
        return server.serve_careful(plan(10))
    finally:
        for end in ends:
            os.close(end)


def _everybody(bench: Bench, programs: Programs) -> Figure:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise NotMeasurable("what pid -1 does needs root and the command unshare")
    theirs = _signalled(bench, [programs["server"], "everybody"])
    name = f"processes of {BYSTANDERS} signalled for pid -1"
    return Figure("classic, faults", name, _signalled(bench, bridge_command()), "", theirs, NAIVE, NONE)


def _signalled(bench: Bench, command: list[str]) -> float:
    with bench.directory() as directory:
        environment = bench.environment | paths(directory) | {"FIFOD_RUNTIME_DIR": str(directory)}
        fifos = [str(Path(directory, name)) for name in ("fifo1", "fifo2")]
        asker = [sys.executable, "-m", "tests.benchmarks.everybody", *fifos, *command]
        return float(run([*IN_A_NAMESPACE, *asker], environment))
