"""Writing the ledger: batches of records, each batch one write, complete lines or nothing.

A record counts as written when its line is in the file (and, with durability "disk", on the disk). Others read lines
as soon as they are complete. So when the disk fills up in the middle of a batch, the lines that are complete by then
count, and the torn one behind them is cut away: no record that was seen is taken back. Only those are that did not
reach the disk, so that no serial number is used for a draw that was refused.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import time
from collections.abc import Callable

import msgspec
from msgspec import Struct

from fifod import __version__
from fifod.errors import FifodError, LedgerError, LedgerNotWritable, StartError
from fifod.ledger.archive import check_beginning, sync_directory
from fifod.ledger.reader import LedgerReader, Line, Position
from fifod.ledger.record import (
    DRAW,
    LEDGER,
    NO_HASH,
    NOTE,
    SEGMENT,
    make_head,
    segment_name,
    timestamp,
)
from fifod.log import LEDGER_CUT, fields

log = logging.getLogger(__name__)

FILE_MODE = 0o640
DEFAULT_SEGMENT_BYTES = 64 << 20
_MAX_OWED = 10_000
_encode = msgspec.json.Encoder().encode


class Entry(Struct, frozen=True):
    """What a record is to say: its kind and the bytes of its body."""

    kind: str
    body: bytes

    @classmethod
    def of(cls, kind: str, body: object) -> Entry:
        return cls(kind, _encode(body))


class Stamp(Struct, frozen=True):
    """What a written record got: its serial number (0 unless a draw), time and hash."""

    serial: int
    time: str
    hash: str


class LedgerWriter:
    """The one writer of a ledger directory; the caller holds the ledger's lock."""

    def __init__(
        self,
        directory: str,
        *,
        key_commitment: str,
        host: str,
        entropy: Callable[[int], bytes] = os.urandom,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Opens the ledger, begins it if there is none, and cuts off a torn last line.

        Raises StartError for a ledger that cannot be continued and LedgerNotWritable if it cannot be written now.
        """
        self._is_durable = True
        self._segment_bytes = DEFAULT_SEGMENT_BYTES
        self._directory = directory
        self._clock = clock
        self._key_commitment = key_commitment
        self._reader = LedgerReader(directory)
        self._descriptor = -1
        self._segment = self._path = ""
        self._inode = 0
        self._size = 0
        self._needs_repair = False
        self._owed: list[Entry] = []
        self.serial = 0
        self.hash = self.draw_hash = NO_HASH
        if any(self._reader.segments()):
            self._continue()
        else:
            self._begin(entropy(32).hex(), host)

    def configure(self, is_durable: bool, segment_bytes: int) -> None:
        self._is_durable = is_durable
        self._segment_bytes = segment_bytes

    def append(self, entries: list[Entry]) -> list[Stamp]:
        """Write records, of which there is at least one, in order; those whose stamps this returns are in the ledger.

        These are all, or the first few if there was room for no more. Raises LedgerNotWritable if none is.
        """
        if self._needs_repair:
            self._repair()
        if self._size >= self._segment_bytes and self._segment != segment_name(self.serial + 1):
            self._rotate()
        lines, stamps = self._format(self._owed + entries)
        count = self._write(lines)
        self._take_note(stamps[:count])
        owed = len(self._owed)
        self._owed = self._owed[count:]
        if count <= owed:
            return self.append(entries)  # there was room for what had been owed only: that there is none now, this says
        return stamps[owed:count]

    def _take_note(self, stamps: list[Stamp]) -> None:
        self.hash = stamps[-1].hash
        for stamp in reversed(stamps):
            if stamp.serial:
                self.serial, self.draw_hash = stamp.serial, stamp.hash
                break

    def owe(self, entry: Entry) -> None:
        """Write a record that no reply waits for: now, or with the next batch if the ledger cannot be written now."""
        try:
            self.append([entry])
        except LedgerNotWritable:
            if len(self._owed) < _MAX_OWED:
                self._owed.append(entry)

    def append_at_beginning(self, entry: Entry) -> None:
        """Write a record where it is found quickly, before the first draw of a segment, and have it on the disk."""
        if self._needs_repair:
            self._repair()
        if self._segment != segment_name(self.serial + 1):
            self._rotate()
        self.append([entry])
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise self._not_writable(error) from None

    def close(self) -> None:
        """Close the current segment."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _format(self, entries: list[Entry]) -> tuple[list[bytes], list[Stamp]]:
        serial, prev, when = self.serial, self.hash, timestamp(self._clock())
        lines, stamps = [], []
        for entry in entries:
            number = None
            if entry.kind == DRAW:
                serial += 1
                number = serial
            head = make_head(entry.kind, number, when, entry.body, prev)
            prev = hashlib.sha256(head).hexdigest()
            lines.append(b"%b\t%b\n" % (head, entry.body))
            stamps.append(Stamp(number or 0, when, prev))
        return lines, stamps

    def _write(self, lines: list[bytes]) -> int:
        """Write lines; how many of them are complete."""
        data, written = b"".join(lines), 0
        try:
            self._check_place()
            while written < len(data):
                # A short write is what a full disk looks like first; the next one says so.
                written += os.write(self._descriptor, data[written:])
        except OSError as error:
            self._needs_repair = True
            complete = data.rfind(b"\n", 0, written) + 1
            self._cut(self._size + complete)
            if not complete:
                raise self._not_writable(error) from None
            data = data[:complete]
        if self._is_durable:
            self._sync()
        self._size += len(data)
        return data.count(b"\n")

    def _sync(self) -> None:
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            self._needs_repair = True
            self._cut(self._size)
            raise self._not_writable(error) from None

    def _cut(self, size: int) -> None:
        # At once, not at the next repair: what does not count must not be read or outlive a crash.
        try:
            os.ftruncate(self._descriptor, size)
        except OSError:
            pass

    def _not_writable(self, error: OSError) -> LedgerNotWritable:
        return LedgerNotWritable(f"cannot write the ledger in {self._directory}: {error.strerror}")

    def _check_place(self) -> None:
        """What is written to a segment that was removed or moved away would not be in the ledger."""
        if os.stat(self._path).st_ino != self._inode:
            raise FileNotFoundError(errno.ENOENT, "its newest segment was replaced")

    def _repair(self) -> None:
        """Cut off what follows the last batch that counts; the segment must still hold that batch."""
        try:
            self._reader.check(Position(self._segment, self._size, self.hash))
            self._reopen(self._segment)
            os.ftruncate(self._descriptor, self._size)
        except OSError as error:
            raise self._not_writable(error) from None
        except FifodError as error:
            raise LedgerNotWritable(f"cannot write the ledger: {error}") from None
        self._needs_repair = False

    def _reopen(self, name: str) -> None:
        self.close()
        path = os.path.join(self._directory, name)
        self._take(os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC), name)

    def _take(self, descriptor: int, name: str) -> None:
        self._descriptor, self._segment = descriptor, name
        self._path = os.path.join(self._directory, name)
        self._inode = os.fstat(descriptor).st_ino

    def _begin(self, identity: str, host: str) -> None:
        body = {
            "identity": identity,
            "host": host,
            "keyCommitment": self._key_commitment,
            "version": f"fifod {__version__}",
        }
        self.identity = identity
        self._create(Entry.of(LEDGER, body))

    def _rotate(self) -> None:
        try:
            self._check_place()
        except OSError as error:
            self._needs_repair = True
            raise self._not_writable(error) from None
        # It says which segment it continues, so that one that is missing is named, and all that a ledger's first record
        # must say: with older segments archived it will be the first.
        body = {"identity": self.identity, "keyCommitment": self._key_commitment, "previous": self._segment}
        self._create(Entry.of(SEGMENT, body))

    def _create(self, first: Entry) -> None:
        """Start a segment; it gets its name only with its first record in it, so that no segment is ever empty."""
        name = segment_name(self.serial + 1)
        path = os.path.join(self._directory, name)
        [line], [stamp] = self._format([first])
        try:
            descriptor = os.open(
                f"{path}.new", os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, FILE_MODE
            )
        except OSError as error:
            raise self._not_writable(error) from None
        try:
            os.fchmod(descriptor, FILE_MODE)  # the recorder reads it, whatever the umask
            if os.write(descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fdatasync(descriptor)
            os.rename(f"{path}.new", path)
        except OSError as error:
            os.close(descriptor)
            raise self._not_writable(error) from None
        try:
            sync_directory(self._directory)
        except OSError as error:
            # It is there, but may not be after a power cut: then nothing may be written behind it, nor stay beside it.
            os.close(descriptor)
            with contextlib.suppress(OSError):  # it is begun anew before anything else is written
                os.unlink(path)
            raise self._not_writable(error) from None
        self.close()
        self._take(descriptor, name)
        self._size, self.hash = len(line), stamp.hash

    def _continue(self) -> None:
        try:
            check_beginning(self._reader)
            self.identity = str(self._reader.identity()["identity"])
            newest = self._reader.segments()[-1]
            last = next(self._reader.lines_backwards(), None)
            if last is None or last.segment != newest:
                raise LedgerError(f"the segment {newest} has no complete record")
            self.hash = last.record().hash
            self.serial, self.draw_hash = self._newest_draw()
            self._reopen(newest)
        except LedgerError as error:
            raise StartError(f"cannot continue the ledger in {self._directory}: {error.message}") from None
        except OSError as error:
            raise StartError(f"cannot continue the ledger in {self._directory}: {error.strerror}") from None
        if fault := self._reader.fault_at_end():
            log.error("the ledger's newest records do not hold together: %s; see fifod-client verify", fault)
        self._cut_torn_line(last)

    def _newest_draw(self) -> tuple[int, str]:
        for line in self._reader.lines_backwards():
            record = line.record()
            if record.head.serial is not None:
                return record.head.serial, record.hash
        return 0, NO_HASH

    def _cut_torn_line(self, last: Line) -> None:
        self._size = last.end
        torn = os.fstat(self._descriptor).st_size - last.end
        if torn:
            try:
                os.ftruncate(self._descriptor, last.end)
            except OSError as error:
                raise self._not_writable(error) from None
            log.warning("cut off %d bytes behind the ledger's last complete record", torn, extra=fields(LEDGER_CUT))
            self.owe(Entry.of(NOTE, {"note": "repair", "bytesCut": torn}))
