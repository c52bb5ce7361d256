"""The recorder: copies the ledger's draws into the draw table, each once.

Rows and the position behind them go into the database in one transaction, so wherever the recorder is killed it resumes
with the first record that has no row. It writes with executemany: a row takes a few microseconds that way, ten times
that as a model instance.

A rebuild fills a second table from the ledger's first record, then puts it in the old one's place in one transaction.
Until then pages show the old rows and logins never wait; one that is killed leaves but a table that the next one drops.

The search index (terms.py) is written in the same transactions, a batch at a time: a trigger would take five times as
long, since SQLite writes such an index out before every statement of a trigger.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from fifod.errors import InArchive, LedgerError
from fifod.ledger.reader import LedgerReader, Position
from fifod.ledger.record import DRAW, NO_HASH, SEGMENT, Record
from webui.history import rows, terms
from webui.history.models import Draw, RecorderPosition

BATCH = 5_000
_TABLE = Draw._meta.db_table
_DRAFT = f"{_TABLE}_rebuilt"


class Recorder:
    """Follows one ledger from the position that the database holds."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._reader: LedgerReader | None = None
        self._table = _TABLE
        self.position = stored_position()

    def ledger_is_there(self) -> bool:
        """Whether there is a ledger to read; before the daemon's first start there is none."""
        return any(self._ledger.glob("*.jsonl"))

    def bytes_to_go(self) -> int:
        """How much of the ledger has not been recorded yet."""
        return self._open().size_after(self.position)

    def archived_draws(self) -> int:
        """How many draws at the ledger's beginning are not in it."""
        return self._open().first_serial() - 1

    def record_batches(self) -> Iterator[int]:
        """Record what the ledger holds beyond the position, a batch at a time; gives the number of records of each."""
        following = self._open().records(self.position)
        while batch := list(islice(following, BATCH)):
            self._write(batch)
            yield len(batch)

    def rebuild_batches(self) -> Iterator[int]:
        """Make all rows anew from the ledger's first record; gives the number of records of each batch.

        Raises InArchive if rows of archived draws would be lost.
        """
        if (archived := self.archived_draws()) and Draw.objects.filter(serial__lte=archived).exists():
            raise InArchive(
                f"cannot make the rows of draws 1 to {archived} anew: they are not in the ledger in {self._ledger}"
            )
        _make_draft()
        self._table, self.position = _DRAFT, None
        return self._rebuild()

    def _rebuild(self) -> Iterator[int]:
        yield from self.record_batches()
        _put_draft_in_place(self.position)
        self._table = _TABLE

    def _open(self) -> LedgerReader:
        if not self.ledger_is_there():
            raise LedgerError(f"cannot read the ledger: no file of it is left in {self._ledger}")
        if self._reader is None:
            self._reader = LedgerReader(str(self._ledger))
        return self._reader

    def _write(self, batch: list[tuple[Record, Position]]) -> None:
        draws: list[rows.Row] = []
        changes: list[rows.Change] = []
        for (record, behind), before in zip(batch, self._hashes_before(batch), strict=True):
            try:
                if record.head.prev != before:
                    raise LedgerError(f"its prev is {record.head.prev}, but the record before it has the hash {before}")
                if record.head.kind == DRAW:
                    draws.append(rows.row(record))
                elif (change := rows.change(record)) is not None:
                    changes.append(change)
            except LedgerError as error:
                place = f"the record that ends at byte {behind.offset} of {behind.segment}"
                raise LedgerError(f"cannot record {place}: {error.message}") from None
        end = batch[-1][1]
        with transaction.atomic():
            self._insert(draws)
            for serial, columns in changes:
                self._change(serial, columns)
            if self._table == _TABLE:
                _store_position(end)
        self.position = end

    def _hashes_before(self, batch: list[tuple[Record, Position]]) -> Iterator[str]:
        yield self.position.hash if self.position else _before_ledger(batch[0][0])
        yield from (record.hash for record, _ in batch[:-1])

    def _insert(self, draws: list[rows.Row]) -> None:
        columns = ", ".join(f'"{column}"' for column in rows.COLUMNS)
        places = ", ".join(["%s"] * len(rows.COLUMNS))
        with connection.cursor() as cursor:
            cursor.executemany(f'INSERT INTO "{self._table}" ({columns}) VALUES ({places})', draws)
        if draws and self._table == _TABLE:
            terms.add(draws[0][0], draws[-1][0])

    def _change(self, serial: int, columns: Mapping[str, Any]) -> None:
        if self._table == _DRAFT:
            self._update(serial, columns)
            return
        terms.forget(serial)
        self._update(serial, columns)
        terms.add(serial, serial)

    def _update(self, serial: int, columns: Mapping[str, Any]) -> None:
        assignments = ", ".join(f'"{column}" = %s' for column in columns)
        with connection.cursor() as cursor:
            cursor.execute(f'UPDATE "{self._table}" SET {assignments} WHERE serial = %s', [*columns.values(), serial])


def _before_ledger(first: Record) -> str:
    """The hash that a ledger's first record names: nobody's, or that of the last record that was archived."""
    return first.head.prev if first.head.kind == SEGMENT else NO_HASH


def newest_recorded() -> int:
    """The serial number of the newest draw in the table; 0 if there is none."""
    return Draw.objects.aggregate(newest=Max("serial"))["newest"] or 0


def stored_position() -> Position | None:
    """The position behind the last record in the database."""
    found = RecorderPosition.objects.first()
    return None if found is None else Position(found.segment, found.offset, found.hash)


def _store_position(position: Position) -> None:
    RecorderPosition.objects.update_or_create(
        id=1,
        defaults={
            "segment": position.segment,
            "offset": position.offset,
            "hash": position.hash,
            "updated": timezone.now(),
        },
    )


def _make_draft() -> None:
    """A table like the draw table, without the indexes: built at the end they take a fraction of the time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE IF EXISTS "{_DRAFT}"')
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", [_TABLE])
        (definition,) = cursor.fetchone()
        cursor.execute(definition.replace(f'"{_TABLE}"', f'"{_DRAFT}"', 1))


def _put_draft_in_place(position: Position | None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql NOTNULL", [_TABLE])
        indexes = [definition for (definition,) in cursor.fetchall()]
        cursor.execute(f'DROP TABLE "{_TABLE}"')
        cursor.execute(f'ALTER TABLE "{_DRAFT}" RENAME TO "{_TABLE}"')
        for definition in indexes:
            cursor.execute(definition)
        terms.renew()
        if position is None:
            RecorderPosition.objects.all().delete()
        else:
            _store_position(position)
