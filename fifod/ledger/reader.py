"""Reading the ledger: from a position onwards, by serial number, and backwards."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from fifod.errors import InArchive, LedgerError, NoPermission, NotFound
from fifod.ledger.record import DRAW, LEDGER, SEGMENT, SUFFIX, Record, first_of, parse_record

_BUFFER = 1 << 18
_LOOKED_AT = 1000
_MAX_LINE = 1 << 16
"""Longer than any record, whose parts are all bounded by the longest request."""


def archive_of(directory: str) -> str:
    """The directory that takes the segments which are archived from a ledger directory."""
    return os.path.join(os.path.dirname(os.path.abspath(directory)), "archive")


class Position(NamedTuple):
    """Just behind the record with this hash: the segment's file name and the byte offset of what comes next."""

    segment: str
    offset: int
    hash: str


class Line(NamedTuple):
    """A complete line without its newline, and where it stands."""

    segment: str
    offset: int
    text: bytes

    def record(self) -> Record:
        """Raises LedgerError that names the place."""
        try:
            return parse_record(self.text)
        except LedgerError as error:
            raise LedgerError(f"{self.segment} at byte {self.offset}: {error.message}") from None

    @property
    def end(self) -> int:
        return self.offset + len(self.text) + 1


class LedgerReader:
    """Reads a ledger directory while the daemon may be writing it. Takes nothing that has no newline yet."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def segments(self) -> list[str]:
        """The file names of the segments, oldest first. Raises LedgerError or NoPermission."""
        try:
            return sorted(name for name in os.listdir(self.directory) if name.endswith(SUFFIX))
        except PermissionError:
            raise NoPermission(f"cannot read the ledger in {self.directory}: permission denied") from None
        except OSError as error:
            raise LedgerError(f"cannot read the ledger in {self.directory}: {error.strerror}") from None

    def first_serial(self) -> int:
        """The serial number of the ledger's first draw: 1, unless older segments were archived."""
        names = self.segments()
        return first_of(names[0]) if names else 1

    def identity(self) -> dict[str, Any]:
        """The body of the ledger's first record, which tells its identity and the commitment to the host key."""
        first = next(self.lines(), None)
        if first is not None:
            record = first.record()
            if record.head.kind == LEDGER or (record.head.kind == SEGMENT and "keyCommitment" in record.body):
                return record.body
        raise LedgerError(f"the ledger in {self.directory} does not begin with its identity")

    def last(self) -> Record | None:
        """The newest record, of any kind."""
        line = next(self.lines_backwards(), None)
        return line.record() if line else None

    def find(self, serial: int) -> Record:
        """The draw with a serial number; raises NotFound."""
        line = self.find_line(serial)
        if line is None:
            raise NotFound(f"there is no draw with serial number {serial}", ["serialNumber"])
        return line.record()

    def records(self, after: Position | None = None) -> Iterator[tuple[Record, Position]]:
        """Every record behind a position up to the present end, across segments.

        Raises LedgerError if the record before the position is not there any more.
        """
        for line in self.lines(after):
            record = line.record()
            yield record, Position(line.segment, line.end, record.hash)

    def check(self, position: Position) -> None:
        """Raises LedgerError if the record before a position is not there any more, InArchive if its segment is not."""
        fault = f"the ledger in {self.directory} no longer holds the record with hash {position.hash}"
        names = self.segments()
        if names and position.segment < names[0]:
            raise InArchive(f"{fault}: the ledger begins with {names[0]}, older segments were archived or lost")
        if position.segment not in names:
            raise LedgerError(f"{fault}: the segment {position.segment} is missing")
        with self._open(position.segment) as file:
            start = max(0, position.offset - _MAX_LINE)
            file.seek(start)
            before = file.read(position.offset - start)
        line = before[before.rfind(b"\n", 0, -1) + 1 : -1]
        if len(before) != position.offset - start or not before.endswith(b"\n") or _hash(line) != position.hash:
            raise LedgerError(f"{fault} at byte {position.offset} of {position.segment}")

    def fault_at_end(self) -> str | None:
        """What is wrong with the newest records, if anything is: a first look, where a full check would take long."""
        follower: Record | None = None
        for line in islice(self.lines_backwards(), _LOOKED_AT):
            try:
                record = line.record()
            except LedgerError as error:
                return error.message
            place = f"{line.segment} at byte {line.offset}"
            if follower and follower.head.prev != record.hash:
                return f"{place}: the record behind it follows another one"
            if record.body_bytes and hashlib.sha256(record.body_bytes).hexdigest() != record.head.body:
                return f"{place}: the record's body was changed"
            follower = record
        return None

    def size_after(self, position: Position | None) -> int:
        """How many bytes lie behind a position."""
        total = sum(self.size(name) for name in self.segments() if position is None or name >= position.segment)
        return total - (position.offset if position else 0)

    def lines(self, after: Position | None = None) -> Iterator[Line]:
        """Every complete line behind a position, oldest first."""
        names = self.segments()
        if after is None:
            yield from self._lines_of_all(names, 0)
        else:
            self.check(after)
            yield from self._lines_of_all([name for name in names if name >= after.segment], after.offset)

    def lines_from(self, first: Line) -> Iterator[Line]:
        """A line that was found, and every complete line behind it."""
        later = [name for name in self.segments() if name > first.segment]
        yield from self._lines_of_all([first.segment, *later], first.offset)

    def _lines_of_all(self, names: list[str], start: int) -> Iterator[Line]:
        for name in names:
            yield from self.lines_of(name, start)
            start = 0

    def lines_backwards(self, before_serial: int | None = None) -> Iterator[Line]:
        """Every complete line, newest first, from just before a draw or from the end."""
        names = self.segments()
        end: int | None = None
        if before_serial is not None and names and before_serial <= first_of(names[0]):
            return
        if before_serial is not None and (line := self.find_line(before_serial)):
            names, end = [name for name in names if name <= line.segment], line.offset
        for name in reversed(names):
            yield from self.lines_backwards_of(name, end)
            end = None

    def find_line(self, serial: int) -> Line | None:
        """The line of a draw, found by halving: serial numbers only grow."""
        candidates = [name for name in self.segments() if first_of(name) <= serial]
        if serial < 1 or not candidates:
            return None
        with self._open(candidates[-1]) as file:
            low, high = 0, os.fstat(file.fileno()).st_size
            while low < high:
                middle = (low + high) // 2
                line = self._draw_from(file, candidates[-1], middle)
                if line is not None and _serial(line) == serial:
                    return line
                if line is None or _serial(line) > serial:
                    high = middle
                else:
                    low = line.end
        return None

    def _draw_from(self, file: BinaryIO, name: str, offset: int) -> Line | None:
        """The first complete draw that starts at an offset or behind it."""
        if offset:
            file.seek(offset - 1)
            offset += len(file.readline(_MAX_LINE)) - 1
        file.seek(offset)
        while (text := file.readline(_MAX_LINE)).endswith(b"\n"):
            if text.startswith(_DRAW_START):
                return Line(name, offset, text[:-1])
            offset += len(text)
        return None

    def lines_of(self, name: str, start: int = 0) -> Iterator[Line]:
        """Every complete line of one segment from an offset on."""
        with self._open(name) as file:
            file.seek(start)
            while (text := file.readline(_MAX_LINE)).endswith(b"\n"):
                yield Line(name, start, text[:-1])
                start += len(text)
            if len(text) == _MAX_LINE:
                raise LedgerError(f"{name} at byte {start}: a line is longer than any record")

    def lines_backwards_of(self, name: str, end: int | None = None) -> Iterator[Line]:
        """Every complete line of one segment, newest first, from just before an offset or from the end."""
        with self._open(name) as file:
            at, tail = self._read_complete(file, os.fstat(file.fileno()).st_size if end is None else end)
            while True:
                start = tail.find(b"\n") + 1 if at else 0
                offset = at + len(tail)
                for text in reversed(tail[start:].split(b"\n")[:-1]):
                    offset -= len(text) + 1
                    yield Line(name, offset, text)
                if not at:
                    return
                size = min(_BUFFER, at)
                at -= size
                file.seek(at)
                tail = file.read(size) + tail[:start]

    @staticmethod
    def _read_complete(file: BinaryIO, end: int) -> tuple[int, bytes]:
        """The last buffer before an offset that holds a newline, up to that newline, and where the buffer begins."""
        tail = b""
        while end and not tail:
            size = min(_BUFFER, end)
            end -= size
            file.seek(end)
            found = file.read(size)
            tail = found[: found.rfind(b"\n") + 1]
        return end, tail

    def size(self, name: str) -> int:
        """How many bytes a segment has."""
        return os.stat(self._path(name)).st_size

    def _path(self, name: str) -> str:
        """Where a segment is: one that was there a moment ago may have been archived since."""
        path = os.path.join(self.directory, name)
        if not os.path.lexists(path) and os.path.lexists(archived := os.path.join(archive_of(self.directory), name)):
            return archived
        return path

    def _open(self, name: str) -> BinaryIO:
        path = self._path(name)
        try:
            return open(path, "rb", buffering=_BUFFER)
        except PermissionError:
            raise NoPermission(f"cannot read {path}: permission denied") from None
        except OSError as error:
            raise LedgerError(f"cannot read {path}: {error.strerror}") from None


_DRAW_START = f'{{"v":1,"kind":"{DRAW}","serial":'.encode()


def _serial(line: Line) -> int:
    return line.record().head.serial or 0


def _hash(line: bytes) -> str | None:
    try:
        return parse_record(line).hash
    except LedgerError:
        return None
