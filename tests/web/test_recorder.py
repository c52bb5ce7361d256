import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from fifod.client import Client as Drawer
from fifod.errors import EX_IOERR, EX_TEMPFAIL, EXIT_CANNOT_START, LedgerError
from tests.daemons import Daemon
from tests.waiting import DEADLINE, until
from tests.web.conftest import CONFIG
from tests.web.ledgers import SEED, Ledger
from tests.web.sites import Site
from webui.history import recorder as recorder_module
from webui.history.models import Draw, RecorderPosition
from webui.history.recorder import Recorder
from webui.history.rows import unsaved_draw

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger(place: Path) -> Ledger:
    """A ledger without draws."""
    return Ledger(place / "state" / "ledger")


def _record(ledger: Ledger, *, rebuild: bool = False) -> int:
    recorder = Recorder(ledger.directory)
    return sum(recorder.rebuild_batches() if rebuild else recorder.record_batches())


def _recorded() -> dict[int, str]:
    return dict(Draw.objects.values_list("serial", "hash"))


# --- what a row holds ---


def test_it_keeps_every_field_of_the_record(ledger: Ledger) -> None:
    digest, key = "ab" * 32, "cd" * 32
    ledger.draw(
        "web:7:alice",
        user="7:alice",
        purpose="Los für é",
        input={"count": 3, "sha256": digest},
        key=key,
        repeatable=True,
        transport="classic",
        claimedPid=4242,
    )
    _record(ledger)
    row = Draw.objects.get()
    assert (row.serial, row.drawer, row.uid, row.user) == (1, "web:7:alice", 1000, "7:alice")
    assert (row.purpose, row.input_count, row.input_sha256, row.key_digest) == ("Los für é", 3, digest, key)
    assert (row.method, row.recipe) == ("generateIntegers", "fifod-1")
    assert (row.transport, row.claimed_pid) == ("classic", 4242)
    assert row.params == {"n": 5, "min": 1, "max": 100, "replacement": True, "base": 10}
    assert (row.seed, row.seed_hash, row.secret, row.repeatable) == (SEED, "", False, True)
    assert row.time.isoformat() == "2026-11-23T08:00:00.000001+00:00"
    assert row.received.isoformat() == "2026-11-23T07:59:59.999000+00:00"
    assert row.hash == ledger.hashes[1] and len(row.prev) == 64


def test_it_keeps_of_a_secret_draw_the_hash_of_the_seed(ledger: Ledger) -> None:
    body = {"seedHash": "ef" * 32, "sealed": "01" * 32}
    ledger.draw(**body, seed="")
    _record(ledger)
    row = Draw.objects.get()
    assert row.secret and row.seed == "" and row.seed_hash == "ef" * 32


def test_it_adds_what_later_records_say(ledger: Ledger) -> None:
    ledger.draws(3)
    ledger.add("undelivered", {"draw": 2, "reason": "nobody read"})
    _record(ledger)
    ledger.add("end", {"draw": 3, "length": 1 << 40, "sha256": "aa" * 32})
    _record(ledger)
    rows = {row.serial: row for row in Draw.objects.all()}
    assert [rows[n].undelivered for n in (1, 2, 3)] == [False, True, False]
    assert rows[2].undelivered_reason == "nobody read"
    assert (rows[3].stream_length, rows[3].stream_sha256) == (1 << 40, "aa" * 32)


def test_a_draw_that_has_no_row_yet_looks_the_same(ledger: Ledger) -> None:
    ledger.draw("web:7:alice", purpose="same")
    _record(ledger)
    from fifod.ledger.reader import LedgerReader

    shown, row = unsaved_draw(LedgerReader(str(ledger.directory)).find(1)), Draw.objects.get()
    for field in Draw._meta.concrete_fields:
        assert getattr(shown, field.attname) == getattr(row, field.attname), field.attname


# --- following ---


def test_it_resumes_where_it_stopped(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "BATCH", 3)
    ledger.draws(10)
    batches = Recorder(ledger.directory).record_batches()
    assert [next(batches), next(batches)] == [3, 3]
    batches.close()  # type: ignore[attr-defined]  # it is a generator
    assert list(_recorded()) == [1, 2, 3, 4, 5]
    ledger.draws(2)
    assert _record(ledger) == 7
    assert _recorded() == ledger.hashes


def test_it_follows_the_ledger_into_new_segments(ledger: Ledger) -> None:
    for _ in range(4):
        ledger.draws(5)
        _record(ledger)
        ledger.rotate()
        ledger.draws(5)
    _record(ledger)
    assert _recorded() == ledger.hashes and len(_recorded()) == 40


def test_it_takes_nothing_without_its_newline(ledger: Ledger) -> None:
    ledger.draws(2)
    ledger.tear()
    _record(ledger)
    assert _record(ledger) == 0
    ledger.mend()
    ledger.draw()
    _record(ledger)
    assert _recorded() == ledger.hashes


def test_it_makes_all_rows_anew(ledger: Ledger) -> None:
    ledger.draws(5)
    ledger.add("undelivered", {"draw": 2, "reason": "nobody read"})
    _record(ledger)
    Draw.objects.filter(serial=3).delete()
    Draw.objects.filter(serial=4).update(purpose="forged")
    ledger.draws(5)
    _record(ledger, rebuild=True)
    assert _recorded() == ledger.hashes and not Draw.objects.filter(purpose="forged").exists()
    assert Draw.objects.get(undelivered=True).serial == 2
    ledger.draw()
    assert _record(ledger) == 1


def test_old_rows_serve_until_new_ones_are_whole(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.draws(10)
    _record(ledger)
    monkeypatch.setattr(recorder_module, "BATCH", 3)
    half_way = Recorder(ledger.directory).rebuild_batches()
    next(half_way), next(half_way)
    assert _recorded() == ledger.hashes
    half_way.close()  # type: ignore[attr-defined]  # it is a generator
    ledger.draw()
    assert _record(ledger) == 1
    _record(ledger, rebuild=True)
    assert _recorded() == ledger.hashes


def test_a_rebuild_keeps_the_indexes(ledger: Ledger, db: None) -> None:
    from django.db import connection

    def indexes() -> set[str]:
        with connection.cursor() as cursor:
            return set(connection.introspection.get_constraints(cursor, Draw._meta.db_table))

    before = indexes()
    ledger.draw()
    _record(ledger, rebuild=True)
    assert indexes() == before and "draw_drawer" in before


# --- refusing ---


def test_it_refuses_a_ledger_that_was_changed(ledger: Ledger) -> None:
    ledger.draws(3)
    _record(ledger)
    segment = next(ledger.directory.iterdir())
    data = segment.read_bytes()
    segment.write_bytes(data[:-200].replace(b'"serial":3', b'"serial":4') + data[-200:])
    ledger.draw()
    with pytest.raises(LedgerError, match="no longer holds"):
        _record(ledger)
    assert len(_recorded()) == 3


def test_it_refuses_a_ledger_that_was_cut(ledger: Ledger) -> None:
    ledger.draws(3)
    _record(ledger)
    segment = next(ledger.directory.iterdir())
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(LedgerError, match="no longer holds"):
        _record(ledger)


def test_it_refuses_another_ledger(ledger: Ledger, place: Path) -> None:
    ledger.draws(3)
    _record(ledger)
    other = Ledger(place / "other")
    other.draws(9, "unix:1")
    with pytest.raises(LedgerError, match="no longer holds"):
        _record(other)
    _record(other, rebuild=True)
    assert _recorded() == other.hashes


def test_it_refuses_a_record_that_does_not_follow_the_one_before(ledger: Ledger) -> None:
    ledger.draws(2)
    ledger.prev = "ff" * 32
    ledger.draw()
    with pytest.raises(LedgerError, match="the record before it has the hash"):
        _record(ledger)
    assert not Draw.objects.exists()


@pytest.mark.parametrize("body", [{}, {"drawer": 7}, {"received": "now"}])
def test_it_refuses_a_draw_without_what_a_draw_holds(ledger: Ledger, body: dict[str, object]) -> None:
    if body:
        ledger.draw(**{"drawer": "unix:1", **body})  # type: ignore[arg-type]
    else:
        ledger.serial += 1
        ledger._append(ledger._line("draw", body, ledger.serial))
    with pytest.raises(LedgerError, match="cannot record"):
        _record(ledger)


def test_it_refuses_a_ledger_that_is_gone(ledger: Ledger) -> None:
    _record(ledger)
    for segment in ledger.directory.iterdir():
        segment.unlink()
    with pytest.raises(LedgerError, match="no file of it is left"):
        _record(ledger)


# --- as a process ---


def test_it_refuses_loudly(site: Site, ledger: Ledger) -> None:
    ledger.draws(3)
    site.manage("record", "--once")
    next(ledger.directory.iterdir()).write_bytes(b"")
    said = site.manage("record", expect=EXIT_CANNOT_START)
    assert "no longer holds the record" in said and "--from-start" in said and "Traceback" not in said


def test_it_rebuilds_from_the_start(site: Site, ledger: Ledger) -> None:
    ledger.draws(4000)
    site.manage("record", "--once")
    with closing(sqlite3.connect(site.database)) as database, database:
        database.execute("DELETE FROM history_draw")
    assert "recorded 4,001 records" in site.manage("record", "--once", "--from-start")
    assert dict(site.recorded()) == ledger.hashes


def test_it_shows_its_progress_in_plain_lines(site: Site, ledger: Ledger) -> None:
    ledger.draws(4000)
    assert "recorded 4,001 records in" in site.manage("record", "--once")


def test_it_says_that_its_table_is_missing(place: Path, ledger: Ledger) -> None:
    site = Site(place / "state", place / "run")
    said = site.manage("record", "--once", expect=EX_IOERR)
    assert "cannot write the draw table" in said and "no such table" in said and "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_to(site: Site, ledger: Ledger, number: signal.Signals) -> None:
    ledger.draws(3)
    with site.recorder() as recorder:
        until(lambda: len(site.recorded()) == 3, "all is recorded")
        recorder.send_signal(number)
        assert recorder.wait(DEADLINE) == 0
    assert dict(site.recorded()) == ledger.hashes


def test_it_ends_when_told_to_before_there_is_a_ledger(site: Site) -> None:
    with site.recorder() as recorder:
        assert recorder.stderr
        assert "no ledger" in recorder.stderr.readline()
        recorder.terminate()
        assert recorder.wait(DEADLINE) == 0
        assert recorder.stderr.read() == ""


def test_it_waits_for_the_daemons_first_start(site: Site, place: Path) -> None:
    with site.recorder() as recorder:
        assert recorder.stderr
        recorder.stderr.readline()
        with Daemon(place, CONFIG), Drawer(str(place / "run")) as drawer:
            serial = drawer.integers(3).serial_number
            until(lambda: serial in dict(site.recorded()), "the draw is recorded")


def test_there_is_one_recorder_at_a_time(site: Site, ledger: Ledger) -> None:
    ledger.draws(3)
    with site.recorder():
        until(lambda: len(site.recorded()) == 3, "all is recorded")
        said = site.manage("record", "--once", expect=EX_TEMPFAIL)
        assert "another recorder is running" in said


def test_accounts_can_log_in_while_it_records(site: Site, ledger: Ledger) -> None:
    ledger.draws(60_000)
    with site.recorder() as recorder:
        site.manage("firstlogin", "keeper", given="open-sesame\n")
        until(lambda: len(site.recorded()) == 60_000, "all is recorded")
        assert recorder.poll() is None
    assert site.rows("SELECT username FROM auth_user") == [("keeper",)]


def test_the_position_is_one_row(alice: User) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        RecorderPosition.objects.create(id=2, segment="x", offset=0, hash="")
