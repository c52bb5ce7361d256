from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fifod.client import Client
from tests.client.standin import Request, StandIn


@pytest.fixture
def runtime(tmp_path: Path) -> str:
    directory = tmp_path / "run"
    directory.mkdir()
    return str(directory)


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
