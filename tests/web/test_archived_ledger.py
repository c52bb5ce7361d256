"""The recorder and the pages where the ledger's beginning was archived: no row is lost without a word."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from fifod.client import Client as Drawer
from fifod.errors import EXIT_CANNOT_START, InArchive, LedgerError
from fifod.ledger.reader import LedgerReader, archive_of
from fifod.names import INTEGERS
from tests.daemons import Daemon
from tests.web.conftest import CONFIG, connect
from tests.web.ledgers import Ledger
from tests.web.pages import draw, text, values_of
from tests.web.sites import Site
from webui.history.models import Draw
from webui.history.recorder import Recorder, _store_position

pytestmark = pytest.mark.django_db

PARAMS = {"n": 1, "min": 1, "max": 6}


@pytest.fixture
def ledger(place: Path) -> Ledger:
    """A ledger of three files with ten draws in each."""
    ledger = Ledger(place / "state" / "ledger")
    for number in range(3):
        if number:
            ledger.rotate()
        ledger.draws(10)
    return ledger


def rows_of(ledger: Ledger, *, rebuild: bool = False) -> int:
    recorder = Recorder(ledger.directory)
    return sum(recorder.rebuild_batches() if rebuild else recorder.record_batches())


def recorded() -> dict[int, str]:
    return dict(Draw.objects.values_list("serial", "hash"))


def archive(ledger: Ledger, count: int = 1) -> None:
    """As `fifod-client archive` does it."""
    archive = Path(archive_of(str(ledger.directory)))
    archive.mkdir(exist_ok=True)
    files = sorted(ledger.directory.glob("*.jsonl"))
    last = int(files[count].stem) - 1
    names = [path.name for path in files[:count]]
    ledger.add("note", {"note": "archive", "first": 1, "last": last, "hash": ledger.hashes[last], "segments": names})
    for path in files[:count]:
        path.rename(archive / path.name)


def put_back(ledger: Ledger) -> None:
    for path in Path(archive_of(str(ledger.directory))).iterdir():
        path.rename(ledger.directory / path.name)


def test_rows_of_archived_draws_stay(ledger: Ledger) -> None:
    rows_of(ledger)
    archive(ledger)
    ledger.draws(5)
    rows_of(ledger)
    assert recorded() == ledger.hashes and len(recorded()) == 35


def test_a_position_in_an_archived_file_is_refused_until_the_file_is_back(ledger: Ledger) -> None:
    rows_of(ledger)
    Draw.objects.filter(serial__gt=5).delete()
    _go_back_to(ledger, 5)
    archive(ledger)
    with pytest.raises(InArchive, match=r"no longer holds.*older segments were archived or lost"):
        rows_of(ledger)
    put_back(ledger)
    rows_of(ledger)
    assert recorded() == ledger.hashes


def _go_back_to(ledger: Ledger, serial: int) -> None:
    positions = {record.head.serial: position for record, position in LedgerReader(str(ledger.directory)).records()}
    _store_position(positions[serial])


def test_a_rebuild_that_would_drop_rows_is_refused_and_keeps_them(ledger: Ledger) -> None:
    rows_of(ledger)
    archive(ledger, 2)
    with pytest.raises(InArchive, match="cannot make the rows of draws 1 to 20 anew"):
        rows_of(ledger, rebuild=True)
    assert recorded() == ledger.hashes
    put_back(ledger)
    rows_of(ledger, rebuild=True)
    assert recorded() == ledger.hashes


def test_a_fresh_database_begins_with_what_is_there(ledger: Ledger) -> None:
    archive(ledger)
    rows_of(ledger)
    assert list(recorded()) == list(range(11, 31))
    ledger.draws(2)
    rows_of(ledger, rebuild=True)
    assert list(recorded()) == list(range(11, 33))


def test_a_first_record_that_only_looks_archived_must_be_followed(ledger: Ledger) -> None:
    archive(ledger)
    path = min(ledger.directory.glob("*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[1:]))
    with pytest.raises(LedgerError, match="the record before it has the hash"):
        rows_of(ledger)
    assert not recorded()


# --- as a process ---


def test_it_says_which_draws_get_no_rows(site: Site, ledger: Ledger) -> None:
    archive(ledger)
    assert "recorder: draws 1 to 10 are not in the ledger, so they get no rows" in site.manage("record", "--once")
    assert len(site.recorded()) == 20
    assert "get no rows" not in site.manage("record", "--once")


def test_it_refuses_to_drop_rows_and_says_how_to_put_the_files_back(site: Site, ledger: Ledger) -> None:
    site.manage("record", "--once")
    archive(ledger)
    said = site.manage("record", "--once", "--from-start", expect=EXIT_CANNOT_START)
    assert "cannot make the rows of draws 1 to 10 anew" in said and "Traceback" not in said
    assert f"mv {archive_of(str(ledger.directory))}/*.jsonl {ledger.directory}/" in said
    assert "get no rows" not in said and dict(site.recorded()) == ledger.hashes
    command = said.partition("back first: ")[2].partition(" (")[0]
    site.run(["sh", "-c", command])
    site.manage("record", "--once", "--from-start")
    assert dict(site.recorded()) == ledger.hashes


# --- the pages ---


KEEPS_FEW = (
    "import fifod.archiving, sys; fifod.archiving.REMEMBERED = 1; from fifod.__main__ import main; sys.exit(main())"
)


@pytest.fixture
def forgetful(place: Path, settings: Settings) -> Iterator[Daemon]:
    """A daemon that may archive all but the newest draw."""
    connect(settings, place)
    daemon = Daemon(place, CONFIG + "[ledger]\nsegment_mib = 1\n")
    daemon.program = ("-c", KEEPS_FEW)
    with daemon.start():
        yield daemon


def test_the_page_of_an_archived_draw_shows_it_from_the_archive_and_without_that_from_its_row(
    forgetful: Daemon, browser: Client, record: Callable[[Daemon], None]
) -> None:
    serial = draw(browser, purpose="a raffle")
    values = values_of(browser.get(f"/draws/{serial}/"))
    with Drawer(str(forgetful.run)) as drawer:
        while len(forgetful.segments()) < 2:
            waiting = [drawer.submit(INTEGERS, PARAMS, purpose="p" * 400) for _ in range(100)]
            assert all(one.wait().serial_number for one in waiting)
        record(forgetful)
        assert drawer.archive(1)["files"] == 1
    page = browser.get(f"/draws/{serial}/")
    assert "a raffle" in text(page) and "in the archive beside the ledger" in text(page)
    assert values_of(page) == values and len(values) == 5
    assert "All steps hold" in text(browser.get(f"/draws/{serial}/check/"))
    Path(archive_of(str(forgetful.ledger))).rename(forgetful.place / "elsewhere")
    page = browser.get(f"/draws/{serial}/")
    assert "This draw was archived" in text(page) and values_of(page) == values
    assert "the archive is kept elsewhere" in text(browser.get(f"/draws/{serial}/check/"))
    assert browser.get(f"/draws/{serial}/receipt.json").status_code == 503
