from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.classic.bridges import Bridge
from tests.daemons import Daemon, reachable_directory, remove

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
def bridge(daemon: Daemon) -> Iterator[Bridge]:
    """A bridge to the test's own daemon."""
    with Bridge(daemon) as bridge:
        yield bridge
