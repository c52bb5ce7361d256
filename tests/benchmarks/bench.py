"""The bench: compiled programs, temporary directories, and the settings that all figures share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SOURCES = Path(__file__).parent
CHECKOUT = SOURCES.parents[1]
PROGRAMS = ("bounce", "textbook", "load")
DEADLINE = 120.0
NOBODY = 65534


class NotMeasurable(Exception):
    """This machine or this checkout lacks what a figure needs; the text says what."""


@dataclass(frozen=True)
class Bench:
    """What a figure needs to be measured."""

    scratch: Path
    seconds: float
    repeats: int
    ledger_sizes: Sequence[int]
    is_quick: bool
    _programs: dict[str, Path] = field(default_factory=dict)

    def program(self, name: str) -> str:
        """A C program of this package, compiled when it is first asked for."""
        if name not in self._programs:
            self._programs[name] = _compile(name, self.scratch)
        return str(self._programs[name])

    @contextmanager
    def directory(self) -> Iterator[Path]:
        """A directory that is gone afterwards; other users may pass through it."""
        path = Path(tempfile.mkdtemp(dir=self.scratch))
        path.chmod(0o755)
        try:
            yield path
        finally:
            shutil.rmtree(path)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of Python children: this checkout's code, compiled once, as an installation has it."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "FIFOD_", "NOTIFY"))
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return environment | {"PYTHONPATH": str(CHECKOUT), "PYTHONPYCACHEPREFIX": str(self.scratch / "pycache")}


@contextmanager
def open_bench(
    *, seconds: float, repeats: int, ledger_sizes: Sequence[int], is_quick: bool, parent: str | None
) -> Iterator[Bench]:
    """A bench in a new directory, which is removed afterwards."""
    scratch = Path(tempfile.mkdtemp(prefix="fifod-benchmarks-", dir=parent))
    scratch.chmod(0o755)
    try:
        yield Bench(scratch, seconds, repeats, ledger_sizes, is_quick)
    finally:
        shutil.rmtree(scratch)


def _compile(name: str, directory: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NotMeasurable("needs a C compiler")
    target = directory / name
    subprocess.run([compiler, "-O2", "-o", target, SOURCES / f"{name}.c"], check=True, timeout=DEADLINE)
    return target


@contextmanager
def pinned(cpu: int | None, *pids: int) -> Iterator[None]:
    """Let this process, the children it starts meanwhile, and other processes run on one core only."""
    if cpu is None:
        yield
        return
    before = {pid: os.sched_getaffinity(pid) for pid in (0, *pids)}
    try:
        for pid in before:
            os.sched_setaffinity(pid, {cpu})
        yield
    finally:
        for pid, cpus in before.items():
            os.sched_setaffinity(pid, cpus)


def a_core() -> int:
    """The core that pinned measurements run on."""
    return max(os.sched_getaffinity(0))


@contextmanager
def running(
    command: Sequence[str | Path], environment: dict[str, str] | None = None, pass_fds: Sequence[int] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A child that is stopped at the end, however that comes."""
    child = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=pass_fds,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
        try:
            child.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()


def finish(child: subprocess.Popen[str], deadline: float = DEADLINE) -> str:
    """Wait for a child to end by itself; returns what it printed."""
    output, errors = child.communicate(timeout=deadline)
    if child.returncode:
        raise RuntimeError(f"{child.args!r} ended with status {child.returncode}: {errors.strip()[-600:]}")
    return output


def run(command: Sequence[str | Path], environment: dict[str, str] | None = None, deadline: float = DEADLINE) -> str:
    """Run a child to its end; returns what it printed."""
    with running(command, environment) as child:
        return finish(child, deadline)


def run_json(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> dict[str, float]:
    """Run a child that prints one JSON object."""
    found: dict[str, float] = json.loads(run(command, environment))
    return found


def say(text: str) -> None:
    """Tell what is being done, beside the results."""
    print(text, file=sys.stderr, flush=True)
