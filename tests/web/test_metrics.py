"""What Prometheus is told."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from fifod.client import Client as Drawer
from fifod.client import RequestError
from fifod.errors import CODES
from fifod.latency import BOUNDS
from tests.client.standin import StandIn, reply
from tests.daemons import Daemon
from tests.pipes import Pipe
from tests.waiting import until
from tests.web.conftest import connect
from tests.web.ledgers import Ledger
from tests.web.scraping import exposed, families, samples
from webui import gateway, locks
from webui.history.recorder import Recorder

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("token_file")]

README = Path(__file__).parents[2] / "deploy" / "README.md"


@pytest.fixture
def recording(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """A recorder that holds its lock and records when told to."""
    monkeypatch.setattr(locks.Lock, "file", daemon.place / "recorder")
    with locks.RECORDER.held():
        yield Recorder(daemon.ledger)


def record(recorder: Recorder) -> None:
    for _ in recorder.record_batches():
        pass


def test_each_metric_stands_in_the_operators_table_and_no_other(recording: Recorder, client: Client) -> None:
    rows = re.findall(r"^\| `(fifod_[a-z_]+)` \|", README.read_text(), re.MULTILINE)
    assert len(rows) == len(set(rows)) and set(rows) == exposed(client)


def test_what_the_alerts_are_about_is_there(recording: Recorder, client: Client) -> None:
    named = set(re.findall(r"\bfifod_[a-z_]+", README.read_text()))
    parts = {"fifod_request_duration_seconds_bucket"}
    assert named - parts == exposed(client) and parts <= {name.partition(",")[0] for name in samples(client)}


def test_its_values_are_what_happened(recording: Recorder, daemon: Daemon, client: Client) -> None:
    with Drawer(str(daemon.run)) as drawer, Pipe(daemon.run) as pipe:
        for _ in range(3):
            drawer.integers(5)
        record(recording)
        for method in ("generateNothing", "generateIntegers", "generateIntegers"):
            with pytest.raises(RequestError):
                drawer.call(method, {"n": 0, "min": 1, "max": 6})
        pipe.write(b"nonsense\n")
        pipe.submit("generateIntegers", {"n": 1_000_000, "min": 1, "max": 6})
        until(lambda: drawer.status()["draws"] == 4, "the million is drawn")
        pipe.hang_up()
        until(lambda: drawer.status()["undelivered"] == 1, "the daemon has noticed that nobody reads the million")
        before = drawer.status()
        found = samples(client)
    assert found["fifod_up"] == found["fifod_serving"] == found["fifod_recorder_running"] == 1
    assert found[f"fifod_build_info,version={before['version']}"] == 1
    assert found["fifod_draws_total"] == found["fifod_ledger_head"] == 4
    # The question before counts itself by now, that of the page does not yet.
    assert found["fifod_requests_total"] == found["fifod_request_duration_seconds_count"] == before["requests"] + 1
    assert found["fifod_refused_total,code=-32601,error=UnknownMethod"] == 1
    assert found["fifod_refused_total,code=202,error=OutOfRange"] == 2
    assert (found["fifod_undelivered_total"], found["fifod_unanswerable_total"]) == (1, 1)
    assert (found["fifod_queue_requests"], found["fifod_queue_bytes"]) == (0, 0)
    assert found["fifod_clients"] == 2, "the drawer's reply FIFO and the page's"
    assert found["fifod_ledger_segments"] == 1
    assert found["fifod_ledger_bytes"] == sum(path.stat().st_size for path in daemon.segments())
    assert found["fifod_recorder_lag_draws"] == 1 and found["fifod_recorder_lag_seconds"] > 0


def test_a_recorder_that_has_all_is_not_behind(recording: Recorder, daemon: Daemon, client: Client) -> None:
    with Drawer(str(daemon.run)) as drawer:
        drawer.integers(5)
    record(recording)
    found = samples(client)
    assert found["fifod_recorder_lag_draws"] == found["fifod_recorder_lag_seconds"] == 0


def test_every_code_is_there_before_it_happened(recording: Recorder, client: Client) -> None:
    refused = families(client)["fifod_refused"].samples
    assert {int(sample.labels["code"]) for sample in refused} == set(CODES)
    assert {sample.value for sample in refused} == {0}


def test_its_buckets_are_those_of_the_daemon(recording: Recorder, client: Client) -> None:
    buckets = [s for s in families(client)["fifod_request_duration_seconds"].samples if s.name.endswith("_bucket")]
    assert [float(sample.labels["le"]) for sample in buckets] == [*BOUNDS, float("inf")]
    assert [sample.value for sample in buckets] == sorted(sample.value for sample in buckets)


def test_counts_only_grow(recording: Recorder, daemon: Daemon, client: Client) -> None:
    before: dict[str, float] = {}
    with Drawer(str(daemon.run)) as drawer:
        for turn in range(4):
            drawer.integers(1)
            with pytest.raises(RequestError):
                drawer.integers(0)
            found = {
                name: value for name, value in samples(client).items() if re.search("_(total|count|sum|bucket)", name)
            }
            assert all(found[name] >= value for name, value in before.items())
            assert found["fifod_draws_total"] == turn + 1
            before = found


def test_a_daemon_that_refuses_draws_is_up_but_not_serving(recording: Recorder, daemon: Daemon, client: Client) -> None:
    aside = daemon.ledger.with_name("aside")
    daemon.ledger.rename(aside)
    try:
        with Drawer(str(daemon.run)) as drawer, pytest.raises(RequestError):
            drawer.integers(5)
        found = samples(client)
    finally:
        aside.rename(daemon.ledger)
    assert (found["fifod_up"], found["fifod_serving"]) == (1, 0)
    assert found["fifod_refused_total,code=101,error=Refusing"] == 1
    assert not {"fifod_ledger_bytes", "fifod_ledger_segments"} & found.keys(), "no value is better than a wrong one"


# --- what cannot be learned ---

RECORDER_ALONE = {"fifod_up", "fifod_recorder_running", "fifod_recorder_lag_seconds"}


def test_of_a_stopped_daemon_it_tells_that_it_is_down(recording: Recorder, daemon: Daemon, client: Client) -> None:
    daemon.stop()
    found = samples(client)
    assert found.keys() == RECORDER_ALONE and found["fifod_up"] == 0 and found["fifod_recorder_running"] == 1


def test_a_daemon_that_hangs_is_down_and_nobody_waits_long(recording: Recorder, daemon: Daemon, client: Client) -> None:
    assert gateway.SECONDS_FOR_METRICS < 1
    daemon.tell(signal.SIGSTOP)
    try:
        assert samples(client)["fifod_up"] == 0
    finally:
        daemon.tell(signal.SIGCONT)


def test_a_recorder_that_does_not_run_is_told(daemon: Daemon, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks.Lock, "file", daemon.place / "recorder")
    with Drawer(str(daemon.run)) as drawer:
        drawer.integers(5)
    found = samples(client)
    assert (found["fifod_recorder_running"], found["fifod_recorder_lag_draws"]) == (0, 1)


def test_how_late_the_recorder_is_needs_no_daemon(place: Path, settings: Settings, client: Client) -> None:
    connect(settings, place)
    Ledger(settings.LEDGER_DIR).draw()
    found = samples(client)
    age = max(0.0, time.time() - 1_795_420_800)  # since the time that stands in these records
    assert abs(found["fifod_recorder_lag_seconds"] - age) < 60


def test_without_tables_it_tells_what_the_daemon_knows(recording: Recorder, client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE history_draw RENAME TO gone")
        cursor.execute("ALTER TABLE history_recorderposition RENAME TO lost")
    found = samples(client)
    assert found["fifod_up"] == 1 and "fifod_draws_total" in found
    assert "fifod_recorder_lag_draws" not in found and "fifod_recorder_lag_seconds" not in found


def test_of_a_ledger_that_does_not_follow_no_lag_is_told(recording: Recorder, daemon: Daemon, client: Client) -> None:
    with Drawer(str(daemon.run)) as drawer:
        drawer.integers(5)
    record(recording)
    segment = daemon.segments()[-1]
    segment.write_bytes(segment.read_bytes().replace(b'"serial":1', b'"serial":2'))
    assert "fifod_recorder_lag_seconds" not in samples(client)


def test_what_a_daemon_of_another_version_tells_is_taken_as_it_is(
    place: Path, settings: Settings, client: Client
) -> None:
    connect(settings, place)
    settings.RUNTIME_DIR.mkdir()
    told: dict[str, Any] = {"version": "0.9", "state": "serving", "serialNumber": 7, "refused": {"999": 2}, "new": []}
    with StandIn(
        str(settings.RUNTIME_DIR), lambda stand_in, request: stand_in.write(request, reply(request["id"], told))
    ):
        found = samples(client)
    assert found["fifod_refused_total,code=999,error=RequestError"] == 2 and found["fifod_ledger_head"] == 7
    assert "fifod_draws_total" not in found and "fifod_request_duration_seconds_count" not in found
