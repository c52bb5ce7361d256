"""What the service page tells of ledger, recorder and requests, at the price of a few small reads."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from fifod.errors import FifodError
from fifod.ledger.reader import LedgerReader
from fifod.ledger.record import DRAW, Record
from webui import gateway
from webui.history.recorder import newest_recorded
from webui.service import health

_LOOKED_AT = 1000
"""Records at the ledger's end among which its newest draw is looked for: others than draws are few."""


@dataclass(frozen=True)
class LedgerFacts:
    """The ledger as its files tell it, also while the daemon does not run."""

    serial: int = 0
    hash: str = ""
    time: datetime | None = None
    bytes: int = 0
    files: int = 0
    archived: int = 0
    problem: str = ""


@dataclass(frozen=True)
class RecorderFacts:
    """How far the rows of the site's database are."""

    state: str
    recorded: int | None = None
    behind: int | None = None
    seconds_behind: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class RequestFacts:
    """What the daemon says about its work since its start."""

    state: str
    version: str
    durability: str
    queued: int
    queue_bytes: int | None
    clients: int
    draws: int
    requests: int
    refused: int
    over_quota: int
    undelivered: int


@dataclass(frozen=True)
class Facts:
    """All of it, at one moment."""

    ledger: LedgerFacts
    recorder: RecorderFacts
    requests: RequestFacts | None


def gathered() -> Facts:
    """Ask the ledger's files, the database and the daemon."""
    # The rows first: what is recorded meanwhile must not seem to be ahead of the ledger.
    recorded = _recorded()
    ledger = _ledger()
    return Facts(ledger, _recorder(recorded, ledger), _requests())


def _ledger() -> LedgerFacts:
    reader = LedgerReader(str(settings.LEDGER_DIR))
    try:
        files = reader.segments()
        newest = _newest_draw(reader)
        size = reader.size_after(None)
    except FifodError as error:
        return LedgerFacts(problem=error.message)
    except OSError as error:  # a file was archived between two looks
        return LedgerFacts(problem=str(error.strerror))
    archived = reader.first_serial() - 1
    if newest is None:
        return LedgerFacts(archived, bytes=size, files=len(files), archived=archived)
    time = datetime.fromisoformat(newest.head.time)
    return LedgerFacts(newest.head.serial or 0, newest.hash, time, size, len(files), archived)


def _newest_draw(reader: LedgerReader) -> Record | None:
    for line in islice(reader.lines_backwards(), _LOOKED_AT):
        record = line.record()
        if record.head.kind == DRAW:
            return record
    return None


def _recorded() -> int | None:
    try:
        return newest_recorded()
    except DatabaseError:
        return None


def _recorder(recorded: int | None, ledger: LedgerFacts) -> RecorderFacts:
    state = health.recorder()
    behind = max(0, ledger.serial - recorded) if recorded is not None and not ledger.problem else None
    return RecorderFacts(state["state"], recorded, behind, state.get("secondsBehind"), state.get("message", ""))


def _requests() -> RequestFacts | None:
    """None if the daemon does not answer: its state says more."""
    try:
        status: dict[str, Any] = gateway.status(gateway.SECONDS_FOR_METRICS)
    except (FifodError, OSError):
        return None
    refused: dict[str, int] = status.get("refused", {})
    return RequestFacts(
        state=status.get("state", ""),
        version=status.get("version", ""),
        durability=status.get("durability", ""),
        queued=status.get("queued", 0),
        queue_bytes=status.get("queueBytes"),
        clients=status.get("clients", 0),
        draws=status.get("draws", 0),
        requests=status.get("requests", 0),
        refused=sum(refused.values()),
        over_quota=refused.get("402", 0),
        undelivered=status.get("undelivered", 0),
    )
