"""The exercise's clients in C, and what became of many of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent
NAMES = ("client", "server", "odd", "driver")
PRINTED = re.compile(r"(\d+) values:((?: \d+)*)\nsum (\d+), mean (\S+)\n")


@dataclass(frozen=True)
class Answer:
    """What a client printed of its answer."""

    count: int
    values: list[int]
    sum: int
    mean: str

    def is_right(self, n: int) -> bool:
        """Whether it can be an answer to a question for n values."""
        return (
            self.count == len(self.values) == n
            and all(1 <= value <= 100 for value in self.values)
            and self.sum == sum(self.values)
            and abs(float(self.mean) - self.sum / n) < 0.006
        )


def answers(printed: str) -> list[Answer]:
    """Every answer in what a client printed."""
    return [
        Answer(int(count), [int(value) for value in values.split()], int(total), mean)
        for count, values, total, mean in PRINTED.findall(printed)
    ]


@dataclass(frozen=True)
class Run:
    """A client from its start to its end: what it asked, how it ended ("0", "-9", "hung"), and what it printed."""

    pid: int
    n: int
    end: str
    nanoseconds: int
    printed: str

    @property
    def answer(self) -> Answer | None:
        """Its answer, if it got one and only one."""
        found = answers(self.printed)
        return found[0] if len(found) == 1 else None

    @property
    def is_right(self) -> bool:
        """Whether it ended well, with an answer that fits its question."""
        return self.end == "0" and self.answer is not None and self.answer.is_right(self.n)


@dataclass(frozen=True)
class Plan:
    """How many clients run, how many of them at a time, while how many processes keep the processor busy."""

    count: int
    at_a_time: int = 1
    hogs: int = 0
    deadline: float = 30.0
    most_hung: int = 1
    """After so many that hung in a row no more are started."""

    def command(self, driver: str, client: Sequence[str]) -> list[str]:
        """The command line of the driver."""
        milliseconds = int(self.deadline * 1000)
        numbers = (self.at_a_time, self.count, milliseconds, self.hogs, self.most_hung)
        return [driver, *map(str, numbers), *client]


def busy_hogs() -> int:
    """How many processes keep every core busy, with two that wait for one."""
    return len(os.sched_getaffinity(0)) + 2


def runs(printed: str) -> list[Run]:
    """What the driver printed."""
    return [_run(line) for line in printed.splitlines()]


def _run(line: str) -> Run:
    pid, n, end, nanoseconds, output = line.split(" ", 4)
    return Run(int(pid), int(n), end, int(nanoseconds), output.replace("\\n", "\n"))


@dataclass(frozen=True)
class Programs:
    """The compiled programs, and how to run them."""

    folder: Path

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)

    def drive(self, plan: Plan, environment: Mapping[str, str], *client: str, deadline: float = 600) -> list[Run]:
        """Run clients; `client` is the command of each but for its number, which is added."""
        with self.driving(plan, environment, *client) as driver:
            printed, _ = driver.communicate(timeout=deadline)
            assert driver.returncode == 0
            return runs(printed)

    @contextmanager
    def driving(self, plan: Plan, environment: Mapping[str, str], *client: str) -> Iterator[subprocess.Popen[str]]:
        """The driver, while it runs clients; afterwards none of them is left, whatever happened."""
        with subprocess.Popen(
            plan.command(self["driver"], client),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as driver:
            try:
                yield driver
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(driver.pid, signal.SIGKILL)


def compile_all(folder: Path) -> Programs:
    """All of them, compiled into a folder."""
    for name in NAMES:
        source, program = str(SOURCES / f"{name}.c"), str(folder / name)
        command = ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source]
        subprocess.run(command, check=True, timeout=120)
    return Programs(folder)
