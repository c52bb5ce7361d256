"""A draw's record where it stands: in the ledger, or in the archive beside it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from django.conf import settings

from fifod.errors import FifodError
from fifod.ledger.reader import LedgerReader, Line, archive_of
from fifod.ledger.record import DRAW

_NEIGHBOURS = 2
_LOOKED_AT = 1000


@dataclass(frozen=True)
class Place:
    """Where the record of a draw stands."""

    reader: LedgerReader
    line: Line
    is_archived: bool = False

    def lines_before(self) -> Iterator[Line]:
        """What stands before it in its file, newest first; a file begins with a record that is no draw."""
        return self.reader.lines_backwards_of(self.line.segment, self.line.offset)

    def lines_behind(self) -> Iterator[Line]:
        """What stands behind it, up to the ledger's present end."""
        here = islice(self.reader.lines_from(self.line), 1, None)
        return chain(here, ledger().lines()) if self.is_archived else here


@dataclass(frozen=True)
class Link:
    """One head of the chain as a page shows it: heads are open to all."""

    kind: str
    serial: int | None
    time: str
    hash: str
    is_here: bool = False


def ledger() -> LedgerReader:
    """The ledger."""
    return LedgerReader(str(settings.LEDGER_DIR))


def find(serial: int) -> Place | None:
    """Where the draw with a serial number stands; raises FifodError if that cannot be looked up."""
    reader = ledger()
    is_archived = serial < reader.first_serial()
    if is_archived:
        directory = archive_of(reader.directory)
        if not os.path.isdir(directory):
            return None
        reader = LedgerReader(directory)
    line = reader.find_line(serial)
    return Place(reader, line, is_archived) if line else None


def newest_serial() -> int | None:
    """The serial number of the ledger's newest draw; None if that is not to be found quickly."""
    for line in islice(ledger().lines_backwards(), _LOOKED_AT):
        head = line.record().head
        if head.kind == DRAW:
            return head.serial
    return None


def neighbours(place: Place) -> list[Link]:
    """The heads around a record, oldest first; without those that cannot be read."""
    before = _links(place.lines_before())
    behind = _links(place.lines_behind())
    return [*reversed(before), _link(place.line, is_here=True), *behind]


def _links(lines: Iterator[Line]) -> list[Link]:
    try:
        return [_link(line) for line in islice(lines, _NEIGHBOURS)]
    except FifodError:
        return []


def _link(line: Line, *, is_here: bool = False) -> Link:
    record = line.record()
    return Link(record.head.kind, record.head.serial, record.head.time, record.hash, is_here)
