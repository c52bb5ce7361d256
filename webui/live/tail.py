"""The ledger's tail: the draws that were recorded since one last looked."""

from dataclasses import dataclass
from itertools import islice

from fifod.errors import LedgerError, NoPermission
from fifod.ledger.reader import LedgerReader, Position
from fifod.ledger.record import DRAW, Record

RECENT = 500
"""So many draws are kept for watchers that come back."""

MOST_AT_ONCE = 2000
MOST_BEHIND = 8 << 20
"""Bytes. Who is further behind than this goes on at the end: a live view that is late is none."""


@dataclass(frozen=True)
class Drawn:
    """A draw as its record tells it, with what its drawer may see besides."""

    serial: int
    time: str
    method: str
    transport: str
    drawer: str
    purpose: str
    received: str

    def for_anybody(self) -> dict[str, object]:
        """All that others learn."""
        return {"serial": self.serial, "time": self.time, "method": self.method, "transport": self.transport}

    def for_drawer(self) -> dict[str, object]:
        """What the drawer sees."""
        return {**self.for_anybody(), "own": True, "purpose": self.purpose, "received": self.received}


def drawn(record: Record) -> Drawn:
    """The draw of a record, whose body may have been erased."""
    try:
        body = record.body
    except LedgerError:
        body = {}
    texts = {name: str(body.get(name) or "") for name in ("method", "transport", "drawer", "purpose", "received")}
    return Drawn(serial=record.head.serial or 0, time=record.head.time, **texts)


class LedgerTail:
    """Follows a ledger from its present end on, over new segments; begins again when it is another one."""

    def __init__(self, directory: str) -> None:
        self._reader = LedgerReader(directory)
        self._position: Position | None = None
        self.fault = ""

    def begin(self) -> list[Drawn]:
        """Go to the end; returns the newest draws, oldest first."""
        self._position, self.fault = None, ""
        newest: list[Drawn] = []
        try:
            for line in islice(self._reader.lines_backwards(), 2 * RECENT):
                record = line.record()
                self._position = self._position or Position(line.segment, line.end, record.hash)
                if record.head.kind == DRAW and len(newest) < RECENT:
                    newest.append(drawn(record))
        except (LedgerError, NoPermission) as error:
            self.fault = error.message
        return newest[::-1]

    def read(self) -> list[Drawn]:
        """What was recorded since; some of it if it is much."""
        try:
            behind = self._reader.size_after(self._position)
            if not behind:
                return []
            if behind > MOST_BEHIND:
                return self.begin()
            return self._read()
        except (LedgerError, NoPermission, FileNotFoundError):
            # Restored from a copy, cut or archived meanwhile: what is there now counts.
            return self.begin()

    def _read(self) -> list[Drawn]:
        found = []
        for record, position in islice(self._reader.records(self._position), MOST_AT_ONCE):
            self._position = position
            if record.head.kind == DRAW:
                found.append(drawn(record))
        self.fault = ""
        return found
