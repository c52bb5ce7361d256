from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.classic.bridges import Bridge
from tests.classic.clients import Programs, compile_all
from tests.daemons import Daemon, reachable_directory, remove

QUICK = 'durability = "process"\n'


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    """The exercise's clients, compiled once."""
    needs.commands("cc")
    return compile_all(tmp_path_factory.mktemp("classic"))


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
