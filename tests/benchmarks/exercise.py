"""The exercise's servers that are measured, and what becomes of the clients that they are given."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.bench import Bench, running
from tests.benchmarks.figures import median
from tests.benchmarks.servers import fifod
from tests.classic.clients import Plan, Programs, Run

DEADLINE, A_TURN = 1.0, 0.05
"""Seconds after which a client counts as hung: one, or this for each of those that run at a time, if that is more."""


@dataclass(frozen=True)
class Score:
    """What became of so many clients; those behind the ones that hung were not even started."""

    asked: int
    runs: Sequence[Run]

    @property
    def rightly(self) -> float:
        """How many of a hundred were answered rightly."""
        return 100 * sum(run.is_right for run in self.runs) / self.asked

    @property
    def wrongly(self) -> float:
        """How many of a hundred ended with somebody else's answer, or with none."""
        return 100 * sum(run.end != "hung" and not run.is_right for run in self.runs) / self.asked

    @property
    def hung(self) -> float:
        """How many of a hundred got no answer in time, or would have waited behind those."""
        return 100 - self.rightly - self.wrongly

    @property
    def milliseconds(self) -> float | None:
        """From the start of a client to its end: the median of those answered rightly."""
        taken = [run.nanoseconds / 1e6 for run in self.runs if run.is_right]
        return median(taken) if taken else None


def plan(count: int, at_a_time: int = 1, hogs: int = 0) -> Plan:
    """So many clients; where all that run at a time hang, and two in a row, nobody is served ever again."""
    return Plan(count, at_a_time, hogs, max(DEADLINE, at_a_time * A_TURN), most_hung=max(2, at_a_time))


@dataclass(frozen=True)
class Server:
    """A server of the exercise's protocol that runs, and the environment that leads clients to it."""

    pid: int
    fifo1: Path
    fifo2: Path
    environment: dict[str, str]
    programs: Programs

    def drive(self, plan: Plan, *client: str) -> list[Run]:
        """Run clients; their command lacks the server's pid and their number."""
        return self.programs.drive(plan, self.environment, *client, str(self.pid))

    def serve(self, plan: Plan) -> Score:
        """Let naive clients ask."""
        return Score(plan.count, self.drive(plan, self.programs["client"]))

    def serve_careful(self, plan: Plan) -> Score:
        """Let clients ask that lose no signal, so that other faults show."""
        return Score(plan.count, self.drive(plan, self.programs["odd"], "sigwait"))


@contextmanager
def naive(bench: Bench, programs: Programs) -> Iterator[Server]:
    """The server that a student writes."""
    with bench.directory() as directory, _started(directory, [programs["server"]], bench.environment, programs) as it:
        yield it


@contextmanager
def bridge(bench: Bench, programs: Programs) -> Iterator[Server]:
    """The bridge, with a fifod of its own."""
    with fifod(bench) as daemon, bench.directory() as directory:
        environment = bench.environment | {"FIFOD_RUNTIME_DIR": daemon.runtime_dir}
        with _started(directory, bridge_command(), environment, programs) as it:
            yield it


def bridge_command() -> list[str]:
    """The command of the bridge."""
    return [sys.executable, "-m", "fifod.classic"]


def paths(directory: Path) -> dict[str, str]:
    """The environment that says where the FIFOs are."""
    fifos = {f"FIFOD_CLASSIC_FIFO{number}": str(directory / f"fifo{number}") for number in (1, 2)}
    return fifos | {"FIFOD_CLASSIC_DIR": str(directory)}


@contextmanager
def _started(directory: Path, command: list[str], environment: dict[str, str], programs: Programs) -> Iterator[Server]:
    environment = environment | paths(directory)
    with running(command, environment) as child:
        yield Server(_told_pid(child), directory / "fifo1", directory / "fifo2", environment, programs)


def _told_pid(child: subprocess.Popen[str]) -> int:
    """Both say "use: client PID" when they can be asked."""
    assert child.stdout is not None
    words = child.stdout.readline().split()
    if not words:
        raise RuntimeError(f"{child.args!r} did not start")
    return int(words[-1])
