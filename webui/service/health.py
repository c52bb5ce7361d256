"""How the three parts behind the site are: daemon, recorder, database."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.translation import gettext_noop

from fifod.errors import FifodError
from fifod.ledger.reader import LedgerReader, Position
from webui import gateway, locks
from webui.history.recorder import stored_position

_SECONDS_BEHIND_ALLOWED = 10.0

State = dict[str, Any]


def report() -> tuple[bool, dict[str, State]]:
    """Whether all is well, and the state of each part."""
    parts = {"daemon": _daemon(), "recorder": recorder(), "database": _database()}
    return all(part["ok"] for part in parts.values()), parts


def _daemon() -> State:
    try:
        status = gateway.status()
    except FifodError as error:
        return {"ok": False, "state": type(error).__name__, "message": error.message}
    about = {name: status.get(name) for name in ("version", "serialNumber", "durability")}
    return {"ok": status["state"] == "serving", "state": status["state"], **about}


def _database() -> State:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM history_recorderposition LIMIT 1")
            # Takes the write lock for a moment: a database that can only be read fails here, not at somebody's login.
            cursor.execute("UPDATE history_recorderposition SET id = id WHERE id < 0")
    except DatabaseError as error:
        return {"ok": False, "state": "failing", "message": str(error)}
    return {"ok": True, "state": "ready"}


def recorder() -> State:
    """How the recorder is."""
    try:
        position = stored_position()
        behind = seconds_behind(position)
    except DatabaseError:
        return {"ok": False, "state": "unknown", "message": gettext_noop("the database cannot be read")}
    except FifodError as error:
        return {"ok": False, "state": "failing", "message": error.message}
    if not locks.RECORDER.is_held():
        return {"ok": False, "state": "stopped", "secondsBehind": behind}
    late = behind > _SECONDS_BEHIND_ALLOWED
    return {"ok": not late, "state": "catching up" if late else "following", "secondsBehind": behind}


def seconds_behind(position: Position | None) -> float:
    """The age of the first record that is not in the database: 0 if there is none."""
    reader = LedgerReader(str(settings.LEDGER_DIR))
    if not settings.LEDGER_DIR.is_dir():
        return 0.0
    for record, _ in reader.records(position):
        age = datetime.now(UTC) - datetime.fromisoformat(record.head.time)
        return max(0.0, round(age.total_seconds(), 3))
    return 0.0
