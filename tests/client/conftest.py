from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fifod.client import Client
from tests.client.ledgers import make_ledger
from tests.client.standin import Request, StandIn
from tests.daemons import Daemon, reachable_directory, remove
from tests.waiting import DEADLINE

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
TOP = Path(__file__).parents[2]


@pytest.fixture
def runtime() -> Iterator[str]:
    """A runtime directory that every user can enter."""
    place = reachable_directory()
    yield str(place)
    remove(place)


@pytest.fixture
def serve(runtime: str) -> Iterator[Callable[[Callable[[StandIn, Request], None]], StandIn]]:
    """Start a stand-in with the behaviour given; it is stopped at the end of the test."""
    standins: list[StandIn] = []

    def start(behave: Callable[[StandIn, Request], None]) -> StandIn:
        standins.append(StandIn(runtime, behave).__enter__())
        return standins[-1]

    yield start
    for standin in standins:
        standin.__exit__()


@pytest.fixture
def client(runtime: str) -> Iterator[Client]:
    with Client(runtime, timeout=20) as client:
        yield client


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory for a daemon, that every user can enter."""
    place = reachable_directory()
    yield place
    remove(place)


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """A daemon for a whole module, whose tests must leave it as it was."""
    place = reachable_directory()
    with Daemon(place, 'durability = "process"\n') as daemon:
        yield daemon
    remove(place)


def command(*arguments: str, env: dict[str, str], **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run fifod-client."""
    environment = {**os.environ, "PYTHONPATH": str(TOP), **env}
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    line = [sys.executable, "-m", "fifod.cli", *arguments]
    return subprocess.run(line, env=environment, timeout=2 * DEADLINE, **options)


@pytest.fixture
def run(daemon: Daemon) -> Run:
    """Run fifod-client against the module's daemon."""

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        return command(*arguments, env={**daemon.environment, **options.pop("env", {})}, **options)

    return run


@pytest.fixture
def values(run: Run) -> Callable[..., list[str]]:
    """Run a command that must succeed without a word on standard error; returns the lines of standard output."""

    def values(*arguments: str, **options: Any) -> list[str]:
        done = run(*arguments, **options)
        assert (done.returncode, done.stderr) == (0, b""), done
        return done.stdout.decode().splitlines()

    return values


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger of several segments with draws and records of other kinds."""
    return make_ledger(tmp_path)
