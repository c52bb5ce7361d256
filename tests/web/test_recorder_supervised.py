"""What the recorder tells its supervisor, and that one which does not listen stops nothing."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import DEADLINE, until
from tests.web.ledgers import Ledger
from tests.web.sites import Site


@pytest.fixture
def ledger(place: Path) -> Ledger:
    """A ledger with three draws."""
    ledger = Ledger(place / "state" / "ledger")
    ledger.draws(3)
    return ledger


@pytest.fixture
def supervisor(place: Path, site: Site) -> Iterator[socket.socket]:
    """The end at which a supervisor listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(place / "notify"))
        listening.settimeout(DEADLINE)
        site.environment["NOTIFY_SOCKET"] = str(place / "notify")
        yield listening


def test_it_tells_that_it_is_ready_and_how_far_it_is(site: Site, ledger: Ledger, supervisor: socket.socket) -> None:
    with site.recorder():
        assert supervisor.recv(4096) == b"READY=1"
        until(lambda: supervisor.recv(4096).endswith(b"newest draw recorded 3"), "it tells of the newest draw")


def test_a_supervisor_that_stands_still_stops_neither_the_recorder_nor_its_end(
    site: Site, ledger: Ledger, supervisor: socket.socket
) -> None:
    fill(supervisor)
    with site.recorder() as recorder:
        until(lambda: len(site.recorded()) == 3, "all is recorded")
        recorder.send_signal(signal.SIGTERM)
        assert recorder.wait(DEADLINE) == 0


def fill(supervisor: socket.socket) -> None:
    """Send until there is no room (net.unix.max_dgram_qlen)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, pytest.raises(BlockingIOError):
        sender.setblocking(False)
        while True:
            sender.sendto(b"STATUS=once more", supervisor.getsockname())
