"""How far the recorder has come stands in a file for those who cannot read its database."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fifod.cli.status import recorded_serial
from fifod.client import Client
from tests import needs
from tests.children import in_child
from tests.daemons import Daemon
from tests.waiting import DEADLINE, pace, until
from tests.web.conftest import CONFIG
from tests.web.ledgers import Ledger
from tests.web.sites import Site
from webui.history.marker import Marker

KEEPER = 61003
"""An ordinary user who may not write in the runtime directory."""


@pytest.fixture
def marker(place: Path) -> Path:
    """Where the recorder of `site` leaves its mark."""
    (place / "run").mkdir()
    return place / "run" / "recorded"


@pytest.fixture
def ledger(place: Path) -> Ledger:
    return Ledger(place / "state" / "ledger")


def shows(marker: Path, serial: int) -> Callable[[], bool]:
    def does_it() -> bool:
        pace(0.01)
        return marker.exists() and marker.read_bytes() == b"%d\n" % serial

    return does_it


def test_it_follows_the_recorder(place: Path, site: Site, marker: Path) -> None:
    with Daemon(place, CONFIG), Client(str(place / "run")) as client, site.recorder():
        until(shows(marker, 0), "the recorder has said that nothing is recorded yet")
        for _ in range(12):
            serial = client.integers(1).serial_number
        until(shows(marker, serial), "the newest draw is noted")
    assert [number for number, _ in site.recorded()][-1] == serial


def test_a_restarted_recorder_notes_what_was_recorded_before(site: Site, marker: Path, ledger: Ledger) -> None:
    ledger.draws(1200)
    site.manage("record", "--once")
    marker.unlink()
    site.manage("record", "--once")
    assert marker.read_bytes() == b"1200\n"


def test_a_smaller_number_leaves_nothing_of_a_larger_one(site: Site, marker: Path, ledger: Ledger) -> None:
    ledger.draws(7)
    marker.write_bytes(b"123456789\n" * 10)
    site.manage("record", "--once")
    assert marker.read_bytes() == b"7\n"


def test_rows_made_anew_are_noted_when_they_are_in_place(site: Site, marker: Path, ledger: Ledger) -> None:
    ledger.draws(3)
    site.manage("record", "--once", "--from-start")
    assert marker.read_bytes() == b"3\n"


def test_it_is_written_in_place_by_a_recorder_that_may_make_no_files_there(marker: Path) -> None:
    needs.root()
    marker.touch(0o644)
    os.chown(marker, KEEPER, KEEPER)
    before = marker.stat()
    assert in_child(lambda: _move(marker, 17), KEEPER) == []
    assert marker.read_bytes() == b"17\n" and marker.stat().st_ino == before.st_ino


def _move(marker: Path, serial: int) -> list[str]:
    complaints: list[str] = []
    mark = Marker(marker.parent, complaints.append)
    mark.move_to(serial)
    mark.move_to(serial)
    return complaints


def stand_in(marker: Path, kind: str) -> None:
    match kind:
        case "FIFO":
            os.mkfifo(marker)
        case "directory":
            marker.mkdir()
        case "link":
            marker.symlink_to(marker.parent / "elsewhere")
        case "device":
            marker.symlink_to("/dev/full")


@pytest.mark.parametrize("kind", ["FIFO", "directory", "link", "device"])
def test_what_stands_in_its_place_costs_one_line_and_nothing_else(
    site: Site, marker: Path, ledger: Ledger, kind: str
) -> None:
    ledger.draws(5)
    stand_in(marker, kind)
    said = site.manage("record", "--once")
    assert said.count("cannot note in") == 1 and f"{marker} how far" in said and "Traceback" not in said
    assert len(site.recorded()) == 5 and not (marker.parent / "elsewhere").exists()
    assert recorded_serial(str(marker)) is None


def test_a_fifo_with_a_reader_is_not_written_to(site: Site, marker: Path, ledger: Ledger) -> None:
    os.mkfifo(marker)
    reader = os.open(marker, os.O_RDONLY | os.O_NONBLOCK)
    assert "it is no regular file" in site.manage("record", "--once")
    assert os.read(reader, 100) == b""
    os.close(reader)


def test_the_daemon_leaves_it_alone(place: Path, marker: Path) -> None:
    marker.write_bytes(b"9\n")
    marker.chmod(0o640)
    with Daemon(place, CONFIG) as daemon:
        with Client(str(place / "run")) as client:
            client.integers(1)
        daemon.stop()
    assert (marker.read_bytes(), marker.stat().st_mode & 0o777) == (b"9\n", 0o640)


def test_status_of_both_as_a_person_sees_it(place: Path, site: Site, marker: Path) -> None:
    with Daemon(place, CONFIG) as daemon, Client(str(place / "run")) as client:
        serial = [client.integers(1).serial_number for _ in range(3)][-1]
        with site.recorder():
            until(shows(marker, serial), "all is recorded")
        assert "recorder:       up to date" in _status(daemon)
        client.integers(1)
        assert "recorder:       1 draw behind" in _status(daemon)


def _status(daemon: Daemon) -> list[str]:
    command = [*Site(daemon.state, daemon.run).python, "-m", "fifod.cli", "status"]
    top = Path(__file__).parents[2]
    done = subprocess.run(command, env=daemon.environment, cwd=top, capture_output=True, text=True, timeout=DEADLINE)
    return done.stdout.splitlines()
