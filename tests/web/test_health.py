import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from tests.daemons import Daemon
from tests.web.conftest import connect
from tests.web.ledgers import Ledger
from webui import locks
from webui.history.recorder import Recorder

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """A recorder that has recorded all there is and still holds its lock."""
    monkeypatch.setattr(locks.Lock, "file", daemon.place / "recorder")
    with locks.RECORDER.held():
        recorder = Recorder(daemon.ledger)
        for _ in recorder.record_batches():
            pass
        yield recorder


def _health(client: Client, expected: int) -> dict[str, Any]:
    answer = client.get("/healthz")
    assert answer.status_code == expected, answer.json()
    found: dict[str, Any] = answer.json()
    assert found["ok"] is (expected == 200)
    return found


def test_it_is_well_when_all_three_are(recording: Recorder, client: Client) -> None:
    parts = _health(client, 200)
    assert parts["daemon"]["state"] == "serving"
    assert parts["recorder"]["state"] == "following"
    assert parts["database"]["state"] == "ready"


def test_it_tells_that_the_daemon_is_stopped(recording: Recorder, daemon: Daemon, client: Client) -> None:
    daemon.stop()
    parts = _health(client, 503)
    assert not parts["daemon"]["ok"] and "message" in parts["daemon"]
    assert parts["recorder"]["ok"] and parts["database"]["ok"]


def test_it_answers_while_the_daemon_hangs(recording: Recorder, daemon: Daemon, client: Client) -> None:
    daemon.tell(signal.SIGSTOP)
    try:
        daemon_part = _health(client, 503)["daemon"]
        assert daemon_part["state"] == "TimedOut" and "draw" not in daemon_part["message"]
    finally:
        daemon.tell(signal.SIGCONT)


def test_it_tells_that_the_recorder_is_stopped(daemon: Daemon, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks.Lock, "file", daemon.place / "recorder")
    assert _health(client, 503)["recorder"]["state"] == "stopped"


def test_it_tells_that_the_recorder_is_behind(
    place: Path, settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(settings, place)
    Ledger(settings.LEDGER_DIR).draw()
    monkeypatch.setattr(locks.Lock, "file", place / "recorder")
    with locks.RECORDER.held():
        parts = _health(client, 503)
    assert parts["recorder"]["state"] == "catching up" and parts["recorder"]["secondsBehind"] > 0


def test_it_tells_that_the_ledger_was_changed(recording: Recorder, daemon: Daemon, client: Client) -> None:
    daemon.stop()
    segment = daemon.segments()[-1]
    segment.write_bytes(segment.read_bytes().replace(b'"prev":"0', b'"prev":"1', 1))
    assert _health(client, 503)["recorder"]["state"] == "failing"


def test_it_tells_that_the_database_is_missing(recording: Recorder, client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE history_recorderposition RENAME TO gone")
    parts = _health(client, 503)
    assert parts["database"]["state"] == "failing" and not parts["recorder"]["ok"] and parts["daemon"]["ok"]


def test_it_takes_get_only(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
