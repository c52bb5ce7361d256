from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import Daemon, reachable_directory, remove
from tests.pipes import Pipe

QUICK = 'durability = "process"\n'


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user can enter."""
    place = reachable_directory()
    yield place
    remove(place)


@pytest.fixture
def daemon(place: Path) -> Iterator[Daemon]:
    """A daemon of this test's own."""
    with Daemon(place, QUICK) as daemon:
        yield daemon


@pytest.fixture
def pipe(daemon: Daemon) -> Iterator[Pipe]:
    """A client of the test's own daemon."""
    with Pipe(daemon.run) as pipe:
        yield pipe


@pytest.fixture(scope="module")
def shared() -> Iterator[Daemon]:
    """A daemon for a whole module, whose tests must leave it as it was."""
    place = reachable_directory()
    with Daemon(place, QUICK) as daemon:
        yield daemon
    remove(place)


@pytest.fixture
def client(shared: Daemon) -> Iterator[Pipe]:
    """A client of the module's daemon."""
    with Pipe(shared.run) as pipe:
        yield pipe
